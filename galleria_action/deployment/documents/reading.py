"""The documents that a target holds: metadata and our own records, as bytes that can be read.

What is not understood is never taken for an absence: a gallery would be planned as if nothing were there.
"""

from __future__ import annotations

from galleria_action.deployment.model import Base
from galleria_action.errors import StorageUnavailable
from galleria_action.net.encoding import Encoded, TooLong, decoded
from galleria_action.storage.interface import DOCUMENT, ReadStore, StoredObject
from galleria_action.values import dataclass

_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Document:
    """``body`` is readable; ``base`` is what a conditional write has to match. ``warnings`` say what was odd."""

    body: bytes
    base: Base
    warnings: tuple[str, ...] = ()


def read_document(store: ReadStore, key: str, *, packed: bool = False) -> Document | None:
    """The document under ``key``, ``None`` where there is none. One that another tool stored compressed is unpacked;
    what may be ``packed`` by ourselves is left to its reader.

    Raises the store's errors, and ``StorageUnavailable`` for what is compressed in a way that is not understood and
    for a web page in its place.
    """
    stored = store.get(key)
    if stored is None:
        return None
    told = stored.headers.content_encoding if stored.headers else None
    if packed and not told and stored.body.startswith(_GZIP):
        return Document(stored.body, Base.of(stored.body, stored.etag))
    body = _plain(stored, key)
    if body.lstrip()[:1] == b"<":
        raise StorageUnavailable(
            f"{key} cannot be read: a web page lies in its place.",
            hint="If a website, a login or an error page answers there, check endpoint or public-url. If it lies in "
            "the bucket, delete it there and run again.",
        )
    warnings = () if body is stored.body else (f"{key} is stored compressed, by another tool; it was unpacked.",)
    return Document(body, Base.of(stored.body, stored.etag), warnings)


def _plain(stored: StoredObject, key: str) -> bytes:
    told = stored.headers.content_encoding if stored.headers else None
    encoding = told or ("gzip" if stored.body.startswith(_GZIP) else "")
    try:
        return decoded(stored.body, encoding, DOCUMENT)
    except Encoded as error:
        problem = str(error)
    except TooLong:
        problem = f"it is compressed (Content-Encoding: {encoding}), and far too long unpacked"
    raise StorageUnavailable(
        f"{key} cannot be read: {problem}.",
        hint="Another tool has stored it so, or a CDN delivers it so. Store it as it is, or delete it in the bucket "
        "and deploy again.",
    )
