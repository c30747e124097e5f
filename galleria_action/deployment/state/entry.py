"""One object of the record."""

from __future__ import annotations

from typing import Literal

from galleria_action.storage.interface import ObjectInfo
from galleria_action.values import dataclass

Kind = Literal["photo", "site"]


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """One deployed object.

    ``size`` (bytes) and ``sha256`` are of the stored bytes, ``source`` is the SHA-256 of the local file before any
    EXIF edit, ``etag`` what the store answered to the upload, ``headers`` the digest of the headers sent with it,
    ``edit`` the digest of the EXIF edit (empty: none). ``photo`` is the id of the photo for ``kind == "photo"``.
    ``source_size`` (bytes; 0: not known) and ``source_blob`` (git's id of its content; empty: not known) tell later
    whether the local file can still be the same one, without reading it.
    """

    size: int
    sha256: str
    etag: str
    headers: str
    source: str
    kind: Kind
    photo: str | None = None
    edit: str = ""
    source_size: int = 0
    source_blob: str = ""

    def describes(self, found: ObjectInfo) -> bool:
        """Whether a listing shows the object as it was stored, where it can be read."""
        return (found.size, found.etag) == (self.size, self.etag) and not found.archived
