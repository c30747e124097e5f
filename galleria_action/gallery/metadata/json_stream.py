"""A large JSON document in pieces: one long list of it is handed over bit by bit, so that it is never there as a whole.

Only what is plain is read here, which nearly every document is. Of anything else it is said that it is odd, and
``json_source`` reads it whole and tells what is wrong where.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from typing import Any

from galleria_action.gallery.metadata import json_source
from galleria_action.gallery.metadata.json_source import StrictReader, Unreadable, check_density, check_size, skip_space

#: bytes that are turned into text at a time; and so long a single item or field may be
_PIECE = 1 << 20
#: items that are handed over together
TOGETHER = 1_000
#: characters that are handed over together as they stand, and where such a piece may end: between two objects in a list
_AS_THEY_STAND = 1 << 19
_between = re.compile(r"\}(?=[ \t\n\r]*+,[ \t\n\r]*+\{)").search


class Odd(Exception):
    """Not a plain document."""


def read_in_pieces(
    raw: bytes, name: str, take: Callable[[list[Any]], None], take_text: Callable[[str], bool] | None = None
) -> dict[str, Any]:
    """The object that ``raw`` (UTF-8 JSON) is; of the list in its field ``name`` only that it was there: its items go
    to ``take``, some at a time and in their order. ``take_text`` is handed many at once, as the text of an array; what
    it accepts ``take`` is not given.

    Raises ``Odd`` for what is not plain, and what ``take`` raises.
    """
    try:
        check_size(raw)
        return _Pieces(raw, name, take, take_text).document()
    except (Unreadable, ValueError, RecursionError) as error:
        raise Odd from error


class _Pieces:
    """The text from where reading has come to, a piece or two of it."""

    def __init__(
        self, raw: bytes, name: str, take: Callable[[list[Any]], None], take_text: Callable[[str], bool] | None
    ) -> None:
        self._raw, self._behind = raw, 0
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self._text, self._at = "", 0
        self._name, self._take, self._take_text = name, take, take_text
        self._reader = StrictReader()
        #: characters that were read value for value, which take many times their room; what has a type takes no more
        self._by_value = 0

    def document(self) -> dict[str, Any]:
        self._expect("{")
        fields: dict[str, Any] = {}
        more = self._next() != "}"
        while more:
            field = self._value()
            if type(field) is not str or field in fields:
                raise Odd
            self._expect(":")
            listed = field == self._name and self._next() == "["
            fields[field] = self._items() if listed else self._value()
            more = self._is_more("}")
        if not fields:
            self._expect("}")
        if self._next():
            raise Odd
        return fields

    def _items(self) -> list[Any]:
        self._expect("[")
        items: list[Any] = []
        more = self._next() != "]"
        if not more:
            self._expect("]")
        while more:
            if not items and self._taken_as_they_stand():
                more = self._is_more("]")
                continue
            items.append(self._value())
            more = self._is_more("]")
            if len(items) == TOGETHER or not more:
                self._take(items)
                items = []
        return []

    def _taken_as_they_stand(self) -> bool:
        """Whether the next items, up to what looks like the end of one, were taken as a text. It need not be one: what
        is a sound array when a bracket follows has no item that goes on behind it, because an object ends with a brace,
        and it has one item at least."""
        if self._take_text is None or self._next() != "{":
            return False
        self._read_ahead()
        found = _between(self._text, self._at + _AS_THEY_STAND)
        if found is None and self._behind < len(self._raw):
            return False
        end = self._text.rfind("]") if found is None else found.end()
        if end < self._at or not self._take_text(f"[{self._text[self._at : end]}]"):
            return False
        self._at = end
        return True

    def _is_more(self, end: str) -> bool:
        """Whether a comma comes next, and not the ``end``."""
        found = self._next()
        if found not in (",", end):
            raise Odd
        self._at += 1
        return found == ","

    def _expect(self, character: str) -> None:
        if self._next() != character:
            raise Odd
        self._at += 1

    def _next(self) -> str:
        """The next character that is not space; empty at the end."""
        self._at = skip_space(self._text, self._at)
        while self._at == len(self._text):
            if not self._read_on():
                return ""
            self._at = skip_space(self._text, self._at)
        return self._text[self._at]

    def _value(self) -> Any:
        if not self._next():
            raise Odd
        self._read_ahead()
        value, end = self._reader.raw_decode(self._text, self._at)
        if self._reader.found_something or (end == len(self._text) and self._behind < len(self._raw)):
            raise Odd
        if self._by_value <= json_source.DENSE < self._by_value + end - self._at:
            check_density(self._raw)
        self._by_value += end - self._at
        self._at = end
        return value

    def _read_ahead(self) -> None:
        """Let there be a piece of text, if there is so much."""
        if len(self._text) - self._at < _PIECE:
            self._read_on()

    def _read_on(self) -> bool:
        """Let another piece follow, if there is one, and forget what has been read."""
        if self._behind >= len(self._raw):
            return False
        piece = self._raw[self._behind : self._behind + 2 * _PIECE]
        self._behind += len(piece)
        self._text = self._text[self._at :] + self._decode(piece, final=self._behind >= len(self._raw))
        self._at = 0
        return True
