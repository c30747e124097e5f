"""The position in a file of any format: taken out in place, and a last look at the finished bytes.

What is not understood is looked through as bare bytes; what cannot be taken out is named. Nothing else changes, and no
byte moves. See ``docs/exif.md`` for what is promised.
"""

from __future__ import annotations

import re

from galleria_action.expressions import expression
from galleria_action.gallery.containers import jpeg
from galleria_action.gallery.containers.jpeg import BytesLike
from galleria_action.gallery.position.boxes import find_in_boxes
from galleria_action.gallery.position.chunks import find_in_png, find_in_webp
from galleria_action.gallery.position.exif_block import find_in_exif, gps_tells
from galleria_action.gallery.position.jpeg_file import find_in_jpeg
from galleria_action.gallery.position.search import Intricate, Search
from galleria_action.gallery.position.unknown import find_in_unknown
from galleria_action.gallery.position.words import says_position
from galleria_action.values import dataclass

_JPEG = expression(rb"\xff\xd8")
_PNG = expression(rb"\x89PNG\r\n\x1a\n")
_WEBP = expression(rb"RIFF....WEBP", re.DOTALL)
_BOXES = expression(rb"....(?:ftyp|moov|mdat|wide|free|skip|JXL )", re.DOTALL)
_TIFF = expression(rb"II[*+]\0|MM\0[*+]")


#: with one block out of the way another may be found; in real files nothing is left to do after the first round
_MOST_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class WithoutPosition:
    """``data`` is the very object that was given where nothing was to be done. ``told`` are the places that said a
    position, ``left`` those that still do."""

    data: BytesLike
    told: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each place that still tells; where none does, for each that did."""
        if self.left:
            return tuple(f"a position was left in {place}" for place in self.left)
        return tuple(f"a position was taken out of {place or 'the file'}" for place in self.told)

    def after(self, earlier: WithoutPosition) -> WithoutPosition:
        """This, with what an ``earlier`` round on the same file has found."""
        return WithoutPosition(self.data, (*earlier.told, *self.told), tuple(dict.fromkeys(earlier.left + self.left)))


def without_position(data: BytesLike) -> WithoutPosition:
    """``data``, the bytes of a photo or video, without any position; of the same length, and otherwise the same.

    It ends with a look at the finished bytes that finds nothing to do. Never raises for anything in ``data``. Takes
    time in proportion to its length.
    """
    clean = data if isinstance(data, bytes) else bytes(data)
    told: dict[str, None] = {}
    left: dict[str, None] = {}
    for number in range(_MOST_ROUNDS + 1):
        search = _searched(clean)
        told |= search.told if number == 0 else {}
        left |= search.left
        if not search.changed:
            return WithoutPosition(clean if number else data, tuple(told), tuple(left))
        clean = search.cleaned()
    return WithoutPosition(clean, tuple(told), (*left, "bytes that several blocks share"))


def tells_position(data: bytes) -> bool:
    """Whether ``data``, the bytes of a photo or video, says a position."""
    return bool(_searched(data).told)


#: SOS and EOI: a JPEG without its pixels
_NO_PIXELS = b"\xff\xda\0\x02\xff\xd9"
#: the record of a pointer to a GPS directory, in both byte orders
_POINTERS = (b"\x88\x25\0\x04\0\0\0\x01", b"\x25\x88\x04\0\x01\0\0\0")


def head_tells_position(beginning: bytes) -> bool:
    """Whether a JPEG says a position before its pixels, where cameras and phones say it; much cheaper than a look
    through all of it. ``beginning`` may be cut anywhere; what is not in it is not known."""
    exif: tuple[jpeg.Segment, ...] = ()
    try:
        found = jpeg.read_head(memoryview(beginning))
        head, exif = beginning[: found.scan] + _NO_PIXELS, found.exif
    except jpeg.Damaged:
        head = beginning
    hints = any(map(head.count, _POINTERS)) or says_position(head)
    if hints and exif and gps_tells(head[exif[0].body + len(jpeg.EXIF_HEADER) : exif[0].end]):
        return True  # as a look through all of it would find as well
    return hints and tells_position(head)


def _searched(data: bytes) -> Search:
    search = Search(data)
    try:
        _find(search)
    except Intricate:
        search.leave("more blocks in blocks than any real photo has")
    return search


def _find(search: Search) -> None:
    data = search.data
    if _JPEG.match(data):
        find_in_jpeg(search, _find_in_exif)
    elif _PNG.match(data):
        find_in_png(search, _find_in_exif)
    elif _WEBP.match(data):
        find_in_webp(search, _find_in_exif)
    elif _BOXES.match(data):
        find_in_boxes(search, _find_in_exif)
    elif _TIFF.match(data):
        _find_in_exif(search)
    else:
        find_in_unknown(search, _find_in_exif)


def _find_in_exif(search: Search) -> None:
    find_in_exif(search, _find_in_picture)


def _find_in_picture(search: Search) -> None:
    find_in_jpeg(search, _find_in_exif)
