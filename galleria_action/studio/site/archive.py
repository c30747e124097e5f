"""An album as a ZIP file: stored, because photos are packed already; the same photos give the same bytes."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable
from pathlib import Path

from galleria_action.gallery.exif import edit_exif
from galleria_action.gallery.originals.times import TimeSettings
from galleria_action.studio.place import Photo
from galleria_action.studio.site.model import Archive
from galleria_action.values import asdict

#: ZIP's own first day: a time of the run would make every run's file another
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_REGULAR = 0o100644 << 16


def contents_of(photos: Iterable[Photo], variant: Archive, times: TimeSettings) -> str:
    """Equal for files with the same content: an archive of gigabytes is not written again to find that out."""
    told = [[photo.name, photo.record.sha256, photo.record.fingerprint] for photo in photos]
    text = json.dumps([variant.value, asdict(times), told])
    return hashlib.sha256(text.encode()).hexdigest()


def write_archive(target: Path, photos: Iterable[Photo], source: Path, variant: Archive, times: TimeSettings) -> None:
    """Write the ``variant`` of ``photos``, which stand in the gallery ``source``, to ``target``.

    The photos are those that visitors get one by one: full ones with their time put right, as a deploy does.
    Raises ``OSError``.
    """
    draft = target.with_name(f".{target.name}.tmp")
    draft.unlink(missing_ok=True)
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as archive:
        for photo in photos:
            full, *made = photo.places()
            web = next(path for path in made if path.startswith("web/"))
            place = full if variant is Archive.FULL else web
            data = (source / place).read_bytes()
            edit = edit_exif(data, times.to_publish(photo.record.facts.moment), times.zone_hours)
            entry = zipfile.ZipInfo(place.partition("/")[2], _NO_TIME)
            entry.external_attr = _REGULAR
            entry.create_system = 3
            archive.writestr(entry, bytes(edit.data))
    draft.replace(target)
