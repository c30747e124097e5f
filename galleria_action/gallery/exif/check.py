"""The check that follows every edit of an EXIF block: is everything else as it was?"""

from __future__ import annotations

from collections.abc import Container, Iterator
from itertools import zip_longest

from galleria_action.gallery.containers.tiff import EXIF_POINTER, INLINE, MAIN, MAIN_EXIF, Tiff
from galleria_action.gallery.exif.times import DUPLICATES

_EDITED = (MAIN_EXIF, *DUPLICATES)


def only_intended_changes(before: Tiff, after: Tiff, edited: Container[int]) -> bool:
    """Whether the block ``after`` says all that ``before`` says, but for the ``edited`` tags.

    Compared for each entry of each directory: type, count, place and raw value (so MakerNote stays where it was),
    the next-directory pointers and the embedded pictures.
    """
    gained = {MAIN_EXIF} - before.directories.keys() | _second_names(before, after)
    facts = (_facts(tiff, edited, gained) for tiff in (before, after))
    return all(old == now for old, now in zip_longest(*facts))


def _second_names(before: Tiff, new: Tiff) -> set[str]:
    """Directories that were there, but not under this name: pointers of two kinds led to one that has moved since."""
    known = {directory.at for directory in before.directories.values()}
    return {
        path for path, directory in new.directories.items() if path not in before.directories and directory.at in known
    }


def _facts(tiff: Tiff, edited: Container[int], gained: Container[str]) -> Iterator[tuple[object, ...]]:
    for path, directory in sorted(tiff.directories.items()):
        if path in gained:
            continue
        yield path, directory.next_at is not None and tiff.number(directory.next_at)
        pointers = (EXIF_POINTER,) if path == MAIN else ()
        free = edited if path in _EDITED else ()
        for tag, kind, values, size, value_at, at in directory.entries:
            if tag in pointers or tag in free:
                continue
            if size > INLINE:
                yield path, tag, kind, values, value_at, tiff.block[value_at : value_at + size]
            else:
                yield path, tag, kind, values, None, tiff.block[at + 8 : at + 12]
    for picture in tiff.pictures():
        yield picture.path, tiff.block[picture.start : picture.end]
