"""What of a large gallery stands online as it is to be: seen in columns, without a look at any photo by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain, compress, count, repeat
from operator import add, eq, gt, mul, or_
from typing import cast

from galleria_action.columns import some_of
from galleria_action.deployment.galleries import LocalGallery, RemoteGallery, SourcePhotos
from galleria_action.deployment.model import PhotoEdit, edit_digests
from galleria_action.deployment.remote.listing import marks_of, shows
from galleria_action.deployment.state.entries import Entries
from galleria_action.gallery.metadata.model import VARIANTS, GallerySettings
from galleria_action.gallery.metadata.photos import Photos


class Standing:
    """Sees of many photos at a time whether nothing is to be done for them: so it is for nearly all of a large gallery,
    and it can be seen in the columns that its files and the record are held in. Of the others it says no more."""

    def __init__(self, photos: SourcePhotos, described: Photos, live: Photos, remote: RemoteGallery) -> None:
        self._photos, self._listing = photos, remote.listing
        self._described, self._live = described, live
        self._recorded = Entries.of(remote.manifest.objects)
        self._small = PhotoEdit(None, None, strip_gps=True).digest() if photos.strip_gps else ""
        #: by row of the record: what lies there as it is recorded, and whose file is proved to be the one recorded
        self._shown = marks_of(remote.listing, self._recorded)
        self._proved = marks_of(photos.hashes.proved, self._recorded)

    @cached_property
    def _by_id(self) -> Mapping[str, int]:
        return places_by(self._live.ids)

    def all(self) -> Iterator[int]:
        """The places of the photos for which nothing is to be done."""
        every = cast(Iterator[range], some_of(range(len(self._described))))
        return chain.from_iterable(map(self._among, every))

    def _among(self, places: range) -> Sequence[int]:
        left = self._as_live(places)
        timestamps = list(self._described.timestamps.at(left))
        edits = edit_digests(timestamps, self._photos.offset_hours, strip_gps=self._photos.strip_gps)
        edit_at = dict(zip(left, edits, strict=True)).__getitem__
        for number, variant in enumerate(VARIANTS):
            left = self._as_recorded(left, number, repeat(self._small) if variant == "thumb" else map(edit_at, left))
        return left

    def _as_live(self, places: range) -> Sequence[int]:
        """Those of ``places`` where a live photo is the same one, as far as anything that lies there depends on it."""
        own, live = self._described, self._live
        if own is live:
            return places
        ids = own.ids[places.start : places.stop]
        here: Sequence[int] = places
        there = here
        if live.ids[places.start : places.stop] != ids:  # one that is gone lets all others move up
            known = list(map(self._by_id.__contains__, ids))
            here, there = list(compress(places, known)), list(map(self._by_id.__getitem__, compress(ids, known)))
        same = (
            map(eq, own.deployment_file_hashes.at(here), live.deployment_file_hashes.at(there)),
            map(eq, own.timestamps.at(here), live.timestamps.at(there)),
            *(map(eq, _keys(own, here, number), _keys(live, there, number)) for number in range(len(VARIANTS))),
        )
        return list(compress(here, map(all, zip(*same, strict=True))))

    def _as_recorded(self, places: Sequence[int], number: int, edits: Iterable[str]) -> Sequence[int]:
        """Those of ``places`` whose files of this variant, the first or a later one, are recorded as they are, with
        these ``edits``, and lie there so."""
        keys, it = _keys(self._described, places, number), self._recorded.columns
        rows, known = self._recorded.rows_of(keys)
        if known is not None:
            places, keys = list(compress(places, known)), list(compress(keys, known))
            edits = compress(edits, known)
        as_it_is = (
            map(eq, it.edits.at(rows), edits),
            map(eq, it.headers.at(rows), self._headers(keys)),
            self._have_sources(places, keys, rows, full=not number),
            self._are_shown(keys, rows),
        )
        return list(compress(places, map(all, zip(*as_it_is, strict=False))))

    def _headers(self, keys: Sequence[str]) -> Iterator[str]:
        """The digest of the headers of each; there is one object for all that have the same, as a rule."""
        headers = list(self._photos.headers_of(keys))
        digests = {number: it.digest() for number, it in dict(zip(map(id, headers), headers, strict=True)).items()}
        return map(digests.__getitem__, map(id, headers))

    def _have_sources(
        self, places: Sequence[int], keys: Sequence[str], rows: Sequence[int], *, full: bool
    ) -> Iterable[object]:
        """Whether the SHA-256 of each file, as far as anything but the metadata tells it, is the recorded one."""
        known, claimed = self._photos.hashes, self._described.file_hashes.at(places)
        proved = bytes(len(rows)) if full or self._proved is None else bytes(map(self._proved.__getitem__, rows))
        if not known.measured and all(proved):
            return repeat(True)
        if not full and self._proved is None:
            claimed = (known.proved.get(key) or it for key, it in zip(keys, claimed, strict=True))
        told = (known.measured.get(key) or it for key, it in zip(keys, claimed, strict=True))
        same = map(eq, self._recorded.columns.sources.at(rows), told if known.measured else claimed)
        return map(or_, same, map(gt, proved, map(known.measured.__contains__, keys)))

    def _are_shown(self, keys: Sequence[str], rows: Sequence[int]) -> Iterable[object]:
        """Whether each lies there as it is recorded, where anybody has looked."""
        if self._shown is not None:
            return map(self._shown.__getitem__, rows)
        if self._listing is None:
            return repeat(True)
        return [shows(self._listing, key, self._recorded) for key in keys]


def _keys(photos: Photos, places: Sequence[int], number: int) -> list[str]:
    """The keys of one file, the first or a later one, of the photos in ``places``."""
    return list(map(photos.keys.__getitem__, map(add, map(mul, places, repeat(len(VARIANTS))), repeat(number))))


def standing(local: LocalGallery, remote: RemoteGallery) -> Iterable[int]:
    """The places of photos of ``local`` for which nothing is to be done. There are none where all of them may change,
    or where they are not in columns."""
    if remote.metadata is None or not isinstance(local.photos, SourcePhotos):
        return ()
    photos, live, before = local.photos, remote.metadata.photos, remote.metadata.settings
    if not isinstance(photos.described, Photos) or not isinstance(live, Photos):
        return ()
    if rendering(before) != rendering(local.settings) or photos.offset_hours != before.target_timezone_offset_hours:
        return ()
    return Standing(photos, photos.described, live, remote).all()


def places_by(names: Iterable[str]) -> Mapping[str, int]:
    """The place of each of ``names``."""
    return dict(zip(names, count(), strict=False))


def rendering(settings: GallerySettings) -> tuple[object, ...]:
    """The settings that decide the bytes of ``web`` and ``thumb``, which no hash in the metadata covers."""
    return (settings.web_size, settings.thumb_size, settings.jpeg_quality, settings.webp_quality)
