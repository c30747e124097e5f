"""Remove the position from XMP at the same length: what says it becomes spaces, which XML ignores.

XMP Specification part 1 (ISO 16684-1), part 3 for the segments of a JPEG.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.parsers import expat

#: exif:GPS… of the standard; drone makers and mapping tools use their own namespaces and spellings for the same
_POSITION = re.compile(r"gps|.*(?:latitude|longt?itude)\Z|(?:lat|lon|long)\Z")
_ATTRIBUTE = re.compile(rb"""\s+(([^\s=<>"'/]+)\s*=\s*(?:"[^"]*"|'[^']*'))""")
#: for text that cannot be parsed or may not be touched: does it look as if it held a position?
_SUSPICION = re.compile(rb"(?i):(?:gps\w*|\w*latitude|\w*longt?itude|lat|lon|long)\s*[=>]|g\0p\0s\0")


def may_hold_position(packet: bytes) -> bool:
    """Whether XMP that cannot be edited looks as if it held a position."""
    return _SUSPICION.search(packet) is not None


def remove_position(packet: bytes) -> bytes | None:
    """``packet`` of the same length without any position; the same object when there is none.

    ``None`` when the packet is no XML that can be edited safely (broken, or with a document type).
    """
    text = packet.rstrip(b"\0")
    try:
        spans = _position_spans(text)
    except expat.ExpatError:
        return None
    if not spans:
        return packet
    blanked = bytearray(packet)
    for start, end in spans:
        blanked[start:end] = b" " * (end - start)
    return bytes(blanked)


def _is_position(name: str) -> bool:
    return _POSITION.match(name.rpartition(":")[2].lower()) is not None


def _position_spans(text: bytes) -> list[tuple[int, int]]:
    """Byte ranges of the elements and attributes that say a position.

    Raises ``expat.ExpatError`` for what is not well-formed or brings its own entities.
    """
    parser = expat.ParserCreate("UTF-8")
    spans: list[tuple[int, int]] = []
    open_at: list[int] = []

    def start(name: str, _attributes: object) -> None:
        at = parser.CurrentByteIndex
        if open_at or _is_position(name):
            open_at.append(at)
        else:
            spans.extend(_attribute_spans(text, at))

    def end(name: str) -> None:
        if open_at:
            at = open_at.pop()
            if not open_at:
                # expat stands at the closing tag, or behind an element that closes itself
                closing = re.compile(b"</" + re.escape(name.encode()) + rb"\s*>").match(text, parser.CurrentByteIndex)
                spans.append((at, closing.end() if closing else parser.CurrentByteIndex))

    def refuse(*_: object) -> None:
        raise expat.ExpatError("a document type")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = refuse
    parser.Parse(text, True)
    return spans


def _attribute_spans(text: bytes, tag_at: int) -> Iterator[tuple[int, int]]:
    position = re.compile(rb"<[^\s/>]+").match(text, tag_at)
    while position and (attribute := _ATTRIBUTE.match(text, position.end())):
        if _is_position(attribute[2].decode()):
            yield attribute.span(1)
        position = attribute
