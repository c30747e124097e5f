"""Remove the position from an EXIF block without moving anything: zeros instead of data, one pointer less."""

from __future__ import annotations

import struct
from typing import NamedTuple

from galleria_action.gallery.containers.tiff import GPS, GPS_POINTER, Directory, Tiff, Usage, is_gps


class PositionRemoved(NamedTuple):
    """The new block (the old object when there was no position) and what had to be left, for humans."""

    block: bytes
    problems: tuple[str, ...]


def remove_position(tiff: Tiff) -> PositionRemoved:
    """Zero every GPS directory with its values, and take its pointer out of the directory that holds it.

    Bytes that something else uses as well are left; so is a GPS directory that cannot be read.
    """
    problems = [f"the position in {path} was left: it cannot be read" for path in tiff.unreadable if is_gps(path)]
    block = bytearray(tiff.block)
    foreign = Usage(ref for ref in tiff.references() if not is_gps(ref.path))
    for path, directory in tiff.directories.items():
        if is_gps(path):
            problems += _zero(block, tiff, directory, foreign)
    for path, directory in tiff.directories.items():
        if f"{path}/{GPS}" in tiff.directories and not is_gps(path):
            _remove_pointer(block, tiff.order, directory)
    return PositionRemoved(tiff.block if block == tiff.block else bytes(block), tuple(problems))


def _zero(block: bytearray, tiff: Tiff, directory: Directory, foreign: Usage) -> list[str]:
    ranges = [(directory.at, directory.end)]
    ranges += [(e.value_at, min(e.value_at + e.size, len(block))) for e in directory.entries if not e.inline]
    problems = []
    for start, end in ranges:
        if foreign.count(start, end):
            problems.append(f"part of the position in {directory.path} was left: other data use the same bytes")
        elif start < end:
            block[start:end] = bytes(end - start)
    return problems


def _remove_pointer(block: bytearray, order: str, directory: Directory) -> None:
    """Close the gap inside the directory, so that it stays where it is and ends with 12 free bytes."""
    for entry in reversed(directory.find(GPS_POINTER)):
        block[entry.at : directory.end] = block[entry.at + 12 : directory.end] + bytes(12)
    left = len(directory.entries) - len(directory.find(GPS_POINTER))
    struct.pack_into(order + "H", block, directory.at, left)
