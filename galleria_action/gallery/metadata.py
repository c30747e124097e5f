"""The model of ``gallery-metadata.json``, field for field as Galleria writes it.

``from_dict`` expects a document that the schema has accepted (``gallery.schema``); unknown fields are kept in
``extra`` and come back out of ``to_dict``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

Variant = Literal["full", "web", "thumb"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)

#: Galleria's way to say "leave the time zone as it is"
KEEP_ORIGINAL_TIMEZONE = 13


def _known(cls: type, data: Mapping[str, Any]) -> dict[str, Any]:
    """``data`` split for ``cls``: its own fields by name, everything else under ``extra``."""
    names = _field_names(cls)
    own = {name: data[name] for name in names if name in data}
    if len(own) < len(data):
        own["extra"] = {key: value for key, value in data.items() if key not in names}
    return own


_NAMES: dict[type, frozenset[str]] = {}


def _field_names(cls: type) -> frozenset[str]:
    if cls not in _NAMES:
        _NAMES[cls] = frozenset(f.name for f in fields(cls) if f.name != "extra")
    return _NAMES[cls]


@dataclass(frozen=True, slots=True)
class MetadataExifData:
    """Times and camera of a photo. ``corrected_timestamp`` is ISO 8601 and goes into DateTimeOriginal."""

    original_timestamp: str | None = None
    corrected_timestamp: str | None = None
    timezone_original: str | None = None
    camera: Mapping[str, Any] | None = None
    subsecond: int | str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> MetadataExifData:
        """Build from the ``exif`` object of a photo."""
        return cls(**_known(cls, data))

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
    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> MetadataFileData:
        """Build from the ``files`` object of a photo."""
        return cls(**_known(cls, data))

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, unknown fields included."""
        return {"full": self.full, "web": self.web, "thumb": self.thumb, **self.extra}

    def items(self) -> tuple[tuple[Variant, str], ...]:
        """(variant, key) pairs in the order full, web, thumb."""
        return (("full", self.full), ("web", self.web), ("thumb", self.thumb))


@dataclass(frozen=True, slots=True)
class PhotoMetadata:
    """One photo. ``file_hash`` is the SHA-256 (hex) of the local full file, ``deployment_file_hash`` the SHA-256
    of the same file after the EXIF edit."""

    id: str
    original_path: str
    file_hash: str
    deployment_file_hash: str
    exif: MetadataExifData
    files: MetadataFileData
    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PhotoMetadata:
        """Build from one entry of ``photos``."""
        known = _known(cls, data)
        known["exif"] = MetadataExifData.from_dict(data.get("exif") or {})
        known["files"] = MetadataFileData.from_dict(data["files"])
        return cls(**known)

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
    """How the gallery was processed. Every field may be missing: older Galleria versions wrote only some.

    Offsets are whole hours, sizes pixels, qualities 1 to 100.
    """

    timestamp_offset_hours: float | None = None
    target_timezone_offset_hours: int | None = None
    web_size: int | list[int] | None = None
    thumb_size: int | list[int] | None = None
    jpeg_quality: int | None = None
    webp_quality: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> GallerySettings:
        """Build from the ``settings`` object."""
        return cls(**_known(cls, data))

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; fields that were never set are left out."""
        own = {name: getattr(self, name) for name in self.__slots__ if name != "extra"}
        return {**{name: value for name, value in own.items() if value is not None}, **self.extra}


@dataclass(frozen=True, slots=True)
class GalleryMetadata:
    """The whole document."""

    schema_version: str
    generated_at: str | None
    collection: str | None
    settings: GallerySettings
    photos: tuple[PhotoMetadata, ...]
    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> GalleryMetadata:
        """Build from the parsed document.

        Raises ``KeyError`` or ``TypeError`` when ``data`` has not the shape that the schema asks for.
        """
        known = _known(cls, data)
        return cls(
            schema_version=known["schema_version"],
            generated_at=known.get("generated_at"),
            collection=known.get("collection"),
            settings=GallerySettings.from_dict(data.get("settings") or {}),
            photos=tuple(map(PhotoMetadata.from_dict, data["photos"])),
            extra=known.get("extra", {}),
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
        return frozenset(key for photo in self.photos for _, key in photo.files.items())
