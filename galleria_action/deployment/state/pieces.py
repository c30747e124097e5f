"""A large record read in pieces: neither its text nor its lists are ever there as a whole.

Only what is plain is read here, which is what ``written`` writes. Of anything else it is said that it is odd, and it is
read whole.
"""

from __future__ import annotations

import codecs
import json
import re
import zlib
from array import array
from collections.abc import Iterable, Iterator
from sys import intern
from typing import Any

from galleria_action.columns import Texts

_PIECE = 1 << 20
_FED = 64 << 10
_DEEPEST = 4
_GZIP = 16 + zlib.MAX_WBITS

_scalar = re.compile(r"-?(?:0|[1-9][0-9]{0,18})(?=[,}\]])|true|false|null").match
#: all that a list of whole numbers is made of
_OF_NUMBERS = b"-,0123456789"


class Odd(Exception):
    """Not a plain document."""


def read_in_pieces(raw: bytes, most: int) -> dict[str, Any]:
    """The JSON object that is packed (gzip) in ``raw``, as long as it has no more than ``most`` bytes. Lists of whole
    numbers come as arrays, and lists of texts but of ``keys`` and ``values`` as a column.

    Raises ``Odd`` for what is not plain.
    """
    try:
        reader = _Reader(_unpacked(raw, most))
        document = reader.value(0)
    except (ValueError, OverflowError, zlib.error, IndexError) as error:
        raise Odd from error
    if type(document) is not dict or not reader.is_at_end():
        raise Odd
    return document


def _unpacked(raw: bytes, most: int) -> Iterator[str]:
    machine, decode = zlib.decompressobj(_GZIP), codecs.getincrementaldecoder("utf-8")().decode
    length = 0
    for start in range(0, len(raw), _FED):
        fed = raw[start : start + _FED]
        while fed:
            piece = machine.decompress(fed, _PIECE)
            fed = machine.unconsumed_tail
            length += len(piece)
            if length > most or machine.unused_data:
                raise Odd
            yield decode(piece)
    if not machine.eof:
        raise Odd
    yield decode(b"", final=True)


class _Shared(list[str]):
    """Texts of which there is one for all who have the same."""

    def extend(self, texts: Iterable[str]) -> None:
        super().extend(map(intern, texts))


class _Reader:
    """The text from where reading has come to, a piece or two of it."""

    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces = pieces
        self._text, self._at = "", 0

    def value(self, depth: int, name: str = "") -> Any:
        """The next value, that of the field ``name``, which has no space around it."""
        character = self._next()
        if depth > _DEEPEST:
            raise Odd
        if character == "{":
            return self._object(depth)
        if character == "[":
            return self._list(name)
        if character == '"':
            return self._string()
        found = _scalar(self._text, self._at)
        if not found:
            raise Odd
        self._at = found.end()
        return json.loads(found[0])

    def is_at_end(self) -> bool:
        """Whether nothing is left."""
        while self._at == len(self._text):
            if not self._read_on():
                return True
        return False

    def _object(self, depth: int) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        self._at += 1
        while self._next() != "}" or fields:
            name = self._string()
            if name in fields or not self._is(":"):
                raise Odd
            fields[name] = self.value(depth + 1, name)
            if not self._is(","):
                break
        if not self._is("}"):
            raise Odd
        return fields

    def _list(self, name: str) -> Any:
        self._at += 1
        if self._is("]"):
            return []
        numbers = self._next() != '"'
        # other documents have the same keys and ids: one text for all
        items: Any = array("q") if numbers else _Shared() if name in ("keys", "values") else Texts()
        more = True
        while more:
            while len(self._text) - self._at < _PIECE and self._read_on():
                pass
            items.extend(self._numbers() if numbers else self._texts())
            more = self._is(",")
        if not self._is("]"):
            raise Odd
        return items

    def _numbers(self) -> Any:
        part = self._part("]", ",", 0)
        if part.encode().translate(None, _OF_NUMBERS):
            raise Odd
        return json.loads(f"[{part}]")

    def _texts(self) -> Any:
        # Where the end is not one, because a text begins with a bracket or holds a comma, no list is read here.
        part = self._part('"]', '","', 1)
        texts = json.loads(f"[{part}]")
        if not set(map(type, texts)) <= {str}:
            raise Odd
        return texts

    def _part(self, end: str, between: str, more: int) -> str:
        """What comes next of a list: all up to its ``end``, or as much of it as is there up to what stands ``between``
        two items; and so many ``more`` characters, which are an item's, too."""
        found = self._text.find(end, self._at)
        if found < 0:
            found = self._text.rfind(between, self._at)
        if found < 0:
            raise Odd
        part = self._text[self._at : found + more]
        self._at += len(part)
        return part

    def _string(self) -> str:
        parts: list[str] = []
        if self._next() != '"':
            raise Odd
        self._at += 1
        while self._next() != '"':
            parts.append(self._plain())
        self._at += 1
        return "".join(parts)

    def _plain(self) -> str:
        """What of a text is there by now, up to its end."""
        end = self._text.find('"', self._at)
        part = self._text[self._at : end] if end >= 0 else self._text[self._at :]
        if "\\" in part:
            raise Odd
        self._at += len(part)
        return str(json.loads(f'"{part}"'))  # which refuses what may not stand there

    def _is(self, character: str) -> bool:
        if self._next() != character:
            return False
        self._at += 1
        return True

    def _next(self) -> str:
        """The next character; ``Odd`` where there is none."""
        while self._at == len(self._text):
            if not self._read_on():
                raise Odd
        return self._text[self._at]

    def _read_on(self) -> bool:
        """Let another piece follow, if there is one, and forget what has been read."""
        piece = next(self._pieces, None)
        if piece is None:
            return False
        self._text, self._at = self._text[self._at :] + piece, 0
        return True
