"""Galleries on disk, as Galleria makes them: small real JPEGs with real EXIF, metadata with the right hashes."""

from __future__ import annotations

import functools
import hashlib
import io
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import piexif
from PIL import Image

from galleria_action.gallery.metadata.model import VARIANTS, Variant

#: how the keys in the metadata are written, and where the files then lie below the source folder
Habit = Literal["photos/full", "full", "bare"]
HABITS: tuple[Habit, ...] = ("photos/full", "full", "bare")

_FIRST_SHOT = datetime(2024, 6, 15, 12, 0, 0)
_EXIF_TIME = "%Y:%m:%d %H:%M:%S"


def unchanged(full: bytes) -> bytes:
    """The EXIF edit that edits nothing."""
    return full


@dataclass(slots=True)
class Gallery:
    """A gallery on disk. Change ``document`` and ``save()``, or use the methods, which keep the hashes right."""

    source: Path
    document: dict[str, Any]
    habit: Habit
    edit: Callable[[bytes], bytes]
    web: Literal["jpg", "webp"]
    originals: Path | None

    @property
    def metadata_path(self) -> Path:
        return self.source / "gallery-metadata.json"

    @property
    def raw(self) -> bytes:
        return self.metadata_path.read_bytes()

    @property
    def photos(self) -> list[dict[str, Any]]:
        photos: list[dict[str, Any]] = self.document["photos"]
        return photos

    def save(self) -> None:
        """Write ``document`` as Galleria does (two spaces, ASCII)."""
        self.metadata_path.write_text(json.dumps(self.document, indent=2), encoding="utf-8")

    def local_path(self, index: int, variant: Variant) -> Path:
        """Where the file of a variant lies; in the habit ``bare`` a thumbnail lies in ``thumb/`` beside its key."""
        return self.source / variant / Path(self.photos[index]["files"][variant]).name

    def add(self, number: int) -> None:
        """Add the photo ``number`` (its name and bytes follow from the number) to the files and the metadata."""
        self.photos.append(self._entry(number))
        self._write(len(self.photos) - 1, number, version=0)
        self.save()

    def change(self, index: int, version: int = 1) -> None:
        """Give a photo other bytes in all three variants, and its hashes with them."""
        self._write(index, int(self.photos[index]["id"].rsplit("-", 1)[1]), version)
        self.save()

    def remove(self, index: int) -> None:
        """Take a photo out of the metadata and off the disk."""
        for variant in VARIANTS:
            self.local_path(index, variant).unlink()
        del self.photos[index]
        self.save()

    def _entry(self, number: int) -> dict[str, Any]:
        stem = f"wedding-{_shot_at(number):%Y%m%dT%H%M%S}-r5a-{number}"
        folder = {variant: variant + "/" for variant in VARIANTS}
        if self.habit == "photos/full":
            folder = {variant: f"photos/{variant}/" for variant in VARIANTS}
        elif self.habit == "bare":
            folder["thumb"] = ""
        return {
            "id": stem,
            "original_path": f"pics-full/IMG_{number:04d}.JPG",
            "file_hash": "",
            "deployment_file_hash": "",
            "exif": {
                "original_timestamp": _shot_at(number).isoformat(),
                "corrected_timestamp": _shot_at(number).isoformat(),
                "timezone_original": "+00:00",
                "camera": {"make": "Canon", "model": "EOS R5"},
                "subsecond": None,
            },
            "files": {
                "full": f"{folder['full']}{stem}.jpg",
                "web": f"{folder['web']}{stem}.{self.web}",
                "thumb": f"{folder['thumb']}{stem}.webp",
            },
        }

    def _write(self, index: int, number: int, version: int) -> None:
        full = photo_bytes(number, version)
        web = photo_bytes(number, version + 1_000) if self.web == "jpg" else webp_bytes(number, version, size=32)
        thumb = webp_bytes(number, version)
        for variant, content in zip(VARIANTS, (full, web, thumb), strict=True):
            self._place(self.local_path(index, variant), variant, content)
        photo = self.photos[index]
        photo["file_hash"] = hashlib.sha256(full).hexdigest()
        photo["deployment_file_hash"] = hashlib.sha256(self.edit(full)).hexdigest()

    def _place(self, path: Path, variant: Variant, content: bytes) -> None:
        if self.originals is None or variant == "thumb":
            path.write_bytes(content)
            return
        original = self.originals / variant / path.name
        original.parent.mkdir(parents=True, exist_ok=True)
        original.write_bytes(content)
        if not path.is_symlink():
            path.symlink_to(os.path.relpath(original, path.parent))


def make_gallery(
    folder: Path,
    photos: int = 3,
    habit: Habit = "photos/full",
    *,
    edit: Callable[[bytes], bytes] = unchanged,
    web: Literal["jpg", "webp"] = "jpg",
    originals: Path | None = None,
    **settings: Any,
) -> Gallery:
    """Make a gallery of ``photos`` photos in ``folder`` (created), which is what ``source`` points to.

    ``edit`` gives the bytes that ``deployment_file_hash`` is taken of. ``originals`` is a folder that ``full/`` and
    ``web/`` shall link to, as Galleria does. ``settings`` replace single settings; ``None`` leaves one out.
    About 0.3 ms per photo.
    """
    for variant in VARIANTS:
        (folder / variant).mkdir(parents=True, exist_ok=True)
    defaults = {
        "timestamp_offset_hours": 0,
        "target_timezone_offset_hours": 13,
        "web_size": [2048, 2048],
        "thumb_size": [400, 400],
        "jpeg_quality": 85,
        "webp_quality": 85,
    }
    document = {
        "schema_version": "1.0",
        "generated_at": "2024-10-28T10:00:00.123456+00:00",
        "collection": "wedding",
        "settings": {name: value for name, value in (defaults | settings).items() if value is not None},
        "photos": [],
    }
    gallery = Gallery(folder, document, habit, edit, web, originals)
    for number in range(photos):
        gallery.photos.append(gallery._entry(number))
        gallery._write(number, number, version=0)
    gallery.save()
    return gallery


def photo_bytes(number: int, version: int = 0) -> bytes:
    """A small JPEG with EXIF, different for each pair of number and version."""
    stamp = f"{_shot_at(number):{_EXIF_TIME}}".encode()
    return (
        _jpeg(version % 16)
        .replace(_FIRST_SHOT.strftime(_EXIF_TIME).encode(), stamp)
        .replace(b"serial 00000000", b"serial %08d" % version)
    )


@functools.lru_cache(maxsize=4096)
def webp_bytes(number: int, version: int = 0, size: int = 16) -> bytes:
    """A small WebP, different for each pair of number (below 65,536) and version (below 256)."""
    out = io.BytesIO()
    Image.new("RGB", (size, size), (number >> 8 & 255, number & 255, version & 255)).save(out, "WEBP", lossless=True)
    return out.getvalue()


@functools.cache
def _jpeg(shade: int) -> bytes:
    picture = Image.linear_gradient("L").resize((96, 64)).point([min(255, 16 * shade + v // 2) for v in range(256)])
    taken = _FIRST_SHOT.strftime(_EXIF_TIME)
    exif = piexif.dump(
        {
            "0th": {
                piexif.ImageIFD.Make: "Canon",
                piexif.ImageIFD.Model: "EOS R5",
                piexif.ImageIFD.DateTime: taken,
                piexif.ImageIFD.CameraSerialNumber: "serial 00000000",
            },
            "Exif": {piexif.ExifIFD.DateTimeOriginal: taken, piexif.ExifIFD.OffsetTimeOriginal: "+00:00"},
        }
    )
    out = io.BytesIO()
    picture.convert("RGB").save(out, "JPEG", quality=80, exif=exif)
    return out.getvalue()


def _shot_at(number: int) -> datetime:
    return _FIRST_SHOT + timedelta(seconds=61 * number)
