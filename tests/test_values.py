"""Values are Python's frozen dataclasses in every respect but the time at which their methods are made."""

from __future__ import annotations

import ast
import copy
import dataclasses
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict, field, fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.values import dataclass

PACKAGE = Path(__file__).parents[1] / "galleria_action"


@dataclass(frozen=True, slots=True)
class Ours:
    """With all that a field can have."""

    a: Any
    b: Any = 5
    c: list[int] = field(default_factory=list)
    secret: Any = field(default="s", repr=False)
    aside: Any = field(default=0, compare=False)
    late: Any = field(default="", kw_only=True)
    fixed: Any = field(default=7, init=False)
    made: Any = field(default_factory=dict, init=False, compare=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Theirs:
    a: Any
    b: Any = 5
    c: list[int] = field(default_factory=list)
    secret: Any = field(default="s", repr=False)
    aside: Any = field(default=0, compare=False)
    late: Any = field(default="", kw_only=True)
    fixed: Any = field(default=7, init=False)
    made: Any = field(default_factory=dict, init=False, compare=False)


PLAIN = st.one_of(st.integers(), st.text(max_size=3), st.none(), st.tuples(st.integers()))
GIVEN = st.tuples(
    st.lists(PLAIN, max_size=6),
    st.dictionaries(st.sampled_from(["a", "b", "c", "secret", "aside", "late", "fixed", "made", "unknown"]), PLAIN),
)


def outcome(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except TypeError:
        return TypeError


@given(GIVEN, GIVEN)
def test_the_same_as_pythons_for_any_arguments(one: Any, other: Any) -> None:
    ours = [outcome(lambda it=it: Ours(*it[0], **it[1])) for it in (one, other)]
    theirs = [outcome(lambda it=it: Theirs(*it[0], **it[1])) for it in (one, other)]
    for mine, yours in zip(ours, theirs, strict=True):
        assert (mine is TypeError) == (yours is TypeError)
        if mine is not TypeError:
            assert asdict(mine) == asdict(yours)
            assert repr(mine) == repr(yours).replace("Theirs", "Ours")
            assert outcome(lambda it=mine: hash(it)) == outcome(lambda it=yours: hash(it))
    assert (ours[0] == ours[1]) == (theirs[0] == theirs[1])


def test_nothing_can_be_set_or_deleted() -> None:
    value = Ours(1)
    for name in ("a", "b", "unheard_of"):
        with pytest.raises((FrozenInstanceError, TypeError)):
            setattr(value, name, 2)
        with pytest.raises((FrozenInstanceError, TypeError)):
            delattr(value, name)
    assert value == Ours(1)


def test_each_value_has_a_list_of_its_own() -> None:
    assert Ours(1).c is not Ours(1).c


def test_values_are_changed_copied_and_sent_elsewhere_as_ever() -> None:
    value = Ours(1, c=[2], late="x")
    assert replace(value, b=3) == Ours(1, 3, [2], late="x")
    for again in (pickle.loads(pickle.dumps(value)), copy.deepcopy(value), copy.copy(value)):
        assert again == value
        assert asdict(again) == asdict(value)
    match value:
        case Ours(1, 5, [2]):
            pass
        case _:
            pytest.fail("no match")


def test_what_a_class_says_itself_counts() -> None:
    @dataclass(frozen=True, slots=True)
    class Named:
        name: str
        loud: str = field(init=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "loud", self.name.upper())

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Named) and other.loud == self.loud

        def __repr__(self) -> str:
            return self.loud

    assert Named("a") == Named("A")
    assert repr(Named("a")) == "A"


def test_a_value_that_is_more_of_another() -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Base:
        a: int = 1

        def told(self) -> int:
            return self.a

    @dataclass(frozen=True, slots=True, kw_only=True)
    class More(Base):
        b: int

    assert [it.name for it in fields(More)] == ["a", "b"]
    assert More(b=2).told() == 1
    assert More(b=2) != Base()
    with pytest.raises(TypeError):
        More(2)  # type: ignore[misc]


def test_only_values_are_made_late() -> None:
    @dataclass
    class Changing:
        a: int

    changing = Changing(1)
    changing.a = 2
    assert changing == Changing(2)


def test_the_house_makes_its_dataclasses_here() -> None:
    """Those of Python's own cost each run a part of a millisecond a piece."""
    elsewhere = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if path.name != "values.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "dataclasses"
        if any(name.name == "dataclass" for name in node.names)
    ]
    assert not elsewhere, "import dataclass from galleria_action.values"
