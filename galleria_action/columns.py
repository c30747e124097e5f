"""Columns of a table with hundreds of thousands of rows, each in as few bytes as its values need.

A value is made when it is asked for. ``at`` gives the values of some rows, ``taken`` the column of some rows, in that
order, and ``added`` the column with more values at its end; none changes the column itself. Whoever asks for many rows
is answered by loops of the interpreter's own, which take a fraction of the time of one that is written out here.
"""

from __future__ import annotations

import re
import struct
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain, count, islice, repeat
from operator import add, eq, is_not, ne, sub
from typing import Any, Generic, Protocol, TypeVar, cast

_hex = re.compile("[0-9a-f]*").fullmatch
_TOGETHER = 1 << 14
#: rows that are taken one by one where they are not a run
_SHORT = 1 << 7

T = TypeVar("T")
Covariant = TypeVar("Covariant", covariant=True)


class Rows(Protocol[Covariant]):
    """One value for each row."""

    def __len__(self) -> int: ...

    def __getitem__(self, row: int) -> Covariant: ...

    def at(self, rows: Sequence[int]) -> Iterable[Covariant]:
        """The values of ``rows``."""


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

    def at(self, rows: Sequence[int]) -> Iterator[int]:
        """See ``Rows``."""
        return iter(_at(self._numbers, rows))

    def taken(self, rows: Sequence[int]) -> Numbers:
        """See ``Column``."""
        return Numbers(self.at(rows))

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

    def at(self, rows: Sequence[int]) -> Iterator[str]:
        """See ``Rows``."""
        end_of = self._ends.__getitem__
        return map(self._together.__getitem__, map(slice, map(end_of, rows), map(end_of, map(add, rows, repeat(1)))))

    def taken(self, rows: Sequence[int]) -> Texts:
        """See ``Column``."""
        found = Texts()
        for some in some_of(rows):
            found.extend(self.at(some))
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
        given = bytes(map(is_not, texts, repeat(None)))
        self._texts.extend((text or "" for text in texts) if 0 in given else cast(Sequence[str], texts))
        self._given += given

    def __len__(self) -> int:
        return len(self._given)

    def __getitem__(self, row: int) -> str | None:
        return self._texts[row] if self._given[row] else None

    def at(self, rows: Sequence[int]) -> Iterable[str | None]:
        """See ``Rows``."""
        texts = self._texts.at(rows)
        if 0 not in self._given:
            return texts
        return (text if given else None for text, given in zip(texts, map(self._given.__getitem__, rows), strict=True))


class Values(Generic[T]):
    """Values of any kind, each with an object of its own."""

    __slots__ = ("_values",)

    def __init__(self, values: Iterable[T] = ()) -> None:
        self._values = list(values)

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, row: int) -> T:
        return self._values[row]

    def at(self, rows: Sequence[int]) -> Iterator[T]:
        """See ``Rows``."""
        return map(self._values.__getitem__, rows)

    def taken(self, rows: Sequence[int]) -> Values[T]:
        """See ``Column``."""
        return Values(self.at(rows))

    def added(self, values: Iterable[T]) -> Values[T]:
        """See ``Column``."""
        return Values(chain(self._values, values))


class Hashes:
    """Hashes of ``width`` bytes, which are handed out as hex digits."""

    __slots__ = ("_parts", "width")

    def __init__(self, width: int, raw: bytes = b"") -> None:
        self.width, self._parts = width, [raw]

    def extend(self, hashes: Iterable[str]) -> None:
        """Put ``hashes`` (of hex digits) behind them, while the column is made."""
        self._parts.append(bytes.fromhex("".join(hashes)))

    @property
    def raw(self) -> bytes:
        """Their bytes, one after the other."""
        if len(self._parts) > 1:
            self._parts[:] = [b"".join(self._parts)]
        return self._parts[0]

    def __len__(self) -> int:
        return len(self.raw) // self.width

    def __getitem__(self, row: int) -> str:
        return self.raw[row * self.width : (row + 1) * self.width].hex()

    def pieces(self, rows: Sequence[int]) -> Iterator[bytes]:
        """The bytes of the hash in each of ``rows``."""
        return chain.from_iterable(map(self._pieces, _stretches(rows)))

    def _pieces(self, rows: Sequence[int]) -> Iterable[bytes]:
        raw, width = self.raw, self.width
        if (run := _as_run(rows)) is not None:
            return chain.from_iterable(struct.iter_unpack(f"{width}s", self._run(run)))
        return [raw[row * width : (row + 1) * width] for row in rows]

    def at(self, rows: Sequence[int]) -> Iterator[str]:
        """See ``Rows``."""
        return map(bytes.hex, self.pieces(rows))

    def taken(self, rows: Sequence[int]) -> Hashes:
        """See ``Column``."""
        found = bytearray()
        for some in _stretches(rows):
            run = _as_run(some)
            found += b"".join(self._pieces(some)) if run is None else self._run(run)
        return Hashes(self.width, bytes(found))

    def _run(self, run: range) -> memoryview:
        return memoryview(self.raw)[run.start * self.width : run.stop * self.width]

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

    def at(self, rows: Sequence[int]) -> Iterator[T]:
        """See ``Rows``."""
        places = list(_at(self.places, rows))
        if 0 not in places and len(rows) <= len(self.values):  # hardly any value twice
            return iter(self.values.at(list(map(sub, places, repeat(1)))))
        some = sorted({*places} - {0})
        known = {0: self.none, **dict(zip(some, self.values.at(list(map(sub, some, repeat(1)))), strict=True))}
        return map(known.__getitem__, places)

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
        order = list(dict.fromkeys(chain((0,), self.places)))
        numbers = dict(zip(order, count(), strict=False))
        return self.values.taken([place - 1 for place in order[1:]]), list(map(numbers.__getitem__, self.places))


def differing(one: Rows[str], other: Rows[str], rows: Sequence[int]) -> bytes:
    """For each of ``rows`` 1 where the two columns have something else there, or 0."""
    if isinstance(one, Hashes) and isinstance(other, Hashes):
        return bytes(map(ne, one.pieces(rows), other.pieces(rows)))
    return bytes(map(ne, one.at(rows), other.at(rows)))


def some_of(rows: Sequence[int]) -> Iterator[Sequence[int]]:
    """``rows``, a few at a time: what is made of each is more than what remains."""
    return (rows[at : at + _TOGETHER] for at in range(0, len(rows), _TOGETHER))


def _stretches(rows: Sequence[int]) -> Iterator[Sequence[int]]:
    """``rows`` in parts that are runs, or short: one row that is left out makes two runs of one."""
    for some in some_of(rows):
        yield from _halved(some)


def _halved(rows: Sequence[int]) -> Iterator[Sequence[int]]:
    if len(rows) <= _SHORT or _as_run(rows) is not None:
        yield rows
    else:
        half = len(rows) // 2
        yield from _halved(rows[:half])
        yield from _halved(rows[half:])


def _at(numbers: array[int], rows: Sequence[int]) -> Iterable[int]:
    """The number in each of ``rows``."""
    if isinstance(rows, range) and rows.step == 1:
        return numbers[rows.start : rows.stop]
    return map(numbers.__getitem__, rows)


def _as_run(rows: Sequence[int]) -> range | None:
    """``rows`` as a range, where each is the one after that before it: nearly all are, in a gallery as it was read."""
    if isinstance(rows, range) and rows.step == 1:
        return rows
    if not rows:
        return range(0)
    run = range(rows[0], rows[0] + len(rows))
    return run if all(map(eq, rows, run)) else None


def places_of(places: Iterable[int]) -> array[int]:
    """As a table has them. Raises ``OverflowError`` for a negative one."""
    return array("I", places)


def values_of(column: Rows[T]) -> Iterator[T]:
    """All of them, in order."""
    return iter(column.at(range(len(column))))
