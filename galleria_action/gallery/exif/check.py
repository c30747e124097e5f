"""The check that follows every edit of an EXIF block: is everything else as it was?"""

from __future__ import annotations

from collections.abc import Container, Iterator
from itertools import zip_longest

from galleria_action.gallery.containers.tiff import EXIF_POINTER, MAIN, MAIN_EXIF, Entry, Tiff, read_tiff
from galleria_action.gallery.exif.times import DUPLICATES


def only_intended_changes(before: Tiff, after: bytes, edited: Container[int]) -> bool:
    """Whether the block ``after`` says all that ``before`` says, but for the ``edited`` tags.

    Compared for each entry of each directory: type, count, place and raw value (so MakerNote stays where it was),
    the next-directory pointers and the embedded pictures.
    """
    new = read_tiff(after)
    gained = {MAIN_EXIF} - before.directories.keys() | _second_names(before, new)
    facts = (_facts(tiff, edited, gained) for tiff in (before, new))
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
        for entry in directory.entries:
            if not _may_differ(path, entry, edited):
                place = None if entry.inline else entry.value_at
                raw = tiff.block[entry.at + 8 : entry.at + 12] if entry.inline else tiff.value(entry)
                yield path, entry.tag, entry.type, entry.values, place, raw
    for picture in tiff.pictures():
        yield picture.path, tiff.block[picture.start : picture.end]


def _may_differ(path: str, entry: Entry, edited: Container[int]) -> bool:
    if path == MAIN and entry.tag == EXIF_POINTER:
        return True
    return entry.tag in edited and path in (MAIN_EXIF, *DUPLICATES)
