"""How a position looks as text or as bare bytes, wherever it stands: the last look at what no format explains."""

from __future__ import annotations

from galleria_action.expressions import expression

#: small letters, and no NULs: UTF-16 reads like ASCII then
_FOLDED = bytes(range(256)).lower()
#: XMP's and Exif's names in text, JSON, CBOR; W3C's; tags of photo sites; QuickTime's atom and key; NMEA sentences;
#: the marks of dash cameras
_WORDS = (
    b"gpslat", b"gpslon", b"gpspos", b"gpscoord", b"gpsdestlat", b"gpsdestlon", b":latitude", b":longitude",
    b'"latitude', b'"longitude', b'"lat"', b'"lng"', b'"lon"', b"hlatitude", b"ilongitude", b"geo:lat", b"geo:lon",
    b"geo:long", b"\xa9xyz", b"location.iso6709", b"$gprmc", b"$gpgga", b"$gpgll", b"$gnrmc", b"$gngga", b"freegps",
)  # fmt: skip
#: a record of GPSLatitude or GPSLongitude: tag 2 or 4, three rational numbers (Exif 2.32, 4.6.6)
RECORDS = (
    b"\x02\0\x05\0\x03\0\0\0", b"\x04\0\x05\0\x03\0\0\0", b"\0\x02\0\x05\0\0\0\x03", b"\0\x04\0\x05\0\0\0\x03",
)  # fmt: skip

#: Each word holds one of these letters in a row, each record one of these bytes: looked for first, they are few.
_HINTS = (b"gps", b"itude", b'"lat"', b'"lng"', b'"lon"', b"geo:l", b"\xa9xyz", b"iso6709", b"$gp", b"$gn")
_RECORD_HINTS = (b"\0\x05\0\x03\0\0\0", b"\0\x05\0\0\0\x03")
#: what no word has in it: without these bytes most data that are not text are a few of what they were
_OUTSIDE = bytes(set(range(256)) - set(b"".join(_WORDS)) - set(b"".join(_WORDS).upper()))

#: a keyword that is a position and nothing else: `geo:lat=52.5`, `geo:52.5,13.4` (RFC 5870), and
#: `+52.5200+013.4050/` (ISO 6709)
GEO_TEXT = expression(
    rb"(?i)\s*(?:geo:(?:lat|long?)\s*=\s*\S{0,40}|geo:-?\d{1,3}\.\d{1,20},-?\d{1,3}\.\d\S{0,80}"
    rb"|[+-]\d{2}\.\d{1,20}[+-]\d{3}\.\d{1,20}\S{0,40})\s*"
)


def folded(data: bytes) -> bytes:
    """``data`` in small letters and without NULs."""
    return data.translate(_FOLDED, b"\0")


def says_position(data: bytes) -> bool:
    """Whether ``data`` holds words or records of a position. Linear, and a few nanoseconds per byte."""
    if _any(_RECORD_HINTS, data) and _any(RECORDS, data):
        return True
    letters = data.translate(_FOLDED, _OUTSIDE)
    return _any(_HINTS, letters) and _any(_WORDS, letters) and _any(_WORDS, folded(data))


def _any(texts: tuple[bytes, ...], data: bytes) -> bool:
    return any(text in data for text in texts)
