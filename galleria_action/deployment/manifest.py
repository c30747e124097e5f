"""Our own record of what lies in the bucket: ``.galleria/manifest.json``.

The metadata says what a gallery is; the manifest says which bytes and headers we last stored for each key. It is
what lets a later run see a changed thumbnail, a changed header rule or a foreign overwrite without downloading
anything. In directory mode, where there is no metadata, it is also the document whose write commits a deploy.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

MANIFEST_KEY = ".galleria/manifest.json"
_SCHEMA = 1

Kind = Literal["photo", "site"]


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """One deployed object.

    ``size`` (bytes) and ``sha256`` are of the stored bytes, ``source`` is the SHA-256 of the local file before any
    EXIF edit, ``etag`` what the store answered to the upload, ``headers`` the digest of the headers sent with it,
    ``edit`` the digest of the EXIF edit (empty: none). ``photo`` is the id of the photo for ``kind == "photo"``.
    """

    size: int
    sha256: str
    etag: str
    headers: str
    source: str
    kind: Kind
    photo: str | None = None
    edit: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """All deployed objects by key, the metadata document itself left out."""

    objects: Mapping[str, ManifestEntry] = field(default_factory=dict)

    def of_kind(self, kind: Kind) -> dict[str, ManifestEntry]:
        """The entries of one kind by key."""
        return {key: entry for key, entry in self.objects.items() if entry.kind == kind}

    def to_bytes(self) -> bytes:
        """The JSON that is stored: keys sorted, so that equal manifests are equal bytes."""
        objects = {key: asdict(entry) for key, entry in self.objects.items()}
        document = {"schema": _SCHEMA, "objects": objects}
        return json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


class ManifestUnreadable(ValueError):
    """The stored manifest is not one that this version wrote."""


def parse_manifest(raw: bytes) -> Manifest:
    """Read a stored manifest.

    Raises ``ManifestUnreadable`` for anything but a manifest of this schema: the bucket may be writable by others,
    so nothing in it is trusted to have the right shape.
    """
    try:
        document = json.loads(raw)
        if document["schema"] != _SCHEMA:
            raise ManifestUnreadable(f"it has schema {document['schema']!r}, this version reads {_SCHEMA}")
        return Manifest({key: _entry(value) for key, value in document["objects"].items()})
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ManifestUnreadable(str(error)) from error


_TYPES = {"size": int, "sha256": str, "etag": str, "headers": str, "source": str, "kind": str, "edit": str}


def _entry(value: Mapping[str, Any]) -> ManifestEntry:
    entry = ManifestEntry(**value)
    wrong = [name for name, kind in _TYPES.items() if type(getattr(entry, name)) is not kind]
    if wrong or entry.kind not in ("photo", "site") or not isinstance(entry.photo, str | None):
        raise ManifestUnreadable(f"an entry has a wrong {', '.join(wrong) or 'kind'}")
    return entry
