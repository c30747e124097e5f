"""What a photo is called for ever: ``wedding-20240615T143045-r5a-0``, as Galleria's users know it.

Collection, corrected local time, three letters for the camera, a counter. The same photos get the same names on every
machine, in whatever order they are met, and a photo that has a name keeps it as long as its bytes are the same.

A pure function of what the photos say. Where Galleria loses photos (the 33rd of a second, undated ones), we count on.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import datetime

from galleria_action.gallery.keys import folded
from galleria_action.values import dataclass

#: sorts as it counts
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
#: stands where the time would, and sorts before every time
UNDATED = "00000000T000000"
#: characters of an undated photo's own hash: 40 bits
_HASH_LENGTH = 8

#: Galleria's codes: the first text that is part of "make model" decides
_CAMERAS = (
    ("canon eos r5", "r5a"), ("canon eos r6", "r6a"), ("canon eos 5d", "5da"), ("canon eos 6d", "6da"),
    ("nikon d850", "d85"), ("nikon d750", "d75"), ("sony a7r", "a7r"), ("sony a7 iii", "a73"),
    ("iphone 15", "i15"), ("iphone 14", "i14"), ("iphone 13", "i13"), ("iphone 12", "i12"), ("iphone", "iph"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shot:
    """What decides a photo's name. ``sha256`` (hex) tells photos apart; ``taken`` is the corrected local time, ``None``
    when unknown; ``fraction`` the digits behind the second; ``path`` where it lies among the originals."""

    sha256: str
    path: str
    taken: datetime | None
    fraction: str
    make: str
    model: str


@dataclass(frozen=True, slots=True)
class Named:
    """A name that a photo was given before: its bytes and its path among the originals then."""

    sha256: str
    path: str
    name: str


def name_photos(shots: Iterable[Shot], collection: str, known: Iterable[Named] = ()) -> dict[str, str]:
    """The name of each photo by its SHA-256. Photos with the same bytes are one photo.

    A photo keeps the name it is ``known`` by, wherever it lies now; an edited one that of the photo whose place it has
    taken. Both as long as the name says what the photo says: with another collection or another time it gets a new one.
    """
    slug = collection_slug(collection)
    present = {shot.sha256: shot for shot in _one_each(shots)}
    bases = {sha256: _base(slug, shot) for sha256, shot in present.items()}
    named: dict[str, str] = {}
    taken: set[str] = set()

    def give(sha256: str, name: str) -> None:
        named[sha256] = name
        taken.add(folded(name))

    by_content = {old.sha256: old for old in known}
    by_path = {old.path: old for old in by_content.values() if old.sha256 not in present}
    for sha256 in present:
        old = by_content.get(sha256)
        if old and _says(old.name, bases[sha256]) and folded(old.name) not in taken:
            give(sha256, old.name)
    for sha256, shot in present.items():
        old = by_path.get(shot.path)
        if sha256 not in named and old and _says(old.name, bases[sha256]) and folded(old.name) not in taken:
            give(sha256, old.name)
    groups: dict[str, list[Shot]] = defaultdict(list)
    for sha256, shot in present.items():
        if sha256 not in named and shot.taken is None:
            give(sha256, _undated_name(bases[sha256], shot, taken))
        elif sha256 not in named:
            groups[bases[sha256]].append(shot)
    for base, group in groups.items():
        counters = _free_counters(base, taken, len(group))
        for shot, counter in zip(sorted(group, key=_as_shot), counters, strict=False):
            give(shot.sha256, f"{base}-{counter}")
    return named


def _base(slug: str, shot: Shot) -> str:
    """What a photo's name says about it; the counter follows."""
    time = f"{shot.taken:%Y%m%dT%H%M%S}" if shot.taken else UNDATED
    return f"{slug}-{time}-{camera_code(shot.make, shot.model)}"


def _says(name: str, base: str) -> bool:
    start, _, counter = name.rpartition("-")
    return start == base and bool(counter) and set(counter) <= set(ALPHABET)


def collection_slug(collection: str) -> str:
    """``collection`` as it begins every name: lower case, ASCII letters, digits, ``_`` and ``-`` only."""
    plain = unicodedata.normalize("NFKD", collection).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9_]+", "-", plain).strip("-")[:60].rstrip("-") or "gallery"


def camera_code(make: str, model: str) -> str:
    """Three characters for a camera, ``unk`` for an unknown one."""
    text = f"{make} {model}".lower()
    known = next((code for part, code in _CAMERAS if part in text), None)
    plain = re.sub(r"[^a-z0-9]", "", text)
    return known or (plain[:3].ljust(3, "x") if plain else "unk")


def _one_each(shots: Iterable[Shot]) -> list[Shot]:
    """One shot for each content, of copies the one whose path comes first, in an order of their own."""
    by_content: dict[str, Shot] = {}
    for shot in shots:
        other = by_content.get(shot.sha256)
        if other is None or shot.path.split("/") < other.path.split("/"):
            by_content[shot.sha256] = shot
    return [by_content[sha] for sha in sorted(by_content)]


def _as_shot(shot: Shot) -> tuple[str, list[tuple[int, str]], str]:
    """The order in a burst: the fraction of the second, then the numbers that the camera counted in the name."""
    return shot.fraction.rstrip("0"), natural(shot.path), shot.sha256


def natural(path: str) -> list[tuple[int, str]]:
    """Sorts ``IMG_9`` before ``IMG_10``, by the file's name first and its folder then."""
    folder, _, name = path.rpartition("/")
    parts = re.split(r"([0-9]+)", f"{name}/{folder}")
    return [(int(part[:300]), part) if part[:1].isdecimal() else (-1, part) for part in parts]


def _undated_name(base: str, shot: Shot, taken: Container[str]) -> str:
    """Named by its own content: neither other photos nor the day of the run change it."""
    number = int(shot.sha256, 16)
    digits = "".join(ALPHABET[number >> shift & 31] for shift in range(251, 0, -5))
    names = (f"{base}-{digits[:length]}" for length in range(_HASH_LENGTH, len(digits) + 1))
    return next(name for name in names if folded(name) not in taken)


def _free_counters(base: str, taken: Container[str], wanted: int) -> Iterator[str]:
    """``wanted`` counters whose names are free, and sort behind each other.

    A group of up to 32 counts with one character, as Galleria does, up to 1,024 with two, and so on. One that
    outgrows its width goes on behind its last character: ``V`` is followed by ``V0``.
    """
    width = 1
    while len(ALPHABET) ** width < wanted:
        width += 1
    prefix = ""
    while True:
        for number in range(len(ALPHABET) ** width):
            counter = prefix + _written(number, width)
            if folded(f"{base}-{counter}") not in taken:
                yield counter
        prefix += ALPHABET[-1] * width


def _written(number: int, width: int) -> str:
    return "".join(ALPHABET[number // len(ALPHABET) ** place % len(ALPHABET)] for place in reversed(range(width)))


def chronological(shots: Sequence[Shot]) -> list[Shot]:
    """``shots`` as a gallery shows them: by time and fraction, then as the camera counted; undated ones last."""
    return sorted(shots, key=lambda shot: (shot.taken is None, shot.taken or datetime.min, *_as_shot(shot)))
