"""What an unfinished deploy has stored so far, so that the next one uploads only what is missing.

Kept in pieces below ``.galleria/checkpoint/`` in the state, or in a local file, while a deploy is unfinished. It spares
reading objects back; without it the listing alone still proves most of what is there. Nothing depends on it, so
nothing that goes wrong with it ends a deploy.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from galleria_action.deployment.documents.writing import commit
from galleria_action.deployment.model import Base
from galleria_action.deployment.state.manifest import Manifest, ManifestEntry
from galleria_action.deployment.state.written import ManifestUnreadable, headers_of, parse_recorded, written
from galleria_action.errors import ConfigInvalid, GalleriaError, StorageUnavailable
from galleria_action.fence.place import Place
from galleria_action.hands import Hands
from galleria_action.storage.interface import DOCUMENT, RECORDS, WriteStore
from galleria_action.values import dataclass, field

#: what begins so is a piece of a checkpoint; versions before had a single document of this name
CHECKPOINTS = f"{RECORDS}checkpoint"

#: A piece is written after so many files, or after a thirtieth of what is stored already where that is more: so the
#: pieces of a very large gallery stay few, and a run that dies loses little.
EVERY_FILES = 100
EVERY_SHARE = 30
#: more pieces than any gallery has, and as many as are read at once
_MOST_PIECES, _READERS = 1000, 16


class CheckpointPlace(Protocol):
    """Where a checkpoint is kept. Every method may raise ``GalleriaError`` or ``OSError``."""

    def read(self) -> list[bytes]:
        """The stored pieces."""

    def write(self, fresh: Callable[[], bytes], whole: Callable[[], bytes]) -> None:
        """Store what is ``fresh``, beside what is there, or the ``whole`` in its place."""

    def remove(self) -> None:
        """Remove whatever is there."""


@dataclass(slots=True)
class InBucket:
    """A checkpoint in the state, in numbered pieces. ``pieces`` are the keys of those that are there."""

    store: WriteStore
    pieces: list[str] = field(default_factory=list)

    @classmethod
    def among(cls, store: WriteStore, keys: Iterable[str]) -> InBucket:
        """The one whose pieces are among ``keys``."""
        found = sorted(key for key in keys if key.startswith(CHECKPOINTS))
        return cls(store, list(islice(found, _MOST_PIECES)))

    def read(self) -> list[bytes]:
        with Hands(_READERS, "checkpoint") as pool:
            return [found.body for found in pool.map(self.store.get, self.pieces) if found]

    def write(self, fresh: Callable[[], bytes], whole: Callable[[], bytes]) -> None:
        number = max(map(_number, self.pieces), default=0) + 1
        key, body = f"{CHECKPOINTS}/{number:05}.json", fresh()
        self.pieces.append(key)  # it may be there, whatever the answer
        self.store.put(key, body, headers_of(body))

    def remove(self) -> None:
        for error in self.store.delete(self.pieces).values():
            raise StorageUnavailable(error)
        self.pieces.clear()


def _number(piece: str) -> int:
    digits = piece.removeprefix(f"{CHECKPOINTS}/").removesuffix(".json")
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 10 else 0


@dataclass(slots=True)
class InDocument:
    """A checkpoint that becomes a document in the end. ``last`` is what we last saw under ``key``."""

    store: WriteStore
    key: str
    last: Base | None = None

    def read(self) -> list[bytes]:
        found = self.store.get(self.key)
        self.last = Base.of(found.body, found.etag) if found else None
        return [found.body] if found else []

    def write(self, fresh: Callable[[], bytes], whole: Callable[[], bytes]) -> None:
        body = whole()
        self.last = Base.of(body, self.store.put(self.key, body, headers_of(body)))

    def conclude(self, body: bytes) -> None:
        """Write ``body`` as the last word. Raises ``Conflict`` when somebody else has written there since."""
        commit(self.store, self.key, body, headers_of(body), self.last)

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
        body = self.place.read(self.path, DOCUMENT)
        if body and not _is_checkpoint(body):
            raise ConfigInvalid(f"{str(self.path)!r} is not a checkpoint.")
        return body is not None

    def read(self) -> list[bytes]:
        body = self.place.read(self.path, DOCUMENT)
        return [] if body is None else [body]

    def write(self, fresh: Callable[[], bytes], whole: Callable[[], bytes]) -> None:
        self.place.write(self.path, whole())

    def remove(self) -> None:
        self.place.remove(self.path)


def _is_checkpoint(body: bytes) -> bool:
    try:
        return "fingerprint" in parse_recorded(body)[1]
    except ManifestUnreadable:
        return False


class Nowhere:
    """No checkpoint at all."""

    def read(self) -> list[bytes]:
        return []

    def write(self, fresh: Callable[[], bytes], whole: Callable[[], bytes]) -> None:
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
    _unwritten: dict[str, ManifestEntry] = field(default_factory=dict)
    _due: int = field(default_factory=lambda: EVERY_FILES)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _writing: threading.Lock = field(default_factory=threading.Lock)

    def resume(self) -> None:
        """Take up what an earlier run left; what cannot be used is told in ``trouble``."""
        pieces: list[bytes] = []
        with self._forgiving("be read"):
            pieces = self.place.read()
        self.written = self.written or bool(pieces)
        troubles = [trouble for raw in pieces if (trouble := self._take_up(raw))]
        if troubles and self.stored:
            self.trouble = (
                f"A part of the checkpoint of an earlier deploy {troubles[0]}; what it names is looked at anew."
            )
        elif troubles:
            self.trouble = f"The checkpoint of an earlier deploy {troubles[0]}; starting fresh."

    def _take_up(self, raw: bytes) -> str:
        """Take a piece up, or say why that cannot be."""
        try:
            manifest, about = parse_recorded(raw)
        except ManifestUnreadable:
            return "cannot be understood"
        if about.get("fingerprint") != self.fingerprint:
            return "was made with other settings"
        self.stored |= manifest.objects
        return ""

    def add(self, key: str, entry: ManifestEntry) -> None:
        """Remember one stored object, and write a piece down when it is time and nobody else does."""
        if self.is_due_with(key, entry):
            self.write()

    def is_due_with(self, key: str, entry: ManifestEntry) -> bool:
        """Remember one stored object; whether it is time to ``write``."""
        with self._lock:
            self.stored[key] = self._unwritten[key] = entry
            return len(self._unwritten) >= self._due

    def write(self) -> None:
        """Write a piece down, if nobody else does."""
        if self._writing.acquire(blocking=False):
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

    def _write(self) -> None:
        """Outside of the lock: the other uploads do not wait for it."""
        with self._lock:
            fresh, self._unwritten = self._unwritten, {}
        self.written = True
        refused = fresh
        with self._forgiving("be written"):
            self.place.write(lambda: self._document(fresh), lambda: self._document(self._copy()))
            refused = {}
        with self._lock:
            self._unwritten = {**refused, **self._unwritten}
            # A place that refuses is not asked again with every file.
            self._due = len(refused) + max(EVERY_FILES, len(self.stored) // EVERY_SHARE)

    def _copy(self) -> dict[str, ManifestEntry]:
        with self._lock:
            return dict(self.stored)

    def _document(self, entries: Mapping[str, ManifestEntry]) -> bytes:
        return written(Manifest(entries), for_people=False, fingerprint=self.fingerprint, **self.about)

    @contextmanager
    def _forgiving(self, what: str) -> Iterator[None]:
        try:
            yield
        except (GalleriaError, OSError) as error:
            self.trouble = f"The checkpoint could not {what}, so an interrupted deploy may repeat more: {error}"
