"""What the text of an option can mean: each kind reads it, and says how it looks in help and in the config file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Generic, TypeVar

from galleria_action.deployment.releases.record import is_id
from galleria_action.values import dataclass

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

_STRING: Mapping[str, Any] = {"type": "string"}


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """How an option's text is read.

    ``word`` stands for a value in help; ``parse`` raises ``ValueError`` with a text for humans, without the option's
    name; ``schema`` is the JSON Schema of the value in the config file. ``bare`` is what the flag means without a
    value. A ``secret`` does not belong into a repository, a log or a representation. The text of a
    ``multiline`` one may have line breaks. On a command line the value has so many ``words``.
    """

    word: str
    parse: Callable[[str], T]
    schema: Mapping[str, Any]
    choices: tuple[str, ...] = ()
    bare: str | None = None
    secret: bool = False
    multiline: bool = False
    words: int = 1


def shown(text: str) -> str:
    """A user's text in a message: on one line, bounded."""
    quoted = repr(text)
    return quoted if len(quoted) <= 80 else f"{quoted[:77]}...'"


def pattern(word: str, allowed: str, meaning: str) -> Kind[str]:
    """A text of which all of the regular expression ``allowed`` matches; else it is not ``meaning``."""

    def parse(text: str) -> str:
        if re.fullmatch(allowed, text):
            return text
        raise ValueError(f"{shown(text)} is not {meaning}")

    return Kind(word, parse, _STRING)


def parsed(word: str, parse: Callable[[str], T], *types: str) -> Kind[T]:
    """A text that ``parse`` reads; in the config file a value of ``types`` (a string where none is given)."""
    return Kind(word, parse, {"type": list(types)} if types else _STRING)


def lines(word: str, parse: Callable[[str], T]) -> Kind[T]:
    """A text of several lines that ``parse`` reads; in the config file a list of strings will do as well."""
    return Kind(word, parse, {"type": ["string", "array"], "items": {"type": "string"}}, multiline=True)


def secret_lines(word: str, parse: Callable[[str], T]) -> Kind[T]:
    """Like ``lines``, for what nobody may read; ``parse`` must not repeat it in its errors."""
    return Kind(word, parse, _STRING, secret=True)


def has_digits(text: str, most: int) -> bool:
    """Whether ``text`` is a number of at most so many digits, and nothing else."""
    return text.isascii() and text.isdigit() and len(text) <= most


def count(most: int, least: int = 1) -> Kind[int]:
    """A whole number from ``least`` to ``most``."""

    def parse(text: str) -> int:
        if has_digits(text, 9) and least <= int(text) <= most:
            return int(text)
        raise ValueError(f"{shown(text)} is not a whole number from {least} to {most}")

    return Kind("COUNT", parse, {"type": "integer", "minimum": least, "maximum": most})


def choice(values: type[E], bare: str | None = None) -> Kind[E]:
    """One of an enumeration's words; ``bare`` is the one that the flag means alone."""
    words = tuple(value.value for value in values)

    def parse(text: str) -> E:
        if text in words:
            return values(text)
        raise ValueError(f"{shown(text)} is not one of {', '.join(words)}")

    # YAML 1.1 reads a bare `off` as false
    allowed = [*words, False] if "off" in words else [*words]
    return Kind("CHOICE", parse, {"enum": allowed}, words, bare)


def flag_or(values: type[E]) -> Kind[E]:
    """``true``, ``false`` or another of an enumeration's words; the flag alone means ``true``."""
    words = tuple(value.value for value in values)

    def parse(text: str) -> E:
        known = str(_boolean(text)).lower() if text.lower() in ("true", "false") else text
        if known in words:
            return values(known)
        raise ValueError(f"{shown(text)} is not one of {', '.join(words)}")

    return Kind("CHOICE", parse, {"enum": [*words, True, False]}, words, bare="true")


def _boolean(text: str) -> bool:
    """YAML 1.2's core spellings, as GitHub's own ``getBooleanInput`` accepts them."""
    if text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return text.lower() == "true"
    raise ValueError(f"{shown(text)} is neither true nor false")


def _header(text: str) -> str:
    if text.isascii():
        return text
    raise ValueError("a header holds ASCII characters only")


def _secret(text: str) -> str:
    """Never repeats the text. A credential is sent in headers, which take no blanks and nothing but ASCII."""
    if re.fullmatch(r"[!-~]+", text):
        return text
    raise ValueError(
        "it holds a blank, a line break or a letter that no credential has; was it copied whole and alone?"
    )


def _address(text: str) -> str:
    """A web address without a slash at its end."""
    if re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", text):
        return text.rstrip("/")
    raise ValueError(f"{shown(text)} is not an http or https address")


def _release(text: str) -> str:
    if is_id(text):
        return text
    raise ValueError(f"{shown(text)} is not the id of a release, such as 20260131T120000Z-0123abcd; see history")


TEXT: Kind[str] = Kind("TEXT", str, _STRING)
SECRET: Kind[str] = Kind("SECRET", _secret, _STRING, secret=True)
PATH: Kind[Path] = Kind("PATH", Path, _STRING)
FLAG: Kind[bool] = Kind("[true|false]", _boolean, {"type": "boolean"}, bare="true")
RELEASE: Kind[str] = Kind("RELEASE", _release, _STRING)
HEADER: Kind[str] = Kind("TEXT", _header, _STRING)
ADDRESS: Kind[str] = Kind("TEXT", _address, _STRING)
PLAN_ID = pattern("TEXT", r"[0-9a-f]{64}", "a plan id (64 hexadecimal digits)")
