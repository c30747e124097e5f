"""Dataclasses that cost little to declare: what makes a value is written when many are made.

Python's own write, compile and run six functions for each class when its module is imported, and bring along what can
take other people's code apart (``inspect``, ``ast``, ``dis``). That was most of the time in which a run came to its
feet: it declares some two hundred classes and makes one or two values of most. Here comparing and hashing are shared,
only ``__init__`` is compiled, for those of which many values are made, and Python's own ``fields``, ``replace`` and
``asdict`` are told what they want to know when they ask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter, ge, gt, le, lt
from types import MappingProxyType, MemberDescriptorType
from typing import TYPE_CHECKING, Any

__all__ = ("asdict", "dataclass", "field", "fields", "replace")

#: what stands where nothing is given; also for ``None`` may be a default
_NONE_GIVEN: Any = object()
_NOTHING: Mapping[Any, Any] = MappingProxyType({})


class Field:
    """What is known of one field. Its attributes are called as those of ``dataclasses.Field``."""

    __slots__ = ("compare", "default", "default_factory", "init", "kw_only", "metadata", "name", "repr")

    def __init__(
        self,
        *,
        default: Any = _NONE_GIVEN,
        default_factory: Any = _NONE_GIVEN,
        init: bool = True,
        repr: bool = True,  # noqa: A002 - what Python calls it, too
        compare: bool = True,
        kw_only: bool | None = None,
        metadata: Mapping[Any, Any] = _NOTHING,
    ) -> None:
        self.name = ""
        self.default, self.default_factory = default, default_factory
        self.init, self.repr, self.compare, self.kw_only = init, repr, compare, kw_only
        self.metadata = metadata


if TYPE_CHECKING:
    from dataclasses import asdict, dataclass, field, fields, replace
else:
    field = Field

    def dataclass(
        declared: type[Any] | None = None,
        /,
        *,
        frozen: bool = False,
        slots: bool = False,
        order: bool = False,
        kw_only: bool = False,
    ) -> Any:
        """Python's ``dataclass``, with its arguments and its meaning. What a class defines itself is kept."""

        def make(cls: type[Any]) -> type[Any]:
            return _made(cls, frozen=frozen, slots=slots, order=order, kw_only=kw_only)

        return make if declared is None else make(declared)

    def fields(of: Any) -> tuple[Field, ...]:
        """The fields of a value, or of a class of values, in their order: first those of what it is more of."""
        return _fields(of)

    def replace(value: Any, /, **changes: Any) -> Any:
        """A value like ``value``, but with ``changes``."""
        for it in _fields(value):
            if it.init and it.name not in changes:
                changes[it.name] = getattr(value, it.name)
        return value.__class__(**changes)

    def asdict(value: Any) -> dict[str, Any]:
        """``value`` as a dict, and so on for the values in it, also in lists, tuples and dicts."""
        return {it.name: _plain(getattr(value, it.name)) for it in _fields(value)}


def _fields(of: Any) -> tuple[Field, ...]:
    known: tuple[Field, ...] = of.__value_fields__
    return known


def _plain(it: Any) -> Any:
    if hasattr(type(it), "__value_fields__"):
        return asdict(it)
    if isinstance(it, list | tuple):
        return type(it)(map(_plain, it))
    if isinstance(it, dict):
        return {_plain(name): _plain(value) for name, value in it.items()}
    return it


# -- the class -----------------------------------------------------------------------------------------------------


def _made(declared: Any, *, frozen: bool, slots: bool, order: bool, kw_only: bool) -> type[Any]:
    """The class of values that ``declared`` describes."""
    own = {name: None for name, kind in declared.__annotations__.items() if "ClassVar" not in str(kind)}
    given = {name: vars(declared)[name] for name in own if name in vars(declared)}
    methods = dict(_methods(lambda: made, frozen=frozen, order=order))
    methods["__value_fields__"] = _OfClass(lambda: _found(made, own, given, kw_only=kw_only))
    kept = {name for name, it in vars(declared).items() if it is not None}
    methods = {name: method for name, method in methods.items() if name not in kept}
    if slots:
        # Slots can only be had from the beginning: the class is made once more.
        space = {name: it for name, it in vars(declared).items() if name not in own and name not in _OF_ANY_CLASS}
        space |= methods | {"__slots__": tuple(own), "__qualname__": declared.__qualname__}
        made: type[Any] = type(declared)(declared.__name__, declared.__bases__, space)
        return made
    for name, it in given.items():
        if isinstance(it, Field):
            if it.default is _NONE_GIVEN:
                delattr(declared, name)
            else:
                setattr(declared, name, it.default)
    for name, method in methods.items():
        setattr(declared, name, method)
    made = declared
    return made


#: what each class has without slots
_OF_ANY_CLASS = frozenset(("__dict__", "__weakref__"))


class _OfClass:
    """An attribute of a class that is worked out when somebody asks for it."""

    __slots__ = ("_work",)

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work

    def __get__(self, value: Any, owner: type[Any]) -> Any:
        return self._work()


def _found(made: type[Any], own: Mapping[str, None], given: Mapping[str, Any], *, kw_only: bool) -> tuple[Field, ...]:
    found: dict[str, Field] = {}
    for base in reversed(made.__mro__[1:]):
        found |= {it.name: it for it in getattr(base, "__value_fields__", ())}
    for name in own:
        default = given.get(name, _NONE_GIVEN)
        it = default if isinstance(default, Field) else Field(default=default)
        it.name = name
        it.kw_only = kw_only if it.kw_only is None else it.kw_only
        found[name] = it
    made.__value_fields__ = tuple(found.values())  # for who asks next
    return tuple(found.values())


def _for_python(made: Any) -> Any:
    """The same fields as Python's own functions want to see them."""
    import dataclasses

    def its(it: Field) -> tuple[str, Any, Any]:
        default = {} if it.default is _NONE_GIVEN else {"default": it.default}
        factory = {} if it.default_factory is _NONE_GIVEN else {"default_factory": it.default_factory}
        how = {name: getattr(it, name) for name in ("init", "repr", "compare", "metadata")}
        return it.name, Any, dataclasses.field(**default, **factory, **how, kw_only=True)

    same: Any = dataclasses.make_dataclass("Same", map(its, _fields(made)), init=False, repr=False, eq=False)
    made.__dataclass_fields__ = same.__dataclass_fields__  # for who asks next
    return same.__dataclass_fields__


# -- its methods ---------------------------------------------------------------------------------------------------


def _methods(made: Callable[[], type[Any]], *, frozen: bool, order: bool) -> Iterator[tuple[str, Any]]:
    """What makes a class one of values, by name."""

    def compared(value: Any) -> Any:
        """What of ``value`` counts; of the first one it is found out what that is."""
        nonlocal compared
        names = [it.name for it in _fields(made()) if it.compare]
        compared = attrgetter(*names) if names else lambda _: ()  # type: ignore[assignment]
        return compared(value)

    few = _FEW

    def __init__(self: Any, *args: Any, **named: Any) -> None:
        """Stands in as long as only a few values are made, and for whom they are given as they should be."""
        nonlocal few
        few -= 1
        if few < 0 or not _filled(made(), self, args, named):
            made().__init__ = _initializer(made(), frozen=frozen)
            made().__init__(self, *args, **named)

    def __eq__(self: Any, other: object) -> bool:
        return compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: Any) -> int:
        return hash(compared(self))

    yield from (("__init__", __init__), ("__eq__", __eq__), ("__hash__", __hash__ if frozen else None))
    yield from _ALL
    yield from _FROZEN if frozen else ()
    for before in _ORDERS if order else ():
        yield f"__{before.__name__}__", _ordered(before, lambda value: compared(value))
    yield "__dataclass_fields__", _OfClass(lambda: _for_python(made()))
    yield "__match_args__", _OfClass(lambda: _by_place(made()))


_ORDERS = (lt, le, gt, ge)
#: To write and compile ``__init__`` takes as long as to make some fifty values without it; most classes have one.
_FEW = 20


def _filled(made: type[Any], value: Any, args: tuple[Any, ...], named: dict[str, Any]) -> bool:
    """Set the fields of ``value``, which has none yet; whether the arguments were such as it can be made of."""
    fields = _fields(made)
    given = dict(zip((it.name for it in fields if it.init and not it.kw_only), args, strict=False))
    if len(given) < len(args) or not given.keys().isdisjoint(named):
        return False
    given |= named
    for it in fields:
        if it.init and it.name in given:
            content = given.pop(it.name)
        elif it.default_factory is not _NONE_GIVEN:
            content = it.default_factory()
        elif it.default is not _NONE_GIVEN:
            content = it.default
        elif it.init:
            return False
        else:
            continue  # ``__post_init__`` will give it
        object.__setattr__(value, it.name, content)
    if given:
        return False
    if hasattr(made, "__post_init__"):
        value.__post_init__()
    return True


def _by_place(made: Any) -> tuple[str, ...]:
    names = tuple(it.name for it in _fields(made) if it.init and not it.kw_only)
    setattr(made, "__match_args__", names)  # noqa: B010 - for who asks next
    return names


def _ordered(before: Callable[[Any, Any], Any], compared: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    def comparison(self: Any, other: Any) -> Any:
        return before(compared(self), compared(other)) if other.__class__ is self.__class__ else NotImplemented

    return comparison


def _initializer(made: type[Any], *, frozen: bool) -> Callable[..., None]:
    """``__init__`` with the parameters that the fields of ``made`` ask for, in their order, those by name last."""
    known: dict[str, Any] = {"_set": object.__setattr__, "_made_anew": object()}
    by_place, by_name, body = ["self"], ["*"], []
    for it in _fields(made):
        value, default = it.name, _default(it, known)
        if it.init:
            (by_name if it.kw_only else by_place).append(f"{it.name}{default and f'={default}'}")
            if it.default_factory is not _NONE_GIVEN:
                value = f"_of_{it.name}() if {it.name} is _made_anew else {it.name}"
        elif default:
            value = f"_of_{it.name}()" if it.default_factory is not _NONE_GIVEN else default
        else:
            continue  # ``__post_init__`` will give it
        body.append(_assignment(made, it.name, value, known) if frozen else f"self.{it.name} = {value}")
    if hasattr(made, "__post_init__"):
        body.append("self.__post_init__()")
    parameters = ", ".join(by_place + (by_name if len(by_name) > 1 else []))
    exec("\n    ".join((f"def __init__({parameters}):", *body, "pass")), known)  # of our own declarations
    return known["__init__"]  # type: ignore[no-any-return]


def _default(it: Field, known: dict[str, Any]) -> str:
    """What stands for the default of a field, or ``""`` for one without; ``known`` is told what that means."""
    if it.default_factory is not _NONE_GIVEN:
        known[f"_of_{it.name}"] = it.default_factory
        return "_made_anew"
    if it.default is not _NONE_GIVEN:
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
        told = (f"{it.name}={getattr(self, it.name)!r}" for it in _fields(self) if it.repr)
        return f"{type(self).__qualname__}({', '.join(told)})"

    def __setattr__(self: Any, name: str, value: Any) -> None:
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self: Any, name: str) -> None:
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __getstate__(self: Any) -> list[Any]:
        """For pickle, which would set one attribute after the other."""
        return [getattr(self, it.name) for it in _fields(self)]

    def __setstate__(self: Any, state: list[Any]) -> None:
        for it, value in zip(_fields(self), state, strict=True):
            object.__setattr__(self, it.name, value)


_ALL = (("__repr__", _Shared.__repr__),)
_FROZEN = tuple((name, vars(_Shared)[name]) for name in ("__setattr__", "__delattr__", "__getstate__", "__setstate__"))
