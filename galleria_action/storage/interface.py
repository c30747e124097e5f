"""What a store is: a small reading half, a writing half, and the values that pass through them.

A store is rooted at its target's prefix: keys are relative to it, and nothing outside of it can be named. That
makes "only keys inside the target prefix" a property of the type instead of a check that could be forgotten.

Every store and wrapper passes one conformance suite (``tests/storage/conformance.py``).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import lru_cache
from itertools import repeat
from sys import intern
from typing import NamedTuple, Protocol, runtime_checkable

from galleria_action.net.waiting import done
from galleria_action.values import dataclass, field

#: the largest document of ours or of a gallery that is read: more than any, and nothing that fills the memory
DOCUMENT = 256 << 20
#: our own records lie under this, beside a gallery
RECORDS = ".galleria/"
#: the most that S3 takes in one request (AWS: "PutObject")
LARGEST_PUT = 5 << 30
#: of what is not held in memory so much is read at once; it stays in the processor's cache
_CHUNK = 256 << 10


@dataclass(frozen=True, slots=True)
class Target:
    """Where a gallery lives. ``endpoint`` is ``None`` for AWS, ``"file://"`` for a folder, and ``"https://"`` or
    ``"http://"`` for a gallery as its visitors see it, with the host for a bucket.

    ``prefix`` is empty or ends with a slash.
    """

    endpoint: str | None
    bucket: str
    prefix: str = ""

    def __str__(self) -> str:
        if self.endpoint in ("file://", "https://", "http://"):
            return f"{self.endpoint}{self.bucket}/{self.prefix}"
        return f"s3://{self.bucket}/{self.prefix}"


@dataclass(frozen=True, slots=True)
class Headers:
    """The headers an object is stored with; part of the object's identity for the plan."""

    content_type: str
    cache_control: str | None = None
    content_encoding: str | None = None

    def digest(self) -> str:
        """SHA-256 (hex) of the canonical form, so that a changed rule is seen as a change. An encoding is part of it
        where there is one."""
        encoding = (self.content_encoding,) if self.content_encoding else ()
        return _digest(self.content_type, self.cache_control, *encoding)


#: what our own records are stored with: they are for nobody's cache
RECORD_HEADERS = Headers("application/json", "no-store")


@lru_cache(maxsize=256)
def _digest(*values: str | None) -> str:
    """Remembered: a gallery has hundreds of thousands of objects and a handful of headers."""
    canonical = json.dumps(values, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


class Descriptor:
    """The ``number`` of an open file, which is closed when nobody knows of it any more: whoever gives up waiting for a
    thread that reads from it must not close it under its hands."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number

    def __del__(self) -> None:
        os.close(self.number)


@dataclass(frozen=True, slots=True)
class Stretch:
    """The ``size`` bytes from ``start`` on of an open ``file``: read when they are sent, and never all at once. Whoever
    finds fewer there raises ``short``."""

    file: Descriptor
    start: int
    size: int
    short: Exception

    def __len__(self) -> int:
        return self.size

    def chunks(self, start: int = 0) -> Iterator[memoryview]:
        """The bytes, one chunk after the other, without the first ``start``; each only until the next one is asked
        for."""
        room = memoryview(bytearray(min(_CHUNK, self.size - start)))
        while start < self.size:
            try:
                count = os.preadv(self.file.number, [room[: self.size - start]], self.start + start)
            except OSError as error:
                raise self.short from error
            if not count:
                raise self.short
            yield room[:count]
            start += count


Piece = bytes | bytearray | memoryview | Stretch


@dataclass(frozen=True, slots=True)
class Hashed:
    """A body of one or a few ``pieces`` which are never joined, and whose SHA-256 (hex) is known, so that a store which
    signs with it does not work it out once more. With one that is not true the signature is none that a service takes.

    Nothing is copied: whoever lends the pieces leaves them as they are until they are stored.
    """

    pieces: tuple[Piece, ...]
    sha256: str
    _size: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_size", sum(map(len, self.pieces)))

    def __len__(self) -> int:
        return self._size

    def __bytes__(self) -> bytes:
        return b"".join(map(bytes, chunks_of(self)))


Body = bytes | Hashed


def pieces_of(body: Body) -> tuple[Piece, ...]:
    """What ``body`` consists of, one piece after the other."""
    return body.pieces if isinstance(body, Hashed) else (body,)


def chunks_of(body: Body | Piece) -> Iterator[bytes | bytearray | memoryview]:
    """The bytes of ``body``, one chunk after the other; each only until the next one is asked for."""
    for piece in body.pieces if isinstance(body, Hashed) else (body,):
        if isinstance(piece, Stretch):
            yield from piece.chunks()
        else:
            yield piece


def sha256_of(body: Body) -> str:
    """The SHA-256 (hex) of ``body``, worked out where it does not say it itself."""
    return body.sha256 if isinstance(body, Hashed) else hashed(body)


def hashed(body: Body) -> str:
    """The SHA-256 (hex) of ``body``, worked out in any case."""
    return _digested(hashlib.sha256(), body)


def md5_of(body: Body) -> str:
    """The MD5 (hex) of ``body``: what an ETag often is, and no proof against anybody."""
    return _digested(hashlib.md5(usedforsecurity=False), body)


def _digested(digest: hashlib._Hash, body: Body) -> str:
    for chunk in chunks_of(body):
        digest.update(chunk)
    return digest.hexdigest()


class ObjectInfo(NamedTuple):
    """One line of a listing. ``size`` in bytes; ``etag`` as the store gives it, without quotes. What is ``archived``
    has to be restored before anybody can read it. A tuple, because hundreds of thousands are made at a time."""

    key: str
    size: int
    etag: str
    archived: bool = False


def objects_of(lines: Iterable[tuple[str, int, str, bool]]) -> list[ObjectInfo]:
    """An ``ObjectInfo`` with the fields in each of ``lines``, made without a step of Python for it."""
    return list(map(tuple.__new__, repeat(ObjectInfo), lines))


def with_shared_keys(objects: Iterable[ObjectInfo]) -> list[ObjectInfo]:
    """``objects`` whose keys are the texts that all who know them by the same have, for those that are kept."""
    return objects_of((intern(key), size, etag, archived) for key, size, etag, archived in objects)


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object with its bytes. ``headers`` is ``None`` where a store keeps none (``file:///``)."""

    body: bytes
    etag: str
    headers: Headers | None = None


@dataclass(frozen=True, slots=True)
class ObjectHead:
    """An object without its bytes."""

    size: int
    etag: str
    headers: Headers | None = None


class OwnSum(str):
    """An ETag that the store itself has made, as MD5 of the bytes that it was handed: comparing it with these proves
    nothing."""

    __slots__ = ()


def bare_etag(etag: str) -> str:
    """An ETag without quotes and without the mark of a weak one, which some gateways add."""
    return etag.strip().removeprefix("W/").strip('"')


@dataclass(frozen=True, slots=True)
class IfMatch:
    """Write only if the object still has this ETag (S3: ``If-Match``, since November 2024 on AWS). ``bare`` sends it
    without quotes, even if the service is not known to want that."""

    etag: str
    bare: bool = False


@dataclass(frozen=True, slots=True)
class IfAbsent:
    """Write only if there is no object under the key (S3: ``If-None-Match: *``, since August 2024 on AWS)."""


@dataclass(frozen=True, slots=True)
class IfSeen:
    """Write only if a look right before finds the object with this ETag, or absent when ``None``.

    For stores that compare nothing themselves. Looked anew before every try, so that no write is repeated over what
    another has written meanwhile; between look and write a window remains.
    """

    etag: str | None

    def check(self, found: ObjectHead | None) -> None:
        """Raise ``PreconditionFailed`` when ``found`` is not what was seen."""
        if (found.etag if found else None) != self.etag:
            raise PreconditionFailed("the object is not as it was seen")


Condition = IfMatch | IfAbsent | IfSeen


class PreconditionFailed(Exception):
    """A conditional write was refused because the object is not as the condition says."""


class ConditionUnsupported(Exception):
    """The store cannot write conditionally (or not with this condition); nothing was written."""


@dataclass(frozen=True, slots=True)
class Part:
    """Of all keys those greater than ``after`` and not greater than ``until``; the empty string and ``None`` are no
    bounds. Bounds are ASCII: some services sort by UTF-16 units instead of UTF-8 bytes, which agrees with them only
    there."""

    after: str = ""
    until: str | None = None


WHOLE = Part()


class Indivisible(Exception):
    """The store cannot list a part; ask for the whole."""


class ReadStore(Protocol):
    """The reading half. Every method may raise the storage errors of ``galleria_action.errors``:
    ``StorageUnavailable``, ``CredentialsError``, ``PermissionRefused``, ``BucketMissing``."""

    def get(self, key: str, most: int = DOCUMENT) -> StoredObject | None:
        """The object under ``key``, or ``None`` when there is none. A body that is cut is an error, and so is one of
        more than ``most`` bytes: read what is expected, whoever has written it."""

    def head(self, key: str) -> ObjectHead | None:
        """Size, ETag and headers of the object under ``key``, or ``None`` when there is none."""

    def list(self, prefix: str = "", part: Part = WHOLE) -> Iterator[ObjectInfo]:
        """Every object in ``part`` whose key starts with ``prefix`` (a plain string prefix), in any number of pages.

        Complete or an error: a listing that is cut, loops or is empty where the server did not say so raises
        ``StorageUnavailable``. Raises ``Indivisible`` where only the whole can be listed.
        """


class Later(Protocol):
    """A store that can be asked for many uploads at once without a thread for each."""

    def put_later(self, key: str, body: Body, headers: Headers) -> Awaitable[str]:
        """As ``WriteStore.put`` without a condition, for one task among many (``galleria_action.net.loop``)."""


def put_later(store: WriteStore, key: str, body: Body, headers: Headers) -> Awaitable[str]:
    """``store.put``, while other tasks go on. Raises what that raises."""
    later: Callable[[str, Body, Headers], Awaitable[str]] | None = getattr(store, "put_later", None)
    return later(key, body, headers) if later else done(lambda: store.put(key, body, headers))


class WriteStore(ReadStore, Protocol):
    """The writing half. Raises the same storage errors."""

    def put(self, key: str, body: Body, headers: Headers, condition: Condition | None = None) -> str:
        """Store ``body`` under ``key`` and return the new ETag.

        Raises ``PreconditionFailed`` when ``condition`` does not hold and ``ConditionUnsupported`` when the store
        cannot check it. A success without an ETag is an error.
        """

    def copy(self, source: str, key: str, headers: Headers | None = None, origin: Target | None = None) -> str:
        """Copy an object inside the service, with new ``headers`` if given, and return the new ETag.

        ``source`` is a key of this store, or of ``origin``: another place at the same service, which the same
        credentials may read.
        """

    def delete(self, keys: Iterable[str]) -> dict[str, str]:
        """Delete ``keys`` and return an error text for each key that could not be deleted.

        A key without an object counts as deleted. Errors that concern all keys are raised.
        """


@runtime_checkable
class Connecting(Protocol):
    """A store at the other end of a line, to which connections have to be opened."""

    def open_ahead(self, count: int) -> None:
        """Have ``count`` connections for what is asked at once next, opened meanwhile; nothing is asked by that. What
        goes wrong with one is told by the request that gets it."""


def open_ahead(store: ReadStore, count: int) -> None:
    """Have ``store`` ready for ``count`` requests at once, where it has to be reached first."""
    if isinstance(store, Connecting):
        store.open_ahead(count)


@runtime_checkable
class Paced(Protocol):
    """A store that knows how many writes of one object its service takes: some refuse what comes sooner."""

    @property
    def seconds_between_writes(self) -> float:
        """Seconds between two writes of one object that the service takes for ever; 0 where it does not count."""


def seconds_between_writes(store: object) -> float:
    """What ``store`` knows of its service; 0 where it knows nothing."""
    return store.seconds_between_writes if isinstance(store, Paced) else 0.0
