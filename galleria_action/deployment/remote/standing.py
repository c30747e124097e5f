"""What of a large gallery stands online as it is to be: seen in columns, without a look at any photo by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from galleria_action.deployment.galleries import LocalGallery, RemoteGallery, SourcePhotos
from galleria_action.deployment.model import PhotoEdit, edit_digest
from galleria_action.deployment.remote.listing import marks_of, shows
from galleria_action.deployment.state.entries import Entries
from galleria_action.gallery.metadata.model import GallerySettings
from galleria_action.gallery.metadata.photos import Photos
from galleria_action.storage.interface import Headers


class Standing:
    """Asked for the place of a photo, whether nothing is to be done for it: so it is for nearly all of a large gallery,
    and is seen here in the columns that its files and the record are held in. Where it says no, it says no more."""

    def __init__(self, photos: SourcePhotos, described: Photos, live: Photos, remote: RemoteGallery) -> None:
        self._photos, self._listing = photos, remote.listing
        self._described, self._live = described, live
        self._recorded = Entries.of(remote.manifest.objects)
        self._small = PhotoEdit(None, None, strip_gps=True).digest() if photos.strip_gps else ""
        #: by row of the record: what lies there as it is recorded, and whose file is proved to be the one recorded
        self._shown = marks_of(remote.listing, self._recorded)
        self._proved = None if photos.hashes.measured else marks_of(photos.hashes.proved, self._recorded)
        #: by place in the record's tables: of what is known already that it stands there
        self._edits: dict[int, str] = {}
        self._headers: dict[int, Headers] = {}

    @cached_property
    def _by_id(self) -> Mapping[str, int]:
        return places_by(self._live.ids)

    def __call__(self, place: int) -> bool:
        described, photos = self._described, self._photos
        if not self._is_as_live(place):
            return False
        edit = edit_digest(described.timestamps[place], photos.offset_hours, strip_gps=photos.strip_gps)
        claimed = described.file_hashes[place]
        full, web, thumb = described.files(place)
        self._edits.clear()
        return (
            self._is_as_recorded(full, claimed, edit, full=True)
            and self._is_as_recorded(web, claimed, edit)
            and self._is_as_recorded(thumb, claimed, self._small)
        )

    def _is_as_live(self, place: int) -> bool:
        """Whether a live photo is the same one, as far as anything that lies there depends on it."""
        own, live = self._described, self._live
        if own is live:
            return True
        there: int | None = place
        if place >= len(live) or live.ids[place] != own.ids[place]:  # one that is gone lets all others move up
            there = self._by_id.get(own.ids[place])
        return (
            there is not None
            and live.deployment_file_hashes[there] == own.deployment_file_hashes[place]
            and live.timestamps[there] == own.timestamps[place]
            and live.files(there) == own.files(place)
        )

    def _is_as_recorded(self, key: str, claimed: str, edit: str, *, full: bool = False) -> bool:
        row, it = self._recorded.rows.get(key), self._recorded.columns
        if row is None or not self._has(row, edit, self._photos.headers_of(key)):
            return False
        proved = not full and self._proved is not None and self._proved[row]
        if not proved and it.sources[row] != self._source(key, claimed, full=full):
            return False
        if self._shown is not None:
            return self._shown[row] == 1
        return self._listing is None or shows(self._listing, key, self._recorded)

    def _has(self, row: int, edit: str, headers: Headers) -> bool:
        """Whether these are recorded in ``row``. What was seen to stand in a place of a table stands there for all."""
        it = self._recorded.columns
        place = it.edits.places[row]
        if self._edits.get(place) != edit:
            if it.edits[row] != edit:
                return False
            self._edits[place] = edit
        place = it.headers.places[row]
        if self._headers.get(place) is not headers:
            if it.headers[row] != headers.digest():
                return False
            self._headers[place] = headers
        return True

    def _source(self, key: str, claimed: str, *, full: bool) -> str:
        """The SHA-256 (hex) of the local file, as far as anything but the metadata tells it."""
        known = self._photos.hashes
        return known.measured.get(key) or (claimed if full else known.proved.get(key) or claimed)


def standing(local: LocalGallery, remote: RemoteGallery) -> Standing | None:
    """Who answers for the photos of ``local``; ``None`` where nobody does, because all of them may change, or are not
    in columns."""
    if remote.metadata is None or not isinstance(local.photos, SourcePhotos):
        return None
    photos, live, before = local.photos, remote.metadata.photos, remote.metadata.settings
    if not isinstance(photos.described, Photos) or not isinstance(live, Photos):
        return None
    if rendering(before) != rendering(local.settings) or photos.offset_hours != before.target_timezone_offset_hours:
        return None
    return Standing(photos, photos.described, live, remote)


def places_by(names: Iterable[str]) -> Mapping[str, int]:
    """The place of each of ``names``."""
    return {name: place for place, name in enumerate(names)}


def rendering(settings: GallerySettings) -> tuple[object, ...]:
    """The settings that decide the bytes of ``web`` and ``thumb``, which no hash in the metadata covers."""
    return (settings.web_size, settings.thumb_size, settings.jpeg_quality, settings.webp_quality)
