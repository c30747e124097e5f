"""The photos of a gallery compared by their thumbnails, which are there and small."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from galleria_action.deployment.events import Listener
from galleria_action.gallery.local.files import LocalFile
from galleria_action.gallery.metadata.model import PhotoMetadata
from galleria_action.gallery.originals.kinds import Kind
from galleria_action.gallery.originals.scan import Original, Stamp
from galleria_action.studio.duplicates.find import Found, Search, search_photos
from galleria_action.studio.duplicates.measure import Measured, taken_text
from galleria_action.studio.gather import relative_place
from galleria_action.studio.place import Photo
from galleria_action.values import replace


def compare_made(
    photos: Sequence[Photo], source: Path, search: Search, stopped: Callable[[], bool], tell: Listener
) -> Found:
    """Compare ``photos``, which stand in the gallery ``source``. Raises ``pool.Stopped``."""
    by_path = {photo.originals[0].path: photo for photo in photos}
    thumbs = [_thumb(photo, source) for photo in photos]

    def whole(measured: Measured) -> Measured:
        """What the thumbnail looks like, said of the photo."""
        photo = by_path[measured.path]
        facts = photo.record.facts
        return replace(
            measured,
            sha256=photo.record.sha256,
            size=photo.originals[0].size,
            pixels=photo.record.pixels,
            taken=taken_text(facts),
            camera=f"{facts.make} {facts.model}".strip(),
        )

    return search_photos(thumbs, search, whole, stopped=stopped, tell=tell)


def compare_published(
    photos: Sequence[PhotoMetadata],
    files: Mapping[str, LocalFile],
    search: Search,
    stopped: Callable[[], bool],
    tell: Listener,
) -> Found:
    """Compare the photos of a gallery by the thumbnails that its metadata names; each is called by its id.

    ``files`` are those of all variants by key. Raises ``pool.Stopped``.
    """
    by_id = {photo.id: photo for photo in photos}
    thumbs = []
    for photo in photos:
        local = files[photo.files.thumb]
        thumbs.append(Original(photo.id, local.real, Kind.WEBP, Stamp.of(local.path.stat())))

    def whole(measured: Measured) -> Measured:
        photo = by_id[measured.path]
        return replace(measured, sha256=photo.file_hash, size=files[photo.files.full].size)

    return search_photos(thumbs, search, whole, stopped=stopped, tell=tell)


def _thumb(photo: Photo, source: Path) -> Original:
    made = photo.record.find("thumb")
    assert made is not None
    real = source / relative_place(made, photo.name)
    return Original(photo.originals[0].path, str(real), Kind.WEBP, Stamp.of(real.stat()))
