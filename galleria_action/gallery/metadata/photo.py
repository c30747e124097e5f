"""One photo of ``gallery-metadata.json``, field for field as Galleria writes it.

``from_dict`` expects what the schema has accepted (``gallery.schema``); unknown fields are kept in ``extra`` and come
back out of ``to_dict``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from sys import intern
from typing import Any, Literal, get_args

from galleria_action.values import dataclass, field, fields

Variant = Literal["full", "web", "thumb"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)


#: what nearly every value has beside the fields that are known
NO_EXTRA: Mapping[str, Any] = {}


def no_extra() -> Mapping[str, Any]:
    """Nothing."""
    return NO_EXTRA


def extra_of(cls: type, data: Mapping[str, Any]) -> Mapping[str, Any]:
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
    extra: Mapping[str, Any] = field(default_factory=no_extra)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> MetadataExifData:
        """Build from the ``exif`` object of a photo."""
        return cls(
            data.get("original_timestamp"),
            data.get("corrected_timestamp"),
            _common(data.get("timezone_original")),
            _camera(data.get("camera")),
            data.get("subsecond"),
            extra_of(cls, data),
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
    extra: Mapping[str, Any] = field(default_factory=no_extra)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> MetadataFileData:
        """Build from the ``files`` object of a photo."""
        return cls(_common(data["full"]), _common(data["web"]), _common(data["thumb"]), extra_of(cls, data))

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
    extra: Mapping[str, Any] = field(default_factory=no_extra)

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
            extra_of(cls, data),
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
