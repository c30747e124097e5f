"""From originals to a gallery: what is made of them, and what is said of photos that show the same."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from galleria_action.gallery.metadata.model import KEEP_ORIGINAL_TIMEZONE
from galleria_action.options.declaration import Group, Mistake, Topic, option, optional
from galleria_action.options.kinds import FLAG, PATH, TEXT, Kind, choice, count, has_digits, parsed, shown
from galleria_action.options.origin import FREE, ConfigRule, Trust, tighten
from galleria_action.values import dataclass


class OnError(StrEnum):
    """What a photo of which nothing can be made does to the run."""

    FAIL = "fail"
    SKIP = "skip"


class Albums(StrEnum):
    """By what the generated site parts the photos into albums."""

    OFF = "off"
    FOLDER = "folder"
    DAY = "day"


class AlbumZip(StrEnum):
    """Which files an album can be downloaded with."""

    OFF = "off"
    WEB = "web"
    FULL = "full"


class Duplicates(StrEnum):
    """What photos that show the same do."""

    OFF = "off"
    WARN = "warn"
    FAIL = "fail"


def _box(text: str) -> tuple[int, int]:
    """A size in pixels: one number for both directions, or width and height."""
    found = re.fullmatch(r"([0-9]{1,5})(?:[x×]([0-9]{1,5}))?", text)
    width, height = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 16 <= width <= 16383 or not 16 <= height <= 16383:
        raise ValueError(f"{shown(text)} is not a size in pixels from 16 to 16383, such as 2048 or 2048x1365")
    return width, height


def _hours(text: str) -> float:
    if re.fullmatch(r"[+-]?[0-9]{1,6}(\.[0-9]{1,6})?", text):
        return float(text)
    raise ValueError(f"{shown(text)} is not a number of hours, such as -1 or 5.5")


def _zone(text: str) -> int:
    if re.fullmatch(r"[+-]?[0-9]{1,2}", text) and -12 <= int(text) <= 14:
        return int(text)
    raise ValueError(f"{shown(text)} is not a whole number of hours from -12 to 14")


def _hash_size(text: str) -> int:
    if has_digits(text, 2) and int(text) in range(4, 33, 4):
        return int(text)
    raise ValueError(f"{shown(text)} is not 4, 8, 12, … or 32")


def _from_zero(most: int) -> Kind[int]:
    def parse(text: str) -> int:
        if has_digits(text, 5) and int(text) <= most:
            return int(text)
        raise ValueError(f"{shown(text)} is not a whole number from 0 to {most}")

    return parsed("COUNT", parse, "integer")


@dataclass(frozen=True, slots=True, kw_only=True)
class StudioOptions(Group):
    """What ``process`` and ``init`` make of a folder of originals. The defaults are Galleria's."""

    originals: Path | None = optional(
        PATH,
        "the folder of photos; on the command line the argument",
        Topic.ORIGINALS,
        also=("GALLERIA_PIC_SOURCE_PATH_FULL",),
        config=FREE,
    )
    web_originals: Path | None = optional(
        PATH,
        "a second folder with the photographer's own versions for the web, of the same names",
        Topic.STUDIO,
        also=("GALLERIA_PIC_SOURCE_PATH_WEB",),
        config=FREE,
    )
    collection: str = option(
        TEXT, "wedding", "name of the gallery; begins the name of every photo", Topic.NAMES, config=FREE
    )
    timestamp_offset_hours: float = option(
        parsed("HOURS", _hours, "number", "string"),
        "0",
        "what is added to the camera's clock",
        Topic.NAMES,
        config=FREE,
    )
    target_timezone_offset_hours: int = option(
        parsed("HOURS", _zone, "integer", "string"),
        str(KEEP_ORIGINAL_TIMEZONE),
        "the time zone that is published, as hours from UTC; 13 leaves the photo's own",
        Topic.NAMES,
        config=FREE,
    )
    on_error: OnError = option(
        choice(OnError),
        "fail",
        "what a damaged photo does: the run fails, or goes on without it",
        Topic.STUDIO,
        config=tighten(OnError.SKIP, OnError.FAIL),
    )
    web_size: tuple[int, int] = option(
        parsed("SIZE", _box, "integer", "string"),
        "2048",
        "largest size of the web variant, in pixels",
        Topic.STUDIO,
        config=FREE,
    )
    thumb_size: tuple[int, int] = option(
        parsed("SIZE", _box, "integer", "string"),
        "400",
        "largest size of the thumbnails, in pixels",
        Topic.STUDIO,
        config=FREE,
    )
    jpeg_quality: int = option(count(100), "85", "JPEG quality of the web variant", Topic.STUDIO, config=FREE)
    webp_quality: int = option(count(100), "85", "WebP quality of the thumbnails", Topic.STUDIO, config=FREE)
    avif: bool = option(FLAG, "false", "sizes in AVIF for the generated site, too", Topic.STUDIO, config=FREE)
    albums: Albums = option(
        choice(Albums),
        "off",
        "albums of the generated site, by folder of the originals or by day",
        Topic.STUDIO,
        config=FREE,
    )
    site_title: str | None = optional(
        TEXT, "title of the generated site; the collection's name", Topic.STUDIO, config=FREE
    )
    noindex: bool = option(
        FLAG, "false", "ask search engines to leave the generated site out", Topic.STUDIO, config=tighten(False, True)
    )
    album_zip: AlbumZip = option(
        choice(AlbumZip),
        "off",
        "a ZIP file per album to download, of the web or the full variants",
        Topic.STUDIO,
        config=FREE,
    )
    templates: Path | None = optional(
        PATH, "folder with templates or files that replace those of the generated site", Topic.STUDIO, config=FREE
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateOptions(Group):
    """The search for photos that show the same."""

    duplicates: Duplicates = option(
        choice(Duplicates),
        "off",
        "what near-duplicate photos do to process and validate",
        Topic.LOOKALIKES,
        config=tighten(Duplicates.OFF, Duplicates.WARN, Duplicates.FAIL),
    )
    threshold: int = option(
        _from_zero(512),
        "10",
        "most bits in which the hashes of photos that show the same differ",
        Topic.LOOKALIKES,
        config=ConfigRule(Trust.TIGHTEN, operator.ge, "more"),
    )
    hash_size: int = option(
        parsed("COUNT", _hash_size, "integer"), "8", "rows and columns of a photo's hash", Topic.LOOKALIKES
    )
    min_resolution: int = option(
        _from_zero(99_999),
        "100",
        "pixels of the shorter side below which photos are not compared",
        Topic.LOOKALIKES,
        config=ConfigRule(Trust.TIGHTEN, operator.le, "fewer"),
    )
    use_ssim: bool = option(FLAG, "false", "compare the pixels of what the hashes find, too (SSIM)", Topic.LOOKALIKES)
    output: Path | None = optional(
        PATH, "duplicates: where to write the report to look at (as report-file)", Topic.LOOKALIKES
    )
    json_output: Path | None = optional(PATH, "duplicates: where to write what was found, in JSON", Topic.LOOKALIKES)

    def mistakes(self) -> Iterator[Mistake]:
        """See ``Group.mistakes``."""
        bits = self.hash_size * self.hash_size
        if self.threshold > bits // 4:
            text = f"at most {bits // 4} of the {bits} bits of a hash of this size; beyond it strangers match"
            yield Mistake("threshold", text, ("hash-size",))
