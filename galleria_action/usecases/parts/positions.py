"""Who says where it was taken, of all that a plan uploads, or would upload: asked before anything is written.

Without ``strip-gps`` that is a count: of each file its beginning is read. With it every file that is to be sent is read
and cleaned as the upload will do it, so that one which cannot be is known in time, and all of them together.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import groupby

from galleria_action.deployment.events import Located, PositionLeft
from galleria_action.deployment.model import Upload
from galleria_action.errors import Finding, GalleryInvalid
from galleria_action.gallery.local.files import LocalFile, Opened, read_file
from galleria_action.options.gallery import StripGps
from galleria_action.quantities import count
from galleria_action.usecases.context import Context

#: EXIF and XMP stand at the beginning of a JPEG; other formats have them anywhere, and are read whole up to a size
_BEGINNING, _WHOLE = 128 << 10, 16 << 20
_SHOWN = 5
_MOST_FINDINGS = 100


def look_for_positions(context: Context, uploads: Iterable[Upload]) -> None:
    """Count the photos of ``uploads`` with a position, and with ``strip-gps`` find what cannot go without one.

    Raises ``GalleryInvalid`` with the list under ``strip-gps: true``; under ``warn`` it is a warning. Nothing is read
    where nothing is to be uploaded.
    """
    strip = context.options.gallery.strip_gps
    left: list[PositionLeft] = []
    photos = 0
    for photo, of_photo in groupby(uploads, key=lambda upload: upload.photo):
        told = False
        for upload in of_photo:
            if strip is StripGps.FALSE:
                told = told or (photo is not None and _tells(upload.file.local))
            elif upload.edit:
                told = _look_closely(upload, left) or told
        photos += told and photo is not None
    context.tell(Located(photos, strip is not StripGps.FALSE, tuple(left)))
    if left:
        _judge(context, strip, left)


def _tells(file: LocalFile) -> bool:
    from galleria_action.gallery.position.files import head_tells_position, tells_position

    with Opened(file) as descriptor:
        beginning = os.pread(descriptor, min(file.size, _BEGINNING), 0)
        if beginning.startswith(b"\xff\xd8"):
            return head_tells_position(beginning)
        return file.size <= _WHOLE and tells_position(beginning + os.pread(descriptor, file.size, len(beginning)))


def _look_closely(upload: Upload, left: list[PositionLeft]) -> bool:
    from galleria_action.gallery.position import without_position

    clean = without_position(read_file(upload.file.local))
    left += [PositionLeft(upload.photo, upload.file.variant, upload.key, where) for where in clean.left]
    return bool(clean.told)


def _judge(context: Context, strip: StripGps, left: list[PositionLeft]) -> None:
    files = count(len({it.key for it in left}), "file")
    texts = [f"{it.key}: {it.where}" for it in left]
    if strip is StripGps.TRUE:
        raise GalleryInvalid(
            f"{files} would say where they were taken: a position in them cannot be taken out. Nothing was written.",
            hint="Take it out before (exiftool -gps:all= -xmp:gps*= FILE, or export anew without the position), leave "
            "the files out, or publish them as they are with strip-gps: warn.",
            findings=[Finding(text) for text in texts[:_MOST_FINDINGS]],
            problems=len(texts),
        )
    shown, more = "; ".join(texts[:_SHOWN]), len(texts) - _SHOWN
    context.warn(
        f"{files} say where they were taken, and are published all the same (strip-gps: warn): {shown}"
        f"{f'; and {more:,} more in the result file' if more > 0 else ''}"
    )
