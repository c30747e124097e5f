"""Carries a plan out, in the one order that never shows a broken gallery:

photos, site assets, site pages, record, commit, deletes, record. Nothing is deleted before the commit is confirmed, and
nothing is committed after a failed upload or a stop signal.

The record (the manifest) goes first because after the commit nothing else names what is still to be deleted, nor tells
which bytes are there; a run that dies in between is finished by the next.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from galleria_action.deployment.apply.commit import Unsettled, check_base, commit
from galleria_action.deployment.apply.upload import Uploader
from galleria_action.deployment.model import Base, LocalGallery, Plan
from galleria_action.deployment.remote.reading import RemoteState, find_missing
from galleria_action.deployment.state.manifest import Manifest
from galleria_action.deployment.state.record import Record
from galleria_action.deployment.stop import Stop
from galleria_action.errors import Conflict, DeleteFailed, Finding, StorageUnavailable
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.gallery.local.media import is_page
from galleria_action.storage.interface import Headers, WriteStore

NARROWED = (
    "This storage does not support conditional writes: another deploy at the very same moment could have been "
    "overwritten. The window is narrowed, not closed; a `concurrency:` group in the workflow closes it."
)


#: between two batches a stop signal is heard, and another deploy noticed
_DELETE_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Document:
    """The metadata as it is committed, byte for byte, and the headers it is stored with."""

    body: bytes
    headers: Headers


@dataclass
class Deployment:
    """One plan about to be carried out against one store."""

    plan: Plan
    local: LocalGallery
    remote: RemoteState
    store: WriteStore
    uploader: Uploader
    stop: Stop
    warn: Callable[[str], None]
    step: Callable[[str], None]
    document: Document | None = None
    committed: bool | None = False
    metadata_uploaded: bool = False
    photos_deleted: int = 0

    def __post_init__(self) -> None:
        remote = self.remote
        self._record = Record(self.store, self.local, remote.manifest, remote.manifest_base, self.stop.check)
        self._live: Base | None = None

    def run(self) -> Manifest:
        """Carry the plan out and return the manifest of what is deployed now.

        Raises whatever ended it; ``committed`` tells on which side of the commit that was, ``None``: nobody knows.
        """
        self._upload()
        self._commit()
        try:
            undeleted = self._delete()
            self._write_record(undeleted)
        except Conflict as lost:
            raise _superseded() from lost
        if undeleted:
            raise _delete_failed(undeleted)
        return self._record.manifest

    # -- the steps, in order -------------------------------------------------------------------------------------

    def _upload(self) -> None:
        """Photos first, then what pages need, then the pages, so that no page shows what is not there yet.

        What is done already was done by shards, on other machines.
        """
        left = [up for up in self.plan.uploads if up.key not in self.uploader.done.entries]
        photos = tuple(up for up in left if up.photo is not None)
        assets = tuple(up for up in left if up.photo is None and not is_page(up.key))
        pages = tuple(up for up in left if up.photo is None and is_page(up.key))
        for title, batch in (("photos", photos), ("site assets", assets), ("site pages", pages)):
            if batch:
                self.step(f"Uploading {len(batch)} files: {title}")
                self.uploader.upload(batch)

    def _commit(self) -> None:
        """One conditional write. Without a metadata document of its own, a deploy commits by its record."""
        self.stop.check()
        try:
            self._write_documents()
        except StorageUnavailable:
            self.stop.check()  # asked to stop, the store tries no more; then that is the reason
            raise
        self.committed = True
        if self._record.narrowed:
            self.warn(NARROWED)

    def _write_documents(self) -> None:
        planned = {gone.key for gone in self.plan.deletes}
        if self.document is None:
            self.step("Committing the manifest")
            self._prove_uploads()
            with self._committing():
                self._write_record(planned)
        else:
            self._write_record(planned)
            self._prove_uploads()
            self._commit_metadata(self.document)

    def _commit_metadata(self, document: Document) -> None:
        self.stop.check()
        if self.plan.commit:
            self.step(f"Committing {METADATA_KEY}")
            with self._committing():
                done = commit(self.store, METADATA_KEY, document.body, document.headers, self.plan.base)
            self.metadata_uploaded = True
            self._record.narrowed |= done.narrowed
            self._live = Base.of(document.body, done.etag)
        else:
            check_base(self.store, METADATA_KEY, self.plan.base)
            self._live = self.plan.base

    @contextmanager
    def _committing(self) -> Iterator[None]:
        """Meanwhile, and when its outcome could not be learnt, nobody knows whether the commit has happened."""
        self.committed = None
        try:
            yield
        except Unsettled:
            raise
        except BaseException:
            self.committed = False
            raise
        self.committed = True

    def _prove_uploads(self) -> None:
        """What this run brought is nobody's until it is committed, so another deploy may have taken it for orphans."""
        named = self.remote.named_keys() | self.remote.manifest.of_kind("site").keys()
        missing = find_missing(self.store, self.uploader.done.entries.keys() - named, self.uploader.concurrency)
        if missing:
            raise _vanished(missing)

    def _write_record(self, leaving: Container[str]) -> None:
        entries = self.uploader.done.entries
        self._record.write(entries, (gone for gone in self.plan.deletes if gone.key in leaving))

    def _check_live(self) -> None:
        """Raise ``Conflict`` when somebody wrote since the commit: what we delete, the next gallery may name again."""
        if self.document:
            check_base(self.store, METADATA_KEY, self._live)
        self._record.refresh()

    def _delete(self) -> dict[str, str]:
        """Delete what the plan names; returns the keys that remain, each with its error."""
        if not self.plan.deletes:
            return {}
        self.step(f"Deleting {len(self.plan.deletes)} objects that are gone from the gallery")
        errors = self._delete_keys([gone.key for gone in self.plan.deletes])
        if errors:
            errors = self._delete_keys(list(errors))
        remaining = {gone.photo for gone in self.plan.deletes if gone.key in errors}
        self.photos_deleted = sum(photo not in remaining for photo in self.plan.removed_photos)
        return errors

    def _delete_keys(self, keys: list[str]) -> dict[str, str]:
        errors: dict[str, str] = {}
        for start in range(0, len(keys), _DELETE_BATCH):
            self.stop.check()
            self._check_live()
            errors.update(self.store.delete(keys[start : start + _DELETE_BATCH]))
        return errors


def _vanished(keys: tuple[str, ...]) -> Conflict:
    return Conflict(
        f"{len(keys)} objects that this deploy had uploaded are gone: another deploy or program deletes in the same "
        "place. Nothing was committed; the gallery that visitors see is as before.",
        hint="Run again when the other one has ended. A `concurrency:` group in the workflow keeps them apart.",
        findings=[Finding(f"gone: {key}") for key in keys],
    )


def _superseded() -> Conflict:
    return Conflict(
        "The gallery was committed, but another deploy has written since. What remains to be deleted is left to the "
        "next run, because the other gallery may need it.",
        hint="Run again when the other one has ended. A `concurrency:` group in the workflow keeps them apart.",
    )


def _delete_failed(undeleted: dict[str, str]) -> DeleteFailed:
    return DeleteFailed(
        f"The new gallery is live, but {len(undeleted)} old objects could not be deleted.",
        hint="Run again: only the deletes are repeated. If it stays, check that the credentials may s3:DeleteObject.",
        findings=[Finding(f"{key}: {error}") for key, error in undeleted.items()],
    )
