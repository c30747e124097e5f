"""What an unfinished deploy has stored so far, so that the next one uploads only what is missing.

Kept under ``.galleria/checkpoint.json`` in the target, or in a local file, while a deploy is unfinished. It spares
reading objects back; without it the listing alone still proves most of what is there. Nothing depends on it, so
nothing that goes wrong with it ends a deploy.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from galleria_action.deployment.documents.writing import commit
from galleria_action.deployment.model import Base
from galleria_action.deployment.state.manifest import (
    BEGINNING,
    ManifestEntry,
    ManifestUnreadable,
    document,
    member,
    parse_recorded,
)
from galleria_action.errors import ConfigInvalid, GalleriaError, StorageUnavailable
from galleria_action.fence.place import Place
from galleria_action.storage.interface import DOCUMENT, Headers, WriteStore

CHECKPOINT_KEY = ".galleria/checkpoint.json"

#: written down after so many files, or a thirtieth of what is stored already where that is more: the document grows,
#: and writing all of it every hundred files would in the end cost more than the photos of a very large gallery
EVERY_FILES = 100
EVERY_SHARE = 30
_HEADERS = Headers("application/json", "no-store")


class CheckpointPlace(Protocol):
    """Where a checkpoint is kept. Every method may raise ``GalleriaError`` or ``OSError``."""

    def read(self) -> bytes | None:
        """The stored checkpoint, or ``None``."""

    def write(self, body: bytes) -> None:
        """Store it."""

    def remove(self) -> None:
        """Remove it if it is there."""


@dataclass(slots=True)
class InBucket:
    """The checkpoint in the target, beside the manifest if nothing else is said. ``last`` is what we last saw there."""

    store: WriteStore
    key: str = CHECKPOINT_KEY
    last: Base | None = None

    def read(self) -> bytes | None:
        found = self.store.get(self.key)
        self.last = Base.of(found.body, found.etag) if found else None
        return found.body if found else None

    def write(self, body: bytes) -> None:
        self.last = Base.of(body, self.store.put(self.key, body, _HEADERS))

    def conclude(self, body: bytes) -> None:
        """Write ``body`` as the last word. Raises ``Conflict`` when somebody else has written there since."""
        commit(self.store, self.key, body, _HEADERS, self.last)

    def remove(self) -> None:
        for error in self.store.delete([self.key]).values():
            raise StorageUnavailable(error)


@dataclass(frozen=True, slots=True)
class InFile:
    """The checkpoint in a local file."""

    place: Place
    path: Path

    def exists(self) -> bool:
        """Whether there is one. Raises ``ConfigInvalid`` for anything else, which is neither to be replaced nor to be
        removed."""
        body = self.read()
        if body and not body.startswith(BEGINNING):
            raise ConfigInvalid(f"{str(self.path)!r} is not a checkpoint.")
        return body is not None

    def read(self) -> bytes | None:
        return self.place.read(self.path, DOCUMENT)

    def write(self, body: bytes) -> None:
        self.place.write(self.path, body)

    def remove(self) -> None:
        self.place.remove(self.path)


class Nowhere:
    """No checkpoint at all."""

    def read(self) -> bytes | None:
        return None

    def write(self, body: bytes) -> None:
        pass

    def remove(self) -> None:
        pass


@dataclass
class Checkpoint:
    """Collects what has been stored and writes it down every ``EVERY_FILES`` files. Safe to use from many threads.

    ``fingerprint`` stands for the settings under which the bytes were made; a checkpoint of another one is not used.
    ``about`` is written down beside it. ``written`` tells that there is one to be removed in the end, ``trouble`` what
    went wrong with it last.
    """

    place: CheckpointPlace
    fingerprint: str
    written: bool = False
    about: Mapping[str, Any] = field(default_factory=dict)
    stored: dict[str, ManifestEntry] = field(default_factory=dict)
    trouble: str = ""
    _members: bytearray = field(default_factory=bytearray)
    _unwritten: int = 0
    _due: int = field(default_factory=lambda: EVERY_FILES)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _writing: threading.Lock = field(default_factory=threading.Lock)

    def resume(self) -> None:
        """Take up what an earlier run left; what cannot be used is told in ``trouble``."""
        raw = None
        with self._forgiving("be read"):
            raw = self.place.read()
        if raw is None:
            return
        self.written = True
        try:
            manifest, about = parse_recorded(raw)
        except ManifestUnreadable:
            self.trouble = "The checkpoint of an earlier deploy cannot be understood; starting fresh."
            return
        if about.get("fingerprint") != self.fingerprint:
            self.trouble = "The checkpoint of an earlier deploy was made with other settings; starting fresh."
            return
        for key, entry in manifest.objects.items():
            self._remember(key, entry, member(key, entry))

    def add(self, key: str, entry: ManifestEntry) -> None:
        """Remember one stored object, and write the checkpoint down when it is time and nobody else does."""
        as_written = member(key, entry)
        with self._lock:
            self._remember(key, entry, as_written)
            self._unwritten += 1
            due = self._unwritten >= self._due
        if due and self._writing.acquire(blocking=False):
            try:
                self._write()
            finally:
                self._writing.release()

    def save(self) -> None:
        """Write down what is not yet written."""
        with self._writing:
            if self._unwritten:
                self._write()

    def clear(self) -> None:
        """Remove the checkpoint, if one was ever written."""
        if self.written:
            with self._forgiving("be removed"):
                self.place.remove()
                self.written = False

    def _remember(self, key: str, entry: ManifestEntry, as_written: bytes) -> None:
        """Each entry takes its written form once: all of them anew every hundred files cost as much as hashing."""
        self.stored[key] = entry
        self._members += b"," + as_written if self._members else as_written

    def _write(self) -> None:
        """Outside of the lock: the other uploads do not wait for it."""
        with self._lock:
            members, count = bytes(self._members), self._unwritten
        body = document(members, "directory", fingerprint=self.fingerprint, **self.about)
        refused = count
        self.written = True
        with self._forgiving("be written"):
            self.place.write(body)
            refused = 0
        with self._lock:
            self._unwritten -= count - refused
            # A place that refuses is not asked again with every file.
            self._due = refused + max(EVERY_FILES, len(self.stored) // EVERY_SHARE)

    @contextmanager
    def _forgiving(self, what: str) -> Iterator[None]:
        try:
            yield
        except (GalleriaError, OSError) as error:
            self.trouble = f"The checkpoint could not {what}, so an interrupted deploy may repeat more: {error}"
