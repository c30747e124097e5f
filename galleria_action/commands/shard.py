"""``deploy`` with ``shard``: one machine's share of a plan. Its photos are stored and reported; nobody sees them yet.

Every shard makes the whole plan anew and goes on only if it is the approved one; so all of them, and the job that
finalizes them, agree on what is to be done without telling each other.
"""

from __future__ import annotations

from dataclasses import replace

from galleria_action.commands.approval import check_approval
from galleria_action.commands.plan import check_local, make_planned
from galleria_action.commands.session import Session
from galleria_action.commands.uploading import fingerprint_of, make_uploader, note_uploads, tell, warn_of_uploads
from galleria_action.deployment.apply.upload import Uploaded
from galleria_action.deployment.model import Plan
from galleria_action.deployment.shards import Report, Shard, missing_document, missing_key
from galleria_action.deployment.state.checkpoint import Checkpoint, InBucket
from galleria_action.errors import Conflict, PlanChanged
from galleria_action.storage.interface import Headers, WriteStore

#: what lies below ``.galleria`` is for nobody's cache
DOCUMENT_HEADERS = Headers("application/json", "no-store")


def upload_share(session: Session, shard: Shard) -> str:
    """Upload the share of ``shard`` of the approved plan, and report it in the bucket.

    Raises ``PlanChanged`` when the plan is another one, ``Conflict`` when the same shard runs twice at once, and
    whatever ends an upload; what was stored is in the report then, and is not sent again.
    """
    session.record.shard = shard
    checked = check_local(session)
    store = session.recorded_store()
    planned = make_planned(session, store, checked)
    made = planned.plan
    if not made.changed:
        return "Nothing to do: the bucket holds this gallery already."
    if made.plan_id != session.options.guards.approved_plan:
        raise other_plan(session, made)
    check_approval(session, made)
    session.stop.check()
    share = tuple(shard.share(made).values())
    draft = Report(shard, made.plan_id, fingerprint_of(session, made))
    place = InBucket(store, draft.key)
    checkpoint = _checkpoint(session, draft, place)
    if share:
        _remember_missing(store, made)
    uploader = make_uploader(session, store, planned, checkpoint, Uploaded())
    session.record.under_way = lambda: uploader.in_flight
    session.record.catch_up = lambda: note_uploads(session.record, uploader.done)
    try:
        with session.ci.group("Upload"), session.progress("Uploaded", len(share), sum(up.size for up in share)) as bar:
            uploader.finished = lambda upload: bar.advance(upload.size)
            uploader.upload(share)
    finally:
        note_uploads(session.record, uploader.done)
        warn_of_uploads(session, uploader.done)
        tell(session, checkpoint)
    _conclude(draft, place, uploader.done)
    return _done(session, shard)


def other_plan(session: Session, made: Plan) -> PlanChanged:
    """The refusal of a plan that is not the one which the shards carry out together."""
    return PlanChanged(
        f"The plan is not the one of the other jobs: it is {made.plan_id}, approved-plan is "
        f"{session.options.guards.approved_plan}. The gallery, the bucket or the options are not those of the job that "
        "planned. Nothing was committed.",
        hint="All jobs need the same commit and the same options. If they have them, the bucket has changed: run the "
        "whole workflow again, from the plan.",
    )


def _checkpoint(session: Session, draft: Report, place: InBucket) -> Checkpoint:
    """The report as it grows, with what an earlier run of the same shard left in it."""
    checkpoint = Checkpoint(place, draft.fingerprint, about=draft.about())
    if session.options.upload.resume:
        checkpoint.resume()
        tell(session, checkpoint)
    else:
        place.read()  # to be replaced in the end, and only if nobody else has
    return checkpoint


def _remember_missing(store: WriteStore, made: Plan) -> None:
    """Before the first upload brings back what was missing: see ``make_planned``. All shards write the same."""
    key, document = missing_key(made.plan_id), missing_document(made)
    if document and store.head(key) is None:
        store.put(key, document, DOCUMENT_HEADERS)


def _conclude(draft: Report, place: InBucket, done: Uploaded) -> None:
    report = replace(
        draft,
        complete=True,
        sent=done.sent,
        skipped=done.skipped,
        bytes_sent=done.bytes_sent,
        photos=tuple(done.sent_photos),
        entries=done.entries,
    )
    try:
        place.conclude(report.to_bytes())
    except Conflict as twice:
        raise Conflict(
            f"Shard {draft.shard} ran twice at once: its report is not the one that this run left or found. "
            "Nothing was committed.",
            hint="When no other run of it is under way, re-run this job; what is there already is not sent again.",
        ) from twice


def _done(session: Session, shard: Shard) -> str:
    record = session.record
    already = f", {record.files_skipped:,} were there already" if record.files_skipped else ""
    return (
        f"Shard {shard.number} of {shard.count}: {record.files_uploaded:,} files uploaded{already}. "
        "Not yet visible: `finalize` commits."
    )
