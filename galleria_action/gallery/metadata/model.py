"""The model of ``gallery-metadata.json``, field for field as Galleria writes it.

``from_dict`` expects a document that the schema has accepted (``gallery.schema``); unknown fields are kept in
``extra`` and come back out of ``to_dict``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from sys import intern
from typing import Any, Literal, get_args

from galleria_action.values import dataclass, field, fields

Variant = Literal["full", "web", "thumb"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)

#: Galleria's way to say "leave the time zone as it is"
KEEP_ORIGINAL_TIMEZONE = 13


#: what nearly every value has beside the fields that are known
NO_EXTRA: Mapping[str, Any] = {}


def _no_extra() -> Mapping[str, Any]:
    return NO_EXTRA


def _extra(cls: type, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields of ``data`` that ``cls`` does not know."""
    names = _field_names(cls)
    return NO_EXTRA if data.keys() <= names else {name: value for name, value in data.items() if name not in names}


def _common(value: Any) -> Any:
    """``value``, of which other photos, the record or the listing have the same: a text is kept once for all."""
    return intern(value) if type(value) is str else value


def _camera(value: Any) -> Any:
    """One object for each camera, of which a gallery has a few."""
    if not isinstance(value, dict):
        return value
    named = tuple(value.items())
    try:
        return _one_camera(named) if len(named) < 10 and all(type(text) is str for text in value.values()) else value
    except TypeError:
        return value


@lru_cache(maxsize=256)
def _one_camera(named: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    return dict(named)


@cache
def _field_names(cls: type) -> frozenset[str]:
    return frozenset(f.name for f in fields(cls) if f.name != "extra")


@dataclass(frozen=True, slots=True)
class MetadataExifData:
    """Times and camera of a photo. ``corrected_timestamp`` is ISO 8601 and goes into DateTimeOriginal."""

    original_timestamp: str | None = None
    corrected_timestamp: str | None = None
    timezone_original: str | None = None
    camera: Mapping[str, Any] | None = None
    subsecond: int | str | None = None
    extra: Mapping[str, Any] = field(default_factory=_no_extra)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> MetadataExifData:
        """Build from the ``exif`` object of a photo."""
        return cls(
            data.get("original_timestamp"),
            data.get("corrected_timestamp"),
            _common(data.get("timezone_original")),
            _camera(data.get("camera")),
            data.get("subsecond"),
            _extra(cls, data),
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, unknown fields included."""
        return {
            "original_timestamp": self.original_timestamp,
            "corrected_timestamp": self.corrected_timestamp,
            "timezone_original": self.timezone_original,
            "camera": dict(self.camera) if self.camera is not None else None,
            "subsecond": self.subsecond,
            **self.extra,
        }


@dataclass(frozen=True, slots=True)
class MetadataFileData:
    """The three variants of a photo as keys relative to the target's prefix, byte for byte as written."""

    full: str
    web: str
    thumb: str
    extra: Mapping[str, Any] = field(default_factory=_no_extra)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> MetadataFileData:
        """Build from the ``files`` object of a photo."""
        return cls(_common(data["full"]), _common(data["web"]), _common(data["thumb"]), _extra(cls, data))

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, unknown fields included."""
        return {"full": self.full, "web": self.web, "thumb": self.thumb, **self.extra}

    def items(self) -> tuple[tuple[Variant, str], ...]:
        """(variant, key) pairs in the order full, web, thumb."""
        return (("full", self.full), ("web", self.web), ("thumb", self.thumb))


@dataclass(frozen=True, slots=True)
class PhotoMetadata:
    """One photo. ``file_hash`` is the SHA-256 (hex) of the local full file, ``deployment_file_hash`` the SHA-256
    of the same file after the EXIF edit; both in lower case, as ``hashlib`` writes them."""

    id: str
    original_path: str
    file_hash: str
    deployment_file_hash: str
    exif: MetadataExifData
    files: MetadataFileData
    extra: Mapping[str, Any] = field(default_factory=_no_extra)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PhotoMetadata:
        """Build from one entry of ``photos``."""
        return cls(
            _common(data["id"]),
            data["original_path"],
            data["file_hash"].lower(),
            data["deployment_file_hash"].lower(),
            MetadataExifData.from_dict(data.get("exif") or {}),
            MetadataFileData.from_dict(data["files"]),
            _extra(cls, data),
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, unknown fields included."""
        return {
            "id": self.id,
            "original_path": self.original_path,
            "file_hash": self.file_hash,
            "deployment_file_hash": self.deployment_file_hash,
            "exif": self.exif.to_dict(),
            "files": self.files.to_dict(),
            **self.extra,
        }


@dataclass(frozen=True, slots=True)
class GallerySettings:
    """How the gallery was processed, with Galleria's defaults. Every field may be missing (``None``) in what was read:
    older Galleria versions wrote only some.

    Offsets are hours (the target's are whole), sizes pixels (one number or width and height), qualities 0 to 100.
    """

    timestamp_offset_hours: float | None = 0
    target_timezone_offset_hours: int | None = KEEP_ORIGINAL_TIMEZONE
    web_size: int | tuple[int, ...] | None = (2048, 2048)
    thumb_size: int | tuple[int, ...] | None = (400, 400)
    jpeg_quality: int | None = 85
    webp_quality: int | None = 85
    extra: Mapping[str, Any] = field(default_factory=_no_extra)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> GallerySettings:
        """Build from the ``settings`` object."""
        offset = data.get("target_timezone_offset_hours")
        return cls(
            data.get("timestamp_offset_hours"),
            # JSON knows no integers: 2.0 is a whole number too.
            None if offset is None else int(offset),
            _size(data.get("web_size")),
            _size(data.get("thumb_size")),
            data.get("jpeg_quality"),
            data.get("webp_quality"),
            _extra(cls, data),
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; fields that were never set are left out."""
        own = {name: getattr(self, name) for name in self.__slots__ if name != "extra"}
        sizes = {name: list(value) for name, value in own.items() if isinstance(value, tuple)}
        return {**{name: value for name, value in own.items() if value is not None}, **sizes, **self.extra}


def _size(value: int | list[int] | None) -> int | tuple[int, ...] | None:
    return tuple(value) if isinstance(value, list) else value


#: of a gallery that says nothing about how it was processed
NO_SETTINGS = GallerySettings.from_dict({})


@dataclass(frozen=True, slots=True)
class GalleryMetadata:
    """The whole document. ``photos`` are a tuple, or ``Photos`` in columns where they were read from a file."""

    schema_version: str
    generated_at: str | None
    collection: str | None
    settings: GallerySettings
    photos: Sequence[PhotoMetadata]
    extra: Mapping[str, Any] = field(default_factory=_no_extra)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> GalleryMetadata:
        """Build from the parsed document.

        Raises ``KeyError``, ``TypeError``, ``ValueError`` or ``AttributeError`` when ``data`` has not the shape that
        the schema asks for.
        """
        return cls(
            data["schema_version"],
            data.get("generated_at"),
            data.get("collection"),
            GallerySettings.from_dict(data.get("settings") or {}),
            tuple(map(PhotoMetadata.from_dict, data["photos"])),
            _extra(cls, data),
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, unknown fields included."""
        return {
            "schema_version": self.schema_version,
            "generated_at": self.generated_at,
            "collection": self.collection,
            "settings": self.settings.to_dict(),
            "photos": [photo.to_dict() for photo in self.photos],
            **self.extra,
        }

    def keys(self) -> frozenset[str]:
        """Every key that this metadata names."""
        from galleria_action.gallery.metadata.photos import keys_of  # which is made of what is declared here

        return frozenset(keys_of(self.photos))
