"""What an unfinished deploy has stored so far, so that the next one uploads only what is missing.

Kept under ``.galleria/checkpoint.json`` in the target, or in a local file, while a deploy is unfinished. It spares
reading objects back; without it the listing alone still proves most of what is there.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from galleria_action.deployment.manifest import Manifest, ManifestEntry, ManifestUnreadable, parse_manifest
from galleria_action.storage.interface import Headers, WriteStore

CHECKPOINT_KEY = ".galleria/checkpoint.json"

#: written down after so many files, or a tenth of what is stored already where that is more: the document grows, and
#: writing all of it every hundred files would cost more than the photos of a very large gallery
EVERY_FILES = 100
EVERY_SHARE = 10
_HEADERS = Headers("application/json", "no-store")


class CheckpointPlace(Protocol):
    """Where a checkpoint is kept."""

    def read(self) -> bytes | None:
        """The stored checkpoint, or ``None``."""

    def write(self, body: bytes) -> None:
        """Store it."""

    def remove(self) -> None:
        """Remove it if it is there."""


@dataclass(frozen=True, slots=True)
class InBucket:
    """The checkpoint beside the manifest in the target."""

    store: WriteStore

    def read(self) -> bytes | None:
        found = self.store.get(CHECKPOINT_KEY)
        return found.body if found else None

    def write(self, body: bytes) -> None:
        self.store.put(CHECKPOINT_KEY, body, _HEADERS)

    def remove(self) -> None:
        self.store.delete([CHECKPOINT_KEY])


@dataclass(frozen=True, slots=True)
class InFile:
    """The checkpoint in a local file."""

    path: Path

    def read(self) -> bytes | None:
        return self.path.read_bytes() if self.path.is_file() else None

    def write(self, body: bytes) -> None:
        part = self.path.with_name(f"{self.path.name}.part")
        part.write_bytes(body)
        part.replace(self.path)

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)


@dataclass
class Checkpoint:
    """Collects what has been stored and writes it down every ``EVERY_FILES`` files. Safe to use from many threads.

    ``fingerprint`` stands for the settings under which the bytes were made; a checkpoint of another one is not used.
    """

    place: CheckpointPlace
    fingerprint: str
    stored: dict[str, ManifestEntry] = field(default_factory=dict)
    written: bool = False
    _unwritten: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def resume(self) -> str | None:
        """Take up what an earlier run left. Returns a warning when there is something that cannot be used."""
        raw = self.place.read()
        if raw is None:
            return None
        self.written = True
        try:
            document = json.loads(raw)
            if document.get("fingerprint") != self.fingerprint:
                return "The checkpoint of an earlier deploy was made with other settings; starting fresh."
            self.stored.update(parse_manifest(raw).objects)
        except (ManifestUnreadable, ValueError, AttributeError, RecursionError):
            return "The checkpoint of an earlier deploy cannot be read; starting fresh."
        return None

    def add(self, key: str, entry: ManifestEntry) -> None:
        """Remember one stored object, and write the checkpoint down when it is time."""
        with self._lock:
            self.stored[key] = entry
            self._unwritten += 1
            due = self._unwritten >= max(EVERY_FILES, len(self.stored) // EVERY_SHARE)
        if due:
            self.save()

    def save(self) -> None:
        """Write down what is not yet written."""
        with self._lock:
            if not self._unwritten:
                return
            body = self._document(self.stored)
            self._unwritten = 0
            self.place.write(body)
            self.written = True

    def clear(self) -> None:
        """Remove the checkpoint, if one was ever written."""
        if self.written:
            self.place.remove()
            self.written = False

    def _document(self, stored: Mapping[str, ManifestEntry]) -> bytes:
        return json.dumps({**json.loads(Manifest(stored).to_bytes()), "fingerprint": self.fingerprint}).encode()
