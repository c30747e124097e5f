"""Our own record of what lies in the bucket: ``.galleria/manifest.json``.

The metadata says what a gallery is; the manifest says which bytes and headers we last stored for each key. It is
what lets a later run see a changed thumbnail, a changed header rule or a foreign overwrite without downloading
anything. In directory mode, where there is no metadata, it is also the document whose write commits a deploy.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from operator import attrgetter
from sys import intern
from types import NoneType
from typing import Any, Literal, cast

from galleria_action.deployment.model import Mode
from galleria_action.errors import ConfigInvalid
from galleria_action.gallery.keys import key_problem
from galleria_action.storage.interface import ObjectInfo

MANIFEST_KEY = ".galleria/manifest.json"
_SCHEMA = 1

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
        """Whether a listing shows the object as it was stored."""
        return (found.size, found.etag) == (self.size, self.etag)


_FIELDS = tuple(entry_field.name for entry_field in fields(ManifestEntry))
#: left out where they are not known: most entries are of small files, which are read each time
_WHERE_KNOWN = ("source_size", "source_blob")


@dataclass(frozen=True, slots=True)
class Manifest:
    """All deployed objects by key, the metadata document itself left out.

    ``leaving`` are keys that a deploy was about to delete, each with the id of its photo (``None`` for the site's):
    not part of the gallery any more, and perhaps still there. It is written down before the commit, because after it
    nothing else names them. ``mode`` tells whether the photos belong to a metadata document, which may not be committed
    yet.
    """

    objects: Mapping[str, ManifestEntry] = field(default_factory=dict)
    leaving: Mapping[str, str | None] = field(default_factory=dict)
    mode: Mode = "directory"

    def of_kind(self, kind: Kind) -> dict[str, ManifestEntry]:
        """The entries of one kind by key."""
        return {key: entry for key, entry in self.objects.items() if entry.kind == kind}

    def leaving_of(self, kind: Kind) -> dict[str, str | None]:
        """What is leaving of one kind."""
        return {key: photo for key, photo in self.leaving.items() if (photo is None) == (kind == "site")}

    def to_bytes(self, **more: Any) -> bytes:
        """The JSON that is stored: keys sorted, so that equal manifests are equal bytes. ``more`` goes in beside it."""
        members = b",".join(member(key, self.objects[key]) for key in sorted(self.objects))
        return document(members, self.mode, **({"leaving": dict(self.leaving)} if self.leaving else {}), **more)


#: of every document that ``document`` makes
BEGINNING = b'{"objects":{'


def member(key: str, entry: ManifestEntry) -> bytes:
    """What ``entry`` under ``key`` is in a stored manifest: the parts of a long one can be made one by one."""
    values = {name: getattr(entry, name) for name in _FIELDS}
    return f"{_json(key)}:{_json({name: it for name, it in values.items() if it or name not in _WHERE_KNOWN})}".encode()


def document(members: bytes, mode: Mode, **more: Any) -> bytes:
    """A stored manifest of ``members``, which commas separate; of two with one key, the later counts."""
    rest = _json({"schema": _SCHEMA, "mode": mode, **more}).encode()
    return BEGINNING + members + b"}," + rest.removeprefix(b"{")


_json = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


class ManifestUnreadable(ValueError):
    """The stored manifest is not one that this version wrote."""


class ManifestNewer(ManifestUnreadable):
    """The stored manifest is one of a newer version."""


def parse_manifest(raw: bytes) -> Manifest:
    """Read a stored manifest.

    Raises ``ConfigInvalid`` for one of a newer version, and ``ManifestUnreadable`` for anything but a manifest: the
    bucket may be writable by others, so nothing in it is trusted to have the right shape.
    """
    try:
        manifest = parse_recorded(raw)[0]
    except ManifestNewer as newer:
        raise ConfigInvalid(
            f"{MANIFEST_KEY} in the bucket cannot be read: {newer}.",
            hint="Use that version of Galleria Action, or a newer one, for this gallery.",
        ) from newer
    return replace(manifest, objects=_sound(manifest.objects), leaving=_sound(manifest.leaving))


def parse_recorded(raw: bytes) -> tuple[Manifest, Mapping[str, Any]]:
    """The same with what went in beside the manifest (``Manifest.to_bytes``), about which nothing is known."""
    try:
        document = json.loads(raw, object_hook=_entry_if_one)
        schema = document["schema"]
        if type(schema) is int and schema > _SCHEMA:
            raise ManifestNewer(f"it was written by a newer version (schema {schema})")
        if schema != _SCHEMA:
            raise ManifestUnreadable(f"it has schema {schema!r}, this version reads {_SCHEMA}")
        objects: dict[str, ManifestEntry] = dict(document["objects"].items())
        _check_types(objects.values())
        return Manifest(objects, _leaving(document.get("leaving", {})), _mode(document["mode"])), document
    except ManifestUnreadable:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ManifestUnreadable(str(error)) from error


_TYPES: Mapping[str, tuple[type, ...]] = {
    "size": (int,), "sha256": (str,), "etag": (str,), "headers": (str,), "source": (str,), "kind": (str,),
    "photo": (str, NoneType), "edit": (str,), "source_size": (int,), "source_blob": (str,),
}  # fmt: skip


def _entry_if_one(value: dict[str, Any]) -> Any:
    """Entries take their final form while the document is read, so that it is never there twice."""
    return _entry(**value) if "sha256" in value else value


def _entry(
    *,
    size: int,
    sha256: str,
    etag: str,
    headers: str,
    source: str,
    kind: Any,
    photo: str | None = None,
    edit: str = "",
    source_size: int = 0,
    source_blob: str = "",
    **_: Any,
) -> ManifestEntry:
    """With one copy of what many entries have in common: there are hundreds of thousands. What a later version may add
    is ignored."""
    same = sha256 if source == sha256 else source
    shared = intern(headers), same, cast(Kind, intern(kind)), photo, intern(edit)
    return ManifestEntry(size, sha256, etag, *shared, source_size, source_blob)


def entry_of(value: Mapping[str, Any]) -> ManifestEntry:
    """One entry as it stands in a document of ours. Raises ``ManifestUnreadable`` and ``TypeError``."""
    entry = _entry(**value)
    _check_types([entry])
    return entry


def _sound(by_key: Mapping[str, Any]) -> dict[str, Any]:
    """Without keys that no gallery can have: whoever can write here must not have us delete the metadata, our own
    records or what lies elsewhere."""
    return {key: value for key, value in by_key.items() if key_problem(key) is None}


def _check_types(entries: Collection[Any]) -> None:
    """All entries at once, field by field: one by one took as long as reading them."""
    if not set(map(type, entries)) <= {ManifestEntry}:
        raise ManifestUnreadable("something in it is no entry")
    for name, permitted in _TYPES.items():
        if not set(map(type, map(attrgetter(name), entries))) <= set(permitted):
            raise ManifestUnreadable(f"an entry has a wrong {name}")
    if not set(map(attrgetter("kind"), entries)) <= {"photo", "site"}:
        raise ManifestUnreadable("an entry has a wrong kind")


def _leaving(value: Mapping[str, Any]) -> dict[str, str | None]:
    leaving = dict(value.items())
    if not all(isinstance(photo, str | None) for photo in leaving.values()):
        raise ManifestUnreadable("what is leaving has a wrong photo")
    return leaving


def _mode(value: Any) -> Mode:
    if value not in ("metadata", "directory"):
        raise ManifestUnreadable("the mode is unknown")
    return cast(Mode, value)
