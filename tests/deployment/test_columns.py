"""What a column says of many rows at a time is what it says of each."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.columns import Hashes, Numbers, Table, Texts, TextsOrNone, Values, differing, places_of, values_of

_VALUES = ["", "a", "bc", "é", "a", "0f"]


def _hashes(width: int, length: int, dice: Random) -> Hashes:
    return Hashes(width, dice.randbytes(width * length))


def _texts_or_none(length: int, dice: Random) -> TextsOrNone:
    column = TextsOrNone()
    column.extend([dice.choice([*_VALUES, None]) for _ in range(length)])
    return column


_COLUMNS: list[Callable[[int, Random], Any]] = [
    lambda length, dice: Numbers(dice.randrange(1 << 40) for _ in range(length)),
    lambda length, dice: Texts(dice.choice(_VALUES) for _ in range(length)),
    _texts_or_none,
    lambda length, dice: Values(dice.choice(_VALUES) for _ in range(length)),
    lambda length, dice: _hashes(3, length, dice),
    lambda length, dice: Table(None, Values("xyz"), places_of(dice.randrange(4) for _ in range(length))),
    lambda length, dice: Table("", _hashes(2, 5, dice), places_of(dice.randrange(6) for _ in range(length))),
]


@pytest.mark.parametrize("make", _COLUMNS)
@given(st.lists(st.integers(0, 9)) | st.builds(range, st.integers(0, 5), st.integers(5, 10)), st.integers())
def test_many_rows_at_a_time(make: Callable[[int, Random], Any], rows: Any, seed: int):
    column = make(10, Random(seed))
    assert list(column.at(rows)) == [column[row] for row in rows]
    assert list(column.at(array("L", rows))) == [column[row] for row in rows]
    assert list(values_of(column)) == [column[row] for row in range(10)]
    if hasattr(column, "taken"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("galleria_action.columns._TOGETHER", 3)
            assert list(values_of(column.taken(rows))) == [column[row] for row in rows]


@given(st.lists(st.integers(0, 4)))
def test_the_values_of_a_table_in_their_order(places: list[int]):
    table = Table("none", Values("abcd"), places_of(places))
    values, order = table.in_order()
    assert list(values_of(values)) == list(dict.fromkeys(it for it in values_of(table) if it != "none"))
    assert [values[place - 1] if place else "none" for place in order] == list(values_of(table))


@given(st.lists(st.tuples(st.sampled_from(["aa", "bb"]), st.sampled_from(["aa", "bb"]))))
def test_where_two_columns_differ(pairs: list[tuple[str, str]]):
    one, other = ([pair[side] for pair in pairs] for side in (0, 1))
    rows = range(len(pairs))
    expected = [left != right for left, right in pairs]
    hashes = Hashes(1, bytes.fromhex("".join(one))), Hashes(1, bytes.fromhex("".join(other)))
    for columns in (hashes, (Texts(one), hashes[1]), (Texts(one), Texts(other))):
        assert list(map(bool, differing(*columns, rows))) == expected
