"""Steps that every command takes which uploads: a whole deploy, one shard of it, and what finalizes the shards."""

from __future__ import annotations

import hashlib

from galleria_action.commands.plan import Planned
from galleria_action.commands.session import Session
from galleria_action.deployment.apply.prepare import PreparePolicy
from galleria_action.deployment.apply.upload import Uploaded, Uploader
from galleria_action.deployment.model import Plan
from galleria_action.deployment.remote.reading import list_target
from galleria_action.deployment.state.checkpoint import Checkpoint
from galleria_action.gallery.local.files import read_file
from galleria_action.report.result import Record
from galleria_action.storage.interface import WriteStore


def fingerprint_of(session: Session, plan: Plan) -> str:
    """What decides the stored bytes and headers beyond what the entry of each object records itself."""
    settings = [str(session.target), plan.mode, session.settings.acl]
    return hashlib.sha256(repr(settings).encode()).hexdigest()


def make_uploader(
    session: Session, store: WriteStore, planned: Planned, checkpoint: Checkpoint | None, done: Uploaded
) -> Uploader:
    """The uploader for ``planned``, of which ``done`` is done. Under ``resume`` it skips what is there already, unless
    everything is forced."""
    options, remote = session.options, planned.remote
    resuming = options.upload.resume and bool(planned.plan.uploads)
    listing = remote.listing if remote.listing is not None or not resuming else list_target(store)
    return Uploader(
        store=store,
        read=lambda file: read_file(file.local),
        policy=PreparePolicy(options.gallery.hash_check, options.gallery.exif_errors),
        concurrency=options.upload.concurrency,
        stop=session.stop,
        listing=listing if resuming and listing and not options.guards.force else {},
        known=remote.manifest,
        checkpoint=checkpoint,
        done=done,
    )


def tell(session: Session, checkpoint: Checkpoint) -> None:
    """Warn, once, of what went wrong with the checkpoint."""
    if checkpoint.trouble:
        session.warn(checkpoint.trouble)
        checkpoint.trouble = ""


def note_uploads(record: Record, done: Uploaded) -> None:
    """The numbers into the record: in the end, however that came, or while uploads are under way still."""
    record.photos_uploaded = len(done.sent_photos)
    record.files_uploaded, record.files_skipped, record.bytes_uploaded = done.sent, done.skipped, done.bytes_sent


def warn_of_uploads(session: Session, done: Uploaded) -> None:
    """What was uploaded otherwise than the metadata promises."""
    if done.other_hashes:
        session.warn(
            f"{done.other_hashes} photos have another hash after the lossless EXIF edit than the metadata's "
            "deployment_file_hash: it was written by a tool that re-encodes. They are online, edited without loss."
        )
    if done.exif_warnings:
        shown = "; ".join(f"{key}: {', '.join(texts)}" for key, texts in sorted(done.exif_warnings.items())[:5])
        more = f"; and {len(done.exif_warnings) - 5} more" if len(done.exif_warnings) > 5 else ""
        session.warn(f"{len(done.exif_warnings)} photos were uploaded without the full EXIF edit: {shown}{more}")
