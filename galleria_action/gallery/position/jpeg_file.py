"""Positions in a JPEG: its segments, and what lies behind the picture.

Sources: ITU-T T.81, XMP part 3 (extended XMP), C2PA 2.1 (APP11), CIPA DC-007 (further pictures).
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import md5

from galleria_action.expressions import expression
from galleria_action.gallery.containers import jpeg
from galleria_action.gallery.containers.jpeg import APP1, Damaged, Head, Segment
from galleria_action.gallery.position import flir, jumbf, photoshop
from galleria_action.gallery.position.search import Piece, Search
from galleria_action.gallery.position.unknown import find_in_unknown
from galleria_action.gallery.position.words import says_position
from galleria_action.gallery.position.xmp import find_in_xmp

_APP11, _APP13 = 0xEB, 0xED
#: in the compressed picture 0xFF stands before NUL, before a restart marker, or begins the next segment (T.81 B.1.1.5)
_MARKER = expression(rb"\xff([\x01-\xcf\xd8-\xfe])")
_END_OF_IMAGE = 0xD9
#: APPn and comments
_DESCRIPTIONS = frozenset([*range(0xE0, 0xF0), 0xFE])
#: behind the header of extended XMP: GUID, total length, offset
_GUID, _EXTENDED_HEAD = 32, 32 + 4 + 4

Finder = Callable[[Search], None]


def find_in_jpeg(search: Search, find_in_exif: Finder) -> None:
    """Look through a JPEG; one that is damaged is looked through as bytes of no known format."""
    view = memoryview(search.data)
    try:
        head = jpeg.read_head(view)
    except Damaged:
        find_in_unknown(search, find_in_exif)
        return
    file = _Jpeg(search, view, head, find_in_exif)
    file.look_into_segments()
    file.look_behind()
    if says_position(search.rest()):
        search.leave("an unknown segment")


class _Jpeg:
    def __init__(self, search: Search, view: memoryview, head: Head, find_in_exif: Finder) -> None:
        self.search, self.view, self.head, self.find_in_exif = search, view, head, find_in_exif

    def look_into_segments(self) -> None:
        for segment in self.head.segments:
            if jpeg.is_exif(self.view, segment):
                self._part([(segment.body + len(jpeg.EXIF_HEADER), segment.end)], "EXIF", self.find_in_exif)
            elif self._begins(segment, APP1, jpeg.XMP_HEADER):
                self._part([(segment.body + len(jpeg.XMP_HEADER), segment.end)], "XMP", find_in_xmp)
        self._look_into_extended_xmp()
        if pieces := self._pieces(APP1, flir.HEADER, flir.SEGMENT_HEAD):
            self._part(pieces, "the thermal camera's data (FLIR)", flir.find_in_flir)
        if pieces := self._pieces(_APP13, photoshop.HEADER, len(photoshop.HEADER)):
            self._part(pieces, "Photoshop's resources", self._look_into_resources)
        for box in jumbf.box_pieces(self.search.data, self._pieces(_APP11, jumbf.SEGMENT, 0)):
            self._part(box, "the content credentials", self._look_into_credentials)

    def _look_into_resources(self, resources: Search) -> None:
        photoshop.find_in_resources(resources, self.find_in_exif, self._look_into_picture)

    def _look_into_credentials(self, box: Search) -> None:
        jumbf.find_in_credentials(box, self._look_into_picture)

    def _look_into_picture(self, picture: Search) -> None:
        find_in_jpeg(picture, self.find_in_exif)

    def _look_into_extended_xmp(self) -> None:
        """Its pieces are in any order, and named by the digest of the whole, which the main packet repeats."""
        skip = len(jpeg.EXTENDED_XMP_HEADER)
        packets: dict[bytes, list[tuple[int, Piece]]] = {}
        for start, end in self._pieces(APP1, jpeg.EXTENDED_XMP_HEADER, skip):
            offset = int.from_bytes(self.search.data[start + _GUID + 4 : start + _EXTENDED_HEAD], "big")
            guid = self.search.data[start : start + _GUID]
            packets.setdefault(guid, []).append((offset, (min(start + _EXTENDED_HEAD, end), end)))
        for guid, pieces in packets.items():
            with self.search.part([piece for _, piece in sorted(pieces)], "the extended XMP") as it:
                find_in_xmp(it)
                if says_position(it.cleaned()):
                    it.leave()
            if it.changed and md5(it.data, usedforsecurity=False).hexdigest().upper().encode() == guid:
                self._rename(guid, md5(it.cleaned(), usedforsecurity=False).hexdigest().upper().encode())

    def _rename(self, old: bytes, new: bytes) -> None:
        for segment in self.head.segments:
            if segment.marker == APP1:
                at = self.search.data.find(old, segment.body, segment.end)
                if at >= 0:
                    self.search.blank(at, new, told=False)

    def look_behind(self) -> None:
        """What follows the end of the picture: further pictures, a video, the data of phones and editors."""
        end = _end_of_picture(self.search.data, self.head)
        self.search.skip(self.head.scan, end)
        if end < len(self.search.data):
            self._part([(end, len(self.search.data))], "what lies behind the picture", self._look_into_trailer)

    def _look_into_trailer(self, trailer: Search) -> None:
        find_in_unknown(trailer, self.find_in_exif)

    def _begins(self, segment: Segment, marker: int, header: bytes) -> bool:
        return jpeg.starts_with(self.view, segment, marker, header)

    def _pieces(self, marker: int, header: bytes, skip: int) -> list[Piece]:
        return [
            (min(segment.body + skip, segment.end), segment.end)
            for segment in self.head.segments
            if self._begins(segment, marker, header)
        ]

    def _part(self, pieces: list[Piece], where: str, find: Finder) -> None:
        with self.search.part(pieces, where) as it:
            find(it)


def _end_of_picture(data: bytes, head: Head) -> int:
    """Behind the end marker; where it is missing, the end of the file. A segment that is cut off, or that describes the
    picture from between its scans, ends it as well."""
    at = head.scan
    while found := _MARKER.search(data, at):
        marker = found[1][0]
        if marker == _END_OF_IMAGE:
            return found.end()
        size = int.from_bytes(data[found.end() : found.end() + 2], "big")
        if size < 2 or found.end() + size > len(data) or marker in _DESCRIPTIONS:
            return found.start()
        at = found.end() + size
    return len(data)
