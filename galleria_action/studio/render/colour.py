"""Colours for the web: everything becomes sRGB, which is what a picture without a profile means everywhere.

Sources: ICC.1:2010; Exif 2.31 and DCF 2.0 for Adobe RGB without a profile; Adobe RGB (1998) for its primaries.
"""

from __future__ import annotations

import io
import struct
from functools import lru_cache
from typing import Any

from PIL import Image, ImageCms

#: x and y of sRGB's primaries, adapted to D50 as profiles store them
_SRGB_PRIMARIES = ((0.648, 0.331), (0.321, 0.598), (0.156, 0.066))
_SAME = 0.004
_WORKING_MODES = {"GRAY": ("L",), "RGB ": ("RGB",), "CMYK": ("CMYK",)}


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """``image`` in RGB whose numbers mean sRGB. ``profile`` is the ICC profile of its numbers now, if it has one.

    A profile that is damaged, or for another kind of picture, is left aside as browsers do.
    """
    transform = _transform(profile, image.mode) if profile else None
    if transform is not None:
        converted = ImageCms.applyTransform(image, transform)
        assert converted is not None
        return converted
    return image if image.mode == "RGB" else image.convert("RGB")


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> Any:
    """What turns ``mode`` under ``profile`` into sRGB; ``None`` where there is nothing to do or no sense in it."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if mode not in _WORKING_MODES.get(source.profile.xcolor_space, ()) or _is_srgb(source):
            return None
        return ImageCms.buildTransform(
            source,
            _srgb(),
            mode,
            "RGB",
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


@lru_cache(maxsize=1)
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _is_srgb(profile: ImageCms.ImageCmsProfile) -> bool:
    """Whether it says so and its primaries agree: a name alone proves nothing."""
    core = profile.profile
    if "srgb" not in (core.profile_description or "").lower():
        return False
    # of each primary the coordinates as XYZ, and as the x, y and Y that are wanted here
    primaries = [told[1] for told in (core.red_primary, core.green_primary, core.blue_primary) if told]
    pairs = zip(primaries, _SRGB_PRIMARIES, strict=False)
    return len(primaries) == 3 and all(abs(told[i] - known[i]) < _SAME for told, known in pairs for i in (0, 1))


@lru_cache(maxsize=1)
def adobe_rgb() -> bytes:
    """A profile for photos of cameras that say 'Adobe RGB' in EXIF only: its primaries and gamma 2.2 (563/256)."""

    def s15(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    def xyz(*values: float) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(map(s15, values))

    name = b"Adobe RGB (1998) compatible\0"
    description = b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name + bytes(78)
    gamma = b"curv\0\0\0\0" + struct.pack(">IHH", 1, 0x0233, 0)
    tags = [
        (b"desc", description + bytes(-len(description) % 4)),
        (b"cprt", b"text\0\0\0\0no copyright\0\0\0\0"),
        (b"wtpt", xyz(0.9642, 1.0, 0.8249)),
        (b"rXYZ", xyz(0.60974, 0.31111, 0.01947)),
        (b"gXYZ", xyz(0.20528, 0.62567, 0.06087)),
        (b"bXYZ", xyz(0.14919, 0.06322, 0.74457)),
        (b"rTRC", gamma),
        (b"gTRC", gamma),
        (b"bTRC", gamma),
    ]
    at = 128 + 4 + 12 * len(tags)
    table, bodies = b"", b""
    for signature, body in tags:
        table += signature + struct.pack(">II", at + len(bodies), len(body))
        bodies += body
    size = at + len(bodies)
    header = struct.pack(">I4sI4s4s4s", size, b"none", 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    header += struct.pack(">6H4s", 1998, 11, 12, 0, 0, 0, b"acsp") + bytes(28)
    header += s15(0.9642) + s15(1.0) + s15(0.8249)
    return header + bytes(128 - len(header)) + struct.pack(">I", len(tags)) + table + bodies
