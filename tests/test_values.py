"""Values are Python's dataclasses in every respect but the time at which their methods are made."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.values import asdict, dataclass, field, fields, replace

PACKAGE = Path(__file__).parents[1] / "galleria_action"


def declared() -> type[Any]:
    """A class of which no value has been made, with all that a field can have."""

    @dataclass(frozen=True, slots=True)
    class New:
        a: Any
        b: Any = 5
        c: list[int] = field(default_factory=list)
        secret: Any = field(default="s", repr=False)
        aside: Any = field(default=0, compare=False)
        late: Any = field(default="", kw_only=True)
        fixed: Any = field(default=7, init=False)
        made: Any = field(default_factory=dict, init=False, compare=False)

    return New


@dataclass(frozen=True, slots=True)
class Ours:
    """The same, where it can be found again."""

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
    c: list[int] = dataclasses.field(default_factory=list)
    secret: Any = dataclasses.field(default="s", repr=False)
    aside: Any = dataclasses.field(default=0, compare=False)
    late: Any = dataclasses.field(default="", kw_only=True)
    fixed: Any = dataclasses.field(default=7, init=False)
    made: Any = dataclasses.field(default_factory=dict, init=False, compare=False)


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


OFTEN_MADE = declared()
for _ in range(100):
    OFTEN_MADE(0)


@pytest.mark.parametrize("often", [False, True])
@given(GIVEN, GIVEN)
def test_the_same_as_pythons_for_any_arguments(often: bool, one: Any, other: Any) -> None:
    made = OFTEN_MADE if often else declared()
    ours = [outcome(lambda it=it: made(*it[0], **it[1])) for it in (one, other)]
    theirs = [outcome(lambda it=it: Theirs(*it[0], **it[1])) for it in (one, other)]
    for mine, yours in zip(ours, theirs, strict=True):
        assert (mine is TypeError) == (yours is TypeError)
        if mine is not TypeError:
            assert asdict(mine) == dataclasses.asdict(yours)
            assert repr(mine) == repr(yours).replace("Theirs", made.__qualname__)
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


def test_what_often_is_made_is_made_by_compiled_code() -> None:
    rare = declared()
    rare(0)
    assert rare.__init__.__code__.co_filename != "<string>"  # type: ignore[misc]
    assert OFTEN_MADE.__init__.__code__.co_filename == "<string>"  # type: ignore[misc]


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


def test_what_may_change() -> None:
    @dataclass
    class Changing:
        a: int
        b: list[int] = field(default_factory=list)
        c: int = 3

    @dataclass(slots=True)
    class Slotted:
        a: int = 1

    changing, slotted = Changing(1), Slotted()
    changing.a, slotted.a = 2, 2
    assert changing == Changing(2)
    assert Changing.c == 3
    assert not hasattr(Changing, "b")
    assert slotted == Slotted(2)
    assert copy.copy(slotted) == slotted
    for value in (changing, slotted):
        with pytest.raises(TypeError, match="unhashable"):
            hash(value)
    with pytest.raises(AttributeError):
        slotted.unheard_of = 1  # type: ignore[attr-defined]


def test_what_is_of_the_class_is_not_a_field() -> None:
    @dataclass(frozen=True, slots=True)
    class Named:
        name: str
        kind: ClassVar[str] = "kind"

    assert [it.name for it in fields(Named)] == ["name"]
    assert Named.kind == "kind"
    assert "Named" in Named.__qualname__


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=2))
def test_an_order_is_that_of_the_fields(pairs: list[tuple[int, int]]) -> None:
    @dataclass(frozen=True, slots=True, order=True)
    class Version:
        major: int
        minor: int

    one, other = (Version(*pair) for pair in pairs)
    assert [one < other, one <= other, one > other, one >= other] == [
        pairs[0] < pairs[1], pairs[0] <= pairs[1], pairs[0] > pairs[1], pairs[0] >= pairs[1],
    ]  # fmt: skip
    with pytest.raises(TypeError):
        assert one < 1  # type: ignore[operator]


def test_pythons_own_functions_know_them() -> None:
    value = Ours(1, c=[2], late="x")
    assert dataclasses.is_dataclass(Ours)
    assert [it.name for it in dataclasses.fields(value)] == [it.name for it in fields(value)]
    assert dataclasses.asdict(value) == asdict(value)
    assert dataclasses.replace(value, b=3) == replace(value, b=3)
    with pytest.raises(ValueError, match="fixed"):
        dataclasses.replace(value, fixed=1)
    with pytest.raises(TypeError, match="fixed"):
        replace(value, fixed=1)  # type: ignore[call-arg]


def test_values_in_values_become_dicts_in_dicts() -> None:
    inner = Ours(1)
    told = asdict(Ours((inner, [inner]), {"a": inner}))
    assert told["a"] == (asdict(inner), [asdict(inner)])
    assert told["b"] == {"a": asdict(inner)}
