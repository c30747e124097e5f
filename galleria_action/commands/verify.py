"""``verify``: does the bucket hold exactly what the live metadata says? Reads only, needs no files on disk."""

from __future__ import annotations

from collections.abc import Mapping

from galleria_action.commands.session import Session, judge_verification
from galleria_action.deployment.remote.reading import read_remote
from galleria_action.deployment.remote.verification import Verification, verify_deep, verify_listing
from galleria_action.deployment.state.manifest import Manifest
from galleria_action.errors import Finding, VerifyFailed
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.storage.interface import ObjectInfo, ReadStore


def verify(session: Session) -> str:
    """Verify the live gallery. Raises ``VerifyFailed``, and the store's errors."""
    store = session.reading_store()
    with session.ci.group("Verify"):
        remote = read_remote(store, listing=True)
        session.record.mode = remote.mode
        if remote.mode is None or (remote.mode == "metadata" and remote.metadata is None):
            session.record.verification = Verification(checked=1, missing=(METADATA_KEY,))
            raise _no_gallery(session, remote.warnings)
        session.warn_all(remote.warnings)
        verify_state(session, store, remote.named_keys(), remote.manifest, remote.listing or {})
    judge_verification(session)
    assert session.record.verification is not None
    return f"The bucket holds what its metadata says: {session.record.verification.checked:,} objects verified."


def verify_state(
    session: Session,
    store: ReadStore,
    named: frozenset[str],
    manifest: Manifest,
    listing: Mapping[str, ObjectInfo],
) -> None:
    """Compare what is named with what is there, as deep as the option ``verify`` says, into the record."""
    found = verify_listing(named, manifest, listing)
    session.record.verification = found
    if session.options.checks.verify == "deep":
        sizes = [entry.size for entry in manifest.objects.values()]
        with session.progress("Verified", len(sizes), sum(sizes)) as progress:
            session.record.verification = verify_deep(
                store, found, manifest, session.options.upload.concurrency, progress.advance
            )
        unrecorded = len(named - manifest.objects.keys() - {METADATA_KEY})
        if unrecorded:
            session.warn(
                f"{unrecorded} objects were not deployed by this tool, so only their presence could be verified."
            )


def _no_gallery(session: Session, warnings: tuple[str, ...]) -> VerifyFailed:
    text = " ".join(warnings) or f"There is no gallery at {session.target}: it has no {METADATA_KEY}."
    return VerifyFailed(
        text,
        hint="Are bucket and prefix right, and was the gallery deployed?",
        findings=[Finding(f"missing: {METADATA_KEY}")],
    )
