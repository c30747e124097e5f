"""Which file of a second folder is the photographer's own version for the web of which original."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from galleria_action.gallery.keys import folded
from galleria_action.gallery.originals.scan import Original
from galleria_action.values import dataclass


@dataclass(frozen=True, slots=True)
class Pairs:
    """``versions`` by the path of the original. ``strangers`` belong to none; for ``torn`` it cannot be said to which
    original they belong, or which of several is the one."""

    versions: Mapping[str, Original]
    strangers: tuple[str, ...]
    torn: tuple[str, ...]


def pair(originals: Sequence[Original], versions: Sequence[Original]) -> Pairs:
    """Pair by folder and stem: ``day/IMG_1.JPG`` with ``day/IMG_1.webp``; letter case does not matter, but counts.

    Two originals of one stem (``a.jpg`` and ``a.png``) need versions that have their extensions, too.
    """
    by_place = _by_place(originals)
    paired: dict[str, Original] = {}
    strangers, torn = [], []
    for place, group in _by_place(versions).items():
        candidates = by_place.get(place, [])
        if not candidates:
            strangers += [version.path for version in group]
        elif len(candidates) == len(group) == 1:
            paired[candidates[0].path] = group[0]
        else:
            named = {candidate.path: candidate for candidate in candidates}
            for version in group:
                if version.path in named:
                    paired[version.path] = version
                else:
                    torn.append(version.path)
    return Pairs(paired, tuple(sorted(strangers)), tuple(sorted(torn)))


def _by_place(photos: Iterable[Original]) -> dict[str, list[Original]]:
    places: dict[str, list[Original]] = defaultdict(list)
    for photo in photos:
        places[folded(str(PurePosixPath(photo.path).with_suffix("")))].append(photo)
    return places
