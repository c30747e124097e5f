"""``deploy``: the whole path, from the files on disk to a verified bucket."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import replace
from typing import TypeVar

from galleria_action.commands.approval import check_approval
from galleria_action.commands.cors import check_cors
from galleria_action.commands.local import document_of
from galleria_action.commands.plan import Planned, check_local, make_planned, plan
from galleria_action.commands.session import Session, judge_verification
from galleria_action.commands.shard import upload_share
from galleria_action.commands.uploading import fingerprint_of, make_uploader, note_uploads, tell, warn_of_uploads
from galleria_action.commands.verify import verify_state
from galleria_action.deployment.apply.deploy import Deployment
from galleria_action.deployment.apply.upload import Uploaded
from galleria_action.deployment.remote.reading import list_target
from galleria_action.deployment.remote.verification import verify_listing
from galleria_action.deployment.state.checkpoint import CHECKPOINT_KEY, Checkpoint, InBucket, InFile
from galleria_action.deployment.state.manifest import Manifest
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.report.result import Record
from galleria_action.storage.interface import ObjectInfo, WriteStore

#: between listings, where the first ones do not show our own writes yet
LISTING_PAUSES_SECONDS = (0.5, 1.0, 2.0)

_T = TypeVar("_T")


def deploy(session: Session) -> str:
    """Validate, plan, have it approved, upload, commit, delete, verify. With ``dry-run`` it is ``plan``, and with
    ``shard`` only the shard's share is uploaded."""
    if session.options.dry_run:
        return plan(session)
    if session.options.upload.shard:
        return upload_share(session, session.options.upload.shard)
    checked = check_local(session)
    store = session.recorded_store()
    planned = make_planned(session, store, checked)
    checkpoint = open_checkpoint(session, store, planned)
    if not planned.plan.changed:
        return nothing_to_do(session, store, planned, checkpoint)
    announce(session, planned)
    return carry_out(session, store, planned, checkpoint, Uploaded())


def open_checkpoint(session: Session, store: WriteStore, planned: Planned) -> Checkpoint:
    """The checkpoint of this target, with what an earlier run left in it where something is to be uploaded."""
    options = session.options
    fingerprint = fingerprint_of(session, planned.plan)
    listing = planned.remote.listing
    if options.upload.checkpoint_file:
        path = session.path(options.upload.checkpoint_file)
        checkpoint = Checkpoint(InFile(path), fingerprint, written=path.is_file())
    else:
        checkpoint = Checkpoint(InBucket(store), fingerprint, written=CHECKPOINT_KEY in (listing or ()))
    # A listing without it spares the question; without a listing only asking tells.
    if options.upload.resume and planned.plan.uploads and (checkpoint.written or listing is None):
        checkpoint.resume()
        tell(session, checkpoint)
    return checkpoint


def nothing_to_do(session: Session, store: WriteStore, planned: Planned, checkpoint: Checkpoint) -> str:
    """The end of a run whose gallery is online already: proved all the same."""
    _forget(session, checkpoint)
    _verify(session, store, planned, planned.remote.manifest, fresh=False)
    return "Nothing to do: the bucket holds this gallery already."


def announce(session: Session, planned: Planned) -> None:
    """The last questions before the gallery is written to, and word to the reviewers that it is."""
    check_approval(session, planned.plan)
    session.stop.check()
    check_cors(session, may_write=True)
    session.reviews.deploying()


def carry_out(session: Session, store: WriteStore, planned: Planned, checkpoint: Checkpoint, done: Uploaded) -> str:
    """Upload what is not ``done``, commit, delete, verify."""
    manifest = _deployed(session, store, planned, checkpoint, done)
    _forget(session, checkpoint)
    _verify(session, store, planned, manifest, fresh=True)
    return _done(session)


def _forget(session: Session, checkpoint: Checkpoint) -> None:
    checkpoint.clear()
    tell(session, checkpoint)


def _deployed(
    session: Session, store: WriteStore, planned: Planned, checkpoint: Checkpoint, done: Uploaded
) -> Manifest:
    left = [up.size for up in planned.plan.uploads if up.key not in done.entries]
    resumed = checkpoint if session.options.upload.resume and planned.plan.uploads else None
    uploader = make_uploader(session, store, planned, resumed, done)
    deployment = Deployment(
        plan=planned.plan,
        local=planned.local,
        remote=planned.remote,
        store=store,
        uploader=uploader,
        stop=session.stop,
        warn=session.warn,
        step=session.ci.line,
        document=document_of(session, planned.gallery),
    )
    session.record.under_way = lambda: uploader.in_flight
    session.record.catch_up = lambda: _note(session.record, deployment)
    try:
        with session.ci.group("Deploy"), session.progress("Uploaded", len(left), sum(left)) as progress:
            uploader.finished = lambda upload: progress.advance(upload.size)
            return deployment.run()
    finally:
        _note(session.record, deployment)
        warn_of_uploads(session, uploader.done)
        tell(session, checkpoint)


def _note(record: Record, deployment: Deployment) -> None:
    """Into the record: in the end, however that came, or while the deploy is under way still."""
    record.committed = deployment.committed
    record.metadata_uploaded = deployment.metadata_uploaded
    record.photos_deleted = deployment.photos_deleted
    note_uploads(record, deployment.uploader.done)


def _verify(session: Session, store: WriteStore, planned: Planned, manifest: Manifest, fresh: bool) -> None:
    """Prove that the bucket now holds what was deployed. ``fresh`` asks for a new listing after writes.

    What was left alone is not looked at: another deploy may be at work on it at this moment.
    """
    if session.options.checks.verify == "off":
        session.warn("verify: off, so nothing proves that the bucket holds the gallery.")
        return
    others = _left_alone(planned, manifest)
    own = replace(manifest, objects=_without(others, manifest.objects))
    listing = planned.remote.listing
    if fresh or listing is None:
        listing = _listing_after(session, store, planned, own)
    verify_state(session, store, _named(planned), own, _without(others, listing))
    judge_verification(session)


def _listing_after(session: Session, store: WriteStore, planned: Planned, own: Manifest) -> Mapping[str, ObjectInfo]:
    """A listing after our own writes."""
    named, gone = _named(planned), {delete.key for delete in planned.plan.deletes}

    def as_deployed(listing: Mapping[str, ObjectInfo]) -> bool:
        found = verify_listing(named, own, listing)
        return found.whole and gone.isdisjoint(found.orphaned)

    return settled_listing(session, store, list_target(store, list(named)), as_deployed)


def settled_listing(
    session: Session,
    store: WriteStore,
    listing: Mapping[str, ObjectInfo],
    as_expected: Callable[[Mapping[str, ObjectInfo]], bool],
) -> Mapping[str, ObjectInfo]:
    """``listing``, or a later one where it is not ``as_expected``. Some services show writes only after a moment, so
    they are asked again before anything is called missing or left over."""
    for seconds in LISTING_PAUSES_SECONDS:
        if as_expected(listing) or not session.stop.pause(seconds):
            break
        listing = list_target(store)
    return listing


def _named(planned: Planned) -> frozenset[str]:
    """The keys of photos and metadata that this deploy answers for."""
    if planned.local.photos is None:
        return frozenset()
    keys = frozenset(file.key for photo in planned.local.photos for file in photo.files)
    return keys | {METADATA_KEY} if planned.gallery.metadata else keys


def _left_alone(planned: Planned, manifest: Manifest) -> Set[str]:
    photos = manifest.of_kind("photo").keys() if planned.local.photos is None else set()
    site = manifest.of_kind("site").keys() if planned.local.site is None else set()
    return photos | site


def _without(keys: Set[str], objects: Mapping[str, _T]) -> Mapping[str, _T]:
    return {key: it for key, it in objects.items() if key not in keys} if keys else objects


def _done(session: Session) -> str:
    record = session.record
    parts = [f"{record.files_uploaded:,} files uploaded"]
    if record.files_skipped:
        parts.append(f"{record.files_skipped:,} were there already")
    if record.photos_deleted:
        parts.append(f"{record.photos_deleted:,} photos deleted")
    checked = "" if record.verification is None else f" and verified ({record.verification.checked:,} objects)"
    return f"The gallery is online{checked}: {', '.join(parts)}."
