"""Few bytes that unpack to very many, made without the many."""

from __future__ import annotations

import struct
import zlib

_BLOCK = 1 << 20


def gzip_bomb(blocks: int, start: bytes = b"", filler: bytes = b"\0") -> bytes:
    """A whole and valid gzip stream of ``start`` and so many megabytes of ``filler``, one byte."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = filler * _BLOCK
    head = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)
    # a full flush makes what follows stand for itself, so it can be there any number of times
    again = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = zlib.crc32(start)
    for _ in range(blocks):
        checksum = zlib.crc32(block, checksum)
    length = len(start) + blocks * _BLOCK
    header = b"\x1f\x8b\x08\0\0\0\0\0\2\xff"
    return header + head + again * blocks + packer.flush() + struct.pack("<II", checksum, length)
