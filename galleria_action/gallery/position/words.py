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
#: the same in a BigTIFF, which counts in eight bytes; in the other byte order it begins as above
_BIG_RECORDS = (b"\0\x02\0\x05\0\0\0\0\0\0\0\x03", b"\0\x04\0\x05\0\0\0\0\0\0\0\x03")

#: Each word holds one of these letters in a row, each record one of these bytes: looked for first, they are few.
_HINTS = (b"gps", b"itude", b'"lat"', b'"lng"', b'"lon"', b"geo:l", b"\xa9xyz", b"iso6709", b"$gp", b"$gn")
_RECORD_HINTS = (b"\0\x05\0\x03\0\0\0", b"\0\x05\0\0\0\x03", b"\0\x05\0\0\0\0\0\0\0\x03")
#: what no word has in it: without these bytes most data that are not text are a few of what they were
_OUTSIDE = bytes(set(range(256)) - set(b"".join(_WORDS)) - set(b"".join(_WORDS).upper()))

#: a place as people and simple programs write it: `Latitude: 52.52`, `lat="52.52"`, `Lat N 52° 31'`,
#: `GPS: 52.520,13.405`, `<coordinates>13.4050,52.5200`. Whole numbers and versions (a Latitude 5490, GPS 2.2.0.0)
#: are not one. A letter before a bare "lat" makes another word, or is the byte of a length; then the longitude tells.
_SAID = expression(
    rb"(?:latitude|lat(?<![a-z0-9]...))[^a-z0-9]{1,8}(?:[ns][^a-z0-9]{0,3})?[0-9]{1,2}(?:\.[0-9]{2}|[^a-z0-9]{0,2}(?:\xb0|deg))"
    rb"|lat[^a-z0-9]{1,8}[0-9]{1,2}\.[0-9]{2,20}[^a-z0-9]{1,8}l(?:on|ng)"
    rb"|gps[^a-z0-9]{1,4}[0-9]{1,2}\.[0-9]{3}"
    rb"|coordinates[^a-z0-9]{1,5}[0-9]{1,3}\.[0-9]{4}"
)
_SAID_HINTS = (b"lat", b"gps", b"coordinates")

#: a place as ISO 6709 writes it, in whatever it stands: `+52.5200+013.4050/`, `+5231.20+01324.30+034.0/`. With its
#: slash, as no other text is likely to be; digits become `0` for the first look, and all but these four `_`.
_ISO_6709 = expression(
    rb"[+-](?:[0-9]{2}){1,3}\.[0-9]{2,12}[+-][01][0-9]{2}(?:[0-9]{2}){0,2}\.[0-9]{2,12}"
    rb"(?:[+-][0-9.]{1,12})?(?:crs[a-z0-9_:-]{1,20})?/"
)
_SHAPE = bytes(
    48 if 48 <= code <= 57 else 43 if code in b"+-" else code if code in b"./" else 95 for code in range(256)
)
_SHAPES = (b"+00.00", b"+0000.00", b"+000000.00")

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
    if _any(_RECORD_HINTS, data) and _any(RECORDS + _BIG_RECORDS, data):
        return True
    if _any(_SHAPES, data.translate(_SHAPE, b"\0")) and _ISO_6709.search(folded(data)):
        return True
    letters = data.translate(_FOLDED, _OUTSIDE)
    if _any(_HINTS, letters) and _any(_WORDS, letters) and _any(_WORDS, folded(data)):
        return True
    return _any(_SAID_HINTS, letters) and says_place(folded(data))


def says_place(text: bytes) -> bool:
    """Whether ``text``, which is folded, names a place by a number with its degrees, as people write it."""
    return _any(_SAID_HINTS, text) and _SAID.search(text) is not None


def _any(texts: tuple[bytes, ...], data: bytes) -> bool:
    return any(map(data.count, texts))  # ``in`` would ask of each text whether it is a number, by an exception
