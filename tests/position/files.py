"""Files of many formats, built from their specifications, that tell a position in one place each."""

from __future__ import annotations

import json
import struct
import zlib
from hashlib import md5

from tests.gallery.exif_photos import ASCII, GPS, MAKE, RATIONAL, Block, exif_segment, photo, segment

#: 52°31′12″ N, 13°24′17″ E in the ways in which it is written below
DEGREES = struct.pack(">6I", 52, 1, 31, 1, 12, 1)
SECRETS = (DEGREES, GPS[0x0002][1], b"52.520", b"52,31", "52.520".encode("utf-16-le"), struct.pack("<d", 52.520008))
PLACE = {0x0001: (ASCII, b"N\0"), 0x0002: (RATIONAL, DEGREES)}
#: a camera that knows no place writes this
NO_PLACE = {0x0000: (1, bytes([2, 3, 0, 0])), 0x001D: (ASCII, b"2024:01:01\0")}

XMP = b"http://ns.adobe.com/xap/1.0/\0"
PACKET = (
    b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
    b"<rdf:Description xmlns:exif='http://ns.adobe.com/exif/1.0/' xmlns:dc='http://purl.org/dc/elements/1.1/' %s>"
    b"<dc:title>A title</dc:title>%s</rdf:Description></rdf:RDF></x:xmpmeta>"
)
LOCATED = PACKET % (b"exif:GPSLatitude='52,31.2N'", b"<exif:GPSLongitude>13,24.3E</exif:GPSLongitude>")
UNLOCATED = PACKET % (b"", b"")


def tiff(gps: dict[int, tuple[int, bytes]] | None = PLACE, order: str = ">") -> bytes:
    return Block(order, gps=gps, main={MAKE: (ASCII, b"Testcam\0")}).build()


def app(marker: int, *payloads: bytes) -> bytes:
    return photo(*(segment(marker, payload) for payload in payloads))


def extended_xmp(packet: bytes, cut: int = 2) -> bytes:
    """A packet in several segments, in the wrong order, named by its digest."""
    guid = md5(packet, usedforsecurity=False).hexdigest().upper().encode()
    step = -(-len(packet) // cut)
    parts = [
        b"http://ns.adobe.com/xmp/extension/\0" + guid + struct.pack(">II", len(packet), at) + packet[at : at + step]
        for at in range(0, len(packet), step)
    ]
    return app(0xE1, XMP + PACKET % (b"xmpNote:HasExtendedXMP='" + guid + b"' xmlns:xmpNote='n'", b""), *parts[::-1])


def resource(number: int, body: bytes) -> bytes:
    return b"8BIM" + struct.pack(">HHI", number, 0, len(body)) + body + bytes(len(body) % 2)


def photoshop(*resources: bytes) -> bytes:
    return app(0xED, b"Photoshop 3.0\0" + b"".join(resources))


def iptc(*keywords: bytes) -> bytes:
    return b"".join(b"\x1c\x02\x19" + struct.pack(">H", len(word)) + word for word in keywords)


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body


def jumb(label: bytes, kind: bytes, body: bytes) -> bytes:
    return box(b"jumb", box(b"jumd", b"json" + bytes(12) + b"\x03" + label + b"\0") + box(kind, body))


def credentials(assertion: bytes) -> bytes:
    return box(b"jumb", box(b"jumd", b"c2pa" + bytes(12) + b"\x03c2pa\0") + assertion)


def in_app11(store: bytes, size: int = 60_000) -> bytes:
    """A box over several segments, each of which repeats its head."""
    head, body = store[:8], store[8:]
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return app(0xEB, *(b"JP\0\1" + struct.pack(">I", n + 1) + head + part for n, part in enumerate(parts)))


def flir(valid: bool = True) -> bytes:
    gps = bytearray(0x4C)
    gps[:12] = struct.pack("<I", 1) + b"\2\2\0\0N\0E\0"
    struct.pack_into("<dd", gps, 0x10, *((52.520008, 13.404954) if valid else (0, 0)))
    head = (b"FFF\0" + b"test".ljust(16, b"\0") + struct.pack(">3I", 101, 64, 1)).ljust(64, b"\0")
    record = struct.pack(">HHIIII", 0x2B, 0, 100, 0, 96, len(gps)).ljust(32, b"\0")
    return app(0xE1, b"FLIR\0\x01\0\0" + head + record + bytes(gps))


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*chunks: bytes) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"\0\0"))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + pixels + chunk(b"IEND", b"")


def itxt(packet: bytes, *, packed: bool) -> bytes:
    text = zlib.compress(packet) if packed else packet
    return chunk(b"iTXt", b"XML:com.adobe.xmp\0" + bytes([packed, 0]) + b"\0\0" + text)


def raw_profile(name: bytes, block: bytes, *, packed: bool) -> bytes:
    digits = block.hex().encode()
    lines = b"\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
    text = b"\n%s\n%8d\n%s\n" % (name, len(block), lines)
    keyword = b"Raw profile type " + name + b"\0"
    return chunk(b"zTXt", keyword + b"\0" + zlib.compress(text)) if packed else chunk(b"tEXt", keyword + text)


def webp(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"WEBP" + b"".join(
        name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)
        for name, data in [(b"VP8X", bytes(10)), (b"VP8L", b"\x2fpixels"), *chunks]
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def heif(
    kind: bytes, content: bytes, *, in_idat: bool = False, brand: bytes = b"heic", version: int = 2, length: int = -1
) -> bytes:
    """A file with one item of metadata, in its data or in the `idat` box of its `meta`. ``version`` is that of the
    item's entry, ``length`` what is told of its own."""
    infe = box(b"infe", bytes([version, 0, 0, 0]) + struct.pack(">HH", 1, 0) + kind + b"\0")
    iinf = box(b"iinf", bytes(4) + struct.pack(">H", 1) + infe)
    ftyp = box(b"ftyp", brand + bytes(4) + brand)
    idat = box(b"idat", content) if in_idat else b""

    def meta(at: int) -> bytes:
        place = struct.pack(">HHHHII", 1, int(in_idat), 0, 1, at, len(content) if length < 0 else length)
        iloc = box(b"iloc", b"\1\0\0\0" + b"\x44\0" + struct.pack(">H", 1) + place)
        return box(b"meta", bytes(4) + box(b"hdlr", bytes(8) + b"pict" + bytes(13)) + iinf + iloc + idat)

    at = 0 if in_idat else len(ftyp) + len(meta(0)) + 8
    return ftyp + meta(at) + box(b"mdat", b"" if in_idat else content + b"pixels")


def video(*in_moov: bytes) -> bytes:
    return box(b"ftyp", b"isom" + bytes(4) + b"isom") + box(b"moov", b"".join(in_moov)) + box(b"mdat", b"frames" * 9)


def track(handler: bytes, entry: bytes) -> bytes:
    stsd = box(b"stsd", bytes(4) + struct.pack(">I", 1) + box(entry, bytes(8)))
    media = box(b"hdlr", bytes(8) + handler + bytes(13)) + box(b"minf", box(b"stbl", stsd))
    return box(b"trak", box(b"mdia", media))


def keys(*values: tuple[bytes, bytes]) -> bytes:
    """QuickTime's metadata: names, and values by the names' numbers."""
    names = b"".join(box(b"mdta", name) for name, _ in values)
    entries = b"".join(
        box(struct.pack(">I", number), box(b"data", struct.pack(">II", 1, 0) + value))
        for number, (_, value) in enumerate(values, 1)
    )
    count = struct.pack(">I", len(values))
    return box(
        b"meta",
        box(b"hdlr", bytes(8) + b"mdta" + bytes(13)) + box(b"keys", bytes(4) + count + names) + box(b"ilst", entries),
    )


XYZ = box(b"udta", box(b"\xa9xyz", b"\0\x12\x15\xc7+52.5200+013.4050/"))
LOCI = box(
    b"udta", box(b"loci", bytes(4) + b"\x15\xc7Home\0\0" + struct.pack(">3i", 13 << 16, 52 << 16, 0) + b"52.520")
)
LOCATION = keys((b"com.apple.quicktime.make", b"Apple"), (b"com.apple.quicktime.location.ISO6709", b"+52.520+013.404/"))
KEYWORD = b"<dc:subject><rdf:Bag><rdf:li>geo:lat=52.520</rdf:li></rdf:Bag></dc:subject>"
THUMBNAIL = photo(exif_segment(tiff()))
NOTE = {0x927C: (7, b"MAKER\0" + b"\0\x02\0\x05\0\0\0\x03\0\0\0\x08" + DEGREES)}
NOWHERE = {0x0001: (ASCII, b"\0\0"), 0x0002: (RATIONAL, struct.pack(">6I", 0, 1, 0, 1, 0, 1))}
ASSERTION = json.dumps({"exif:GPSLatitude": "52.520008", "exif:GPSLongitude": "13.404954"}).encode()
CBOR = b"\xa1\x68latitude\xfb@J\x42\x8f\x9e" + b"52.520"
_UUID_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")

#: each tells a position that goes, and nothing else changes
TELLING = {
    "EXIF": photo(exif_segment(tiff())),
    "EXIF, the other byte order": photo(exif_segment(tiff(order="<"))),
    "EXIF of the thumbnail": photo(exif_segment(Block(thumbnail=photo(exif_segment(tiff()))).build())),
    "XMP": app(0xE1, XMP + LOCATED),
    "XMP, a keyword": app(0xE1, XMP + PACKET % (b"", KEYWORD)),
    "extended XMP": extended_xmp(LOCATED),
    "Photoshop's EXIF": photoshop(resource(0x0422, tiff())),
    "Photoshop's XMP": photoshop(resource(0x0424, LOCATED)),
    "Photoshop's thumbnail": photoshop(resource(0x040C, bytes(28) + photo(exif_segment(tiff())))),
    "IPTC keywords": photoshop(resource(0x0404, iptc(b"Berlin", b"geo:lat=52.520", b"geotagged"))),
    "content credentials, JSON": in_app11(credentials(jumb(b"stds.exif", b"json", ASSERTION))),
    "content credentials, CBOR": in_app11(credentials(jumb(b"stds.exif", b"cbor", CBOR))),
    "content credentials in pieces": in_app11(credentials(jumb(b"stds.exif", b"json", ASSERTION)), size=70),
    "content credentials, a picture": in_app11(credentials(jumb(b"c2pa.thumbnail", b"bidb", THUMBNAIL))),
    "FLIR": flir(),
    "a picture behind the picture": photo(trailer=photo(exif_segment(tiff()))),
    "a video behind the picture": photo(trailer=video(XYZ) + b"SEFT of a phone"),
    "a video of another brand": photo(trailer=box(b"ftyp", b"zzzz" + bytes(4)) + box(b"moov", XYZ)),
    "PNG, EXIF": png(chunk(b"eXIf", tiff())),
    "PNG, XMP": png(itxt(LOCATED, packed=False)),
    "PNG, packed XMP": png(itxt(LOCATED, packed=True)),
    "PNG, raw profile": png(raw_profile(b"exif", b"Exif\0\0" + tiff(), packed=False)),
    "PNG, packed raw profile": png(raw_profile(b"APP1", b"Exif\0\0" + tiff(), packed=True)),
    "PNG, raw XMP": png(raw_profile(b"xmp", LOCATED, packed=True)),
    "PNG, raw IPTC": png(raw_profile(b"iptc", resource(0x0404, iptc(b"geo:lat=52.520")), packed=False)),
    "PNG, a text": png(chunk(b"tEXt", b"exif:GPSLatitude\x0052.520")),
    "PNG, credentials": png(chunk(b"caBX", credentials(jumb(b"stds.exif", b"json", ASSERTION)))),
    "WebP, EXIF": webp((b"EXIF", tiff())),
    "WebP, EXIF with a header": webp((b"EXIF", b"Exif\0\0" + tiff())),
    "WebP, XMP": webp((b"XMP ", LOCATED)),
    "HEIC, EXIF": heif(b"Exif", bytes(4) + tiff()),
    "HEIC, EXIF with a header": heif(b"Exif", struct.pack(">I", 6) + b"Exif\0\0" + tiff()),
    "HEIC, EXIF in idat": heif(b"Exif", bytes(4) + tiff(), in_idat=True),
    "HEIC, EXIF up to the end": heif(b"Exif", bytes(4) + tiff(), length=0),
    "HEIC, EXIF up to the end of idat": heif(b"Exif", bytes(4) + tiff(), in_idat=True, length=0),
    "PNG, ISO 6709": png(chunk(b"tEXt", b"Location\0+52.5200+013.4050/")),
    "IPTC, a caption": photoshop(resource(0x0404, iptc(b"Latitude 52.520008"))),
    "PNG, words": png(chunk(b"tEXt", b"Comment\0Latitude: 52.520008, Longitude: 13.404954")),
    "AVIF, XMP": heif(b"mime", LOCATED, brand=b"avif"),
    "TIFF": tiff(),
    "TIFF, XMP": Block(main={MAKE: (ASCII, b"T\0"), 0x02BC: (1, LOCATED)}).build(),
    "JPEG XL": box(b"JXL ", b"\r\n\x87\n") + box(b"ftyp", b"jxl " + bytes(8)) + box(b"Exif", bytes(4) + tiff()),
    "MP4, ©xyz": video(XYZ),
    "MP4, loci": video(LOCI),
    "MP4, XMP": video() + box(b"uuid", _UUID_XMP + LOCATED),
    "MOV, keys": video(LOCATION),
    "GIF, XMP": b"GIF89a" + bytes(7) + b"\x21\xff\x0bXMP DataXMP" + LOCATED + bytes(range(255, -1, -1)) + b"\0;",
}  # fmt: skip

#: each tells a position that cannot be taken out, and has to be named
HOPELESS = {
    "a maker note": photo(exif_segment(Block(exif=NOTE).build())),
    "a broken XMP": app(0xE1, XMP + LOCATED[:-20]),
    "XMP in UTF-16": app(0xE1, XMP + LOCATED.decode().encode("utf-16-le")),
    "an unknown segment": app(0xE7, b"WHERE\0" + b'{"latitude": 52.520}'),
    "a comment": app(0xFE, b"$GPRMC,123519,A,5231.038,N,01324.000,E"),
    "unknown data behind the picture": photo(trailer=b'dump {"GPSLatitude": "52.520"}'),
    "GoPro's track": video(track(b"meta", b"gpmd")),
    "a cut video": video(XYZ)[:60],
    "JPEG XL, packed": box(b"JXL ", b"\r\n\x87\n") + box(b"brob", b"Exif" + b"whatever"),
    "words in a comment": app(0xFE, b"Latitude: 52.520008 Longitude: 13.404954"),
    "words in EXIF": photo(exif_segment(Block(main={0x010E: (ASCII, b"lat=52.520;lon=13.404\0")}).build())),
    "words of Windows": photo(exif_segment(Block(main={0x9C9C: (1, "Lat: N 52° 31'".encode("utf-16-le"))}).build())),
    "words in XMP": app(0xE1, XMP + PACKET % (b"dc:description='latitude 52.520'", b"")),
    "words in XMP, without a name": app(0xE1, XMP + PACKET % (b"dc:description='GPS: 52.520008, 13.404'", b"")),
    "a track behind the picture": photo(trailer=b'<gpx><trkpt lat="52.520008" lon="13.404954"/></gpx>'),
    "a place behind the picture": photo(trailer=b"<kml><coordinates>13.404954,52.520008,0</coordinates></kml>"),
    "GIF, a comment": b"GIF89a" + bytes(7) + b"\x21\xfe\x13Latitude: 52.520008\0;",
    "PNG, a text too large": png(chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(8 << 20) + b"GPSLatitude=52.5"))),
    "AVI": b"RIFF....AVI LIST $GPGGA,123519,5231.038,N,01324.000,E",
}  # fmt: skip

HOPELESS |= {
    "PNG, packed EXIF": png(chunk(b"zxIf", b"\0" + struct.pack(">I", len(tiff())) + zlib.compress(tiff()))),
    "PNG, packed ISO 6709": png(chunk(b"zTXt", b"Location\0\0" + zlib.compress(b"+52.5200+013.4050/"))),
    "HEIC, EXIF that no list leads to": heif(b"Exif", bytes(4) + tiff(), version=1),
    "MP4, iTunes' own field": video(box(b"udta", box(b"----", box(b"data", bytes(8) + b"+52.5200+013.4050/")))),
    "MOV, packed": video(box(b"cmov", box(b"cmvd", bytes(4) + zlib.compress(XYZ)))),
    "MP4, a dash camera": video(box(b"gps ", bytes(16))),
    "MP4, Sony's XML": video(box(b"meta", bytes(4) + box(b"xml ", b"<Item name='Latitude' value='52:31:12.000'/>"))),
    "Matroska": b"\x1a\x45\xdf\xa3" + bytes(20) + b"LOCATION\x44\x87\x92+5231.20+01324.30+034.0/",
    "BigTIFF": b"MM\0+\0\x08" + bytes(11) + b"\x01\0\x02\0\x05\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\x40" + DEGREES,
}

#: none of these tells where, though some look like it
SILENT = {
    "nothing": photo(),
    "EXIF": photo(exif_segment(Block().build())),
    "EXIF without a place": photo(exif_segment(tiff(NO_PLACE))),
    "a place of zeros": photo(exif_segment(tiff(NOWHERE))),
    "XMP": app(0xE1, XMP + UNLOCATED),
    "XMP with words": app(0xE1, XMP + PACKET % (b"dc:description='Latitude lost, geo: no'", b"")),
    "XMP with versions": app(0xE1, XMP + PACKET % (b"dc:description='GPS 2.2.0.0, Latitude 5490, flat: 12.50'", b"")),
    "the name of a computer": photo(exif_segment(Block(main={0x013C: (ASCII, b"Dell Latitude 7490\0")}).build())),
    "IPTC": photoshop(resource(0x0404, iptc(b"Berlin", b"flat", b"geography"))),
    "credentials": in_app11(credentials(jumb(b"c2pa.actions", b"json", b'{"action": "c2pa.created"}'))),
    "FLIR": flir(valid=False),
    "PNG": png(),
    "PNG with numbers": png(chunk(b"tEXt", b"d\0M+12.34+012.34c-1.5-120.25/x, 2.0.0+00.00/ and -12.3-456.7/")),
    "PNG, packed EXIF": png(chunk(b"zxIf", b"\0\0\0\0\x09" + zlib.compress(tiff(None)))),
    "PNG with XMP": png(itxt(UNLOCATED, packed=True)),
    "WebP": webp((b"XMP ", UNLOCATED)),
    "HEIC": heif(b"mime", UNLOCATED),
    "TIFF": tiff(None),
    "video": video(track(b"vide", b"avc1"), track(b"soun", b"mp4a"), track(b"meta", b"mebx")),
    "GIF": b"GIF89a" + bytes(30),
    "empty": b"",
}  # fmt: skip
