"""What a photo still says otherwise when its EXIF says the corrected time: nothing is changed here, it is only told.

Sources: XMP part 2 and Exif for XMP (CIPA DC-010), IPTC-IIM 4.2 (2:55, 2:60), Exif 2.31 (the zones), C2PA 2.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from galleria_action.expressions import expression
from galleria_action.gallery.containers import jpeg
from galleria_action.gallery.containers.jpeg import APP1, Head, Segment
from galleria_action.gallery.containers.tiff import DATE_TIME_ORIGINAL, MAIN_EXIF, OFFSET_TIME_ORIGINAL, Tiff

_APP11, _APP13 = 0xEB, 0xED
_TELLING = frozenset([APP1, _APP11, _APP13])
_PHOTOSHOP = b"Photoshop 3.0\0"
_OTHER_ZONES = {0x9010: "OffsetTime", 0x9012: "OffsetTimeDigitized"}
_XMP_DATE = expression(
    rb"(?:exif:DateTimeOriginal|photoshop:DateCreated)\s*(?:=\s*[\"']|>)\s*"
    rb"(\d{4}(?:-\d\d(?:-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?)?)?)(?:\.\d+)?([+-]\d\d:\d\d|Z)?"
)
_IPTC_DATE = expression(rb"\x1c\x02\x37\0\x08(\d{8})")
_IPTC_TIME = expression(rb"\x1c\x02\x3c\0\x0b(\d{6})")
#: content credentials name themselves in their first boxes
_CREDENTIALS_WITHIN = 256


def what_stays_untrue(image: memoryview, head: Head, exif: Tiff | None, wanted: Mapping[int, bytes]) -> Iterator[str]:
    """A sentence for each thing in ``image`` that contradicts the ``wanted`` tags, or that the edit makes invalid.

    ``exif`` is the block as it was.
    """
    told = [segment for segment in head.segments if segment.marker in _TELLING and segment not in head.exif]
    if any(it.marker == _APP11 and b"c2pa" in bytes(image[it.body : it.body + _CREDENTIALS_WITHIN]) for it in told):
        yield "its content credentials (C2PA) do not hold any more, as the photo is not the signed one"
    if told and (date := wanted.get(DATE_TIME_ORIGINAL)):
        zone = wanted.get(OFFSET_TIME_ORIGINAL, b"\0")[:-1].replace(b"+00:00", b"Z")
        if any(_differs(found[1], found[2], date, zone) for found in _xmp_dates(image, told)):
            yield "its XMP still tells the old date, which some programs prefer"
        if _iptc_differs(image, told, date):
            yield "its IPTC still tells the old date, which some programs prefer"
    if exif and (zone := wanted.get(OFFSET_TIME_ORIGINAL, b"")[:-1]):
        for tag, name in _OTHER_ZONES.items():
            for entry in exif.find(MAIN_EXIF, tag):
                value = exif.value(entry)[:6]
                if re.fullmatch(rb"[+-]\d\d:\d\d", value) and value != zone:
                    yield f"its {name} still says another time zone, {value.decode()}"


def _xmp_dates(image: memoryview, segments: Sequence[Segment]) -> Iterator[re.Match[bytes]]:
    for segment in segments:
        if jpeg.starts_with(image, segment, APP1, jpeg.XMP_HEADER):
            yield from _XMP_DATE.finditer(image, segment.body, segment.end)


def _differs(told: bytes, told_zone: bytes | None, date: bytes, zone: bytes) -> bool:
    """Whether XMP's ``told`` is not EXIF's ``date``, as far as it goes: it may be a day, or a year."""
    digits, wanted = (re.sub(rb"\D", b"", text) for text in (told, date))
    return not wanted.startswith(digits) or bool(told_zone and zone and told_zone.replace(b"+00:00", b"Z") != zone)


def _iptc_differs(image: memoryview, segments: Sequence[Segment], date: bytes) -> bool:
    for segment in segments:
        if jpeg.starts_with(image, segment, _APP13, _PHOTOSHOP):
            day = _IPTC_DATE.search(image, segment.body, segment.end)
            time = _IPTC_TIME.search(image, segment.body, segment.end)
            wanted = re.sub(rb"\D", b"", date)
            if (day and day[1] != wanted[:8]) or (time and time[1] != wanted[8:]):
                return True
    return False
