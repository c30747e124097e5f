"""Columns of a table with hundreds of thousands of rows, each in as few bytes as its values need.

A value is made when it is asked for. ``taken`` gives the column of some rows, in that order, and ``added`` the column
with more values at its end; neither changes the column itself.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain, islice
from typing import Any, Generic, Protocol, TypeVar

_hex = re.compile("[0-9a-f]*").fullmatch
_TOGETHER = 1 << 14

T = TypeVar("T")
Covariant = TypeVar("Covariant", covariant=True)


class Rows(Protocol[Covariant]):
    """One value for each row."""

    def __len__(self) -> int: ...

    def __getitem__(self, row: int) -> Covariant: ...


class Column(Rows[Covariant], Protocol[Covariant]):
    """The same, of which others are made."""

    def taken(self, rows: Sequence[int]) -> Column[Covariant]:
        """The column of ``rows``."""

    def added(self, values: Iterable[Any]) -> Column[Covariant]:
        """The column with ``values`` at its end."""


class Numbers:
    """Whole numbers of up to 63 bits. Raises ``OverflowError`` for larger ones, ``TypeError`` for anything else."""

    __slots__ = ("_numbers",)

    def __init__(self, numbers: Iterable[int] = ()) -> None:
        self._numbers = array("q", numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, row: int) -> int:
        return self._numbers[row]

    def taken(self, rows: Sequence[int]) -> Numbers:
        """See ``Column``."""
        return Numbers(map(self._numbers.__getitem__, rows))

    def added(self, values: Iterable[int]) -> Numbers:
        """See ``Column``."""
        return Numbers(chain(self._numbers, values))


class Texts:
    """Texts that nothing else has, one after the other."""

    __slots__ = ("_ends", "_pieces")

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._pieces: list[str] = []
        self._ends = array("Q", [0])
        self.extend(texts)

    def extend(self, texts: Iterable[str]) -> None:
        """Put ``texts`` behind them, while the column is made."""
        every = list(texts)
        self._pieces.append("".join(every))
        self._ends.extend(islice(accumulate(map(len, every), initial=self._ends[-1]), 1, None))

    @property
    def _together(self) -> str:
        if len(self._pieces) > 1:
            self._pieces[:] = ["".join(self._pieces)]
        return self._pieces[0]

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, row: int) -> str:
        return self._together[self._ends[row] : self._ends[row + 1]]

    def taken(self, rows: Sequence[int]) -> Texts:
        """See ``Column``."""
        found = Texts()
        for some in _some_of(rows):
            found.extend(map(self.__getitem__, some))
        return found

    def added(self, values: Iterable[str]) -> Texts:
        """See ``Column``."""
        return Texts(chain(values_of(self), values))


class TextsOrNone:
    """Texts that nothing else has, or ``None`` where there is none."""

    __slots__ = ("_given", "_texts")

    def __init__(self) -> None:
        self._texts, self._given = Texts(), bytearray()

    def extend(self, texts: Sequence[str | None]) -> None:
        """Put ``texts`` behind them, while the column is made."""
        self._texts.extend(text or "" for text in texts)
        self._given += bytes(text is not None for text in texts)

    def __len__(self) -> int:
        return len(self._given)

    def __getitem__(self, row: int) -> str | None:
        return self._texts[row] if self._given[row] else None


class Values(Generic[T]):
    """Values of any kind, each with an object of its own."""

    __slots__ = ("_values",)

    def __init__(self, values: Iterable[T] = ()) -> None:
        self._values = list(values)

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, row: int) -> T:
        return self._values[row]

    def taken(self, rows: Sequence[int]) -> Values[T]:
        """See ``Column``."""
        return Values(map(self._values.__getitem__, rows))

    def added(self, values: Iterable[T]) -> Values[T]:
        """See ``Column``."""
        return Values(chain(self._values, values))


class Hashes:
    """Hashes of ``width`` bytes, which are handed out as hex digits. ``raw`` are their bytes, one after the other."""

    __slots__ = ("raw", "width")

    def __init__(self, width: int, raw: bytes = b"") -> None:
        self.width, self.raw = width, raw

    def extend(self, hashes: Iterable[str]) -> None:
        """Put ``hashes`` (of hex digits) behind them, while the column is made."""
        self.raw += bytes.fromhex("".join(hashes))

    def __len__(self) -> int:
        return len(self.raw) // self.width

    def __getitem__(self, row: int) -> str:
        return self.raw[row * self.width : (row + 1) * self.width].hex()

    def pieces(self) -> Iterator[bytes]:
        """The bytes of each hash."""
        raw, width = self.raw, self.width
        return (raw[at : at + width] for at in range(0, len(raw), width))

    def taken(self, rows: Sequence[int]) -> Hashes:
        """See ``Column``."""
        raw, width, found = self.raw, self.width, bytearray()
        for some in _some_of(rows):
            found += b"".join([raw[row * width : (row + 1) * width] for row in some])
        return Hashes(width, bytes(found))

    def added(self, values: Iterable[str]) -> Hashes | Texts:
        """See ``Column``; where one of ``values`` is no such hash, all are kept as they are."""
        more = list(values)
        together = "".join(more)
        if set(map(len, more)) <= {2 * self.width} and _hex(together):
            return Hashes(self.width, self.raw + bytes.fromhex(together))
        return Texts(chain(values_of(self), more))


class Table(Generic[T]):
    """Values that many rows share: each of ``values`` once, and for every row its place among them, from 1; at place 0
    is ``none``. Raises ``IndexError`` for a place that is not there."""

    __slots__ = ("none", "places", "values")

    def __init__(self, none: T, values: Column[T], places: array[int]) -> None:
        self.none, self.values, self.places = none, values, places
        if len(places) and max(places) > len(values):
            raise IndexError("a table has no such place")

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, row: int) -> T:
        place = self.places[row]
        return self.values[place - 1] if place else self.none

    def taken(self, rows: Sequence[int]) -> Table[T]:
        """See ``Column``."""
        return Table(self.none, self.values, places_of(map(self.places.__getitem__, rows)))

    def added(self, values: Iterable[T]) -> Table[T]:
        """See ``Column``."""
        if not (more := list(values)):
            return self
        known: dict[T, int] = {self.none: 0}
        for place, value in enumerate(values_of(self.values), 1):
            known.setdefault(value, place)
        fresh: list[T] = []
        for value in more:
            if value not in known:
                fresh.append(value)
                known[value] = len(self.values) + len(fresh)
        return Table(self.none, self.values.added(fresh), self.places + places_of(map(known.__getitem__, more)))

    def in_order(self) -> tuple[Column[T], list[int]]:
        """The values that rows have, in the order in which they first occur, and the place of each row among them."""
        numbers = {0: 0}
        places = [numbers.setdefault(place, len(numbers)) for place in self.places]
        return self.values.taken([place - 1 for place in list(numbers)[1:]]), places


def _some_of(rows: Sequence[int]) -> Iterator[Sequence[int]]:
    """``rows``, a few at a time: what is made of each is more than what remains."""
    return (rows[at : at + _TOGETHER] for at in range(0, len(rows), _TOGETHER))


def places_of(places: Iterable[int]) -> array[int]:
    """As a table has them. Raises ``OverflowError`` for a negative one."""
    return array("I", places)


def values_of(column: Rows[T]) -> Iterator[T]:
    """All of them, in order."""
    return map(column.__getitem__, range(len(column)))
