"""What a photo says about itself: when, with which camera, which way up, in which words."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from fractions import Fraction

from galleria_action.gallery.containers.tiff import ASCII, INTEROP, MAIN, MAIN_EXIF, Entry, Tiff
from galleria_action.gallery.originals.blocks import read_blocks
from galleria_action.gallery.originals.kinds import Kind
from galleria_action.gallery.originals.moment import Moment, TimeSource, exif_moment, xmp_moment
from galleria_action.gallery.originals.words import Words, XmpValues, clean, decoded, gather, read_iptc, read_xmp
from galleria_action.values import dataclass, field

_DESCRIPTION, _MAKE, _MODEL, _ORIENTATION, _ARTIST, _COPYRIGHT = 0x010E, 0x010F, 0x0110, 0x0112, 0x013B, 0x8298
_COLOUR_SPACE, _INTEROP_INDEX = 0xA001, 0x0001
_TIME, _APERTURE, _ISO, _FOCAL_LENGTH, _LENS = 0x829A, 0x829D, 0x8827, 0x920A, 0xA434
#: date, fraction of the second and zone, for the shutter and for the digitizing
_DATES = (
    (TimeSource.ORIGINAL, 0x9003, 0x9291, 0x9011),
    (TimeSource.DIGITIZED, 0x9004, 0x9292, 0x9012),
)
_SHORT, _RATIONAL, _UTF8 = 3, 5, 129
_LONGEST_TEXT = 8192
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Exposure:
    """How the photo was exposed: seconds and f-number as text (``1/250``, ``2.8``), ISO, focal length in mm; empty
    where the camera does not say."""

    seconds: str = ""
    aperture: str = ""
    iso: str = ""
    millimetres: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What one photo says. ``orientation`` as EXIF counts it, 1 to 8; ``make`` and ``model`` empty where unknown;
    ``adobe_rgb`` where EXIF says so: cameras write no profile for it."""

    moment: Moment | None = None
    make: str = ""
    model: str = ""
    lens: str = ""
    orientation: int = 1
    adobe_rgb: bool = False
    exposure: Exposure = field(default_factory=Exposure)
    words: Words = field(default_factory=Words)


def read_facts(kind: Kind, data: bytes) -> Facts:
    """The facts in ``data``, a whole file of ``kind``. Never raises for anything in it."""
    blocks = read_blocks(kind, data)
    exif = _Exif(blocks.exif)
    xmp = read_xmp(blocks.xmp) if blocks.xmp else XmpValues()
    iptc = read_iptc(blocks.iptc) if blocks.iptc else {}
    make, model = (clean(exif.text(MAIN, tag), _LONGEST_NAME) for tag in (_MAKE, _MODEL))
    return Facts(
        moment=exif.moment() or xmp_moment(xmp.first("taken")),
        make=make,
        model=model,
        lens=clean(exif.text(MAIN_EXIF, _LENS), _LONGEST_NAME),
        orientation=exif.orientation(),
        adobe_rgb=exif.adobe_rgb(),
        exposure=exif.exposure(),
        words=gather(xmp, iptc, exif.words(), f"{make} {model}"),
    )


class _Exif:
    """The values of an EXIF block; empty ones where there is no block or no value."""

    def __init__(self, tiff: Tiff | None) -> None:
        self._tiff = tiff

    def moment(self) -> Moment | None:
        for source, date, fraction, zone in _DATES:
            said, digits, offset = (self.text(MAIN_EXIF, tag) for tag in (date, fraction, zone))
            if moment := exif_moment(said, digits, offset, source):
                return moment
        return None

    def words(self) -> Mapping[str, str]:
        # EXIF's copyright is the photographer's, a NUL, and the editor's
        return {
            "caption": self.text(MAIN, _DESCRIPTION),
            "creator": self.text(MAIN, _ARTIST),
            "copyright": ", ".join(filter(None, map(str.strip, self._ascii(MAIN, _COPYRIGHT).split("\0")))),
        }

    def orientation(self) -> int:
        value = self._numbers(MAIN, _ORIENTATION)
        return int(value[0]) if value and 1 <= value[0] <= 8 else 1

    def adobe_rgb(self) -> bool:
        # DCF 2.0: R03 with an uncalibrated colour space; some write 2 there, which Exif never defined
        space = self._numbers(MAIN_EXIF, _COLOUR_SPACE)
        return space == [2] or (space == [0xFFFF] and self.text(f"{MAIN_EXIF}/{INTEROP}", _INTEROP_INDEX) == "R03")

    def exposure(self) -> Exposure:
        seconds, aperture, iso, focal = (
            next(iter(self._numbers(MAIN_EXIF, tag)), None) for tag in (_TIME, _APERTURE, _ISO, _FOCAL_LENGTH)
        )
        return Exposure(
            seconds=_seconds(seconds) if seconds else "",
            aperture=f"{float(aperture):.1f}".removesuffix(".0") if aperture else "",
            iso=str(int(iso)) if iso else "",
            millimetres=f"{float(focal):.1f}".removesuffix(".0") if focal else "",
        )

    def text(self, path: str, tag: int) -> str:
        return self._ascii(path, tag).partition("\0")[0]

    def _ascii(self, path: str, tag: int) -> str:
        entry = self._entry(path, tag)
        if self._tiff is None or entry is None or entry.type not in (ASCII, _UTF8):
            return ""
        return decoded(self._tiff.value(entry._replace(size=min(entry.size, _LONGEST_TEXT))))

    def _numbers(self, path: str, tag: int) -> list[Fraction]:
        entry = self._entry(path, tag)
        if self._tiff is None or entry is None or not 1 <= entry.values <= 4:
            return []
        raw = self._tiff.value(entry)
        if len(raw) < entry.size:
            return []
        if entry.type == _SHORT:
            return [Fraction(n) for n in struct.unpack(f"{self._tiff.order}{entry.values}H", raw)]
        if entry.type == _RATIONAL:
            parts = struct.unpack(f"{self._tiff.order}{2 * entry.values}I", raw)
            return [Fraction(a, b) for a, b in zip(parts[::2], parts[1::2], strict=True) if b]
        return []

    def _entry(self, path: str, tag: int) -> Entry | None:
        directory = self._tiff.directories.get(path) if self._tiff else None
        return next(iter(directory.find(tag)), None) if directory else None


def _seconds(value: Fraction) -> str:
    """``1/250`` for short times, ``2.5`` for long ones."""
    if value < Fraction(1, 3):
        return f"1/{round(1 / value)}"
    return f"{float(value):.1f}".removesuffix(".0")
