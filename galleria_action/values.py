"""Frozen dataclasses that cost little to declare: what makes a value is written when the first one is made.

Python's own writes, compiles and runs six functions for each class when its module is imported, which was most of the
time in which a run came to its feet: it declares some two hundred classes and makes values of a few dozen. Here the
class is Python's (fields, slots, ``replace``, ``asdict``), comparing and hashing are shared, and only ``__init__`` is
compiled, for those that are used.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import MISSING, Field, FrozenInstanceError
from operator import attrgetter
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any, TypeVar

__all__ = ("dataclass",)

_T = TypeVar("_T")

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(
        declared: type[_T] | None = None, /, *, frozen: bool = False, slots: bool = False, **other: bool
    ) -> type[_T] | Callable[[type[_T]], type[_T]]:
        """Python's ``dataclass``, with its arguments and its meaning; only what is frozen, and knows no order, is made
        in our way."""

        def make(cls: type[_T]) -> type[_T]:
            if frozen and not other.keys() - {"kw_only"}:
                return _value(cls, slots=slots, **other)
            return dataclasses.dataclass(frozen=frozen, slots=slots, **other)(cls)

        return make if declared is None else make(declared)


def _value(declared: type[_T], *, slots: bool, kw_only: bool = False) -> type[_T]:
    """The class of values that ``declared`` describes. What that defines itself is kept."""
    kept = {name for name, it in vars(declared).items() if it is not None}
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)(declared)
    compared = _getter(it.name for it in dataclasses.fields(made) if it.compare)

    def __init__(self: Any, *args: Any, **named: Any) -> None:
        """Stands in until the first value is made."""
        made.__init__ = _initializer(made)
        made.__init__(self, *args, **named)

    def __eq__(self: Any, other: object) -> bool:
        return compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: Any) -> int:
        return hash(compared(self))

    for method in (__init__, __eq__, __hash__, *_SHARED):
        if method.__name__ not in kept:
            setattr(made, method.__name__, method)
    return made  # type: ignore[no-any-return]


def _getter(names: Iterable[str]) -> Callable[[Any], Any]:
    named = tuple(names)
    return attrgetter(*named) if named else lambda _: ()


def _initializer(made: type[Any]) -> Callable[..., None]:
    """``__init__`` with the parameters that the fields of ``made`` ask for, in their order, those by name last."""
    known: dict[str, Any] = {"_set": object.__setattr__, "_made_anew": object()}
    by_place, by_name, body = ["self"], ["*"], []
    for it in dataclasses.fields(made):
        value, default = it.name, _default(it, known)
        if it.init:
            (by_name if it.kw_only else by_place).append(f"{it.name}{default and f'={default}'}")
            if it.default_factory is not MISSING:
                value = f"_of_{it.name}() if {it.name} is _made_anew else {it.name}"
        elif default:
            value = f"_of_{it.name}()" if it.default_factory is not MISSING else default
        else:
            continue  # ``__post_init__`` will give it
        body.append(_assignment(made, it.name, value, known))
    if hasattr(made, "__post_init__"):
        body.append("self.__post_init__()")
    parameters = ", ".join(by_place + (by_name if len(by_name) > 1 else []))
    exec("\n    ".join((f"def __init__({parameters}):", *body, "pass")), known)  # of our own declarations
    return known["__init__"]  # type: ignore[no-any-return]


def _default(it: Field[Any], known: dict[str, Any]) -> str:
    """What stands for the default of a field, or ``""`` for one without; ``known`` is told what that means."""
    if it.default_factory is not MISSING:
        known[f"_of_{it.name}"] = it.default_factory
        return "_made_anew"
    if it.default is not MISSING:
        known[f"_of_{it.name}"] = it.default
        return f"_of_{it.name}"
    return ""


def _assignment(made: type[Any], name: str, value: str, known: dict[str, Any]) -> str:
    slot = getattr(made, name, None)
    if isinstance(slot, MemberDescriptorType):
        known[f"_set_{name}"] = slot.__set__
        return f"_set_{name}(self, {value})"
    return f"_set(self, {name!r}, {value})"


class _Shared:
    """What every value does in the same way."""

    def __repr__(self: Any) -> str:
        told = (f"{it.name}={getattr(self, it.name)!r}" for it in dataclasses.fields(self) if it.repr)
        return f"{type(self).__qualname__}({', '.join(told)})"

    def __setattr__(self: Any, name: str, value: Any) -> None:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self: Any, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __getstate__(self: Any) -> list[Any]:
        """For pickle, which would set one attribute after the other."""
        return [getattr(self, it.name) for it in dataclasses.fields(self)]

    def __setstate__(self: Any, state: list[Any]) -> None:
        for it, value in zip(dataclasses.fields(self), state, strict=True):
            object.__setattr__(self, it.name, value)


_SHARED = tuple(
    vars(_Shared)[name] for name in ("__repr__", "__setattr__", "__delattr__", "__getstate__", "__setstate__")
)
