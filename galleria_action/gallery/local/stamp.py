"""What a disk says of a file besides its size, in few bytes: there are hundreds of thousands of files."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Callable, Iterable
from operator import attrgetter, itemgetter
from typing import Any

_STAMP = struct.Struct(">QQqq")
_FILE = 16
#: what takes the numbers of a stamp from a status: device and inode (by place, which costs less than by name), times of
#: modification and change (ns)
STAMPED: tuple[Callable[[Any], int], ...] = (
    itemgetter(stat.ST_DEV),
    itemgetter(stat.ST_INO),
    attrgetter("st_mtime_ns"),
    attrgetter("st_ctime_ns"),
)


def stamp_of(status: os.stat_result) -> bytes:
    """The stamp of the file that has this ``status``."""
    return _STAMP.pack(status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns)


def stamp_with(numbers: Iterable[int]) -> bytes:
    """The stamp that holds these ``numbers``, in the order of ``STAMPED``."""
    return _STAMP.pack(*numbers)


def numbers_in(stamp: bytes) -> tuple[int, ...]:
    """The numbers that it holds, in the order of ``STAMPED``."""
    return _STAMP.unpack(stamp)


def same_file(one: bytes, other: bytes) -> bool:
    """Whether both stamps are of one file (device and inode), whatever was written to it between them."""
    return one[:_FILE] == other[:_FILE]


def written_at(stamp: bytes) -> int:
    """When the file was modified (ns)."""
    return numbers_in(stamp)[2]
