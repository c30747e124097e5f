"""Positions in the data of FLIR's thermal cameras: the GPS record in a list of records ("FFF").

The layout is not published; exiftool's documentation (Image::ExifTool::FLIR) has it.
"""

from __future__ import annotations

import struct

from galleria_action.gallery.position.search import Search
from galleria_action.gallery.position.words import says_position

HEADER = b"FLIR\0"
#: behind the header: 1, the segment's number, the last one's number
SEGMENT_HEAD = 8
_GPS_RECORD, _RECORD_SIZE, _MOST_RECORDS = 0x2B, 0x20, 1024
_DIRECTORY_AT, _RECORDS_AT = 0x18, 0x1C


def find_in_flir(search: Search) -> None:
    """Look through the records of all segments together."""
    data = search.data
    if data[:3] in (b"FFF", b"AFF") and len(data) >= _RECORDS_AT + 4:
        # the byte order is the one in which the number of records makes sense
        order = ">" if struct.unpack_from(">I", data, _RECORDS_AT)[0] <= _MOST_RECORDS else "<"
        first, count = struct.unpack_from(order + "II", data, _DIRECTORY_AT)
        for number in range(min(count, _MOST_RECORDS)):
            _blank_record(search, order, first + number * _RECORD_SIZE)
    if says_position(search.cleaned()):
        search.leave()


def _blank_record(search: Search, order: str, at: int) -> None:
    if at + _RECORD_SIZE > len(search.data):
        return
    (kind,) = struct.unpack_from(order + "H", search.data, at)
    start, size = struct.unpack_from(order + "II", search.data, at + 0x0C)
    if kind == _GPS_RECORD:
        end = min(start + size, len(search.data))
        search.blank(start, bytes(max(0, end - start)), told=any(search.data[start + 0x10 : start + 0x20]))
