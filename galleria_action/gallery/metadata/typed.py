"""Photos of a large gallery, decoded by their types: a fraction of the time that reading value for value takes.

Only accepts: what is taken here is as the schema wants it, and any other reader makes the same of it. Whatever is not
(a wrong type, a field that is not known, a name given twice, ...) is refused without a reason, and read value for value
by who can tell one. The types are made from the schema, so that both say the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import or_
from sys import intern
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from galleria_action.gallery.metadata.photos import PhotoFields
from galleria_action.gallery.metadata.plainly import EXACT, SAID, NotPlain
from galleria_action.gallery.metadata.timestamps import PATTERN, have_its_shape

T = TypeVar("T")

_Schema = Mapping[str, Any]
_HASH = "^[0-9A-Fa-f]+$"
_HEX_DIGITS = b"0123456789ABCDEFabcdef"
#: the patterns that whole columns are compared with, which takes a fraction of the time; by the name of their field
_COLUMNS = {"file_hash": _HASH, "deployment_file_hash": _HASH, "corrected_timestamp": PATTERN}


class TypedPhotos:
    """Decodes photos that are as ``schema`` (that of the metadata) wants them. Raises ``NotPlain`` where it has a rule
    that is not known here."""

    def __init__(self, schema: _Schema) -> None:
        types = _Types(schema)
        self._decode = msgspec.json.Decoder(list[types.of(schema["$defs"]["photo"], "photo")]).decode  # type: ignore[misc]
        self._encode = msgspec.json.Encoder().encode
        self._no_exif = types.objects["exif"]()
        #: one object for each camera, of which a gallery has a few
        self._cameras: dict[Any, Mapping[str, Any] | None] = {None: None, UNSET: None}

    def read(self, text: str) -> PhotoFields | None:
        """The photos that ``text``, a JSON array, lists; ``None`` where it is not such an array, or not plain."""
        document = text.encode()
        try:
            photos: list[Any] = self._decode(document)
        except (ValueError, RecursionError):  # ValueError: msgspec's own errors, too
            return None
        # Of a name that is given twice one is lost. Nothing can make up for it: whatever else there is, is taken once.
        if (texts := _texts(document)) is None or texts != _texts(self._encode(photos)):
            return None
        hashes, edited = [photo.file_hash for photo in photos], [photo.deployment_file_hash for photo in photos]
        exifs = [photo.exif or self._no_exif for photo in photos]
        stamps = _given([exif.corrected_timestamp for exif in exifs])
        if not (_are_hex(hashes) and _are_hex(edited) and have_its_shape([it for it in stamps if it is not None])):
            return None
        files = [photo.files for photo in photos]
        return PhotoFields(
            ids=[intern(photo.id) for photo in photos],
            keys=[intern(key) for it in files for key in (it.full, it.web, it.thumb)],
            file_hashes=hashes,
            deployment_file_hashes=edited,
            original_paths=[photo.original_path for photo in photos],
            original_timestamps=_given([exif.original_timestamp for exif in exifs]),
            timestamps=stamps,
            zones=[zone and intern(zone) for zone in _given([exif.timezone_original for exif in exifs])],
            cameras=self._as_dicts([exif.camera for exif in exifs]),
            subseconds=_given([exif.subsecond for exif in exifs]),
        )

    def _as_dicts(self, cameras: Sequence[Any]) -> Sequence[Mapping[str, Any] | None]:
        for camera in set(cameras) - self._cameras.keys():
            self._cameras[camera] = msgspec.to_builtins(camera)
        return list(map(self._cameras.__getitem__, cameras))


def _texts(document: bytes) -> int | None:
    """How many texts and names there are in a JSON document, times two: its quotes without those that are escaped.
    ``None`` where one ends in a backslash: else each quote behind a backslash is an escaped one, and no other is."""
    if b"\\" not in document:
        return document.count(b'"')
    return None if b'\\\\"' in document else document.count(b'"') - document.count(b'\\"')


def _given(values: list[T | UnsetType]) -> list[T | None]:
    """``values``, with ``None`` where none is given."""
    return [None if value is UNSET else value for value in values]


def _are_hex(texts: Sequence[str]) -> bool:
    return not "".join(texts).encode().translate(None, _HEX_DIGITS)


class _Types:
    """The types of what is as a schema wants it; ``objects`` are those with fields, by name."""

    def __init__(self, root: _Schema) -> None:
        self._root = root
        self.objects: dict[str, Any] = {}

    def of(self, schema: _Schema, name: str) -> Any:
        """The type of what ``schema``, a part of the whole, wants of the field ``name``. Raises ``NotPlain``."""
        rules = {rule: it for rule, it in schema.items() if rule not in SAID}
        if reference := rules.pop("$ref", None):
            found = self.of(self._root["$defs"][reference.removeprefix("#/$defs/")], name)
        else:
            kinds = rules.pop("type", "anything")
            of_kinds = [self._of_kind(it, rules, name) for it in ([kinds] if isinstance(kinds, str) else kinds)]
            found = reduce(or_, of_kinds)
        if rules:
            raise NotPlain(", ".join(rules))
        return found

    def _of_kind(self, kind: str, rules: dict[str, Any], name: str) -> Any:
        match kind:
            case "object":
                return self._object(rules, name)
            case "string" if rules.pop("pattern", None) == _COLUMNS.get(name):
                return Annotated[
                    str, Meta(min_length=rules.pop("minLength", 0), max_length=rules.pop("maxLength", None))
                ]
            case "integer":
                return Annotated[int, Meta(ge=rules.pop("minimum", -EXACT), le=rules.pop("maximum", EXACT))]
            case "null":
                return None
        raise NotPlain(f"{kind} of {name}")

    def _object(self, rules: dict[str, Any], name: str) -> Any:
        required = rules.pop("required", ())
        fields = [
            (field, it) if field in required else (field, it | UnsetType, UNSET)
            for field, it in ((field, self.of(schema, field)) for field, schema in rules.pop("properties").items())
        ]
        self.objects[name] = msgspec.defstruct(
            name, fields, forbid_unknown_fields=True, frozen=True, kw_only=True, gc=False
        )
        return self.objects[name]
