"""``finalize``: all shards of a plan together are a deploy. Checks that each is there and whole; then the rest of a
deploy takes its usual course: site, record, commit, deletes, verification."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from galleria_action.deployment.apply.retain import anything_to_let_go, retain
from galleria_action.deployment.model import Plan
from galleria_action.deployment.outgoing.done import UploadsDone
from galleria_action.deployment.remote.reading import caught_up, list_target
from galleria_action.deployment.shards import (
    SHARDS_FOLDER,
    Report,
    Shard,
    all_of,
    begun_key,
    folder_of,
    not_as_reported,
    read_reports,
    refusal,
    report_key,
    shards_of,
)
from galleria_action.deployment.state.begun import begun_document, parse_begun
from galleria_action.deployment.state.pool import POOL_FOLDER
from galleria_action.errors import GalleriaError
from galleria_action.hands import Hands
from galleria_action.storage.interface import RECORD_HEADERS, WriteStore
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.ahead import look_at_both
from galleria_action.usecases.parts.applying import (
    announce,
    fingerprint_of,
    nothing_to_do,
    open_checkpoint,
    put_online,
)
from galleria_action.usecases.parts.planning import Comparison, make_comparison
from galleria_action.usecases.parts.records import in_place, warn_of_readers
from galleria_action.usecases.parts.releasing import check_hold
from galleria_action.usecases.parts.unfinished import settled
from galleria_action.usecases.previews.removal import finish_closing
from galleria_action.usecases.releases.taking_back import taking_back
from galleria_action.usecases.results import Deployed, PutAside
from galleria_action.usecases.shard import other_plan


def finalize(context: Context) -> Deployed | PutAside:
    """Commit what the shards have uploaded.

    Raises ``PlanChanged`` when the plan is another one or shards belong to another, ``UploadFailed`` when one is not
    there or not whole, and whatever ends a deploy. Run again, it takes up an earlier one wherever that ended.
    """
    plan_id = context.options.guards.approved_plan
    assert plan_id, "the options have been checked"
    both = look_at_both(context, context.store)
    side, store = both.side, both.store
    made = settled(context, store, side, make_comparison(context, store, side, both.remote))
    made = in_place(context, store, side, made)
    checkpoint = open_checkpoint(context, store, made)
    if not made.plan.changed:
        unchanged = nothing_to_do(context, store, made, checkpoint)
        _clear(context, store, folder_of(plan_id))
        warn_of_readers(context)
        return unchanged
    shards = _shards(context, store, made.plan, plan_id)
    uploaded = _collected(context, store, made, plan_id, shards)
    check_hold(store, made.remote)
    announce(context, store, made, plan_id)  # what is made now is that plan, or what the bucket proves to be left of it
    if made.plan.plan_id == plan_id:
        store.put(begun_key(plan_id), begun_document(made.plan, len(shards)), RECORD_HEADERS)
    with taking_back(context):
        done = put_online(context, store, made, checkpoint, uploaded)
    # A commit of the metadata makes every other plan a thing of the past, so what lies there of them goes too.
    _clear(context, store, SHARDS_FOLDER if made.plan.commit else folder_of(plan_id))
    finish_closing(context, store, made.remote.listing)
    warn_of_readers(context)
    return done


def _shards(context: Context, store: WriteStore, made: Plan, plan_id: str) -> tuple[Shard, ...]:
    """The shards of the approved plan, which is ``made`` or, after an interrupted ``finalize``, more than ``made``.

    From its record on, ``finalize`` changes what a plan is made from, so when it is run again another plan comes out:
    what remains to be done. Raises ``PlanChanged`` for any other.
    """
    if made.plan_id == plan_id:
        assert context.options.upload.shard_count, "the options have been checked"
        return shards_of(made, context.options.upload.shard_count)
    found = store.get(begun_key(plan_id))
    begun = parse_begun(found.body) if found else None
    if begun is None or begun.plan_id != plan_id or not begun.covers(made):
        raise other_plan(context, made)
    context.say("An earlier finalize of this plan was interrupted; going on from there.")
    return all_of(begun.shards)


def _collected(
    context: Context, store: WriteStore, made: Comparison, plan_id: str, shards: tuple[Shard, ...]
) -> UploadsDone:
    """What the shards have done. Raises one error that names every shard which is not there or not whole."""
    with context.phase("Shards"):
        with Hands(context.options.upload.concurrency, "report") as pool:
            found = pool.map(lambda shard: store.get(report_key(plan_id, shard)), shards)
            bodies = {shard: it.body if it else None for shard, it in zip(shards, found, strict=True)}
        fingerprint = fingerprint_of(context, made.plan)
        reports, troubles = read_reports(made.plan, plan_id, fingerprint, bodies)
        listing = caught_up(
            lambda: list_target(store),
            lambda seen: not not_as_reported(made.plan, reports, seen),
            context.stop.pause,
            made.remote.listing,
        )
        troubles += not_as_reported(made.plan, reports, listing)
        if troubles:
            folder = folder_of(plan_id)
            raise refusal(troubles, len(shards), (key for key in listing if key.startswith(folder)))
        context.say(f"All {len(shards)} shards are there and whole.")
    return _added_up(made.plan, reports)


def _added_up(made: Plan, reports: Iterable[Report]) -> UploadsDone:
    photos = made.photo_uploads.keys()
    done = UploadsDone()
    for report in reports:
        for key in report.shard.share(made):
            (done.staged if key in report.staged else done.entries)[key] = report.entries[key]
        done.sent += report.sent
        done.skipped += report.skipped
        done.bytes_sent += report.bytes_sent
        done.sent_photos |= photos & set(report.photos)
    return done


def _clear(context: Context, store: WriteStore, folder: str) -> None:
    """Remove what the shards left in ``folder``; that it cannot be removed harms nobody."""
    errors: Mapping[str, str] = {}
    try:
        keys = [found.key for found in store.list(folder)]
        errors = store.delete(keys) if keys else {}
    except GalleriaError as error:
        errors = {folder: error.message}
    _prune(context, store)
    for key, text in errors.items():
        context.warn(f"{key} could not be removed. It is in nobody's way: {text}")


def _prune(context: Context, store: WriteStore) -> None:
    """Take from the pool what nobody needs any more when no shard's report is left; that this fails harms nobody."""
    try:
        if next(iter(store.list(SHARDS_FOLDER)), None) is None:
            pool = {found.key for found in store.list(POOL_FOLDER)}
            keep, now = context.options.releases.keeping, context.now()
            if anything_to_let_go(store, pool, keep, now):
                retain(store, pool, keep, now, context.say, context.stop.check)
    except GalleriaError as error:
        context.warn(f"{POOL_FOLDER} could not be tidied. What is left is in nobody's way: {error.message}")
