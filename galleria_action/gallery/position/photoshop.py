"""Positions in Photoshop's image resources (APP13), and in the IPTC records among them.

Sources: Adobe Photoshop File Formats Specification (resources 0x0404, 0x0409, 0x040C, 0x0422 to 0x0424), IPTC-IIM 4.2.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

from galleria_action.expressions import expression
from galleria_action.gallery.position.search import Search
from galleria_action.gallery.position.words import GEO_TEXT, says_position
from galleria_action.gallery.position.xmp import find_in_xmp

HEADER = b"Photoshop 3.0\0"
_IPTC, _XMP = 0x0404, 0x0424
_EXIF = frozenset([0x0422, 0x0423])
_THUMBNAILS = frozenset([0x0409, 0x040C])
#: Photoshop's header before the thumbnail's JPEG
_THUMBNAIL_HEADER = 28
_SIGNATURE = expression(rb"8BIM|8B64|PHUT|AgHg|DCSR|MeSa")
_MOST = 10_000

Finder = Callable[[Search], None]


class _Resource(NamedTuple):
    number: int
    start: int
    end: int


def find_in_resources(
    search: Search, find_in_exif: Finder | None = None, find_in_picture: Finder | None = None
) -> None:
    """Look through a list of resources; EXIF and the thumbnail among them are handed to those who can read them."""
    for resource in _resources(search.data):
        piece = [(resource.start, resource.end)]
        if resource.number == _IPTC:
            with search.part(piece, "IPTC") as it:
                find_in_iptc(it)
        elif resource.number == _XMP:
            with search.part(piece, "Photoshop's XMP") as it:
                find_in_xmp(it)
        elif resource.number in _EXIF and find_in_exif:
            with search.part(piece, "Photoshop's EXIF") as it:
                find_in_exif(it)
        elif resource.number in _THUMBNAILS and find_in_picture and resource.start + _THUMBNAIL_HEADER < resource.end:
            with search.part([(resource.start + _THUMBNAIL_HEADER, resource.end)], "Photoshop's thumbnail") as it:
                find_in_picture(it)
    if says_position(search.rest()):
        search.leave()


def _resources(data: bytes) -> Iterator[_Resource]:
    """Signature, number, name padded to even, length, body padded to even; ends where that is not so."""
    at = 0
    for _ in range(_MOST):
        if at + 12 > len(data) or not _SIGNATURE.match(data, at):
            return
        (number,) = struct.unpack_from(">H", data, at + 4)
        at += 6 + (data[at + 6] + 2) // 2 * 2
        if at + 4 > len(data):
            return
        (size,) = struct.unpack_from(">I", data, at)
        if at + 4 + size > len(data):
            return
        yield _Resource(number, at + 4, at + 4 + size)
        at += 4 + size + size % 2


def find_in_iptc(search: Search) -> None:
    """Look through IPTC records: words that are a position become blanks."""
    data, at = search.data, 0
    for _ in range(_MOST):
        if at + 5 > len(data) or data[at] != 0x1C:
            break
        (size,) = struct.unpack_from(">H", data, at + 3)
        at += 5
        if size & 0x8000:
            length = size & 0x7FFF
            size = int.from_bytes(data[at : at + length], "big")
            at += length
        value = data[at : at + size]
        if GEO_TEXT.fullmatch(value) or says_position(value):
            search.blank(at, b" " * len(value))
        at += size
    if says_position(search.cleaned()):
        search.leave()
