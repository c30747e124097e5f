"""Which photos are gone, and which only have another id."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.deployment.galleries import Contents, gone


def gallery(text: str) -> Contents:
    """``a1 b2``: the photo a with the content 1, and b with 2."""
    return {one[0]: tuple(one[1:]) for one in text.split()}


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        ("a1 b2 c3", "a1 b2 c3", ""),
        ("a1 b2 c3", "a9 b2 c3", ""),
        ("a1 b2 c3", "x1 y2 z3", ""),
        ("a1 b2 c3", "b1 c2 d3", ""),
        ("a1 b2 c3", "a2 b3", "c"),
        ("a1 b2 c3", "x2 y3", "a"),
        ("a1 b2 c3", "x7 y8 z9", "a b c"),
        ("a1 b1 c1", "x1", "a b"),
        ("a12", "x29", ""),
        ("a b", "x y", "a b"),
        ("a1 b2 c3 d4", "a3 b4", "c d"),
        ("x1 y2", "x3 y1", ""),
        ("a1 b2", "", "a b"),
        ("", "a1", ""),
    ],
)
def test_what_is_gone(before: str, after: str, lost: str):
    assert gone(gallery(before), gallery(after)) == tuple(lost.split())


galleries = st.dictionaries(st.sampled_from("abcdefgh"), st.tuples(st.sampled_from("123456"))).map(dict)


@given(galleries, galleries)
def test_what_is_gone_is_never_more_than_what_has_no_id_and_never_less_than_what_is_missing(before, after):
    lost = gone(before, after)
    assert set(lost) <= before.keys() - after.keys()
    assert len(lost) >= len(before) - len(after)
    there = {one for contents in after.values() for one in contents}
    if not there & {one for contents in before.values() for one in contents}:
        assert set(lost) == before.keys() - after.keys()


@given(galleries)
def test_other_ids_alone_lose_nothing(before):
    assert gone(before, {f"new {name}": contents for name, contents in before.items()}) == ()


def test_many_photos_of_one_content_take_no_longer_than_others():
    size = 20_000

    def seconds(content) -> float:
        before = {f"a{number}": (content(number),) for number in range(size)}
        after = {f"b{number}": (content(number),) for number in range(size)}
        started = time.process_time()
        assert gone(before, after) == ()
        return time.process_time() - started

    assert seconds(lambda _: "1") < 20 * seconds(str) + 0.1
