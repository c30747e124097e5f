"""What a file really is, by its first bytes: a name may say anything."""

from __future__ import annotations

from enum import StrEnum

#: how much of a file ``kind_of`` and ``stand_in`` want to see
HEAD = 512


class Kind(StrEnum):
    """A format of photos that we read. The value is the extension that published files of it get."""

    JPEG = "jpg"
    PNG = "png"
    WEBP = "webp"
    TIFF = "tif"
    HEIC = "heic"
    AVIF = "avif"


#: ISO/IEC 23008-12 (HEIF) annex B for HEVC; AV1 Image File Format 1.1, section 6. mif1 and msf1 are left to the others
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})


def kind_of(head: bytes) -> Kind | None:
    """The format of a file that begins with ``head`` (``HEAD`` bytes of it are enough), or ``None``."""
    if head[:3] == b"\xff\xd8\xff":
        return Kind.JPEG
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        return Kind.PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Kind.WEBP
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    # CR2, NEF, ARW and DNG are TIFF files, too: their names tell them apart (``scan``), but CR2 says it itself
    if head[:4] in (b"II*\0", b"MM\0*") and head[8:10] != b"CR":
        return Kind.TIFF
    return None


def _by_brand(head: bytes) -> Kind | None:
    size = int.from_bytes(head[:4], "big")
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, min(size, len(head), HEAD), 4))}
    if brands & _AVIF_BRANDS:
        return Kind.AVIF
    return Kind.HEIC if brands & _HEIC_BRANDS else None


def stand_in(head: bytes) -> str:
    """What a file that should be a photo holds instead, as the end of a sentence that begins with 'holds'."""
    if not head:
        return "nothing: the file is empty"
    if not any(head):
        return "zeros only: it was not written completely"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html")):
        return "a web page instead of a photo"
    return "something that is not a photo in any format we know"
