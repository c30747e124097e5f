"""Which gallery, and what of it is published."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from galleria_action.gallery.local.patterns import Patterns
from galleria_action.options.declaration import Group, Mistake, Topic, option, optional
from galleria_action.options.kinds import FLAG, PATH, choice, flag_or, lines
from galleria_action.options.origin import FREE, tighten
from galleria_action.values import dataclass


class HashCheck(StrEnum):
    """What a ``deployment_file_hash`` that does not match does."""

    WARN = "warn"
    STRICT = "strict"
    OFF = "off"


class CheckFiles(StrEnum):
    """How it is made sure that a ``full`` on disk is the file that the metadata describes."""

    AUTO = "auto"
    HASH = "hash"
    SIZE = "size"
    OFF = "off"


class Links(StrEnum):
    """What links of the site to pictures that will not exist do."""

    WARN = "warn"
    FAIL = "fail"
    OFF = "off"


class ExifErrors(StrEnum):
    """What a photo whose EXIF cannot be edited does."""

    WARN = "warn"
    FAIL = "fail"


class StripGps(StrEnum):
    """What becomes of a position, and of one that cannot be taken out."""

    FALSE = "false"
    WARN = "warn"
    TRUE = "true"


PATTERNS = lines("PATTERNS", Patterns.read)


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryOptions(Group):
    """The gallery on disk. Paths are as the user gave them, relative to the workspace unless absolute."""

    source: Path = option(
        PATH,
        "prod/pics",
        "folder with the photos and gallery-metadata.json",
        Topic.LOCAL | Topic.STUDIO,
        config=FREE,
        short="s",
    )
    metadata_file: Path | None = optional(
        PATH, "another metadata file; when none exists: directory mode", Topic.LOCAL, config=FREE
    )
    site: Path | None = optional(
        PATH,
        "folder of the static site, uploaded to the prefix's root; process writes one there (generate: beside source)",
        Topic.LOCAL | Topic.STUDIO,
        config=FREE,
    )
    exclude: Patterns | None = optional(
        PATTERNS,
        "files of the site to leave out: patterns such as *.map or drafts/, one a line",
        Topic.LOCAL,
        config=FREE,
    )
    photos_only: bool = option(FLAG, "false", "leave the site alone", Topic.LOCAL, config=FREE)
    site_only: bool = option(FLAG, "false", "leave the photos alone", Topic.LOCAL, config=FREE)
    hash_check: HashCheck = option(
        choice(HashCheck),
        "warn",
        "what a deployment_file_hash that does not match does",
        Topic.APPLY,
        config=tighten(HashCheck.OFF, HashCheck.WARN, HashCheck.STRICT),
    )
    check_files: CheckFiles = option(
        choice(CheckFiles),
        "auto",
        "are photos on disk those of the metadata: auto (by size and git's index; validate hashes), hash, size, off",
        Topic.LOCAL,
        config=tighten(CheckFiles.OFF, CheckFiles.SIZE, CheckFiles.AUTO, CheckFiles.HASH),
    )
    links: Links = option(
        choice(Links),
        "warn",
        "what links of the site to pictures that will not exist do",
        Topic.LOCAL,
        config=tighten(Links.OFF, Links.WARN, Links.FAIL),
    )
    exif_errors: ExifErrors = option(
        choice(ExifErrors),
        "warn",
        "what a photo whose EXIF cannot be edited does",
        Topic.APPLY,
        config=tighten(ExifErrors.WARN, ExifErrors.FAIL),
    )
    strip_gps: StripGps = option(
        flag_or(StripGps),
        "false",
        "publish no position: true stops where one cannot be taken out, warn goes on",
        Topic.PLAN,
        config=tighten(StripGps.FALSE, StripGps.WARN, StripGps.TRUE),
    )
    redact_paths: bool = option(
        FLAG, "false", "publish only the last part of each original_path", Topic.PLAN, config=tighten(False, True)
    )

    def mistakes(self) -> Iterator[Mistake]:
        """See ``Group.mistakes``."""
        if self.photos_only and self.site_only:
            text = "together with site-only nothing is left to deploy; give one of the two"
            yield Mistake("photos-only", text, ("site-only",))
        if self.site_only and self.site is None:
            yield Mistake("site", "site-only needs the folder of the site")
        if self.strip_gps is not StripGps.FALSE and self.hash_check is HashCheck.STRICT:
            text = "not with hash-check: strict; the metadata's hashes are of photos with their position"
            yield Mistake("strip-gps", text, ("hash-check",))
