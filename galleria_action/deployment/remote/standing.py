"""Which photos stand as they are: nearly all of a large gallery, of which nothing needs to be made to see it.

``planner`` says of any photo what is to be done, and why. Here it is only asked whether it is nothing, of the columns
that the photos and the record are held in; where the answer is no, nothing is said.
"""

from __future__ import annotations

from galleria_action.deployment.galleries import LocalGallery, RemoteGallery, SourcePhotos
from galleria_action.deployment.model import PhotoEdit, edit_digest
from galleria_action.deployment.remote.listing import shows
from galleria_action.deployment.state.entries import Entries
from galleria_action.gallery.metadata.model import NO_SETTINGS, GallerySettings, PhotoMetadata


class Standing:
    """Asked for the place of a photo, whether a plan has nothing to do for it."""

    def __init__(self, photos: SourcePhotos, remote: RemoteGallery) -> None:
        self._photos, self._listing = photos, remote.listing
        self._live = remote.metadata.photos if remote.metadata else ()
        self._recorded = Entries.of(remote.manifest.objects)
        self._small = PhotoEdit(None, None, strip_gps=True).digest() if photos.strip_gps else ""

    def __call__(self, place: int) -> bool:
        described, photos = self._photos.described[place], self._photos
        if place >= len(self._live) or not _same(self._live[place], described):
            return False
        edit = edit_digest(described.exif.corrected_timestamp, photos.offset_hours, strip_gps=photos.strip_gps)
        files = described.files
        return (
            self._is_as_recorded(files.full, described.file_hash, edit, full=True)
            and self._is_as_recorded(files.web, described.file_hash, edit)
            and self._is_as_recorded(files.thumb, described.file_hash, self._small)
        )

    def _is_as_recorded(self, key: str, claimed: str, edit: str, *, full: bool = False) -> bool:
        row, it = self._recorded.rows.get(key), self._recorded.columns
        if row is None or it.edits[row] != edit or it.headers[row] != self._photos.headers_of(key).digest():
            return False
        known = self._photos.hashes
        sha256 = known.measured.get(key) or (claimed if full else known.proved.get(key) or claimed)
        return it.sources[row] == sha256 and (self._listing is None or shows(self._listing, key, self._recorded))


def _same(live: PhotoMetadata, described: PhotoMetadata) -> bool:
    """Whether both are one photo, as far as anything that lies there depends on it."""
    return live is described or (
        (live.id, live.deployment_file_hash, live.exif.corrected_timestamp, live.files)
        == (described.id, described.deployment_file_hash, described.exif.corrected_timestamp, described.files)
    )


def standing(local: LocalGallery, remote: RemoteGallery) -> Standing | None:
    """Who answers for the photos of ``local``; ``None`` where nobody does, because all of them may change."""
    before = remote.metadata.settings if remote.metadata else NO_SETTINGS
    photos = local.photos
    if not isinstance(photos, SourcePhotos) or rendering(before) != rendering(local.settings):
        return None
    return Standing(photos, remote) if photos.offset_hours == before.target_timezone_offset_hours else None


def rendering(settings: GallerySettings) -> tuple[object, ...]:
    """The settings that decide the bytes of ``web`` and ``thumb``, which no hash in the metadata covers."""
    return (settings.web_size, settings.thumb_size, settings.jpeg_quality, settings.webp_quality)
