"""``deploy``: the whole path, from the files on disk to a verified bucket."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Set
from dataclasses import replace

from galleria_action.commands.approval import check_approval
from galleria_action.commands.cors import check_cors
from galleria_action.commands.local import document_of
from galleria_action.commands.plan import Planned, check_local, make_planned, plan
from galleria_action.commands.session import Session, judge_verification
from galleria_action.commands.verify import verify_state
from galleria_action.deployment.checkpoint import CHECKPOINT_KEY, Checkpoint, InBucket, InFile
from galleria_action.deployment.deploy import Deployment
from galleria_action.deployment.manifest import Manifest
from galleria_action.deployment.prepare import PreparePolicy
from galleria_action.deployment.remote import list_target
from galleria_action.deployment.upload import Uploaded, Uploader
from galleria_action.deployment.verify import verify_listing
from galleria_action.gallery.files import read_file
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.storage.interface import ObjectInfo, WriteStore

#: between listings, where the first ones do not show our own writes yet
LISTING_PAUSES_SECONDS = (0.5, 1.0, 2.0)


def deploy(session: Session) -> str:
    """Validate, plan, have it approved, upload, commit, delete, verify. With ``dry-run`` it is ``plan``."""
    if session.options.dry_run:
        return plan(session)
    checked = check_local(session)
    store = session.recorded_store()
    planned = make_planned(session, store, checked)
    checkpoint = _checkpoint(session, store, planned)
    if not planned.plan.changed:
        _forget(session, checkpoint)
        _verify(session, store, planned, planned.remote.manifest, fresh=False)
        return "Nothing to do: the bucket holds this gallery already."
    check_approval(session, planned.plan)
    session.stop.check()
    check_cors(session, may_write=True)
    session.reviews.deploying()
    manifest = _carry_out(session, store, planned, checkpoint)
    _forget(session, checkpoint)
    _verify(session, store, planned, manifest, fresh=True)
    return _done(session)


def _checkpoint(session: Session, store: WriteStore, planned: Planned) -> Checkpoint:
    """The checkpoint of this target, with what an earlier run left in it where something is to be uploaded.

    Its fingerprint covers what decides the stored bytes and headers beyond what each entry records itself.
    """
    options = session.options
    settings = [str(session.target), planned.plan.mode, session.settings.acl]
    fingerprint = hashlib.sha256(repr(settings).encode()).hexdigest()
    listing = planned.remote.listing
    if options.checkpoint_file:
        path = session.path(options.checkpoint_file)
        checkpoint = Checkpoint(InFile(path), fingerprint, written=path.is_file())
    else:
        checkpoint = Checkpoint(InBucket(store), fingerprint, written=CHECKPOINT_KEY in (listing or ()))
    # A listing without it spares the question; without a listing only asking tells.
    if options.resume and planned.plan.uploads and (checkpoint.written or listing is None):
        checkpoint.resume()
        _tell(session, checkpoint)
    return checkpoint


def _forget(session: Session, checkpoint: Checkpoint) -> None:
    checkpoint.clear()
    _tell(session, checkpoint)


def _tell(session: Session, checkpoint: Checkpoint) -> None:
    if checkpoint.trouble:
        session.warn(checkpoint.trouble)
        checkpoint.trouble = ""


def _carry_out(session: Session, store: WriteStore, planned: Planned, checkpoint: Checkpoint) -> Manifest:
    uploader = _uploader(session, store, planned, checkpoint)
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
    total = len(planned.plan.uploads), planned.plan.bytes_to_upload
    try:
        with session.ci.group("Deploy"), session.progress("Uploaded", *total) as progress:
            uploader.finished = lambda upload: progress.advance(upload.size)
            return deployment.run()
    finally:
        _note(session, deployment, uploader.done)
        _tell(session, checkpoint)


def _uploader(session: Session, store: WriteStore, planned: Planned, checkpoint: Checkpoint) -> Uploader:
    options, remote = session.options, planned.remote
    resuming = options.resume and bool(planned.plan.uploads)
    listing = remote.listing if remote.listing is not None or not resuming else list_target(store)
    return Uploader(
        store=store,
        read=lambda file: read_file(file.local),
        policy=PreparePolicy(options.hash_check, options.exif_errors),
        concurrency=options.concurrency,
        stop=session.stop,
        listing=listing if resuming and listing and not options.force else {},
        known=remote.manifest,
        checkpoint=checkpoint if resuming else None,
    )


def _note(session: Session, deployment: Deployment, done: Uploaded) -> None:
    """Into the record, however the deploy ended."""
    record = session.record
    record.photos_uploaded = len(done.sent_photos)
    record.files_uploaded, record.files_skipped, record.bytes_uploaded = done.sent, done.skipped, done.bytes_sent
    record.committed = deployment.committed
    record.metadata_uploaded = deployment.metadata_uploaded
    record.photos_deleted = deployment.photos_deleted
    if done.other_hashes:
        session.warn(
            f"{done.other_hashes} photos have another hash after the lossless EXIF edit than the metadata's "
            "deployment_file_hash: it was written by a tool that re-encodes. They are online, edited without loss."
        )
    if done.exif_warnings:
        shown = "; ".join(f"{key}: {', '.join(texts)}" for key, texts in sorted(done.exif_warnings.items())[:5])
        more = f"; and {len(done.exif_warnings) - 5} more" if len(done.exif_warnings) > 5 else ""
        session.warn(f"{len(done.exif_warnings)} photos were uploaded without the full EXIF edit: {shown}{more}")


def _verify(session: Session, store: WriteStore, planned: Planned, manifest: Manifest, fresh: bool) -> None:
    """Prove that the bucket now holds what was deployed. ``fresh`` asks for a new listing after writes.

    What was left alone is not looked at: another deploy may be at work on it at this moment.
    """
    if session.options.verify == "off":
        session.warn("verify: off, so nothing proves that the bucket holds the gallery.")
        return
    others = _left_alone(planned, manifest)
    own = replace(manifest, objects={key: it for key, it in manifest.objects.items() if key not in others})
    listing = planned.remote.listing
    if fresh or listing is None:
        listing = _settled_listing(session, store, planned, own)
    found = {key: it for key, it in listing.items() if key not in others}
    verify_state(session, store, _named(planned), own, found)
    judge_verification(session)


def _settled_listing(session: Session, store: WriteStore, planned: Planned, own: Manifest) -> Mapping[str, ObjectInfo]:
    """A listing after our own writes. Some services show them only after a moment, so it is asked for again before
    anything is called missing or left over."""
    gone = {delete.key for delete in planned.plan.deletes}
    listing = list_target(store)
    for seconds in LISTING_PAUSES_SECONDS:
        found = verify_listing(_named(planned), own, listing)
        if (found.whole and gone.isdisjoint(found.orphaned)) or not session.stop.pause(seconds):
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


def _done(session: Session) -> str:
    record = session.record
    parts = [f"{record.files_uploaded:,} files uploaded"]
    if record.files_skipped:
        parts.append(f"{record.files_skipped:,} were there already")
    if record.photos_deleted:
        parts.append(f"{record.photos_deleted:,} photos deleted")
    checked = "" if record.verification is None else f" and verified ({record.verification.checked:,} objects)"
    return f"The gallery is online{checked}: {', '.join(parts)}."
