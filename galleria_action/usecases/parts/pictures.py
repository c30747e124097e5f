"""Small pictures of what a plan changes, for a report to look at: within a budget, and nothing but their pixels.

Where anything about a picture is not as it should be it is left out, and the report names the photo all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from galleria_action.deployment.events import Image, Pictured, Showing, Tile
from galleria_action.deployment.galleries import LocalGallery, SourcePhoto
from galleria_action.deployment.model import KeptObject, Plan, Reason, strongest
from galleria_action.deployment.remote.reading import RemoteState
from galleria_action.deployment.state.pool import pool_key
from galleria_action.errors import GalleriaError, GalleryInvalid
from galleria_action.gallery.local.files import read_file
from galleria_action.gallery.metadata.model import GalleryMetadata
from galleria_action.storage.interface import ReadStore
from galleria_action.usecases.context import Context
from galleria_action.values import dataclass, field

#: bytes of all pictures of a report together, and of one: thumbnails have some 20 kB, so that is some 200 of them
MOST_BYTES, MOST_OF_ONE = 5_000_000, 120_000
#: more photos than this are not shown, with or without a picture
MOST_TILES = 300

#: what is told of a photo whose pixels are others now
_CHANGES = frozenset({Reason.CHANGED, Reason.SETTINGS, Reason.VARIANT})

#: bytes of at most so many, ``None`` where they are not to be had
_Read = Callable[[int], bytes | None]


@dataclass(slots=True)
class Room:
    """What is left for pictures, in bytes."""

    left: int = field(default_factory=lambda: MOST_BYTES)

    def image(self, label: str, read: _Read) -> Iterator[Image]:
        """The picture that ``read`` gives, where it is one and there is room for it."""
        from galleria_action.gallery.bare import bare_picture

        most = min(MOST_OF_ONE, self.left)
        body = read(most)
        bare = bare_picture(body) if body and len(body) <= most else None
        if bare:
            self.left -= len(bare.body)
            yield Image(label, bare.media_type, bare.body)


def tell_pictures(
    context: Context, plan: Plan, local: LocalGallery, remote: RemoteState, store: ReadStore | None
) -> None:
    """Tell the report what changed, removed and new photos look like.

    ``store`` is asked for those that are online, before anything is written; ``None`` where that is not possible.
    """
    room, online = Room(), _Online(store, remote)
    photos = {photo.id: photo for photo in local.photos or ()}
    reasons = {name: strongest(uploads) for name, uploads in plan.photo_uploads.items()}
    changed = [name for name, reason in reasons.items() if reason in _CHANGES]
    new = [name for name, reason in reasons.items() if reason is Reason.NEW]

    def before_and_after(name: str) -> Iterator[Image]:
        yield from online.image(room, "before", name)
        yield from _image(room, "after", photos.get(name))

    for showing, names, images in (
        (Showing.CHANGED, changed, before_and_after),
        (Showing.REMOVED, plan.removed_photos, lambda name: online.image(room, "", name)),
        (Showing.NEW, new, lambda name: _image(room, "", photos.get(name))),
    ):
        if names:
            tiles = tuple(_tiles(context, names[:MOST_TILES], images))
            context.tell(Pictured(showing, tiles, len(names)))


def tell_pictures_back(
    context: Context, plan: Plan, then: GalleryMetadata | None, remote: RemoteState, store: ReadStore
) -> None:
    """The same of a rollback: what comes back is in the pool. ``then`` is the metadata that comes back with it."""
    if not context.options.reports:
        return
    room, online = Room(), _Online(store, remote)
    thumbs = {photo.id: photo.files.thumb for photo in (then.photos if then else ())}
    kept: dict[str, KeptObject] = {}
    for copy in plan.copies:
        wanted = copy.photo is not None and copy.key == thumbs.get(copy.photo, copy.key)
        if wanted and copy.photo and isinstance(copy.source, KeptObject):
            kept[copy.photo] = copy.source
    names = dict.fromkeys(copy.photo for copy in plan.copies if copy.photo)

    def back(label: str, name: str) -> Iterator[Image]:
        if name in kept:
            yield from online.kept(room, label, kept[name])

    def before_and_after(name: str) -> Iterator[Image]:
        yield from online.image(room, "before", name)
        yield from back("after", name)

    for showing, found, images in (
        (Showing.CHANGED, [name for name in names if online.has(name)], before_and_after),
        (Showing.REMOVED, plan.removed_photos, lambda name: online.image(room, "", name)),
        (Showing.NEW, [name for name in names if not online.has(name)], lambda name: back("", name)),
    ):
        if found:
            context.tell(Pictured(showing, tuple(_tiles(context, found[:MOST_TILES], images)), len(found)))


def _tiles(context: Context, names: Iterable[str], images: Callable[[str], Iterator[Image]]) -> Iterator[Tile]:
    for name in names:
        context.stop.check()
        yield Tile(name, tuple(images(name)))


def _image(room: Room, label: str, photo: SourcePhoto | None) -> Iterator[Image]:
    """The photo's smallest file on disk, before it is made ready for its way."""
    file = min(photo.files, key=lambda it: it.size, default=None) if photo else None

    def read(most: int) -> bytes | None:
        if file is None or file.size > most:
            return None
        try:
            return read_file(file.local)
        except GalleryInvalid:
            return None  # the deploy says what is wrong with it

    yield from room.image(label, read)


class _Online:
    """Pictures of photos as they are online."""

    def __init__(self, store: ReadStore | None, remote: RemoteState) -> None:
        self._store, self._remote = store, remote
        photos = remote.metadata.photos if remote.metadata else ()
        self._thumbs: Mapping[str, str] = {photo.id: photo.files.thumb for photo in photos}

    def image(self, room: Room, label: str, photo: str) -> Iterator[Image]:
        """The thumbnail of the photo with this id; in directory mode an id is a key."""
        key = self._thumbs.get(photo, photo)
        yield from room.image(label, lambda most: self._read(key, self._size(key), most))

    def kept(self, room: Room, label: str, found: KeptObject) -> Iterator[Image]:
        """What the pool holds."""
        yield from room.image(label, lambda most: self._read(pool_key(found.sha256), found.size, most))

    def has(self, photo: str) -> bool:
        """Whether the photo with this id is online."""
        return photo in self._thumbs or self._size(photo) is not None

    def _read(self, key: str, size: int | None, most: int) -> bytes | None:
        if self._store is None or size is None or size > most:
            return None
        try:
            found = self._store.get(key, most)
        except GalleriaError:
            self._store = None  # the next would be answered no better, and each after many tries
            return None
        return found.body if found else None

    def _size(self, key: str) -> int | None:
        if self._remote.listing is not None:
            return self._remote.listing[key].size if key in self._remote.listing else None
        entry = self._remote.manifest.objects.get(key)
        return entry.size if entry else None
