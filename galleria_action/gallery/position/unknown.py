"""Positions in bytes whose format is not read: behind a picture, in a damaged file, in a format that we do not know.

EXIF, XMP and videos are found by how they begin; the rest has its last look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from galleria_action.gallery.position.boxes import find_in_boxes, length_of_boxes
from galleria_action.gallery.position.search import Search
from galleria_action.gallery.position.words import says_position
from galleria_action.gallery.position.xmp import find_in_xmp

_EXIF, _XMP, _PACKET, _VIDEO = b"Exif\0\0", b"<x:xmpmeta", b"<?xpacket begin", b"ftyp"
_LARGEST_BLOCK = 0x10000
_XMP_END = b"</x:xmpmeta>"
#: far above any real file
_MOST = 1_000

Finder = Callable[[Search], None]


def find_in_unknown(search: Search, find_in_exif: Finder) -> None:
    """Look through bytes of any kind."""
    _Unknown(search, find_in_exif).look()
    if says_position(search.rest()):
        search.leave()


class _Unknown:
    def __init__(self, search: Search, find_in_exif: Finder) -> None:
        self.search, self.data, self.find_in_exif = search, search.data, find_in_exif

    def look(self) -> None:
        looks = {_EXIF: self._look_into_exif, _PACKET: self._look_into_xmp, _XMP: self._look_into_xmp,
                 _VIDEO: self._look_into_video}  # fmt: skip
        places = sorted((at, beginning) for beginning in looks for at in self._places(beginning))
        seen_to = 0
        for at, beginning in places:
            if at >= seen_to:
                seen_to = max(seen_to, looks[beginning](at))

    def _places(self, beginning: bytes) -> Iterator[int]:
        at = -1
        for _ in range(_MOST):
            at = self.data.find(beginning, at + 1)
            if at < 0:
                return
            yield at
        self.search.leave("more blocks than any real file has")

    def _look_into_exif(self, at: int) -> int:
        """In a segment its length stands before it; elsewhere nobody knows how long it is."""
        start = at + len(_EXIF)
        if self.data[start : start + 4] not in (b"II*\0", b"MM\0*"):
            return start
        marked = at >= 4 and self.data[at - 4 : at - 2] == b"\xff\xe1"
        length = int.from_bytes(self.data[at - 2 : at], "big") - 2 - len(_EXIF) if marked else _LARGEST_BLOCK
        end = min(start + max(length, 8), len(self.data))
        with self.search.part([(start, end)], "EXIF") as it:
            self.find_in_exif(it)
        return end if marked else start

    def _look_into_xmp(self, at: int) -> int:
        end = self.data.find(_XMP_END, at)
        if end < 0:
            return len(self.data)
        start = self.data.find(_XMP, at, end)
        with self.search.part([(start if start >= 0 else at, end + len(_XMP_END))], "XMP") as it:
            find_in_xmp(it)
        return end + len(_XMP_END)

    def _look_into_video(self, at: int) -> int:
        size = length_of_boxes(self.data, at - 4) if at >= 4 else 0
        if size:
            with self.search.part([(at - 4, at - 4 + size)], "the video") as it:
                find_in_boxes(it, self.find_in_exif)
        return at - 4 + size
