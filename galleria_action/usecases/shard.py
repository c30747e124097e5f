"""``deploy`` with ``shard``: one machine's share of a plan. Its photos are stored and reported; nobody sees them yet.

Every shard makes the whole plan anew and goes on only if it is the approved one; so all of them, and the job that
finalizes them, agree on what is to be done without telling each other.
"""

from __future__ import annotations

from collections.abc import Sequence

from galleria_action.deployment.apply.upload import Uploader
from galleria_action.deployment.events import Uploaded
from galleria_action.deployment.model import Plan, Upload
from galleria_action.deployment.outgoing.done import UploadsDone
from galleria_action.deployment.shards import Report, Shard
from galleria_action.deployment.state.checkpoint import Checkpoint, InDocument
from galleria_action.errors import Conflict, PlanChanged
from galleria_action.storage.conditions import prove_ahead
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.ahead import look_at_both
from galleria_action.usecases.parts.applying import (
    fingerprint_of,
    make_uploader,
    tell_proof,
    tell_trouble,
    warn_of_uploads,
    with_listing,
)
from galleria_action.usecases.parts.approval import check_approval
from galleria_action.usecases.parts.planning import make_comparison
from galleria_action.usecases.results import Deployed, ShareUploaded
from galleria_action.values import replace


def upload_share(context: Context, shard: Shard) -> ShareUploaded | Deployed:
    """Upload the share of ``shard`` of the approved plan, and report it in the bucket.

    Raises ``PlanChanged`` when the plan is another one, ``Conflict`` when the same shard runs twice at once, and
    whatever ends an upload; what was stored is in the report then, and is not sent again.
    """
    both = look_at_both(context, context.store)
    store = both.store
    made = make_comparison(context, store, both.side, both.remote)
    plan = made.plan
    if not plan.changed:
        return Deployed(plan, Uploaded(0, 0, 0, 0), 0, None)
    if plan.plan_id != context.options.guards.approved_plan:
        raise other_plan(context, plan)
    check_approval(context, plan)
    context.stop.check()
    draft = Report(shard, plan.plan_id, fingerprint_of(context, plan))
    place = InDocument(store, draft.key)
    checkpoint = _checkpoint(context, draft, place)
    share = tuple(shard.share(plan).values())
    uploader = make_uploader(context, store, with_listing(store, made), checkpoint, UploadsDone())
    prove_ahead(store, sum(up.size for up in share))
    _upload(context, uploader, share, checkpoint)
    _conclude(draft, place, uploader.done)
    return ShareUploaded(shard, uploader.done.summary())


def _upload(context: Context, uploader: Uploader, share: Sequence[Upload], checkpoint: Checkpoint) -> None:
    try:
        with context.phase("Upload"), context.counting("Uploaded", len(share), sum(up.size for up in share)):
            uploader.upload(share)
    finally:
        context.tell(uploader.done.summary())
        warn_of_uploads(context, uploader.done.summary())
        tell_proof(context, uploader)
        tell_trouble(context, checkpoint)


def other_plan(context: Context, made: Plan) -> PlanChanged:
    """The refusal of a plan that is not the one which the shards carry out together."""
    return PlanChanged(
        f"The plan is not the one of the other jobs: it is {made.plan_id}, approved-plan is "
        f"{context.options.guards.approved_plan}. The gallery, the bucket or the options are not those of the job that "
        "planned. Nothing was committed.",
        hint="All jobs need the same commit and the same options. If they have them, the bucket has changed: run the "
        "whole workflow again, from the plan.",
    )


def _checkpoint(context: Context, draft: Report, place: InDocument) -> Checkpoint:
    """The report as it grows, with what an earlier run of the same shard left in it."""
    checkpoint = Checkpoint(place, draft.fingerprint, about=draft.about())
    if context.options.upload.resume:
        checkpoint.resume()
        tell_trouble(context, checkpoint)
    else:
        place.read()  # to be replaced in the end, and only if nobody else has
    return checkpoint


def _conclude(draft: Report, place: InDocument, done: UploadsDone) -> None:
    report = replace(
        draft,
        complete=True,
        sent=done.sent,
        skipped=done.skipped,
        bytes_sent=done.bytes_sent,
        photos=tuple(done.sent_photos),
        entries={**done.entries, **done.staged},
        staged=frozenset(done.staged),
    )
    try:
        place.conclude(report.to_bytes())
    except Conflict as twice:
        raise Conflict(
            f"Shard {draft.shard} ran twice at once: its report is not the one that this run left or found. "
            "Nothing was committed.",
            hint="When no other run of it is under way, re-run this job; what is there already is not sent again.",
        ) from twice
