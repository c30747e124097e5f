"""Which photos are alike: the best of them, and around it those that are like it.

Each photo of a group is like the best one, not only like another of the group: chains join strangers. Files with the
same bytes are alike whatever they show; of all others, flat pictures are like none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum

import numpy as np

from galleria_action.studio.duplicates.hashes import QUARTER_TURNS, TURNS, as_words
from galleria_action.studio.duplicates.measure import Measured, seconds_between
from galleria_action.studio.duplicates.search import close_across, close_pairs
from galleria_action.values import dataclass

#: how much further dHash may be off than pHash: it rejects chance pairs and almost no others
_SLOPES_ALLOWED = 1.4
#: turned pictures match by chance eight times as often
_TURNS_ALLOWED = 0.6
#: below this a pair that only just matches by its hashes shows two things
_STRANGERS, _CERTAIN = 0.45, 0.6
_SAME_SHOT = 0.9
_BURST_SECONDS = 2.0


class Likeness(StrEnum):
    """In which way a photo is like the best of its group."""

    IDENTICAL = "identical file"
    ENCODED = "re-encoded"
    TURNED = "turned or mirrored"
    BURST = "burst"
    EDITED = "edited or cropped"


@dataclass(frozen=True, slots=True)
class Rules:
    """``threshold`` is the number of bits of ``hash_size`` × ``hash_size`` in which alike photos may differ, itself
    included."""

    threshold: int = 10
    hash_size: int = 8

    @property
    def bits(self) -> int:
        """Of one hash."""
        return self.hash_size * self.hash_size


@dataclass(frozen=True, slots=True)
class Member:
    """A photo that is like the best of its group. ``similarity`` is ``None`` where pixels were not compared."""

    photo: Measured
    likeness: Likeness
    distance: int
    similarity: float | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """The best photo, and those like it, the most alike first."""

    best: Measured
    others: tuple[Member, ...]


#: the similarity of two photos by their positions, the first turned; ``None`` where it is not known
Compare = Callable[[int, int, int], float | None]


def group(photos: Sequence[Measured], rules: Rules, compare: Compare | None = None) -> tuple[Group, ...]:
    """The groups among ``photos``, the largest first. With ``compare`` pairs that only just match and whose pixels have
    nothing in common are strangers."""
    ranked = sorted(photos, key=lambda photo: photo.rank)
    copies: dict[str, list[int]] = defaultdict(list)
    for number, photo in enumerate(ranked):
        copies[photo.sha256].append(number)
    firsts = [same[0] for same in copies.values()]
    alike = _Alike(ranked, [number for number in firsts if not ranked[number].hashes.flat], rules)
    taken: set[int] = set()
    groups = []
    for number in firsts:
        if number in taken:
            continue
        members = list(_members(ranked, number, alike, copies, taken, compare))
        if members:
            groups.append(Group(ranked[number], tuple(sorted(members, key=_most_alike))))
    return tuple(sorted(groups, key=lambda found: (-len(found.others), found.best.path)))


def _most_alike(member: Member) -> tuple[int, str]:
    return member.distance, member.photo.path


def _members(
    ranked: Sequence[Measured],
    best: int,
    alike: _Alike,
    copies: Mapping[str, list[int]],
    taken: set[int],
    compare: Compare | None,
) -> Iterator[Member]:
    taken.add(best)
    yield from (Member(ranked[copy], Likeness.IDENTICAL, 0) for copy in copies[ranked[best].sha256][1:])
    for other, turn, distance in alike.to(best):
        if other in taken:
            continue
        similarity = compare(other, best, turn) if compare else None
        if similarity is not None and similarity < _STRANGERS and distance > _CERTAIN * alike.rules.threshold:
            continue
        taken.add(other)
        likeness = _likeness(ranked[other], ranked[best], turn, distance, similarity, alike.rules)
        yield from (Member(ranked[copy], likeness, distance, similarity) for copy in copies[ranked[other].sha256])


def _likeness(
    photo: Measured, best: Measured, turn: int, distance: int, similarity: float | None, rules: Rules
) -> Likeness:
    apart = seconds_between(photo.taken, best.taken)
    if apart is not None and photo.taken != best.taken and photo.camera == best.camera and apart <= _BURST_SECONDS:
        return Likeness.BURST
    if turn:
        return Likeness.TURNED
    same_shot = distance <= rules.bits // 32 if similarity is None else similarity >= _SAME_SHOT
    return Likeness.ENCODED if same_shot else Likeness.EDITED


class _Alike:
    """Who is like whom, by hashes. Photos with one hash are looked for as one."""

    def __init__(self, photos: Sequence[Measured], numbers: Sequence[int], rules: Rules) -> None:
        self.rules = rules
        self._dhash = {number: [int(text, 16) for text in photos[number].hashes.dhash] for number in numbers}
        self._phash = {number: [int(text, 16) for text in photos[number].hashes.phash] for number in numbers}
        self._with_hash: dict[int, list[int]] = defaultdict(list)
        self._hash_of: dict[int, int] = {}
        self._near: dict[int, list[int]] = defaultdict(list)
        self._turned: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self._turning: dict[int, list[tuple[int, int]]] = defaultdict(list)
        if numbers:
            self._search([photos[number] for number in numbers], numbers)

    def _search(self, photos: Sequence[Measured], numbers: Sequence[int]) -> None:
        words, hash_of = np.unique(as_words([p.hashes.phash[0] for p in photos]), axis=0, return_inverse=True)
        for number, known in zip(numbers, hash_of.ravel().tolist(), strict=True):
            self._with_hash[known].append(number)
            self._hash_of[number] = known
        found = close_pairs(words, self.rules.bits, self.rules.threshold)
        for left, right in zip(found.left.tolist(), found.right.tolist(), strict=True):
            self._near[left].append(right)
            self._near[right].append(left)
        radius = int(_TURNS_ALLOWED * self.rules.threshold)
        # a quarter turn one way is found as the other one from the other photo
        for turn in (number for number in range(1, len(TURNS)) if number != QUARTER_TURNS[1]):
            turned = as_words([p.hashes.phash[turn] for p in photos])
            found = close_across(turned, words, self.rules.bits, radius)
            for left, right in zip(found.left.tolist(), found.right.tolist(), strict=True):
                self._turning[numbers[left]].append((right, turn))
                self._turned[right].append((numbers[left], turn))

    def to(self, best: int) -> Iterator[tuple[int, int, int]]:
        """Photos that are like ``best``: position, how they have to be turned to be so, bits that differ."""
        known = self._hash_of.get(best)
        if known is None:
            return
        candidates = [(other, 0) for near in (known, *self._near[known]) for other in self._with_hash[near]]
        candidates += self._turned[known]
        candidates += [(other, _undone(turn)) for near, turn in self._turning[best] for other in self._with_hash[near]]
        found: dict[int, tuple[int, int]] = {}
        for other, turn in candidates:
            distance = (self._phash[other][turn] ^ self._phash[best][0]).bit_count()
            slopes = (self._dhash[other][turn] ^ self._dhash[best][0]).bit_count()
            if other != best and slopes <= _SLOPES_ALLOWED * self.rules.threshold:
                found[other] = min(found.get(other, (distance, turn)), (distance, turn))
        for other, (distance, turn) in sorted(found.items()):
            yield other, turn, distance


def _undone(turn: int) -> int:
    """The turn that undoes ``turn``."""
    return QUARTER_TURNS[1 - QUARTER_TURNS.index(turn)] if turn in QUARTER_TURNS else turn
