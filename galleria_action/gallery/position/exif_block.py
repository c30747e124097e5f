"""Positions in an EXIF block, or in a whole TIFF file: GPS directories, the pictures inside, and what else lies there.

Sources: Exif 2.32 section 4.6.6 (GPS), TIFF 6.0, XMP part 3 and Photoshop's TIFF notes (their tags in TIFF), DNG 1.7.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable
from itertools import islice

from galleria_action.expressions import expression
from galleria_action.gallery.containers.jpeg import Damaged
from galleria_action.gallery.containers.tiff import (
    GPS,
    GPS_POINTER,
    MAIN,
    MAIN_EXIF,
    MAIN_GPS,
    MAKER_NOTE,
    RATIONAL,
    SIGNED_RATIONAL,
    Directory,
    Reference,
    Tiff,
    Usage,
    is_gps,
    read_tiff,
)
from galleria_action.gallery.position.photoshop import find_in_iptc, find_in_resources
from galleria_action.gallery.position.search import Search
from galleria_action.gallery.position.words import RECORDS, says_position
from galleria_action.gallery.position.xmp import find_in_xmp

#: what a GPS directory may say without saying where: version, height, time, satellites, receiver, speed, directions,
#: datum, method, date, error; and the letters that go with latitudes and longitudes
_HARMLESS = frozenset([*range(0x00, 0x02), 0x03, *range(0x05, 0x14), 0x15, *range(0x17, 0x1C), *range(0x1D, 0x20)])
_XMP, _IPTC, _PHOTOSHOP = 0x02BC, 0x83BB, 0x8649
_NOTHING = expression(rb"[\0 ]*+")
#: pictures inside that are looked at; real blocks have one or two
_MOST_PICTURES = 8
_MOST_RECORDS = 64
_RECORD = expression(b"|".join(map(re.escape, RECORDS)))

Finder = Callable[[Search], None]


def find_in_exif(search: Search, find_in_picture: Finder) -> None:
    """Look through a block that begins with a TIFF header. ``find_in_picture`` looks through a JPEG inside of it."""
    try:
        tiff = read_tiff(search.data)
    except (Damaged, struct.error):
        if says_position(search.data):
            search.leave("it is damaged")
        return
    _Block(search, tiff, find_in_picture).find()


def gps_tells(block: bytes) -> bool:
    """Whether the GPS directory of an EXIF block says where. False tells nothing: there is much else that could."""
    try:
        tiff = read_tiff(block)
    except (Damaged, struct.error):
        return False
    gps = tiff.directories.get(MAIN_GPS)
    return gps is not None and _tells(tiff, gps)


class _Block:
    def __init__(self, search: Search, tiff: Tiff, find_in_picture: Finder) -> None:
        self.search, self.tiff, self.find_in_picture = search, tiff, find_in_picture
        references = list(tiff.references())
        self.others = _usage(ref for ref in references if not is_gps(ref.path))
        self.values = _usage(ref for ref in references if ref.tag != 0)

    def find(self) -> None:
        for path, directory in self.tiff.directories.items():
            if is_gps(path):
                self._blank_directory(directory)
            else:
                self._drop_pointer(directory)
        self._look_into_pictures()
        self._look_into_values()
        self._blank_what_nothing_refers_to()
        if says_position(self.search.rest()):
            self.search.leave()

    def _blank_directory(self, directory: Directory) -> None:
        tells = _tells(self.tiff, directory)
        ranges = [(directory.at, directory.end)]
        ranges += [
            (entry.value_at, min(entry.value_at + entry.size, len(self.tiff.block)))
            for entry in directory.entries
            if not entry.inline
        ]
        for start, end in ranges:
            if self.others.count(start, end) and start < end:
                if tells:
                    self.search.leave("other data use the same bytes")
            elif start < end:
                self.search.blank(start, bytes(end - start), told=tells)

    def _drop_pointer(self, directory: Directory) -> None:
        """Close the gap inside the directory, so that it stays where it is and ends with 12 free bytes."""
        pointers = directory.find(GPS_POINTER)
        if not pointers:
            return
        if self.values.count(directory.at, directory.end):
            if f"{directory.path}/{GPS}" in self.tiff.unreadable:
                self.search.leave("other data use the same bytes")
            return
        kept = [entry for entry in directory.entries if entry.tag != GPS_POINTER]
        block, order = self.search.data, self.tiff.order
        records = b"".join(block[entry.at : entry.at + 12] for entry in kept)
        table = struct.pack(order + "H", len(kept)) + records
        next_at = directory.next_at
        table += block[next_at : next_at + 4] if next_at is not None else b""
        self.search.blank(directory.at, table.ljust(directory.end - directory.at, b"\0"), told=False)

    def _look_into_pictures(self) -> None:
        for picture in self.tiff.pictures[:_MOST_PICTURES]:
            if self.search.data[picture.start : picture.start + 2] == b"\xff\xd8":
                with self.search.part(
                    [(picture.start, min(picture.end, len(self.search.data)))], "the thumbnail"
                ) as it:
                    self.find_in_picture(it)

    def _look_into_values(self) -> None:
        for path, tag, name, find in (
            (MAIN, _XMP, "XMP", find_in_xmp),
            (MAIN, _IPTC, "IPTC", find_in_iptc),
            (MAIN, _PHOTOSHOP, "Photoshop's resources", find_in_resources),
            (MAIN_EXIF, MAKER_NOTE, "the maker note", find_in_words),
        ):
            for entry in self.tiff.directories[path].find(tag)[:1] if path in self.tiff.directories else ():
                end = entry.value_at + entry.size
                if not entry.inline and end <= len(self.search.data):
                    with self.search.part([(entry.value_at, end)], name) as it:
                        find(it)

    def _blank_what_nothing_refers_to(self) -> None:
        """Old GPS directories that an editor left behind when it wrote another: no reader finds them but by chance."""
        data, used = self.search.cleaned(), self.tiff.usage
        for found in islice(_RECORD.finditer(data), _MOST_RECORDS):
            start, end = found.start(), min(found.end() + 4, len(data))
            value = int.from_bytes(data[found.end() : end], "big" if found[0][0] == 0 else "little")
            if used.count(start, end) == 0:
                self.search.blank(start, bytes(end - start), told=False)
                if value + 24 <= len(data) and used.count(value, value + 24) == 0:
                    self.search.blank(value, bytes(24), told=not _is_nothing(RATIONAL, data[value : value + 24]))


def _usage(references: Iterable[Reference]) -> Usage:
    spans = list(references)
    return Usage((it.start for it in spans), (it.end for it in spans))


def find_in_words(search: Search) -> None:
    """Look through bytes of which only words and records tell whether they hold a position."""
    if says_position(search.data):
        search.leave()


def _tells(tiff: Tiff, directory: Directory) -> bool:
    """Whether a GPS directory says where: some cameras write one without a place, or with zeros for it."""
    return any(
        not _is_nothing(entry.type, tiff.value(entry)) for entry in directory.entries if entry.tag not in _HARMLESS
    )


def _is_nothing(kind: int, value: bytes) -> bool:
    if kind in (RATIONAL, SIGNED_RATIONAL):
        value = b"".join(value[at : at + 4] for at in range(0, len(value), 8))
    return _NOTHING.fullmatch(value) is not None
