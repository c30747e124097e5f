"""Photos to test the EXIF edit with: JPEGs of a few pixels with EXIF blocks built byte by byte."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from PIL import Image

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 1, 2, 3, 4, 5, 7
SIZES = {BYTE: 1, ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8, UNDEFINED: 1}
MAKE, DATE_TIME, EXIF_IFD, GPS_IFD, INTEROP_IFD = 0x010F, 0x0132, 0x8769, 0x8825, 0xA005
DTO, DIGITIZED, OTO, MAKER_NOTE, SUBSEC = 0x9003, 0x9004, 0x9011, 0x927C, 0x9291

OLD_DATE = b"2001:02:03 04:05:06\0"
OLD_OFFSET = b"-03:00\0"

Value = tuple[int, bytes]
Directory = Mapping[int, Value]


@dataclass(frozen=True)
class Block:
    """A recipe for an EXIF block: directories as {tag: (type, raw value)}; pointers are put in by themselves."""

    order: str = ">"
    main: Directory = field(default_factory=lambda: {MAKE: (ASCII, b"Testcam\0"), DATE_TIME: (ASCII, OLD_DATE)})
    exif: Directory | None = field(
        default_factory=lambda: {
            0x829A: (RATIONAL, bytes(range(8))),
            0x9000: (UNDEFINED, b"0220"),
            DTO: (ASCII, OLD_DATE),
            DIGITIZED: (ASCII, OLD_DATE),
            MAKER_NOTE: (UNDEFINED, b"Testcam maker note, opaque"),
            SUBSEC: (ASCII, b"123\0"),
        }
    )
    gps: Directory | None = None
    interop: Directory | None = None
    thumbnail: bytes = b""
    thumbnail_exif: Directory | None = None
    tail: bytes = b""

    def build(self) -> bytes:
        """The block's bytes. Values stand behind their directory; ``tail`` at the very end."""
        out = bytearray({"<": b"II*\0", ">": b"MM\0*"}[self.order] + struct.pack(self.order + "I", 8))
        main = dict(self.main)
        if self.exif is not None:
            main[EXIF_IFD] = (LONG, bytes(4))
        if self.gps is not None:
            main[GPS_IFD] = (LONG, bytes(4))
        main_at = self._append(out, main)
        if self.exif is not None:
            exif = dict(self.exif) | ({INTEROP_IFD: (LONG, bytes(4))} if self.interop is not None else {})
            exif_at = self._append(out, exif)
            self._point(out, main_at, EXIF_IFD, exif_at)
            if self.interop is not None:
                self._point(out, exif_at, INTEROP_IFD, self._append(out, self.interop))
        if self.gps is not None:
            self._point(out, main_at, GPS_IFD, self._append(out, self.gps))
        if self.thumbnail or self.thumbnail_exif is not None:
            self._append_thumbnail(out, main_at, len(main))
        return bytes(out) + self.tail

    def _append_thumbnail(self, out: bytearray, main_at: int, main_length: int) -> None:
        second: dict[int, Value] = {0x0103: (SHORT, struct.pack(self.order + "H", 6))}
        if self.thumbnail_exif is not None:
            second[EXIF_IFD] = (LONG, bytes(4))
        if self.thumbnail:
            second |= {0x0201: (LONG, bytes(4)), 0x0202: (LONG, struct.pack(self.order + "I", len(self.thumbnail)))}
        second_at = self._append(out, second)
        struct.pack_into(self.order + "I", out, main_at + 2 + 12 * main_length, second_at)
        if self.thumbnail_exif is not None:
            self._point(out, second_at, EXIF_IFD, self._append(out, self.thumbnail_exif))
        if self.thumbnail:
            self._point(out, second_at, 0x0201, len(out))
            out += self.thumbnail

    def _append(self, out: bytearray, directory: Directory) -> int:
        out += bytes(len(out) % 2)
        at = len(out)
        values_at = at + 2 + 12 * len(directory) + 4
        table, values = struct.pack(self.order + "H", len(directory)), b""
        for tag, (kind, raw) in sorted(directory.items()):
            table += struct.pack(self.order + "HHI", tag, kind, len(raw) // SIZES[kind])
            if len(raw) <= 4:
                table += raw.ljust(4, b"\0")
            else:
                table += struct.pack(self.order + "I", values_at + len(values))
                values += raw + bytes(len(raw) % 2)
        out += table + bytes(4) + values
        return at

    def _point(self, out: bytearray, directory_at: int, tag: int, target: int) -> None:
        struct.pack_into(self.order + "I", out, record_at(bytes(out), self.order, directory_at, tag) + 8, target)


def record_at(block: bytes, order: str, directory_at: int, tag: int) -> int:
    """Where the 12 bytes of ``tag`` stand in the directory at ``directory_at``."""
    (count,) = struct.unpack_from(order + "H", block, directory_at)
    for at in range(directory_at + 2, directory_at + 2 + 12 * count, 12):
        if struct.unpack_from(order + "H", block, at)[0] == tag:
            return at
    raise KeyError(hex(tag))


def patched(block: bytes, at: int, new: bytes) -> bytes:
    """``block`` with ``new`` written over it at ``at``."""
    return block[:at] + new + block[at + len(new) :]


GPS = {
    0x0000: (BYTE, b"\2\3\0\0"),
    0x0001: (ASCII, b"N\0"),
    0x0002: (RATIONAL, struct.pack(">6I", 47, 1, 22, 1, 33, 1)),
    0x001B: (UNDEFINED, b"ASCII\0\0\0GPS-SECRET"),
}
INTEROP = {0x0001: (ASCII, b"R98\0"), 0x0002: (UNDEFINED, b"0100")}


@cache
def _picture() -> bytes:
    """Everything of a tiny JPEG behind SOI and JFIF."""
    buffer = io.BytesIO()
    Image.new("RGB", (16, 8), (200, 80, 20)).save(buffer, "JPEG")
    data = buffer.getvalue()
    assert data[2:4] == b"\xff\xe0"
    return data[4 + int.from_bytes(data[4:6], "big") :]


JFIF = b"JFIF\0\1\1\0\0\1\0\1\0\0"


def segment(marker: int, payload: bytes) -> bytes:
    """One marker segment."""
    return bytes([0xFF, marker]) + (len(payload) + 2).to_bytes(2, "big") + payload


def exif_segment(block: bytes) -> bytes:
    """``block`` as it stands in a JPEG."""
    return segment(0xE1, b"Exif\0\0" + block)


def photo(*segments: bytes, trailer: bytes = b"") -> bytes:
    """A decodable JPEG with these segments up front and ``trailer`` behind its end."""
    return b"\xff\xd8" + b"".join(segments) + _picture() + trailer


def with_block(block: bytes | Block, *, jfif: bool = False, trailer: bytes = b"") -> bytes:
    """A photo with this EXIF block."""
    built = block.build() if isinstance(block, Block) else block
    return photo(*([segment(0xE0, JFIF)] if jfif else []), exif_segment(built), trailer=trailer)


def mpf(first_size: int, offsets_and_sizes: Sequence[tuple[int, int]]) -> bytes:
    """An MPF index (CIPA DC-007): entry 0 is the first picture, the others count from the index's own header."""
    entries = struct.pack(">IIIHH", 0x030000, first_size, 0, 0, 0)
    entries += b"".join(struct.pack(">IIIHH", 0, size, offset, 0, 0) for offset, size in offsets_and_sizes)
    count = 1 + len(offsets_and_sizes)
    table = struct.pack(">H", 3)
    table += struct.pack(">HHI4s", 0xB000, UNDEFINED, 4, b"0100")
    table += struct.pack(">HHII", 0xB001, LONG, 1, count)
    table += struct.pack(">HHII", 0xB002, UNDEFINED, len(entries), 8 + 2 + 36 + 4)
    return segment(0xE2, b"MPF\0MM\0*\0\0\0\x08" + table + bytes(4) + entries)
