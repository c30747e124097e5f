"""The model of ``gallery-metadata.json``, field for field as Galleria writes it.

``from_dict`` expects a document that the schema has accepted (``gallery.schema``); unknown fields are kept in
``extra`` and come back out of ``to_dict``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from galleria_action.gallery.metadata.photo import (
    VARIANTS,
    MetadataExifData,
    MetadataFileData,
    PhotoMetadata,
    Variant,
    extra_of,
    no_extra,
)
from galleria_action.gallery.metadata.photos import keys_of
from galleria_action.values import dataclass, field

__all__ = (
    "KEEP_ORIGINAL_TIMEZONE",
    "NO_SETTINGS",
    "VARIANTS",
    "GalleryMetadata",
    "GallerySettings",
    "MetadataExifData",
    "MetadataFileData",
    "PhotoMetadata",
    "Variant",
)

#: Galleria's way to say "leave the time zone as it is"
KEEP_ORIGINAL_TIMEZONE = 13


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
    extra: Mapping[str, Any] = field(default_factory=no_extra)

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
            extra_of(cls, data),
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
    extra: Mapping[str, Any] = field(default_factory=no_extra)

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
            extra_of(cls, data),
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
        return frozenset(keys_of(self.photos))
