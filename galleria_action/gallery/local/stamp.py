"""What a disk says of a file besides its size, in few bytes: there are hundreds of thousands of files."""

from __future__ import annotations

import os
import struct

_STAMP = struct.Struct(">QQqq")
_FILE = 16
STAMP_BYTES = _STAMP.size


def stamp_of(status: os.stat_result) -> bytes:
    """The stamp of the file that has this ``status``: device, inode, times of modification and change."""
    return _STAMP.pack(status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns)


def same_file(one: bytes, other: bytes) -> bool:
    """Whether both stamps are of one file (device and inode), whatever was written to it between them."""
    return one[:_FILE] == other[:_FILE]


def written_at(stamp: bytes) -> int:
    """When the file was modified (ns)."""
    return inode_and_times(stamp)[1]


def inode_and_times(stamp: bytes) -> tuple[int, int, int]:
    """The inode, and when the file was modified and changed (ns)."""
    _, inode, modified, change = _STAMP.unpack(stamp)
    return inode, modified, change
