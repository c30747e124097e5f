"""Publish no position with the metadata: what says one becomes ``null``, or an empty text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from galleria_action.errors import GalleryInvalid
from galleria_action.gallery.position.words import GEO_TEXT, folded, says_place
from galleria_action.values import dataclass

_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[{}\[\],:]|[^\s{}\[\],:"]++')
#: names of a position, in small letters without anything between them
_NAME = re.compile(
    r"(?:gps|geo(?:tag|location|point|hash|json|pos|coord)).*|.*(?:latitude|longt?itude).*|(?:lat|lon|lng|long)"
    r"|(?:lat(?:lng|lon|long)|(?:lon|lng)lat)|coord(?:inate)?s?|pluscode|what3words"
)
#: these may as well be words, or a place in a list: the value decides
_MAYBE = re.compile(r"(?:.*(?:location|position|place|point)|geo|geometry)")
_PAIR = re.compile(r"\s*[+-]?\d{1,2}\.\d{3,20}\s{0,9}[,;/ ]\s{0,9}[+-]?\d{1,3}\.\d{3,20}\s*")
#: enough of one under a name that may mean a place
_ROUGH_PAIR = re.compile(r"\s*[+-]?\d{1,3}(?:\.\d{1,20})?\s{0,9}[,;/ ]\s{0,9}[+-]?\d{1,3}\.\d{1,20}\s*")
_DEGREES = re.compile(r"\s*\d{1,3}(?:\.\d+)?\s?°[^NS]{0,40}[NS][,;/ ]{0,4}\d{1,3}(?:\.\d+)?\s?°[^EW]{0,40}[EW]\s*")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """``raw`` is the very object that was given where it tells nothing; ``fields`` are the places that did."""

    raw: bytes
    fields: tuple[str, ...] = ()


def redact_positions(metadata: bytes) -> Cleaned:
    """``gallery-metadata.json`` without positions: values of fields whose names mean one, texts that are nothing but
    one, and texts that tell one in words and numbers. Everything else stays byte for byte.

    Raises ``GalleryInvalid`` when ``metadata`` is not JSON in UTF-8.
    """
    try:
        text = metadata.decode()
        if not _tells(json.loads(text.removeprefix("\ufeff"))):
            return Cleaned(metadata)
        spans = list(_spans(text))
    except (ValueError, RecursionError) as error:
        raise GalleryInvalid(
            f"The metadata cannot be searched for positions, because it cannot be read: {error}",
            hint="Write gallery-metadata.json anew.",
        ) from error
    if not spans:
        return Cleaned(metadata)
    parts, position = [], 0
    for start, end, replacement, _ in spans:
        parts += [text[position:start], replacement]
        position = end
    return Cleaned("".join([*parts, text[position:]]).encode(), tuple(path for *_, path in spans))


def _tells(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_is_position(name, inner) or _tells(inner) for name, inner in value.items())
    if isinstance(value, list):
        return any(map(_tells, value))
    return _is_position_text(value)


def _is_position(name: str, value: Any) -> bool:
    """Whether a field of this name says where with this value."""
    if value is None or isinstance(value, bool) or value in ("", [], {}):
        return False
    plain = "".join(letter for letter in name.lower() if letter.isalnum())
    return _NAME.fullmatch(plain) is not None or (
        _MAYBE.fullmatch(plain) is not None
        and (
            len(list(islice(_numbers(value), 2))) > 1 or (isinstance(value, str) and bool(_ROUGH_PAIR.fullmatch(value)))
        )
    )


def _is_position_text(value: Any) -> bool:
    return isinstance(value, str) and ((len(value) < 200 and _says_where(value)) or _describes_where(value))


def _describes_where(text: str) -> bool:
    """Whether a description says it: `At the lake (lat: 52.52, lon: 13.40)`."""
    lowered = text.lower()
    if "lat" not in lowered and "gps" not in lowered and "coordinates" not in lowered:
        return False
    return says_place(folded(text.encode("utf-8", "surrogatepass")))


def _says_where(text: str) -> bool:
    encoded = text.encode("utf-8", "surrogatepass")
    return any(look.fullmatch(text) for look in (_PAIR, _DEGREES)) or GEO_TEXT.fullmatch(encoded) is not None


def _numbers(value: Any) -> Iterator[float]:
    """The numbers in an object or a list, at any depth."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _numbers(inner)


_Span = tuple[int, int, str, str]


def _spans(text: str) -> Iterator[_Span]:
    """Where positions stand in sound JSON, what replaces each, and its path. Goes from token to token, once."""
    path: list[str | int] = []
    tokens = list(_TOKEN.finditer(text, int(text.startswith("\ufeff"))))
    decoder = json.JSONDecoder()
    number = 0
    while number < len(tokens):
        token = tokens[number][0]
        number += 1
        if token in "{[":
            path.append("" if token == "{" else 0)
        elif token in "}]":
            path.pop()
        elif token == "," and path and isinstance(path[-1], int):
            path[-1] += 1
        elif token[0] == '"' and number < len(tokens) and tokens[number][0] == ":" and isinstance(path[-1], str):
            number += 1
            path[-1] = json.loads(token)
            start = tokens[number].start()
            if _may_be_position(path[-1]):
                value, end = decoder.raw_decode(text, start)
                if _is_position(path[-1], value):
                    yield start, end, "null", _shown(path)
                    while number < len(tokens) and tokens[number].start() < end:
                        number += 1
        elif token[0] == '"' and not _names_a_file(path) and _is_position_text(json.loads(token)):
            yield tokens[number - 1].start(), tokens[number - 1].end(), '""', _shown(path)


def _names_a_file(path: list[str | int]) -> bool:
    """Whether the gallery rests on this text: without it nobody would find the photo."""
    return path[-1:] == ["id"] or path[-2:-1] == ["files"]


def _may_be_position(name: str) -> bool:
    return _is_position(name, [1, 2])


def _shown(path: list[str | int]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}"[:80] for part in path).lstrip(".")
