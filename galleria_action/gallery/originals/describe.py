"""``gallery-metadata.json`` of photos that we have read ourselves: Galleria's fields, and what more there is to tell.

The same photos give the same bytes on every machine: no clock, no absolute path.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

from galleria_action.gallery.metadata.model import (
    GalleryMetadata,
    GallerySettings,
    MetadataExifData,
    MetadataFileData,
    PhotoMetadata,
)
from galleria_action.gallery.originals.facts import Facts
from galleria_action.gallery.originals.times import TimeSettings
from galleria_action.values import asdict

SCHEMA_VERSION = "1.0"


def describe_photo(
    name: str,
    path: str,
    sha256: str,
    deployment_sha256: str,
    facts: Facts,
    times: TimeSettings,
    files: MetadataFileData,
    more: Mapping[str, Any],
) -> PhotoMetadata:
    """One photo that says ``facts`` and lies at ``path`` among the originals. ``more`` are further fields of our own.

    Hashes are hexadecimal; what is not known is left out, or null where Galleria writes null.
    """
    words = {name: value for name, value in asdict(facts.words).items() if value}
    if "keywords" in words:
        words["keywords"] = list(words["keywords"])
    return PhotoMetadata(
        id=name,
        original_path=presentable(path),
        file_hash=sha256,
        deployment_file_hash=deployment_sha256,
        exif=_exif(facts, times),
        files=files,
        extra={**words, **more},
    )


def _exif(facts: Facts, times: TimeSettings) -> MetadataExifData:
    moment = facts.moment
    exposure = {name: text for name, text in asdict(facts.exposure).items() if text}
    more = {"timestamp_source": moment and moment.source.value, "lens": facts.lens, "exposure": exposure}
    return MetadataExifData(
        original_timestamp=moment.local.isoformat() if moment else None,
        corrected_timestamp=times.to_publish(moment),
        timezone_original=moment.zone if moment else None,
        camera={"make": facts.make or None, "model": facts.model or None},
        subsecond=(moment.fraction or None) if moment else None,
        extra={name: value for name, value in more.items() if value},
    )


def metadata_bytes(
    collection: str,
    settings: GallerySettings,
    photos: Iterable[PhotoMetadata],
    generator: str,
) -> bytes:
    """The document as Galleria writes it: two spaces, ASCII. ``generator`` is what of ours wrote it; when it did is not
    told, so that the same photos give the same bytes."""
    extra = {"generator": generator}
    document = GalleryMetadata(SCHEMA_VERSION, None, collection, settings, tuple(photos), extra).to_dict()
    return (json.dumps(document, indent=2) + "\n").encode("ascii")


def presentable(path: str) -> str:
    """``path`` as valid Unicode: a disk may hold names that are not."""
    return os.fsencode(path).decode("utf-8", "replace")
