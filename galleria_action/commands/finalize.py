"""``finalize``: all shards of a plan together are a deploy. Checks that each is there and whole; then the rest of a
deploy takes its usual course: site, record, commit, deletes, verification."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from galleria_action.commands.deploy import announce, carry_out, nothing_to_do, open_checkpoint, settled_listing
from galleria_action.commands.plan import Planned, check_local, make_planned
from galleria_action.commands.session import Session
from galleria_action.commands.shard import DOCUMENT_HEADERS, other_plan
from galleria_action.commands.uploading import fingerprint_of
from galleria_action.deployment.apply.upload import Uploaded
from galleria_action.deployment.model import Plan
from galleria_action.deployment.remote.reading import list_target
from galleria_action.deployment.shards import (
    SHARDS_FOLDER,
    Report,
    Shard,
    all_of,
    begun_document,
    begun_key,
    folder_of,
    missing_key,
    not_as_reported,
    parse_begun,
    read_reports,
    refusal,
    report_key,
    shards_of,
)
from galleria_action.errors import GalleriaError
from galleria_action.storage.interface import WriteStore


def finalize(session: Session) -> str:
    """Commit what the shards have uploaded.

    Raises ``PlanChanged`` when the plan is another one or shards belong to another, ``UploadFailed`` when one is not
    there or not whole, and whatever ends a deploy. Run again, it takes up an earlier one wherever that ended.
    """
    plan_id = session.options.guards.approved_plan
    assert plan_id, "the options have been checked"
    checked = check_local(session)
    store = session.recorded_store()
    planned = make_planned(session, store, checked)
    checkpoint = open_checkpoint(session, store, planned)
    if not planned.plan.changed:
        message = nothing_to_do(session, store, planned, checkpoint)
        _clear(session, store, plan_id)
        return message
    shards = _shards(session, store, planned.plan, plan_id)
    uploaded = _collected(session, store, planned, plan_id, shards)
    announce(session, planned)
    if planned.plan.plan_id == plan_id:
        store.put(begun_key(plan_id), begun_document(planned.plan, len(shards)), DOCUMENT_HEADERS)
    message = carry_out(session, store, planned, checkpoint, uploaded)
    _clear(session, store, plan_id)
    return message


def _shards(session: Session, store: WriteStore, made: Plan, plan_id: str) -> tuple[Shard, ...]:
    """The shards of the approved plan, which is ``made`` or, after an interrupted ``finalize``, more than ``made``.

    From its record on, ``finalize`` changes what a plan is made from, so when it is run again another plan comes out:
    what remains to be done. Raises ``PlanChanged`` for any other.
    """
    if made.plan_id == plan_id:
        assert session.options.upload.shard_count, "the options have been checked"
        return shards_of(made, session.options.upload.shard_count)
    found = store.get(begun_key(plan_id))
    begun = parse_begun(found.body, plan_id) if found else None
    if begun is None or not begun.covers(made):
        raise other_plan(session, made)
    session.ci.line("An earlier finalize of this plan was interrupted; going on from there.")
    return all_of(begun.shards)


def _collected(
    session: Session, store: WriteStore, planned: Planned, plan_id: str, shards: tuple[Shard, ...]
) -> Uploaded:
    """What the shards have done. Raises one error that names every shard which is not there or not whole."""
    with session.ci.group("Shards"):
        with ThreadPoolExecutor(session.options.upload.concurrency, thread_name_prefix="report") as pool:
            found = pool.map(lambda shard: store.get(report_key(plan_id, shard)), shards)
            bodies = {shard: it.body if it else None for shard, it in zip(shards, found, strict=True)}
        fingerprint = fingerprint_of(session, planned.plan)
        reports, troubles = read_reports(planned.plan, plan_id, fingerprint, bodies)
        listing = planned.remote.listing if planned.remote.listing is not None else list_target(store)
        listing = settled_listing(
            session, store, listing, lambda seen: not not_as_reported(planned.plan, reports, seen)
        )
        troubles += not_as_reported(planned.plan, reports, listing)
        if troubles:
            folder = folder_of(plan_id)
            raise refusal(troubles, len(shards), (key for key in listing if key.startswith(folder)))
        session.ci.line(f"All {len(shards)} shards are there and whole.")
    return _added_up(planned.plan, reports)


def _added_up(made: Plan, reports: Iterable[Report]) -> Uploaded:
    photos = made.photo_uploads.keys()
    done = Uploaded()
    for report in reports:
        done.entries |= {key: report.entries[key] for key in report.shard.share(made)}
        done.sent += report.sent
        done.skipped += report.skipped
        done.bytes_sent += report.bytes_sent
        done.sent_photos |= photos & set(report.photos)
    return done


def _clear(session: Session, store: WriteStore, plan_id: str) -> None:
    """Remove what the shards left below ``.galleria``; that it cannot be removed harms nobody.

    A commit of the metadata makes every other plan a thing of the past, so what lies there of plans that were never
    finalized goes too. What tells that objects were missing goes first: without the reports it would be believed.
    """
    folder = SHARDS_FOLDER if session.record.metadata_uploaded else folder_of(plan_id)
    errors: Mapping[str, str] = {}
    try:
        keys = [found.key for found in store.list(folder)]
        first = [key for key in keys if key == missing_key(plan_id)]
        for batch in (first, [key for key in keys if key not in first]):
            errors = errors or (store.delete(batch) if batch else {})
    except GalleriaError as error:
        errors = {folder: error.message}
    for key, text in errors.items():
        session.warn(f"{key} could not be removed. It is in nobody's way: {text}")
