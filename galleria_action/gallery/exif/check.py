"""The check that follows every edit of an EXIF block: is everything else as it was?

No byte of the old block may have changed but those that say the times and where the edited directories stand, and each
directory has to say what it said. Where something else has these bytes in use as well, both blocks are read whole and
compared value by value.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from itertools import zip_longest

from galleria_action.gallery.containers.tiff import EXIF_POINTER, INLINE, MAIN, MAIN_EXIF, Directory, Tiff, read_tiff
from galleria_action.gallery.exif.times import DUPLICATES, all_records, unused_from

_EDITED = (MAIN_EXIF, *DUPLICATES)

#: bytes from a start to an end that may change, and how many have them in use where nobody else has
_Free = tuple[int, int, int]


def only_intended_changes(before: Tiff, after: Tiff, wanted: Mapping[int, bytes]) -> bool:
    """Whether the block ``after`` is ``before`` and says all that it said, but for the tags of ``wanted``. ``after`` is
    what was read again of it."""
    was, now, shared = before.block, after.block, False
    expected = bytearray(now[: len(was)])
    for start, end, users in _free(before, after, wanted):
        said = was[start:end]
        if said != now[start:end]:
            shared = shared or before.usage.count(start, end) > users
            expected[start:end] = said
    if expected != was:
        return False
    if shared:
        return _same_facts(before, read_tiff(now), wanted)
    for path, old in before.directories.items():
        new = after.directories.get(path)
        if new is not old and (new is None or not _same_records(was, old, now, new, wanted)):
            return False
    return True


def _free(before: Tiff, after: Tiff, wanted: Mapping[int, bytes]) -> list[_Free]:
    end, length = len(before.block), len(after.block)
    free = [(end if length > end else unused_from(before), length, 0)]
    for tag, value in wanted.items():
        for entry in all_records(before, tag):
            free.append((entry.at + 2, entry.at + 12, 1))
            if entry.size >= len(value):
                free.append((entry.value_at, entry.value_at + len(value), 1))
    if before.directories[MAIN].at != after.directories[MAIN].at:
        free.append((4, 8, 1))
    old, new = before.directories.get(MAIN_EXIF), after.directories.get(MAIN_EXIF)
    if old and new and old.at != new.at:
        free += [(entry.value_at, entry.value_at + 4, 1) for entry in before.find(MAIN, EXIF_POINTER)]
    elif old and new and old.end != new.end:
        free.append((old.at, old.end, 1))
    return free


def _same_records(was: bytes, old: Directory, now: bytes, new: Directory, edited: Iterable[int]) -> bool:
    free = _free_tags(old.path, edited)
    return _kept_records(was, old, free) == _kept_records(now, new, free) and _next(was, old) == _next(now, new)


def _kept_records(block: bytes, directory: Directory, free: Iterable[int]) -> bytearray:
    """The records beside those of the ``free`` tags."""
    tags, start = list(directory.tags), directory.at + 2
    records = bytearray(block[start : start + 12 * len(tags)])
    for tag in free:
        while tag in tags:
            number = tags.index(tag)
            del tags[number], records[12 * number : 12 * number + 12]
    return records


def _free_tags(path: str, edited: Iterable[int]) -> Collection[int]:
    """Those of the edited times, and the main directory's pointer to the Exif directory."""
    free = tuple(edited) if path in _EDITED else ()
    return (*free, EXIF_POINTER) if path == MAIN else free


def _next(block: bytes, directory: Directory) -> bytes:
    return bytes(4) if directory.next_at is None else block[directory.next_at : directory.next_at + 4]


def _same_facts(before: Tiff, after: Tiff, edited: Iterable[int]) -> bool:
    """Whether two blocks say the same, compared for each entry of each directory: type, count, place and raw value (so
    MakerNote stays where it was), the next-directory pointers and the embedded pictures."""
    gained = {MAIN_EXIF} - before.directories.keys() | _second_names(before, after)
    facts = (_facts(tiff, edited, gained) for tiff in (before, after))
    return all(old == now for old, now in zip_longest(*facts))


def _second_names(before: Tiff, new: Tiff) -> set[str]:
    """Directories that were there, but not under this name: pointers of two kinds led to one that has moved since."""
    known = {directory.at for directory in before.directories.values()}
    return {
        path for path, directory in new.directories.items() if path not in before.directories and directory.at in known
    }


def _facts(tiff: Tiff, edited: Iterable[int], gained: Container[str]) -> Iterator[tuple[object, ...]]:
    for path, directory in sorted(tiff.directories.items()):
        if path in gained:
            continue
        yield path, _next(tiff.block, directory)
        free = _free_tags(path, edited)
        for tag, kind, values, size, value_at, at in directory.entries:
            if tag in free:
                continue
            if size > INLINE:
                yield path, tag, kind, values, value_at, tiff.block[value_at : value_at + size]
            else:
                yield path, tag, kind, values, None, tiff.block[at + 8 : at + 12]
    for picture in tiff.pictures:
        yield picture.path, tiff.block[picture.start : picture.end]
