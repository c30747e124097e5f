"""Positions in files made of boxes: videos (MP4, QuickTime), HEIF, AVIF, JPEG XL.

Sources: ISO/IEC 14496-12, 23008-12 and 18181-2; QuickTime File Format (user data, metadata keys); 3GPP TS 26.244
(`loci`); C2PA 2.1 (its `uuid` box); XMP part 3.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from galleria_action.expressions import expression
from galleria_action.gallery.containers.boxes import Box, boxes, items
from galleria_action.gallery.position.jumbf import find_in_credentials
from galleria_action.gallery.position.search import Intricate, Search
from galleria_action.gallery.position.words import says_position
from galleria_action.gallery.position.xmp import find_in_xmp

_HOLDERS = frozenset([b"moov", b"trak", b"mdia", b"minf", b"stbl", b"udta", b"ilst", b"moof", b"traf", b"meco"])
#: frames and tables of numbers: nothing that a last look could read
_MEDIA = frozenset([b"mdat", b"idat", b"jxlc", b"jxlp", b"stsz", b"stz2", b"stco", b"co64", b"stts", b"ctts", b"stss",
                    b"stsc", b"sdtp", b"sgpd", b"sbgp", b"trun", b"sidx"])  # fmt: skip
#: of a still picture they are small and may hold descriptions that no list of items leads to
_CONTENT = frozenset([b"mdat", b"idat"])
_STILLS = (b"hei", b"hev", b"mif", b"msf", b"avi", b"mia")
_POSITIONS = frozenset([b"\xa9xyz", b"loci"])
#: what nobody looks into here, and why
_CLOSED = {b"cmov": "it is packed", b"gps ": "blocks of a dash camera"}
_XMP_ID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_C2PA_ID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
#: what a track may hold without telling where: pictures, sound, time codes, closed captions
_TRACKS = frozenset([b"vide", b"soun", b"auxv", b"pict", b"tmcd", b"clcp", b"hint", b"sdsm", b"odsm"])
_SUBTITLES = frozenset([b"text", b"sbtl", b"subt"])
#: Apple's timed metadata names what it holds in its description, which gets its last look with the rest
_DESCRIBED = b"mebx"
#: drones write their position into subtitles
_SUBTITLE_POSITION = expression(rb"(?i)\bGPS\s?\(|latitude|longitude")
_KEY = expression(rb"(?i)location|gps|latitude|longitude")
_DEEPEST = 12

Finder = Callable[[Search], None]


def find_in_boxes(search: Search, find_in_exif: Finder) -> None:
    """Look through a file that is made of boxes."""
    _Boxes(search, find_in_exif).look(0, len(search.data))
    if says_position(search.rest()):
        search.leave()


def length_of_boxes(data: bytes, start: int) -> int:
    """How many bytes from ``start`` are boxes: a video behind a picture may have more behind it."""
    end = start
    for box in boxes(data, start, len(data)):
        if not box.kind.isalnum() and box.kind[:1] != b"\xa9":
            break
        end = box.end
    return end - start


class _Boxes:
    def __init__(self, search: Search, find_in_exif: Finder) -> None:
        self.search, self.data, self.find_in_exif = search, search.data, find_in_exif
        self.media = _MEDIA - _CONTENT if _is_still(search.data) else _MEDIA
        #: whether words of a subtitle tell a position; looked for once, however many tracks there are
        self._subtitled: bool | None = None

    def look(self, start: int, end: int, depth: int = 0, *, located: frozenset[int] = frozenset()) -> None:
        """Look through the boxes between two offsets. ``located`` are the numbers of the entries of a list of values
        that are positions."""
        if depth > _DEEPEST:
            raise Intricate
        for box in boxes(self.data, start, end):
            if box.kind in _POSITIONS or int.from_bytes(box.kind, "big") in located:
                self.search.blank(box.at + 4, b"free" + bytes(box.end - box.at - 8))
            elif box.kind == b"meta":
                self._look_into_meta(box, depth)
            elif box.kind in _HOLDERS:
                if box.kind == b"trak":
                    self._look_at_track(box)
                self.look(box.start, box.end, depth + 1, located=located)
            elif box.kind in self.media:
                self.search.skip(box.at, box.end)
            elif box.kind in _CLOSED:
                self.search.leave(_CLOSED[box.kind])
            else:
                self._look_into_content(box)

    def _look_into_content(self, box: Box) -> None:
        body = (box.start, box.end)
        if box.kind in (b"XMP_", b"xml "):
            self._part([body], "XMP", _find_in_xml)
        elif box.kind == b"Exif":
            self._look_into_exif([body])
        elif box.kind == b"jumb":
            self._part([(box.at, box.end)], "the content credentials", find_in_credentials)
        elif box.kind == b"brob" and self.data[box.start : box.start + 4] in (b"Exif", b"xml ", b"jumb"):
            self.search.leave("its description is packed (Brotli), and cannot be looked into")
        elif box.kind == b"uuid" and self.data[box.start : box.start + 16] == _XMP_ID:
            self._part([(box.start + 16, box.end)], "XMP", find_in_xmp)
        elif box.kind == b"uuid" and self.data[box.start : box.start + 16] == _C2PA_ID:
            begin = self.data.find(b"jumb", box.start, box.end)
            if begin >= 4:
                self._part([(begin - 4, box.end)], "the content credentials", find_in_credentials)

    def _part(self, pieces: list[tuple[int, int]], where: str, find: Finder) -> None:
        with self.search.part(pieces, where) as it:
            find(it)

    def _look_into_exif(self, pieces: list[tuple[int, int]]) -> None:
        """Four bytes tell how far behind them the TIFF header stands (ISO/IEC 23008-12, A.2.1)."""
        with self.search.part(pieces, "EXIF") as whole:
            start = 4 + int.from_bytes(whole.data[:4], "big")
            if whole.data[start : start + 2] not in (b"II", b"MM"):
                start = max(0, whole.data.find(b"Exif\0\0") + 6)
            with whole.part([(min(start, len(whole.data)), len(whole.data))]) as block:
                self.find_in_exif(block)

    def _look_into_meta(self, meta: Box, depth: int) -> None:
        # QuickTime's has no version; its first box begins at once
        plain = self.data[meta.start + 4 : meta.start + 8] == b"hdlr"
        try:
            found = [] if plain else items(self.data, meta)
        except (IndexError, struct.error):
            self.search.leave("its list of items is damaged")
            return
        for item in found:
            if item.kind == b"Exif":
                self._look_into_exif(list(item.pieces))
            elif item.kind in (b"mime", b"uri "):
                self._part(list(item.pieces), "XMP", find_in_xmp)
        start = meta.start + (0 if plain else 4)
        located = frozenset().union(
            *(self._look_at_keys(box) for box in boxes(self.data, start, meta.end) if box.kind == b"keys")
        )
        self.look(start, meta.end, depth + 1, located=located)

    def _look_at_keys(self, keys: Box) -> frozenset[int]:
        """The numbers of the keys that name a position; their names go, too."""
        located, at = set(), keys.start + 8
        for number in range(1, min(int.from_bytes(self.data[keys.start + 4 : at], "big"), 10_000) + 1):
            size = int.from_bytes(self.data[at : at + 4], "big")
            if size < 8 or at + size > keys.end:
                break
            if _KEY.search(self.data[at + 8 : at + size]):
                located.add(number)
                self.search.blank(at + 8, b"-" * (size - 8), told=False)
            at += size
        return frozenset(located)

    def _look_at_track(self, track: Box) -> None:
        kind = self._inner(track, b"mdia", b"hdlr")
        description = self._inner(track, b"mdia", b"minf", b"stbl", b"stsd")
        handler = self.data[kind.start + 8 : kind.start + 12] if kind else b"none"
        entry = self.data[description.start + 12 : description.start + 16] if description else b"none"
        if handler in _SUBTITLES:
            if self._subtitled is None:
                self._subtitled = _SUBTITLE_POSITION.search(self.data) is not None
            if self._subtitled:
                self.search.leave("a track of subtitles")
        elif handler not in _TRACKS and entry != _DESCRIBED:
            self.search.leave(f"a track of data, {_letters(entry)}, which nobody but its maker can read")

    def _inner(self, box: Box, *kinds: bytes) -> Box | None:
        found: Box | None = box
        for kind in kinds:
            found = found and next((b for b in boxes(self.data, found.start, found.end) if b.kind == kind), None)
        return found


def _is_still(data: bytes) -> bool:
    """Whether one of the brands is that of a still picture (ISO/IEC 23008-12)."""
    brands = next(boxes(data, 0, len(data)), None)
    if brands is None or brands.kind != b"ftyp":
        return False
    return any(data[at : at + 3] in _STILLS for at in range(brands.start, min(brands.end, brands.start + 400), 4))


def _find_in_xml(search: Search) -> None:
    """XMP; or what else a maker writes as XML, such as Sony's <Item name="Latitude" value="52:31:12.000"/>."""
    find_in_xmp(search)
    if b"RDF" not in search.data and says_position(search.data.replace(b"'", b'"')):
        search.leave()


def _letters(kind: bytes) -> str:
    return "".join(letter if letter.isalnum() else "?" for letter in kind.decode("latin-1"))
