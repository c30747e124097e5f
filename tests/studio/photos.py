"""Small photos with everything that cameras and photographers write into them."""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from galleria_action.gallery.originals.kinds import Kind

DATE, DIGITIZED, SUBSEC, ZONE = 0x9003, 0x9004, 0x9291, 0x9011
MAKE, MODEL, ORIENTATION, DESCRIPTION, ARTIST, COPYRIGHT = 0x010F, 0x0110, 0x0112, 0x010E, 0x013B, 0x8298
_FORMATS = {Kind.JPEG: "JPEG", Kind.PNG: "PNG", Kind.WEBP: "WEBP", Kind.TIFF: "TIFF", Kind.AVIF: "AVIF"}
#: 64 × 64 pixels with a date, a position and XMP, written by libheif once
HEIC = (Path(__file__).parent / "gradient.heic").read_bytes()

PACKET = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:exif="http://ns.adobe.com/exif/1.0/" '
    'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" {attributes}>{elements}'
    "</rdf:Description></rdf:RDF></x:xmpmeta>"
)


def packet(attributes: str = "", **lists: list[str]) -> bytes:
    """An XMP packet with Dublin Core lists, such as ``title=["A lake"]``."""
    items = {name: "".join(f"<rdf:li>{text}</rdf:li>" for text in texts) for name, texts in lists.items()}
    elements = "".join(f"<dc:{name}><rdf:Bag>{inner}</rdf:Bag></dc:{name}>" for name, inner in items.items())
    return PACKET.format(attributes=attributes, elements=elements).encode()


def exif(
    date: str = "", subsec: str = "", zone: str = "", digitized: str = "", gps: bool = False, **main: str | int
) -> Image.Exif:
    """EXIF with the given times; ``main`` are tags of the first directory by their names above in lower case."""
    block = Image.Exif()
    for name, value in main.items():
        block[globals()[name.upper()]] = value
    inner = block.get_ifd(0x8769)
    for tag, text in ((DATE, date), (SUBSEC, subsec), (ZONE, zone), (DIGITIZED, digitized)):
        if text:
            inner[tag] = text
    if gps:
        block.get_ifd(0x8825).update({1: "N", 2: (59.0, 55.0, 1.5), 3: "E", 4: (30.0, 15.0, 2.5)})
    return block


def picture(size: tuple[int, int] = (96, 64), seed: int = 0) -> Image.Image:
    """Something to look at that no other ``seed`` gives: not flat, not symmetric."""
    width, height = size
    base = Image.linear_gradient("L").rotate(37 * seed % 360).resize(size)
    coarse = (max(2, width // 8), max(2, height // 8))
    spots = Image.frombytes("L", coarse, random.Random(seed).randbytes(coarse[0] * coarse[1])).resize(size)
    red = Image.blend(base, spots, 0.3)
    return Image.merge("RGB", (red, base.transpose(Image.Transpose.FLIP_LEFT_RIGHT), spots))


def photo(
    kind: Kind = Kind.JPEG,
    block: Image.Exif | None = None,
    xmp: bytes = b"",
    size: tuple[int, int] = (96, 64),
    seed: int = 0,
    image: Image.Image | None = None,
    icc: bytes = b"",
) -> bytes:
    """A photo of ``kind`` as a file's bytes."""
    out = io.BytesIO()
    extra: dict[str, Any] = {"exif": block} if block is not None else {}
    if kind is Kind.TIFF and block is not None:
        # Pillow writes no directory below the first one otherwise
        extra = {"tiffinfo": dict(block) | {0x8769: block.get_ifd(0x8769), 0x8825: block.get_ifd(0x8825)}}
        extra["tiffinfo"] |= {0x02BC: xmp} if xmp else {}
    elif xmp and kind is Kind.PNG:
        extra["pnginfo"] = PngInfo()
        extra["pnginfo"].add_itxt("XML:com.adobe.xmp", xmp.decode(), zip=True)
    elif xmp:
        extra["xmp"] = xmp
    if icc:
        extra["icc_profile"] = icc
    (image or picture(size, seed)).save(out, _FORMATS[kind], **extra)
    return out.getvalue()


def put(folder: Path, path: str, data: bytes) -> Path:
    """Write ``data`` below ``folder``."""
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    return target
