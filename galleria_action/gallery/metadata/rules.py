"""The rules of a gallery that no schema can state: what must differ from photo to photo, and which keys are sound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from galleria_action.expressions import expression
from galleria_action.gallery.keys import all_ordinary, folded, key_problem
from galleria_action.gallery.media import extension_of, is_photo_or_video
from galleria_action.gallery.metadata.json_source import Place
from galleria_action.gallery.metadata.model import VARIANTS, PhotoMetadata, Variant
from galleria_action.gallery.metadata.photos import ids_of, keys_of, timestamps_of
from galleria_action.gallery.metadata.timestamps import NotAMoment, are_plain_moments, is_plain_moment, read_timestamp
from galleria_action.gallery.wording import shown

Violation = tuple[Place, str]

#: so many characters of a key tell as a rule that it has a known extension: one before the dot, and four behind it.
#: A gallery has few such ends.
_END = 6
_dot_in_folder = expression(r"\.[^/\n]*+/")
_TOGETHER = 10_000


def broken_rules(photos: Sequence[PhotoMetadata], indices: Sequence[int]) -> Iterator[Violation]:
    """Every broken rule of ``photos``, which the schema has accepted and which have these ``indices`` in the document,
    with the place of the value that breaks it. Of two values that may not be the same, the second is named."""
    ids, keys = ids_of(photos), keys_of(photos)
    yield from _ids(ids, indices)
    yield from _timestamps(timestamps_of(photos), ids, indices)
    plain = _plainly_sound(keys)
    if not plain:
        yield from _keys(keys, ids, indices)
    if not plain or _have_dots_in_folders(keys):
        yield from _files_as_folders(keys, ids, indices)


def _plainly_sound(keys: Sequence[str]) -> bool:
    """Whether one look at all ``keys`` tells that nothing can be said of any: each is as keys are, ends as pictures do,
    and is another one for every disk."""
    ends = {key[-_END:] for key in keys}
    return (
        all_ordinary(keys)
        and all(map(is_photo_or_video, ends))
        # by their hashes, which take less memory: what is not the same with those is not the same
        and len(set(map(hash, map(str.lower, keys)))) == len(keys)
    )


def _have_dots_in_folders(keys: Sequence[str]) -> bool:
    """Whether one of ``keys`` has a dot in a folder. Where none has, no folder is called as a file with an extension
    is."""
    some = (keys[at : at + _TOGETHER] for at in range(0, len(keys), _TOGETHER))
    return any(_dot_in_folder.search("\n".join(it)) for it in some)


def _ids(ids: Sequence[str], indices: Sequence[int]) -> Iterator[Violation]:
    if len(set(ids)) == len(ids) and all(map(str.isascii, ids)):
        return
    seen: dict[str, int] = {}
    for index, name in zip(indices, ids, strict=True):
        first = seen.setdefault(name, index)
        if first != index:
            yield (
                ("photos", index, "id"),
                f"photo {shown(name)} is listed twice: photo number {first + 1} has the same id",
            )
        elif not name.isascii() and _not_unicode(name):
            yield (
                ("photos", index, "id"),
                f"the id {shown(name)} holds half a surrogate pair, which is not valid Unicode",
            )


def _timestamps(stamps: Iterable[str | None], ids: Sequence[str], indices: Sequence[int]) -> Iterator[Violation]:
    every = list(stamps)
    if are_plain_moments([stamp for stamp in every if stamp is not None]):
        return
    for place, stamp in enumerate(every):
        if stamp is None or is_plain_moment(stamp):
            continue
        try:
            read_timestamp(stamp)
        except NotAMoment as problem:
            yield (
                ("photos", indices[place], "exif", "corrected_timestamp"),
                f"photo {shown(ids[place])}: exif.corrected_timestamp, {shown(stamp)}, {problem}",
            )


def _keys(keys: Sequence[str], ids: Sequence[str], indices: Sequence[int]) -> Iterator[Violation]:
    seen: dict[str, int] = {}
    for position, key in enumerate(keys):
        problem = key_problem(key) or _not_a_photo(key)
        if problem is None:
            first = seen.setdefault(folded(key), position)
            if first == position:
                continue
            problem = _clash(key, keys[first], f"{_variant(first)} of photo {shown(ids[first // len(VARIANTS)])}")
        yield _of_key(position, ids, indices, f"the key of {_variant(position)}, {shown(key)}, {problem}")


def _variant(position: int) -> Variant:
    """Of which variant the key at ``position`` is."""
    return VARIANTS[position % len(VARIANTS)]


def _of_key(position: int, ids: Sequence[str], indices: Sequence[int], text: str) -> Violation:
    """What is to be said of the key at ``position``."""
    place = position // len(VARIANTS)
    return ("photos", indices[place], "files", _variant(position)), f"photo {shown(ids[place])}: {text}"


def _not_a_photo(key: str) -> str | None:
    """A photo must not take the place of a page or a script of the site."""
    if is_photo_or_video(key):
        return None
    extension = extension_of(key)
    named = f"ends in .{extension}" if extension else "has no extension"
    return f"{named}, which is not that of a picture or video"


def _clash(key: str, other: str, owner: str) -> str:
    if other == key:
        return f"is the key of {owner} too"
    return (
        f"differs only by letter case or Unicode normalisation from {shown(other)}, the key of "
        f"{owner}: many disks hold the two to be one"
    )


def _files_as_folders(keys: Sequence[str], ids: Sequence[str], indices: Sequence[int]) -> Iterator[Violation]:
    """A key that is also the folder of another cannot be stored by a file system, nor by MinIO."""
    folders: set[str] = set()
    for folder in {key.rpartition("/")[0] for key in keys}:
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    if folders.isdisjoint(keys):
        return
    for position, key in enumerate(keys):
        if key in folders:
            text = f"the key of {_variant(position)}, {shown(key)}, is the folder of another key too"
            yield _of_key(position, ids, indices, text)


def _not_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
