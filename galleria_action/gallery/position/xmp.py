"""Positions in XMP: what says one becomes spaces, which XML ignores, so that the packet keeps its length.

XMP Specification part 1 (ISO 16684-1), part 3 for the segments of a JPEG; Exif for XMP (CIPA DC-010).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.parsers import expat

from galleria_action.expressions import expression
from galleria_action.gallery.position.search import Search
from galleria_action.gallery.position.words import GEO_TEXT, folded, says_place

#: exif:GPS… of the standard, Iptc4xmpExt:LocationId (the number of a place in a gazetteer), georss; drone makers and
#: mapping tools use their own namespaces and spellings
_POSITION = expression(r"(?:.*:)?(?:gps|.*(?:latitude|longt?itude)\Z|(?:lat|lon|long)\Z|locationid\Z)|georss:")
#: these say when, how and how high, not where
_HARMLESS = expression(
    r"(?:.*:)?gps(?:info|versionid|timestamp|datestamp|satellites|status|measuremode|dop|mapdatum|differential"
    r"|processingmethod|hpositioningerror|(?:altitude|speed|track|imgdirection|destbearing|destdistance)(?:ref)?)\Z"
)
_ATTRIBUTE = expression(rb"""\s+(([^\s=<>"'/]+)\s*=\s*(?:"([^"]*)"|'([^']*)'))""")
#: without one of these a packet need not be parsed
_HINTS = (b"gps", b"titude", b":lat", b":lon", b"<lat", b"<lon", b" lat", b" lon", b"geo", b"locationid")
#: for text that cannot be parsed or may not be touched: does it look as if it held a position?
_SUSPICION = expression(rb"[:<\s](gps\w*|\w*latitude|\w*longt?itude|lat|lon|long)\s*[=>]|(geo:(?:lat|lon))")


def find_in_xmp(search: Search) -> None:
    """Look through an XMP packet."""
    text = folded(search.data)
    if not any(hint in text for hint in _HINTS):
        _look_at_words(search, text)
        return
    packet = search.data.rstrip(b"\0")
    try:
        spans = _position_spans(packet)
    except expat.ExpatError:
        if any(_tells((found[1] or found[2]).decode()) for found in _SUSPICION.finditer(text)):
            search.leave("it is not well-formed")
        return
    for span in spans:
        search.blank(span.start, b" " * (span.end - span.start), told=span.tells)
    _look_at_words(search, folded(search.cleaned()))


def _look_at_words(search: Search, text: bytes) -> None:
    """What a description says; it is somebody's text, and stays."""
    if says_place(text):
        search.leave("in a text")


class _Span(NamedTuple):
    start: int
    end: int
    tells: bool


def _is_position(name: str) -> bool:
    return _POSITION.match(name.lower()) is not None


def _tells(name: str) -> bool:
    return _HARMLESS.match(name.lower()) is None


class _Open(NamedTuple):
    """An element that is being read: where it begins, and whether it says a position by its ``name``."""

    at: int
    name: str


class _Reader:
    """Collects the byte ranges of the elements and attributes that say a position."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.spans: list[_Span] = []
        self._elements: list[_Open] = []
        self._position_from: int | None = None
        self._parser = parser = expat.ParserCreate("UTF-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._words
        parser.StartDoctypeDeclHandler = self._refuse

    def read(self) -> list[_Span]:
        self._parser.Parse(self.text, True)
        return self.spans

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        at = self._parser.CurrentByteIndex
        self._elements.append(_Open(at, name))
        if self._position_from is None and _is_position(name):
            self._position_from = len(self._elements)
        if self._position_from is None and attributes:
            self.spans.extend(_attribute_spans(self.text, at))

    def _words(self, words: str) -> None:
        """A keyword may be a position, too: then the whole element goes."""
        if self._position_from is None and self._elements and GEO_TEXT.fullmatch(words.encode()):
            self._position_from = len(self._elements)

    def _end(self, name: str) -> None:
        element = self._elements.pop()
        if self._position_from != len(self._elements) + 1:
            return
        self._position_from = None
        # expat stands at the closing tag, or behind an element that closes itself
        here = self._parser.CurrentByteIndex
        closes = self.text.startswith(b"</" + name.encode(), here)
        end = self.text.index(b">", here) + 1 if closes else here
        self.spans.append(_Span(element.at, end, _tells(element.name)))

    def _refuse(self, *_: object) -> None:
        raise expat.ExpatError("a document type")


def _position_spans(text: bytes) -> list[_Span]:
    """Byte ranges of the elements and attributes that say a position.

    Raises ``expat.ExpatError`` for what is not well-formed or brings its own entities.
    """
    return _Reader(text).read()


def _attribute_spans(text: bytes, tag_at: int) -> Iterator[_Span]:
    position = re.compile(rb"<[^\s/>]+").match(text, tag_at)
    while position and (attribute := _ATTRIBUTE.match(text, position.end())):
        name = attribute[2].decode()
        if not name.startswith("xmlns") and (
            _is_position(name) or GEO_TEXT.fullmatch(attribute[3] or attribute[4] or b"")
        ):
            yield _Span(*attribute.span(1), tells=_tells(name))
        position = attribute
