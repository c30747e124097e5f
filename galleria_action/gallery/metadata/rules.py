"""The rules of a gallery that no schema can state: what must differ from photo to photo, and which keys are sound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from galleria_action.gallery.keys import all_ordinary, folded, key_problem
from galleria_action.gallery.media import extension_of, is_photo_or_video
from galleria_action.gallery.metadata.json_source import Place
from galleria_action.gallery.metadata.model import VARIANTS, PhotoMetadata, Variant
from galleria_action.gallery.metadata.timestamps import NotAMoment, is_plain_moment, read_timestamp
from galleria_action.gallery.wording import shown

Violation = tuple[Place, str]

#: A photo that the schema has accepted, with its index in ``photos``.
IndexedPhoto = tuple[int, PhotoMetadata]


def broken_rules(photos: Sequence[IndexedPhoto]) -> Iterator[Violation]:
    """Every broken rule of ``photos``, with the place of the value that breaks it. Of two values that may not be the
    same, the second is named."""
    yield from _ids(photos)
    yield from _timestamps(photos)
    keys = [key for _, photo in photos for key in (photo.files.full, photo.files.web, photo.files.thumb)]
    if not _plainly_sound(keys):
        yield from _keys(photos)
    yield from _files_as_folders(photos, keys)


def _plainly_sound(keys: Sequence[str]) -> bool:
    """Whether one look at all ``keys`` tells that nothing can be said of any: each is as keys are, ends as pictures do,
    and is another one for every disk."""
    ends = {key.rpartition(".")[2].lower() for key in keys}  # one without a dot is no extension that is known
    return (
        all_ordinary(keys)
        and all(is_photo_or_video(f"x.{end}") for end in ends)
        and len(set(map(str.lower, keys))) == len(keys)
    )


def _ids(photos: Iterable[IndexedPhoto]) -> Iterator[Violation]:
    seen: dict[str, int] = {}
    for index, photo in photos:
        first = seen.setdefault(photo.id, index)
        if first != index:
            yield (
                ("photos", index, "id"),
                f"photo {shown(photo.id)} is listed twice: photo number {first + 1} has the same id",
            )
        elif not photo.id.isascii() and _not_unicode(photo.id):
            yield (
                ("photos", index, "id"),
                f"the id {shown(photo.id)} holds half a surrogate pair, which is not valid Unicode",
            )


def _timestamps(photos: Iterable[IndexedPhoto]) -> Iterator[Violation]:
    for index, photo in photos:
        stamp = photo.exif.corrected_timestamp
        if stamp is None or is_plain_moment(stamp):
            continue
        try:
            read_timestamp(stamp)
        except NotAMoment as problem:
            yield (
                ("photos", index, "exif", "corrected_timestamp"),
                f"photo {shown(photo.id)}: exif.corrected_timestamp, {shown(stamp)}, {problem}",
            )


def _keys(photos: Sequence[IndexedPhoto]) -> Iterator[Violation]:
    # Position 3 * n + v is variant v of the n-th of photos: small, for there are hundreds of thousands of keys.
    seen: dict[str, int] = {}
    position = -1
    for index, photo in photos:
        for variant, key in photo.files.items():
            position += 1
            problem = key_problem(key) or _not_a_photo(key)
            if problem is None:
                first = seen.setdefault(folded(key), position)
                if first == position:
                    continue
                problem = _clash(key, photos[first // 3][1], VARIANTS[first % 3])
            yield (
                ("photos", index, "files", variant),
                f"photo {shown(photo.id)}: the key of {variant}, {shown(key)}, {problem}",
            )


def _not_a_photo(key: str) -> str | None:
    """A photo must not take the place of a page or a script of the site."""
    if is_photo_or_video(key):
        return None
    extension = extension_of(key)
    named = f"ends in .{extension}" if extension else "has no extension"
    return f"{named}, which is not that of a picture or video"


def _clash(key: str, other: PhotoMetadata, variant: Variant) -> str:
    owner, theirs = f"{variant} of photo {shown(other.id)}", dict(other.files.items())[variant]
    if theirs == key:
        return f"is the key of {owner} too"
    return (
        f"differs only by letter case or Unicode normalisation from {shown(theirs)}, the key of "
        f"{owner}: many disks hold the two to be one"
    )


def _files_as_folders(photos: Iterable[IndexedPhoto], every: Sequence[str]) -> Iterator[Violation]:
    """A key that is also the folder of another (of ``every`` one) cannot be stored by a file system, nor by MinIO."""
    folders: set[str] = set()
    for folder in {key.rpartition("/")[0] for key in every}:
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    if folders.isdisjoint(every):
        return
    keys = ((index, photo, variant, key) for index, photo in photos for variant, key in photo.files.items())
    for index, photo, variant, key in keys:
        if key in folders:
            yield (
                ("photos", index, "files", variant),
                f"photo {shown(photo.id)}: the key of {variant}, {shown(key)}, is the folder of another key too",
            )


def _not_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
