"""Positions in content credentials: C2PA's manifests, boxes in boxes (JUMBF, ISO/IEC 19566-5).

An assertion that tells a position becomes zeros. The signature over it does not hold any more, as it does not for any
photo of which a byte was changed.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from galleria_action.gallery.position.search import Search
from galleria_action.gallery.position.words import says_position

#: in an APP11 segment: `JP`, the box's number (2 bytes), the segment's (4), and then the box's own head, each time anew
SEGMENT = b"JP"
_SEGMENT_HEAD, _BOX_HEAD = 8, 8
_DEEPEST, _MOST = 16, 10_000

Finder = Callable[[Search], None]


def box_pieces(data: bytes, bodies: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """The boxes in the ``bodies`` (start and end) of a JPEG's APP11 segments, each as the pieces it is split into."""
    boxes: dict[bytes, list[tuple[int, int]]] = {}
    for start, end in bodies:
        if data[start : start + 2] == SEGMENT and end - start >= _SEGMENT_HEAD + _BOX_HEAD:
            pieces = boxes.setdefault(data[start + 2 : start + 4], [])
            wide = 8 if data[start + _SEGMENT_HEAD : start + _SEGMENT_HEAD + 4] == b"\0\0\0\1" else 0
            head = _SEGMENT_HEAD + (_BOX_HEAD + wide if pieces else 0)
            pieces.append((min(start + head, end), end))
    return list(boxes.values())


def find_in_credentials(search: Search, find_in_picture: Finder | None = None) -> None:
    """Look through a JUMBF box; thumbnails in it are handed to ``find_in_picture``."""
    data = search.data
    for start, end in _contents(data, 0, len(data), 0):
        if data[start : start + 3] == b"\xff\xd8\xff" and find_in_picture:
            with search.part([(start, end)], "a picture") as it:
                find_in_picture(it)
        elif says_position(data[start:end]):
            search.blank(start, bytes(end - start))
    if says_position(search.rest()):
        search.leave()


def _contents(data: bytes, start: int, end: int, depth: int) -> Iterator[tuple[int, int]]:
    """The bodies of all boxes that are not made of boxes themselves."""
    at = start
    for _ in range(_MOST):
        if at + 8 > end:
            return
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1 and at + 16 <= end:
            (size,) = struct.unpack_from(">Q", data, at + 8)
            head = 16
        stop = end if size == 0 else min(at + size, end)
        if stop < at + head:
            return
        if kind == b"jumb" and depth < _DEEPEST:
            yield from _contents(data, at + head, stop, depth + 1)
        elif kind != b"jumd":
            yield at + head, stop
        at = stop
