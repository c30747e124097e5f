"""Photos that show the same: how several use cases look for them, and what they do about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from galleria_action.deployment.events import Compared, Image, Pictured, Reported, Showing, Tile
from galleria_action.errors import DuplicatesFound, Finding
from galleria_action.gallery.local.files import LocalFile
from galleria_action.gallery.metadata.model import PhotoMetadata
from galleria_action.gallery.originals.describe import presentable
from galleria_action.options.studio import Duplicates
from galleria_action.quantities import count
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.pictures import MOST_TILES, Room
from galleria_action.values import replace

if TYPE_CHECKING:
    from galleria_action.studio.duplicates.find import Found, Search
    from galleria_action.studio.duplicates.groups import Group
    from galleria_action.studio.process import Processed, Task

_SHOWN = 20


def wants_lookalikes(context: Context) -> bool:
    """Whether ``process`` and ``validate`` are to look for them."""
    return context.options.lookalikes.duplicates is not Duplicates.OFF


def search_of(context: Context, folder: Path) -> Search:
    """A search in ``folder`` as the options want it, without files of its own."""
    from galleria_action.studio.duplicates.find import Search
    from galleria_action.studio.duplicates.groups import Rules

    options = context.options.lookalikes
    return Search(
        folder=folder,
        rules=Rules(options.threshold, options.hash_size),
        min_resolution=options.min_resolution,
        use_ssim=options.use_ssim,
        portraits=bool(context.options.reports),
    )


def compare_gallery(context: Context, made: Processed, task: Task) -> tuple[Found, Search]:
    """Compare the photos of a gallery that was just made, by their thumbnails: no original is decoded again."""
    from galleria_action.studio.duplicates.gallery import compare_made

    search = replace(search_of(context, task.originals), cache=task.source / ".studio" / "hashes.json")
    return compare_made(made.photos, task.source, search, lambda: context.stop.requested, context.tell), search


def compare_metadata(
    context: Context, photos: Sequence[PhotoMetadata], files: Mapping[str, LocalFile]
) -> tuple[Found, Search]:
    """Compare the photos of a gallery as its metadata describes them; ``files`` are those of all variants by key."""
    from galleria_action.studio.duplicates.gallery import compare_published

    search = search_of(context, context.path(context.options.gallery.source))
    return compare_published(photos, files, search, lambda: context.stop.requested, context.tell), search


def tell_lookalikes(context: Context, found: Found, search: Search) -> None:
    """Write the reports that are wanted, tell the log, and judge.

    Raises ``DuplicatesFound`` with ``duplicates: fail``, ``ConfigInvalid`` when a report cannot be written.
    """
    from galleria_action.studio.duplicates.document import duplicates_json

    options = context.options.lookalikes
    context.tell(Compared(found.duplicates))
    if found.groups and context.options.reports:
        tiles = tuple(map(_Tiles(found).of, found.groups[:MOST_TILES]))
        context.tell(Pictured(Showing.ALIKE, tiles, len(found.groups)))
    if options.json_output:
        context.tell(Reported(options.json_output, duplicates_json(found, search)))
    lines = [
        f"{presentable(member.photo.path)} shows what {presentable(group.best.path)} shows ({member.likeness.value})"
        for group in found.groups
        for member in group.others
    ]
    if not lines:
        return
    if options.duplicates is Duplicates.FAIL:
        raise DuplicatesFound(
            _told(found),
            hint="Nothing was deleted. Remove what should not be in the gallery, or go on with duplicates: warn.",
            findings=[Finding(line) for line in lines],
        )
    for line in lines[:_SHOWN]:
        context.say(line)
    if len(lines) > _SHOWN:
        context.say(f"and {len(lines) - _SHOWN:,} more")
    if options.duplicates is Duplicates.WARN:
        context.warn(_told(found))


def _told(found: Found) -> str:
    shows = "shows" if found.duplicates == 1 else "show"
    return f"{found.duplicates:,} of {count(found.images, 'photo')} {shows} what a better one shows."


class _Tiles:
    """Groups to look at, as far as there is room for them."""

    def __init__(self, found: Found) -> None:
        self._portraits, self._room = found.portraits, Room()

    def of(self, group: Group) -> Tile:
        """The best photo of ``group``, then those that are like it."""
        images = [*self._image("the best", group.best.path)]
        for member in group.others:
            images += self._image(f"{member.likeness.value}: {presentable(member.photo.path)}", member.photo.path)
        return Tile(presentable(group.best.path), tuple(images))

    def _image(self, label: str, path: str) -> Iterator[Image]:
        portrait = self._portraits.get(path)
        yield from self._room.image(label, lambda _: portrait.webp if portrait else None)
