"""What lies in a bucket."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import uuid4


@dataclass(frozen=True, slots=True)
class Stored:
    """One object. ``headers`` are those that come back with it (lower-case names), ``etag`` has no quotes. Of an
    archive nothing is read."""

    body: bytes
    etag: str
    headers: Mapping[str, str] = field(default_factory=dict)
    modified: datetime = field(default_factory=lambda: datetime.now(UTC))
    storage_class: str = "STANDARD"

    @classmethod
    def of(cls, body: bytes, headers: Mapping[str, str] | None = None, *, md5_etag: bool = True) -> Stored:
        """A new object."""
        etag = hashlib.md5(body, usedforsecurity=False).hexdigest() if md5_etag else uuid4().hex
        return cls(body, etag, {"content-type": "binary/octet-stream", **(headers or {})})

    def with_body(self, body: bytes) -> Stored:
        """The same with other bytes under the same ETag, as bits that rot."""
        return replace(self, body=body)


@dataclass
class Upload:
    """A multipart upload that is under way."""

    key: str
    headers: Mapping[str, str]
    parts: dict[int, Stored] = field(default_factory=dict)


class Bucket(MutableMapping[str, Stored]):
    """Objects by key. ``lag`` is the number of listings after a write that still show the state before it, and before
    all that is written until then: what is written beside a listing does not make it older;
    ``neighbours`` are all buckets of the server by name.

    Every method is called under the lock of the server, or while nobody else asks.
    """

    def __init__(self, lag: int = 0) -> None:
        self.cors: bytes | None = None
        self.uploads: dict[str, Upload] = {}
        self.neighbours: Mapping[str, Mapping[str, Stored]] = {}
        self._objects: dict[str, Stored] = {}
        self._lag = lag
        self._before: dict[str, Stored] | None = None
        self._listings_left = 0
        self._sorted: list[str] | None = None

    def __getitem__(self, key: str) -> Stored:
        return self._objects[key]

    def __setitem__(self, key: str, stored: Stored) -> None:
        self._changes(key not in self._objects)
        self._objects[key] = stored

    def __delitem__(self, key: str) -> None:
        if key in self._objects:
            self._changes(True)
        del self._objects[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._objects)

    def __len__(self) -> int:
        return len(self._objects)

    def listed(self, *, first_page: bool) -> tuple[list[str], Mapping[str, Stored]]:
        """The keys in order of their UTF-8 bytes, and the objects, as a listing shows them now."""
        if self._before is not None and (self._listings_left > 0 or not first_page):
            self._listings_left -= first_page
            return sorted(self._before, key=str.encode), self._before
        self._before = None
        if self._sorted is None:
            self._sorted = sorted(self._objects, key=str.encode)
        return self._sorted, self._objects

    def _changes(self, keys: bool) -> None:
        if keys:
            self._sorted = None
        if self._lag and self._before is None:
            self._before = dict(self._objects)
            self._listings_left = self._lag
