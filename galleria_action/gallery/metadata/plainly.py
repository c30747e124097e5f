"""Whether a document of a few photos is plainly as the schema wants it: told without the validator, which takes longer
to load than to ask.

Nothing is called sound here that the validator refuses: a rule that is not known here, or a value that is out of the
ordinary, is not plain, and then it is the validator that decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import isfinite
from types import NoneType
from typing import Any

_Schema = Mapping[str, Any]
_Check = Callable[[Any], bool]
#: what a schema says to people
SAID = frozenset(("$schema", "$id", "$defs", "title", "description"))
#: whole numbers that are the same to everybody
EXACT = 2**53


class NotPlain(Exception):
    """A schema with a rule that is not known here."""


def check_of(schema: _Schema, root: _Schema) -> _Check:
    """What tells of a value whether it is plainly as ``schema`` wants it, which is a part of ``root``.

    Raises ``NotPlain``.
    """
    rules = {name: it for name, it in schema.items() if name not in SAID}
    if reference := rules.pop("$ref", None):
        return _only(rules, check_of(root["$defs"][reference.removeprefix("#/$defs/")], root))
    if ways := rules.pop("anyOf", None):
        checks = [check_of(way, root) for way in ways]
        return _only(rules, lambda value: any(check(value) for check in checks))
    kinds = rules.pop("type", ())
    by_type: dict[type, _Check] = {}
    for kind in (kinds,) if isinstance(kinds, str) else kinds:
        by_type |= _OF_KIND[kind](rules, root)

    def check(value: Any) -> bool:
        of_type = by_type.get(type(value))
        return of_type is not None and of_type(value)

    return _only(rules, check)


def _only(left: _Schema, check: _Check) -> _Check:
    if left:
        raise NotPlain(f"{', '.join(left)}")
    return check


def _text(rules: dict[str, Any], _: _Schema) -> Mapping[type, _Check]:
    least, most = rules.pop("minLength", 0), rules.pop("maxLength", 2**31)
    pattern = rules.pop("pattern", "^(?s:.*)$")
    if not (pattern.startswith("^") and pattern.endswith("$")):
        raise NotPlain(pattern)
    matches = re.compile(pattern[1:-1]).fullmatch
    return {str: lambda value: least <= len(value) <= most and matches(value) is not None}


def _whole(rules: dict[str, Any], _: _Schema) -> Mapping[type, _Check]:
    least, most = rules.pop("minimum", -EXACT), rules.pop("maximum", EXACT)
    return {int: lambda value: least <= value <= most}


def _number(rules: dict[str, Any], root: _Schema) -> Mapping[type, _Check]:
    least, most = rules.get("minimum", -EXACT), rules.get("maximum", EXACT)
    return {**_whole(rules, root), float: lambda value: isfinite(value) and least <= value <= most}


def _object(rules: dict[str, Any], root: _Schema) -> Mapping[type, _Check]:
    required = frozenset(rules.pop("required", ()))
    fields = {name: check_of(it, root) for name, it in rules.pop("properties", {}).items()}

    def check(value: dict[str, Any]) -> bool:
        return required <= value.keys() and all(
            fields[name](content) for name, content in value.items() if name in fields
        )

    return {dict: check}


def _list(rules: dict[str, Any], root: _Schema) -> Mapping[type, _Check]:
    least, most = rules.pop("minItems", 0), rules.pop("maxItems", 2**31)
    first = [check_of(it, root) for it in rules.pop("prefixItems", ())]
    item = check_of(rules.pop("items"), root) if "items" in rules else lambda _: not first

    def check(value: list[Any]) -> bool:
        return (
            least <= len(value) <= most
            and all(check(content) for check, content in zip(first, value, strict=False))
            and all(map(item, value[len(first) :]))
        )

    return {list: check}


_OF_KIND: Mapping[str, Callable[[dict[str, Any], _Schema], Mapping[type, _Check]]] = {
    "string": _text,
    "integer": _whole,
    "number": _number,
    "object": _object,
    "array": _list,
    "null": lambda rules, root: {NoneType: lambda value: True},
}


def is_plainly_shallow(document: Any, depth: int, most: int) -> bool:
    """Whether ``document`` nests no deeper than ``depth``, has ``most`` values at most, and can be written as UTF-8."""
    level = [document]
    for _ in range(depth):
        deeper: list[Any] = []
        for it in level:
            if isinstance(it, dict):
                deeper += it
                deeper += it.values()
            elif isinstance(it, list):
                deeper += it
            elif isinstance(it, str) and not it.isascii() and not _is_unicode(it):
                return False
        if not deeper:
            return True
        most -= len(deeper)
        if most < 0:
            return False
        level = deeper
    return False


def _is_unicode(text: str) -> bool:
    try:
        return bool(text.encode())
    except UnicodeEncodeError:
        return False
