"""The photos of a gallery in columns: there may be hundreds of thousands, and hardly any is ever looked at as a whole.

To whoever asks it is a sequence like any other, whose photos are made when they are asked for. Whoever wants one field
of all of them asks for that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, overload

from galleria_action.columns import Hashes, Texts, TextsOrNone, values_of
from galleria_action.gallery.metadata.photo import (
    NO_EXTRA,
    VARIANTS,
    MetadataExifData,
    MetadataFileData,
    PhotoMetadata,
)
from galleria_action.values import dataclass

_SHA256 = 32


@dataclass(frozen=True, slots=True)
class PhotoFields:
    """Some photos, field by field: each list has a value for each photo, ``keys`` three."""

    ids: Sequence[str]
    keys: Sequence[str]
    file_hashes: Sequence[str]
    deployment_file_hashes: Sequence[str]
    original_paths: Sequence[str]
    original_timestamps: Sequence[str | None]
    timestamps: Sequence[str | None]
    zones: Sequence[str | None]
    cameras: Sequence[Mapping[str, Any] | None]
    subseconds: Sequence[int | str | None]


class Photos(Sequence[PhotoMetadata]):
    """Photos as the schema accepts them. ``ids`` are theirs, ``keys`` those of all their files, three per photo, and
    ``file_hashes``, ``deployment_file_hashes`` and ``timestamps`` (the corrected ones) what these fields hold."""

    def __init__(self, photos: Iterable[PhotoMetadata] = ()) -> None:
        self.ids: list[str] = []
        self.keys: list[str] = []
        self.file_hashes, self.deployment_file_hashes = Hashes(_SHA256), Hashes(_SHA256)
        self.timestamps = TextsOrNone()
        self._original_paths, self._original_timestamps = Texts(), TextsOrNone()
        #: one object for all photos that have the same, as a rule
        self._zones: list[str | None] = []
        self._cameras: list[Mapping[str, Any] | None] = []
        self._subseconds: list[int | str | None] = []
        #: by place, of the few photos that have fields which are not known
        self._extra: dict[int, Mapping[str, Any]] = {}
        self._exif_extra: dict[int, Mapping[str, Any]] = {}
        self._files_extra: dict[int, Mapping[str, Any]] = {}
        self.extend(list(photos))

    def extend(self, photos: Sequence[PhotoMetadata]) -> None:
        """Put ``photos`` behind them, while the columns are made."""
        exifs = [photo.exif for photo in photos]
        for place, photo in enumerate(photos, len(self.ids)):
            if photo.extra or photo.exif.extra or photo.files.extra:
                self._keep_extra(place, photo)
        self.extend_fields(
            PhotoFields(
                ids=[photo.id for photo in photos],
                keys=[key for photo in photos for _, key in photo.files.items()],
                file_hashes=[photo.file_hash for photo in photos],
                deployment_file_hashes=[photo.deployment_file_hash for photo in photos],
                original_paths=[photo.original_path for photo in photos],
                original_timestamps=[exif.original_timestamp for exif in exifs],
                timestamps=[exif.corrected_timestamp for exif in exifs],
                zones=[exif.timezone_original for exif in exifs],
                cameras=[exif.camera for exif in exifs],
                subseconds=[exif.subsecond for exif in exifs],
            )
        )

    def extend_fields(self, fields: PhotoFields) -> None:
        """The same for photos of which only known fields are given."""
        self.ids += fields.ids
        self.keys += fields.keys
        self.file_hashes.extend(fields.file_hashes)
        self.deployment_file_hashes.extend(fields.deployment_file_hashes)
        self.timestamps.extend(fields.timestamps)
        self._original_paths.extend(fields.original_paths)
        self._original_timestamps.extend(fields.original_timestamps)
        self._zones += fields.zones
        self._cameras += fields.cameras
        self._subseconds += fields.subseconds

    def _keep_extra(self, place: int, photo: PhotoMetadata) -> None:
        every = (self._extra, photo.extra), (self._exif_extra, photo.exif.extra), (self._files_extra, photo.files.extra)
        for kept, extra in every:
            if extra:
                kept[place] = extra

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, place: int) -> PhotoMetadata: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[PhotoMetadata, ...]: ...

    def __getitem__(self, place: int | slice) -> PhotoMetadata | tuple[PhotoMetadata, ...]:
        if isinstance(place, slice):
            return tuple(self[at] for at in range(*place.indices(len(self))))
        place = range(len(self))[place]
        exif = MetadataExifData(
            self._original_timestamps[place],
            self.timestamps[place],
            self._zones[place],
            self._cameras[place],
            self._subseconds[place],
            self._exif_extra.get(place, NO_EXTRA),
        )
        return PhotoMetadata(
            self.ids[place],
            self._original_paths[place],
            self.file_hashes[place],
            self.deployment_file_hashes[place],
            exif,
            MetadataFileData(*self.files(place), self._files_extra.get(place, NO_EXTRA)),
            self._extra.get(place, NO_EXTRA),
        )

    def files(self, place: int) -> tuple[str, str, str]:
        """The keys of that photo's files: full, web, thumb."""
        full, web, thumb = self.keys[place * len(VARIANTS) : (place + 1) * len(VARIANTS)]
        return full, web, thumb

    def __iter__(self) -> Iterator[PhotoMetadata]:
        return map(self.__getitem__, range(len(self)))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Photos | tuple):
            return len(self) == len(other) and all(own == its for own, its in zip(self, other, strict=True))
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # nor has a tuple of photos a hash

    def __repr__(self) -> str:
        return repr(tuple(self))


def ids_of(photos: Sequence[PhotoMetadata]) -> Sequence[str]:
    """The id of each of ``photos``."""
    return photos.ids if isinstance(photos, Photos) else [photo.id for photo in photos]


def keys_of(photos: Sequence[PhotoMetadata]) -> Sequence[str]:
    """The keys of the files of ``photos``: full, web and thumb of the first, those of the second, ..."""
    if isinstance(photos, Photos):
        return photos.keys
    return [key for photo in photos for key in (photo.files.full, photo.files.web, photo.files.thumb)]


def fulls_of(photos: Sequence[PhotoMetadata]) -> Sequence[str]:
    """The key of the full file of each of ``photos``."""
    return keys_of(photos)[:: len(VARIANTS)]


def timestamps_of(photos: Sequence[PhotoMetadata]) -> Iterator[str | None]:
    """The corrected timestamp of each of ``photos``."""
    if isinstance(photos, Photos):
        return values_of(photos.timestamps)
    return (photo.exif.corrected_timestamp for photo in photos)


def file_hashes_of(photos: Sequence[PhotoMetadata]) -> Iterator[str]:
    """The ``file_hash`` of each of ``photos``."""
    if isinstance(photos, Photos):
        return values_of(photos.file_hashes)
    return (photo.file_hash for photo in photos)


def deployment_file_hashes_of(photos: Sequence[PhotoMetadata]) -> Iterator[str]:
    """The ``deployment_file_hash`` of each of ``photos``."""
    if isinstance(photos, Photos):
        return values_of(photos.deployment_file_hashes)
    return (photo.deployment_file_hash for photo in photos)
