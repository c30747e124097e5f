"""How a manifest is written down, and read back from a place that others may write to.

Schema 2 holds a column for each field, a table for what many entries share (headers, edits, ids of photos) and hashes
as bytes. What is large is compressed: of a gallery of 100,000 photos about a sixth remains of schema 1, which had an
object for each entry and is still read. Fields that are not known are ignored; a newer schema is refused.
"""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, compress, pairwise, starmap
from sys import intern
from types import NoneType
from typing import Any, cast

from galleria_action.deployment.made_by import MadeBy, made_by_of
from galleria_action.deployment.model import EDIT_DIGITS, Mode
from galleria_action.deployment.state.manifest import MANIFEST_KEY, Kind, Leaving, Manifest, ManifestEntry
from galleria_action.errors import ConfigInvalid
from galleria_action.gallery.keys import key_problem
from galleria_action.net.encoding import Encoded, TooLong, decoded
from galleria_action.storage.interface import DOCUMENT, Headers
from galleria_action.values import replace

_SCHEMA = 2
_GZIP = b"\x1f\x8b"
#: what is smaller stays as people can read it
_WORTH_COMPRESSING = 32 << 10
#: Hashes do not shrink, so a document of ours is never far longer than what it was packed into.
_MOST_UNPACKED, _MOST_RATIO = 32 << 20, 20
_SHA256, _SHA1, _MD5 = 64, 40, 32


class ManifestUnreadable(ValueError):
    """The stored manifest is not one that this version wrote."""


class ManifestNewer(ManifestUnreadable):
    """The stored manifest is one of a newer version."""


# -- writing -------------------------------------------------------------------------------------------------------


def written(manifest: Manifest, **more: Any) -> bytes:
    """The bytes that are stored: keys sorted, so that equal manifests are equal bytes. ``more`` goes in beside it."""
    keys = sorted(manifest.objects)
    columns = _columns(keys, [manifest.objects[key] for key in keys])
    document: dict[str, Any] = {"schema": _SCHEMA, "mode": manifest.mode, **more, "objects": columns}
    if manifest.made_by:
        document["made_by"] = {kind: it.to_dict() for kind, it in sorted(manifest.made_by.items())}
    if manifest.leaving:
        document["leaving"] = _leaving_columns(manifest.leaving)
    plain = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    if len(plain) < _WORTH_COMPRESSING:
        return plain
    import gzip

    return gzip.compress(plain, 6, mtime=0)


def headers_of(record: bytes) -> Headers:
    """The headers that ``record`` is stored with: it is for nobody's cache. No Content-Encoding, which some services
    and CDNs undo on the way."""
    return Headers("application/gzip" if record.startswith(_GZIP) else "application/json", "no-store")


def _columns(keys: Sequence[str], entries: Sequence[ManifestEntry]) -> dict[str, Any]:
    own = [entry.source != entry.sha256 for entry in entries]
    return {
        "keys": keys,
        "sizes": [entry.size for entry in entries],
        "sha256s": _packed([entry.sha256 for entry in entries], _SHA256),
        "etags": _packed([entry.etag for entry in entries], _MD5),
        "edited": "".join("01"[it] for it in own),
        "sources": _packed([entry.source for entry in compress(entries, own)], _SHA256),
        "headers": _table((entry.headers for entry in entries), ""),
        "kinds": _table((entry.kind for entry in entries), None),
        "photos": _table((entry.photo for entry in entries), None),
        "edits": _table((entry.edit for entry in entries), "", EDIT_DIGITS),
        "source_sizes": [entry.source_size for entry in entries],
        "source_blobs": _table((entry.source_blob for entry in entries), "", _SHA1),
    }


def _leaving_columns(leaving: Mapping[str, Leaving]) -> dict[str, Any]:
    keys = sorted(leaving)
    return {
        "keys": keys,
        "photos": _table((leaving[key].photo for key in keys), None),
        "etags": _packed([leaving[key].etag for key in keys], _MD5),
    }


def _packed(hashes: Sequence[str], digits: int) -> str | list[str]:
    """Hashes of ``digits`` digits as the base64 of their bytes one after the other; texts of any other kind as they
    are."""
    together = "".join(hashes)
    if set(map(len, hashes)) <= {digits} and re.fullmatch("[0-9a-f]*", together):
        return binascii.b2a_base64(bytes.fromhex(together), newline=False).decode()
    return list(hashes)


def _table(values: Iterable[str | None], none: str | None, digits: int = _SHA256) -> dict[str, Any]:
    """Each value once (packed where all are hashes of ``digits`` digits), and for each entry how far its value is from
    that of the entry before; ``none`` is the first."""
    numbers = {none: 0}
    places = [numbers.setdefault(value, len(numbers)) for value in values]
    different = cast(list[str], list(numbers)[1:])
    return {
        "values": _packed(different, digits),
        "steps": [after - before for before, after in pairwise([0, *places])],
    }


# -- reading -------------------------------------------------------------------------------------------------------


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
    """The same with what went in beside the manifest (see ``written``), about which nothing is known."""
    try:
        document = json.loads(_unpacked(raw), object_hook=_entry_if_one)
        schema = document["schema"]
        if type(schema) is not int or schema < 1:
            raise ManifestUnreadable(f"it has schema {schema!r}, this version reads 1 and {_SCHEMA}")
        if schema > _SCHEMA:
            raise ManifestNewer(f"it was written by a newer version (schema {schema})")
        read = _of_columns if schema == _SCHEMA else _of_schema_1
        return Manifest(*read(document), _mode(document["mode"]), _made_by(document.get("made_by"))), document
    except ManifestUnreadable:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, OverflowError) as error:
        raise ManifestUnreadable(str(error)) from error


def entry_of(value: Mapping[str, Any]) -> ManifestEntry:
    """One entry as it stands by itself in a document of ours. Raises ``ManifestUnreadable`` and ``TypeError``."""
    entry = _entry(**value)
    _check_types([entry])
    return entry


def _unpacked(raw: bytes) -> bytes:
    if not raw.startswith(_GZIP):
        return raw
    try:
        return decoded(raw, "gzip", min(DOCUMENT, max(_MOST_UNPACKED, _MOST_RATIO * len(raw))))
    except Encoded as error:
        raise ManifestUnreadable(str(error)) from error
    except TooLong as error:
        raise ManifestUnreadable("it is far longer unpacked than any of ours") from error


def _of_columns(document: Mapping[str, Any]) -> tuple[dict[str, ManifestEntry], dict[str, Leaving]]:
    objects, leaving = document["objects"], document.get("leaving")
    keys = map(intern, _texts(objects["keys"]))
    hashes = _unpacked_hashes(objects["sha256s"], _SHA256)
    columns = (
        objects["sizes"],
        hashes,
        list(map(intern, _unpacked_hashes(objects["etags"], _MD5))),
        _looked_up(objects["headers"], ""),
        _sources(hashes, objects["edited"], _unpacked_hashes(objects["sources"], _SHA256)),
        _looked_up(objects["kinds"], None),
        _looked_up(objects["photos"], None),
        _looked_up(objects["edits"], "", EDIT_DIGITS),
        objects["source_sizes"],
        _looked_up(objects["source_blobs"], "", _SHA1),
    )
    _check_columns(columns)
    entries = starmap(ManifestEntry, zip(*columns, strict=True))
    return dict(zip(keys, entries, strict=True)), _of_leaving(leaving) if leaving else {}


def _of_leaving(columns: Mapping[str, Any]) -> dict[str, Leaving]:
    keys, photos, etags = _texts(columns["keys"]), _looked_up(columns["photos"], None), columns["etags"]
    gone = starmap(Leaving, zip(photos, _unpacked_hashes(etags, _MD5), strict=True))
    leaving = dict(zip(keys, gone, strict=True))
    _check_leaving(leaving.values())
    return leaving


def _unpacked_hashes(column: Any, digits: int) -> list[str]:
    if not isinstance(column, str):
        return _texts(column)
    together = binascii.a2b_base64(column, strict_mode=True).hex()
    if len(together) % digits:
        raise ManifestUnreadable("a column of hashes breaks off")
    return [together[start : start + digits] for start in range(0, len(together), digits)]


def _sources(hashes: Sequence[str], edited: str, sources: Sequence[str]) -> list[str]:
    """The hash of each file before its edit: ``edited`` has a 1 for each that has another one than the stored bytes."""
    if edited.count("1") != len(sources):
        raise ManifestUnreadable("there is not one source for each file that was edited")
    of_edited = iter(sources)
    return [next(of_edited) if mark == "1" else stored for stored, mark in zip(hashes, edited, strict=True)]


def _looked_up(table: Mapping[str, Any], none: str | None, digits: int = _SHA256) -> list[Any]:
    """With one copy of what many entries have in common: there are hundreds of thousands."""
    values = [none, *map(intern, _unpacked_hashes(table["values"], digits))]
    places = list(accumulate(table["steps"]))
    if places and min(places) < 0:
        raise ManifestUnreadable("a table has no such place")
    return [values[place] for place in places]


def _texts(column: Any) -> list[str]:
    if type(column) is not list or not set(map(type, column)) <= {str}:
        raise ManifestUnreadable("a column is not one of texts")
    return column


def _of_schema_1(document: Mapping[str, Any]) -> tuple[dict[str, ManifestEntry], dict[str, Leaving]]:
    objects: dict[str, ManifestEntry] = dict(document["objects"].items())
    _check_types(objects.values())
    leaving = {key: Leaving(photo) for key, photo in document.get("leaving", {}).items()}
    _check_leaving(leaving.values())
    return objects, leaving


def _entry_if_one(value: dict[str, Any]) -> Any:
    """Entries of schema 1 take their final form while the document is read, so that it is never there twice."""
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
    """What a later version may have added is ignored."""
    same = sha256 if source == sha256 else source
    shared = intern(headers), same, cast(Kind, intern(kind)), photo, intern(edit[:EDIT_DIGITS])
    return ManifestEntry(size, sha256, etag, *shared, source_size, source_blob)


def _sound(by_key: Mapping[str, Any]) -> dict[str, Any]:
    """Without keys that no gallery can have: whoever can write here must not have us delete the metadata, our own
    records or what lies elsewhere."""
    return {key: value for key, value in by_key.items() if key_problem(key) is None}


_TYPES: Mapping[str, tuple[type, ...]] = {
    "size": (int,), "sha256": (str,), "etag": (str,), "headers": (str,), "source": (str,), "kind": (str,),
    "photo": (str, NoneType), "edit": (str,), "source_size": (int,), "source_blob": (str,),
}  # fmt: skip


def _check_types(entries: Iterable[Any]) -> None:
    """All entries at once, field by field: one by one took as long as reading them."""
    found = list(entries)
    if not set(map(type, found)) <= {ManifestEntry}:
        raise ManifestUnreadable("something in it is no entry")
    _check_columns([[getattr(entry, name) for entry in found] for name in _TYPES])


def _check_columns(columns: Sequence[Sequence[Any]]) -> None:
    """A column for each field of an entry."""
    for (name, permitted), column in zip(_TYPES.items(), columns, strict=True):
        if not set(map(type, column)) <= set(permitted):
            raise ManifestUnreadable(f"an entry has a wrong {name}")
        if name == "kind" and not set(column) <= {"photo", "site"}:
            raise ManifestUnreadable("an entry has a wrong kind")


def _check_leaving(leaving: Iterable[Leaving]) -> None:
    if not all(isinstance(gone.photo, str | None) and isinstance(gone.etag, str) for gone in leaving):
        raise ManifestUnreadable("what is leaving has a wrong photo")


def _made_by(value: Any) -> dict[Kind, MadeBy]:
    """What is not understood is not known; no bytes depend on it."""
    kinds: tuple[Kind, ...] = ("photo", "site")
    found = {kind: made_by_of(value.get(kind)) for kind in kinds} if isinstance(value, dict) else {}
    return {kind: it for kind, it in found.items() if it}


def _mode(value: Any) -> Mode:
    if value not in ("metadata", "directory"):
        raise ManifestUnreadable("the mode is unknown")
    return cast(Mode, value)
