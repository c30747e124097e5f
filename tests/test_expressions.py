"""Expressions that are compiled late find what those find that are compiled at once."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.expressions import expression

PATTERN = r"(?P<letter>[ab])+\.?"


@given(st.text("abc.\n", max_size=8))
def test_the_same_is_found(text: str) -> None:
    for flags in (0, re.IGNORECASE):
        late, at_once = expression(PATTERN, flags), re.compile(PATTERN, flags)
        for method in ("match", "fullmatch", "search"):
            found, other = getattr(late, method)(text), getattr(at_once, method)(text)
            assert (found and (found[0], found["letter"])) == (other and (other[0], other["letter"]))
        assert late.findall(text) == at_once.findall(text)
        assert [it.span() for it in late.finditer(text)] == [it.span() for it in at_once.finditer(text)]
        assert late.split(text) == at_once.split(text)
        assert late.sub("x", text) == at_once.sub("x", text)
        assert late.subn("x", text) == at_once.subn("x", text)


def test_bytes_as_well_and_from_a_place_on() -> None:
    late = expression(rb"b")
    assert late.pattern == b"b"
    assert late.search(b"bab", 1).start() == 2  # type: ignore[union-attr]


def test_it_is_compiled_when_it_is_used() -> None:
    late = expression("(")
    with pytest.raises(re.error):
        late.match("")
    with pytest.raises(AttributeError):
        late.unheard_of  # type: ignore[attr-defined]  # noqa: B018
