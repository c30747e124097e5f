"""All pairs of hashes that differ in few bits, without comparing all with all.

Multi-index hashing: two hashes that differ in at most r of their bits agree up to a few bits in one of their 16-bit
parts, so that looking up each part with a few bits changed finds all of them. Exact for every radius; where too many
bits may differ for that to pay, everything is compared with everything.

Source: Norouzi, Punjani, Fleet, "Fast Exact Search in Hamming Space with Multi-Index Hashing" (2014), with the uneven
radii of its general pigeonhole principle.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import comb
from typing import Any

import numpy as np

from galleria_action.studio.duplicates.hashes import distances
from galleria_action.values import dataclass

_PART_BITS = 16
_VALUES = 1 << _PART_BITS
#: pairs that are compared at a time: a few arrays of this many numbers fit into a processor's cache
_AT_ONCE = 1 << 18
#: a look-up costs about as much as this many plain comparisons
_LOOK_UP = 8


@dataclass(frozen=True, slots=True)
class Pairs:
    """Positions ``left`` and ``right`` of each pair, and in how many bits they differ."""

    left: Any
    right: Any
    distance: Any


def close_pairs(hashes: Any, bits: int, radius: int) -> Pairs:
    """Every pair of rows of ``hashes`` that differ in at most ``radius`` of their ``bits``, ``left`` before ``right``.

    ``hashes`` are rows of 64-bit words; ``bits`` a multiple of 16. No two rows are equal.
    """
    found = _collected(_within(hashes, bits, radius), len(hashes))
    both = np.minimum(found.left, found.right), np.maximum(found.left, found.right)
    return _once(*both, found.distance, len(hashes))


def close_across(queries: Any, hashes: Any, bits: int, radius: int) -> Pairs:
    """Every pair of a row of ``queries`` (``left``) and a row of ``hashes`` (``right``) within ``radius``."""
    return _collected(_across(queries, hashes, bits, radius), len(hashes))


def _within(hashes: Any, bits: int, radius: int) -> Iterator[Pairs]:
    if not _pays(len(hashes), bits, radius):
        yield from _compared(hashes, hashes, radius, triangle=True)
        return
    for part, reach in enumerate(_radii(bits, radius)):
        index = _Index(hashes, part)
        for mask in _masks(reach):
            # each two values only once: that with the mask's highest bit unset looks up the other
            lower = np.flatnonzero((index.values & _highest(mask)) == 0) if mask else np.arange(len(hashes))
            first = index.start[index.values[lower] ^ mask] if mask else lower + 1
            last = index.start[(index.values[lower] ^ mask) + 1]
            yield from index.compared(index.hashes, index.order, lower, first, last, radius)


def _across(queries: Any, hashes: Any, bits: int, radius: int) -> Iterator[Pairs]:
    if not _pays(len(hashes), bits, radius):
        yield from _compared(queries, hashes, radius, triangle=False)
        return
    everyone = np.arange(len(queries))
    for part, reach in enumerate(_radii(bits, radius)):
        index, values = _Index(hashes, part), _part(queries, part)
        for mask in _masks(reach):
            first, last = index.start[values ^ mask], index.start[(values ^ mask) + 1]
            yield from index.compared(queries, everyone, everyone, first, last, radius)


class _Index:
    """Hashes in the order of one of their parts: ``start[v]`` is where those with the value v begin."""

    def __init__(self, hashes: Any, part: int) -> None:
        values = _part(hashes, part)
        self.order = np.argsort(values, kind="stable")
        self.values = values[self.order]
        self.hashes = hashes[self.order]
        self.start = np.zeros(_VALUES + 1, dtype=np.int64)
        np.cumsum(np.bincount(values, minlength=_VALUES), out=self.start[1:])

    def compared(self, queries: Any, names: Any, asking: Any, first: Any, last: Any, radius: int) -> Iterator[Pairs]:
        """Compare each of the rows ``asking`` of ``queries`` with the rows ``first`` to ``last`` of the index."""
        counts = last - first
        for chosen in _portions(counts):
            rows, number = asking[chosen], counts[chosen]
            left = np.repeat(rows, number)
            ends = np.cumsum(number)
            right = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - number, number)
            right += np.repeat(first[chosen], number)
            found = distances(queries[left], self.hashes[right])
            close = np.flatnonzero(found <= radius)
            if len(close):
                yield Pairs(names[left[close]], self.order[right[close]], found[close])


def _portions(counts: Any) -> Iterator[slice]:
    """Ranges of rows that have about ``_AT_ONCE`` pairs together; a row with more is on its own."""
    ends = np.cumsum(counts)
    start, done = 0, 0
    while start < len(counts):
        stop = max(int(np.searchsorted(ends, done + _AT_ONCE, side="right")), start + 1)
        yield slice(start, stop)
        start, done = stop, int(ends[stop - 1])


def _compared(left: Any, right: Any, radius: int, *, triangle: bool) -> Iterator[Pairs]:
    """Everything with everything."""
    rows = max(1, _AT_ONCE // max(1, len(right)))
    for top in range(0, len(left), rows):
        block = left[top : top + rows]
        found = distances(block[:, None, :], right[None, :, :])
        i, j = np.nonzero(found <= radius)
        i, distance = i + top, found[i, j]
        keep = i < j if triangle else np.ones(len(i), dtype=bool)
        yield Pairs(i[keep], j[keep], distance[keep])


def _collected(found: Iterator[Pairs], size: int) -> Pairs:
    """All pairs once: several parts may have led to one."""
    parts = list(found)
    if not parts:
        none = np.zeros(0, dtype=np.int64)
        return Pairs(none, none, none)
    left, right, distance = (np.concatenate([getattr(part, name) for part in parts]) for name in Pairs.__slots__)
    return _once(left, right, distance, size)


def _once(left: Any, right: Any, distance: Any, size: int) -> Pairs:
    _, first = np.unique(left.astype(np.int64) * max(size, 1) + right, return_index=True)
    return Pairs(left[first], right[first], distance[first])


def _part(hashes: Any, part: int) -> Any:
    word, shift = divmod(part, 4)
    return ((hashes[:, word] >> np.uint64(48 - 16 * shift)) & np.uint64(0xFFFF)).astype(np.int64)


def _radii(bits: int, radius: int) -> list[int]:
    """How many bits may differ in each part that is looked at. Those that are left out need not be.

    If a pair differed by more than its radius in every one of m parts, it would differ by more than radius in all:
    so the radii, each plus one, have to exceed ``radius`` together.
    """
    parts = bits // _PART_BITS
    needed = radius + 1
    if needed <= parts:
        return [0] * needed
    each, more = divmod(needed - parts, parts)
    return [each + (number < more) for number in range(parts)]


def _pays(number: int, bits: int, radius: int) -> bool:
    """Whether looking up is less work than comparing all with all."""
    if number < 1000:
        return False
    masks = sum(comb(_PART_BITS, k) for reach in _radii(bits, radius) for k in range(reach + 1))
    return masks * (number * _LOOK_UP / _VALUES + 8) < number


def _masks(reach: int) -> Iterator[int]:
    for number in range(reach + 1):
        for bits in combinations(range(_PART_BITS), number):
            yield sum(1 << bit for bit in bits)


def _highest(mask: int) -> int:
    return 1 << (mask.bit_length() - 1)
