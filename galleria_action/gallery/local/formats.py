"""What a file is, told by its first bytes: one table of the pictures and videos that cameras and browsers know."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum

from galleria_action.expressions import expression
from galleria_action.values import dataclass

#: so many of a file's first bytes are looked at; transport streams need most: a packet of up to 192 bytes and the next
HEAD_BYTES = 512


class Family(Enum):
    """What a format shows."""

    PICTURE = "picture"
    VIDEO = "video"


@dataclass(frozen=True, slots=True)
class Format:
    """A file format: its ``name`` for humans and the extensions (lower case) that its files bear."""

    name: str
    family: Family
    extensions: frozenset[str]


def _format(name: str, family: Family, extensions: str) -> Format:
    return Format(name, family, frozenset(extensions.split()))


_P, _V = Family.PICTURE, Family.VIDEO
# Raw pictures of most makers are TIFF files; what tells them apart is inside.
_TIFF_RAW = "3fr arw cr2 dcr dng erf fff gpr iiq kdc mef mos nef nrw pef rwl sr2 srf srw"

JPEG = _format("JPEG", _P, "jpg jpeg jpe jfif mpo thm")
PNG = _format("PNG", _P, "png apng")
GIF = _format("GIF", _P, "gif")
WEBP = _format("WebP", _P, "webp")
AVIF = _format("AVIF", _P, "avif")
HEIF = _format("HEIF", _P, "heic heif hif")
TIFF = _format("TIFF", _P, f"tif tiff {_TIFF_RAW}")
JXL = _format("JPEG XL", _P, "jxl")
JPEG_2000 = _format("JPEG 2000", _P, "jp2 jpx j2k")
BMP = _format("BMP", _P, "bmp")
ICON = _format("an icon", _P, "ico")
CANON_RAW = _format("Canon raw", _P, "cr3 crw")
OTHER_RAW = _format("a camera's raw picture", _P, f"orf raf rw2 rwl x3f mrw {_TIFF_RAW}")
MP4 = _format("MP4", _V, "mp4 m4v mov 3gp 3g2 insv lrv")
MATROSKA = _format("Matroska", _V, "mkv webm")
AVI = _format("AVI", _V, "avi")
OGG = _format("Ogg", _V, "ogv")
MPEG = _format("MPEG", _V, "mpg mpeg mts m2ts")
WINDOWS_MEDIA = _format("Windows Media", _V, "wmv asf")

FORMATS = (
    *(JPEG, PNG, GIF, WEBP, AVIF, HEIF, TIFF, JXL, JPEG_2000, BMP, ICON, CANON_RAW, OTHER_RAW),
    *(MP4, MATROSKA, AVI, OGG, MPEG, WINDOWS_MEDIA),
)

#: Brands of the ISO base media format that are pictures (ISO 23008-12, AV1 image file format, Canon's CR3); any other
#: brand is a video.
_BRANDS: Mapping[bytes, Format] = {
    **dict.fromkeys((b"avif", b"avis"), AVIF),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"mif2"), HEIF),
    b"crx ": CANON_RAW,
    **dict.fromkeys((b"jp2 ", b"jpx "), JPEG_2000),
}

_SIGNATURES = tuple(
    (expression(pattern, re.DOTALL), form)
    for pattern, form in (
        (rb"\xff\xd8", JPEG),
        (rb"\x89PNG\r\n\x1a\n", PNG),
        (rb"GIF8[79]a", GIF),
        (rb"RIFF....WEBP", WEBP),
        (rb"RIFF....AVI ", AVI),
        (rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n", JXL),
        (rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51", JPEG_2000),
        (rb"II\*\0|MM\0\*|II\+\0|MM\0\+", TIFF),
        (rb"IIU\0|IIR[OS]|MMOR|FUJIFILMCCD-RAW|FOVb|\0MRM", OTHER_RAW),
        (rb"II....HEAPCCDR", CANON_RAW),
        (rb"BM....\0\0\0\0", BMP),
        (rb"\0\0[\x01\x02]\0[\x01-\xff]\0", ICON),
        (rb"\x1a\x45\xdf\xa3", MATROSKA),
        (rb"OggS", OGG),
        (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", WINDOWS_MEDIA),
        (rb"\0\0\x01[\xb3\xba]|\x47.{187}\x47|.{4}\x47.{191}\x47", MPEG),
        # QuickTime files of old begin with any of these boxes
        (rb"....(?:moov|mdat|wide|free|skip|pnot)", MP4),
    )
)
_BRANDED = expression(rb"....ftyp(....)", re.DOTALL)


def format_of(head: bytes) -> Format | None:
    """The format of a file that begins with ``head``, or ``None`` when it is not a picture or video that we know."""
    if branded := _BRANDED.match(head):
        return _BRANDS.get(branded[1], MP4)
    return next((form for pattern, form in _SIGNATURES if pattern.match(head)), None)
