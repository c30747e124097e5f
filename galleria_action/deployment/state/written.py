"""How a manifest is written down, and read back from a place that others may write to.

Schema 2 holds a column for each field, a table for what many entries share (headers, edits, ids of photos) and hashes
as bytes. What is large is compressed: of a gallery of 100,000 photos about a sixth remains of schema 1, which had an
object for each entry and is still read. Fields that are not known are ignored; a newer schema is refused.
"""

from __future__ import annotations

import binascii
import json
import re
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import accumulate, chain, compress, count, starmap
from operator import sub
from sys import intern
from types import NoneType
from typing import Any, cast

from galleria_action.columns import Column, Hashes, Numbers, Table, Texts, Values, differing, places_of, values_of
from galleria_action.deployment.made_by import MadeBy, made_by_of
from galleria_action.deployment.model import EDIT_DIGITS, Mode
from galleria_action.deployment.state.entries import EDIT, MD5, SHA1, SHA256, Columns, Entries
from galleria_action.deployment.state.manifest import MANIFEST_KEY, Kind, Leaving, Manifest, ManifestEntry
from galleria_action.deployment.state.parts import in_parts, packed
from galleria_action.errors import ConfigInvalid
from galleria_action.gallery.keys import all_ordinary, key_problem
from galleria_action.net.encoding import Encoded, TooLong, decoded
from galleria_action.storage.interface import DOCUMENT, Headers
from galleria_action.values import replace

_SCHEMA = 2
_GZIP = b"\x1f\x8b"
#: what is smaller stays as people can read it
_WORTH_COMPRESSING = 32 << 10
#: what is packed into fewer bytes is read whole
LARGE = 256 << 10
#: a bit as it stands in a text
_DIGITS = bytes.maketrans(b"\0\1", b"01")
#: Hashes do not shrink, so a document of ours is never far longer than what it was packed into.
_MOST_UNPACKED, _MOST_RATIO = 32 << 20, 20


class ManifestUnreadable(ValueError):
    """The stored manifest is not one that this version wrote."""


class ManifestNewer(ManifestUnreadable):
    """The stored manifest is one of a newer version."""


# -- writing -------------------------------------------------------------------------------------------------------


def written(manifest: Manifest, *, for_people: bool = True, **more: Any) -> bytes:
    """The bytes that are stored: keys sorted, so that equal manifests are equal bytes. ``more`` goes in beside it. What
    is short stays as it is, if it is there ``for_people``, too."""
    return packed(in_parts(_document(manifest, more)), _WORTH_COMPRESSING if for_people else 0)


def _document(manifest: Manifest, more: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from {"schema": _SCHEMA, "mode": manifest.mode, **more}.items()
    yield "objects", _columns(Entries.of(manifest.objects))
    if manifest.made_by:
        yield "made_by", {kind: it.to_dict() for kind, it in sorted(manifest.made_by.items())}
    if manifest.leaving:
        yield "leaving", _leaving_columns(manifest.leaving)


def headers_of(record: bytes) -> Headers:
    """The headers that ``record`` is stored with: it is for nobody's cache. No Content-Encoding, which some services
    and CDNs undo on the way."""
    return Headers("application/gzip" if record.startswith(_GZIP) else "application/json", "no-store")


def _columns(entries: Entries) -> Iterator[tuple[str, Any]]:
    """A field for each column of ``entries``, in the order of their keys."""
    keys = sorted(entries)
    it, rows = entries.columns, array("L", map(entries.rows.__getitem__, keys))
    edited = differing(it.sources, it.sha256s, rows)
    yield "keys", keys
    yield "sizes", it.sizes.taken(rows)
    yield "sha256s", _packed(it.sha256s.taken(rows), SHA256)
    yield "etags", _packed(it.etags.taken(rows), MD5)
    yield "edited", edited.translate(_DIGITS).decode()
    yield "sources", _packed(it.sources.taken(array("L", compress(rows, edited))), SHA256)
    yield "headers", _table(it.headers.taken(rows))
    yield "kinds", _table(it.kinds.taken(rows))
    yield "photos", _table(it.photos.taken(rows))
    yield "edits", _table(it.edits.taken(rows), EDIT)
    yield "source_sizes", it.source_sizes.taken(rows)
    yield "source_blobs", _table(it.source_blobs.taken(rows), SHA1)


def _leaving_columns(leaving: Mapping[str, Leaving]) -> dict[str, Any]:
    keys = sorted(leaving)
    photos = Table(None, Values[str](), places_of(())).added(leaving[key].photo for key in keys)
    return {
        "keys": keys,
        "photos": _table(photos),
        "etags": _packed(Texts(leaving[key].etag for key in keys), MD5),
    }


def _packed(column: Column[str], width: int) -> bytes | Column[str]:
    """Hashes of ``width`` bytes as these one after the other; texts of any other kind as they are."""
    if isinstance(column, Texts) and len(column) and len(column[0]) != 2 * width:
        return column
    them = column if isinstance(column, Hashes) else Hashes(width).added(values_of(column))
    if isinstance(them, Hashes) and them.width == width:
        return them.raw
    return them if isinstance(them, Texts) else Texts(values_of(them))


def _table(table: Table[Any], width: int = SHA256) -> dict[str, Any]:
    """Each value once (packed where all are hashes of ``width`` bytes), and for each entry how far its value is from
    that of the entry before; that which stands for none is the first."""
    values, places = table.in_order()
    return {"values": _packed(values, width), "steps": list(map(sub, places, chain((0,), places)))}


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
    objects, leaving = Entries.of(manifest.objects), manifest.leaving
    return replace(
        manifest, objects=objects.only(_sound(objects)), leaving={key: leaving[key] for key in _sound(leaving)}
    )


def parse_recorded(raw: bytes) -> tuple[Manifest, Mapping[str, Any]]:
    """The same with what went in beside the manifest (see ``written``), about which nothing is known."""
    try:
        document = _read(raw)
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


def _read(raw: bytes) -> Any:
    if raw.startswith(_GZIP) and len(raw) > LARGE:
        from galleria_action.deployment.state.pieces import Odd, read_in_pieces

        with suppress(Odd):
            return read_in_pieces(raw, _most_unpacked(raw))
    return json.loads(_unpacked(raw), object_hook=_entry_if_one)


def _most_unpacked(raw: bytes) -> int:
    return min(DOCUMENT, max(_MOST_UNPACKED, _MOST_RATIO * len(raw)))


def _unpacked(raw: bytes) -> bytes:
    if not raw.startswith(_GZIP):
        return raw
    try:
        return decoded(raw, "gzip", _most_unpacked(raw))
    except Encoded as error:
        raise ManifestUnreadable(str(error)) from error
    except TooLong as error:
        raise ManifestUnreadable("it is far longer unpacked than any of ours") from error


def _of_columns(document: dict[str, Any]) -> tuple[Entries, dict[str, Leaving]]:
    objects, leaving = document.pop("objects"), document.pop("leaving", None)  # nobody else keeps them
    rows = dict(zip(map(intern, _texts(objects["keys"])), count(), strict=False))
    stored = _hashes(objects.pop("sha256s"), SHA256)
    number = len(objects.pop("keys"))
    columns = Columns(
        _numbers("size", objects.pop("sizes")),
        stored,
        _hashes(objects.pop("etags"), MD5),
        _looked_up(objects["headers"], ""),
        _sources(stored, objects.pop("edited"), _hashes(objects.pop("sources"), SHA256)),
        _looked_up(objects["kinds"], None),
        _looked_up(objects["photos"], None),
        _looked_up(objects["edits"], "", EDIT),
        _numbers("source_size", objects["source_sizes"]),
        _looked_up(objects["source_blobs"], "", SHA1),
    )
    if set(map(len, columns.all())) != {number}:
        raise ManifestUnreadable("its columns are not of one length")
    kinds = columns.kinds
    if not {*values_of(kinds)} <= {"photo", "site"}:
        raise ManifestUnreadable("an entry has a wrong kind")
    return Entries(rows, columns), _of_leaving(leaving) if leaving else {}


def _of_leaving(columns: Mapping[str, Any]) -> dict[str, Leaving]:
    keys, photos, etags = _texts(columns["keys"]), _looked_up(columns["photos"], None), columns["etags"]
    gone = starmap(Leaving, zip(values_of(photos), values_of(_hashes(etags, MD5)), strict=True))
    leaving = dict(zip(keys, gone, strict=True))
    _check_leaving(leaving.values())
    return leaving


def _hashes(column: Any, width: int) -> Hashes | Texts:
    if not isinstance(column, str):
        return column if isinstance(column, Texts) else Texts(_texts(column))
    raw = binascii.a2b_base64(column, strict_mode=True)
    if len(raw) % width:
        raise ManifestUnreadable("a column of hashes breaks off")
    return Hashes(width, raw)


def _numbers(name: str, column: Any) -> Numbers:
    if type(column) is not array and (type(column) is not list or not set(map(type, column)) <= {int}):
        raise ManifestUnreadable(f"an entry has a wrong {name}")
    return Numbers(column)


def _sources(stored: Column[str], edited: str, sources: Column[str]) -> Column[str]:
    """The hash of each file before its edit: ``edited`` has a 1 for each that has another one than the stored bytes."""
    if edited.count("1") != len(sources) or len(edited) != len(stored):
        raise ManifestUnreadable("there is not one source for each file that was edited")
    if isinstance(stored, Hashes) and isinstance(sources, Hashes):
        return Hashes(SHA256, _replaced(stored.raw, sources.raw, edited))
    own = iter(values_of(sources))
    return Texts(next(own) if it == "1" else text for text, it in zip(values_of(stored), edited, strict=True))


def _replaced(stored: bytes, sources: bytes, edited: str) -> bytes:
    """``stored``, with those of ``sources`` in place of each that was ``edited``. All of a folder are, or none."""
    together, own = bytearray(stored), memoryview(sources)
    for run in re.finditer("1+", edited):
        start, stop = run.start() * SHA256, run.end() * SHA256
        together[start:stop], own = own[: stop - start], own[stop - start :]
    return bytes(together)


def _looked_up(table: Mapping[str, Any], none: Any, width: int = SHA256) -> Table[Any]:
    """With one copy of what other documents have, too: there are hundreds of thousands."""
    values = table["values"]
    shared = _hashes(values, width) if isinstance(values, str) else Values(map(intern, _texts(values)))
    return Table(none, shared, places_of(accumulate(table["steps"])))


def _texts(column: Any) -> list[str]:
    if not isinstance(column, list) or not set(map(type, column)) <= {str}:
        raise ManifestUnreadable("a column is not one of texts")
    return column


def _of_schema_1(document: Mapping[str, Any]) -> tuple[Entries, dict[str, Leaving]]:
    objects: dict[str, ManifestEntry] = dict(document["objects"].items())
    _check_types(objects.values())
    leaving = {key: Leaving(photo) for key, photo in document.get("leaving", {}).items()}
    _check_leaving(leaving.values())
    return Entries.of(objects), leaving


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


def _sound(keys: Collection[str]) -> Collection[str]:
    """Without those that no gallery can have: whoever can write here must not have us delete the metadata, our own
    records or what lies elsewhere."""
    return keys if all_ordinary(keys) else [key for key in keys if key_problem(key) is None]


_TYPES: Mapping[str, tuple[type, ...]] = {
    "size": (int,), "sha256": (str,), "etag": (str,), "headers": (str,), "source": (str,), "kind": (str,),
    "photo": (str, NoneType), "edit": (str,), "source_size": (int,), "source_blob": (str,),
}  # fmt: skip


def _check_types(entries: Iterable[Any]) -> None:
    """All entries at once, field by field: one by one took as long as reading them."""
    found = list(entries)
    if not set(map(type, found)) <= {ManifestEntry}:
        raise ManifestUnreadable("something in it is not an entry")
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
