"""A photo's pixels at the size they are wanted: decoded as small as that permits, upright, in sRGB.

Pillow does it all; where pyvips is installed it decodes and scales JPEGs with less work. Both give the same sizes.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Any

from PIL import Image, UnidentifiedImageError

from galleria_action.gallery.originals.facts import Facts
from galleria_action.gallery.originals.kinds import Kind
from galleria_action.studio.recipe import Box, fitted
from galleria_action.studio.render.colour import adobe_rgb, to_srgb
from galleria_action.values import dataclass

#: pixels that are held at once, of three bytes each
MAX_PIXELS = 250_000_000
_FORMATS = {
    Kind.JPEG: "JPEG",
    Kind.PNG: "PNG",
    Kind.WEBP: "WEBP",
    Kind.TIFF: "TIFF",
    Kind.AVIF: "AVIF",
    Kind.HEIC: "HEIF",
}
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION = 0x0112
#: since when libheif and libde265 decode hostile files safely (their advisories of August and September 2026)
_SAFE_LIBHEIF = (1, 23, 4)


class Unreadable(Exception):
    """A photo cannot be decoded; the text completes a sentence that begins with its name."""


@dataclass(frozen=True, slots=True)
class Picture:
    """``image`` is upright RGB in sRGB; ``full_size`` what the photo has itself, upright."""

    image: Image.Image
    full_size: Box


#: decodes a JPEG of a known size to a target size, as it is stored; ``None`` where it would rather not
ScaledDecoder = Callable[[bytes, Box, Box], Image.Image | None]


def develop(kind: Kind, data: bytes, facts: Facts, box: Box, decoder: ScaledDecoder | None = None) -> Picture:
    """``data``, a whole file of ``kind`` that says ``facts``, as a picture that fits into ``box``.

    Raises ``Unreadable`` when the file is damaged, too large, or of a format for which nothing is installed.
    """
    try:
        return _develop(kind, data, facts, box, decoder)
    except Unreadable:
        raise
    except MemoryError:
        raise Unreadable("needs more memory than there is") from None
    except UnidentifiedImageError:  # whose text names an object in our memory
        raise Unreadable(f"cannot be decoded: it begins like {_FORMATS[kind]}, and is damaged right behind") from None
    except Exception as error:  # noqa: BLE001 - a codec may raise anything for a file that is damaged
        raise Unreadable(f"cannot be decoded: {str(error) or type(error).__name__}") from None


def _develop(kind: Kind, data: bytes, facts: Facts, box: Box, decoder: ScaledDecoder | None) -> Picture:
    if kind is Kind.HEIC and (missing := heic_missing()):
        raise Unreadable(missing)
    with Image.open(io.BytesIO(data), formats=[_FORMATS[kind]]) as image:
        profile = image.info.get("icc_profile") or (adobe_rgb() if facts.adobe_rgb else None)
        turn = _turn(kind, image, facts)
        if kind is Kind.TIFF:
            _refuse_too_large(image.size)
            image.load()  # which also turns it
        upright = image.size[::-1] if turn >= 5 else image.size
        target = fitted(upright, box)
        stored_target = target[::-1] if turn >= 5 else target
        small = decoder(data, image.size, stored_target) if decoder and kind is Kind.JPEG else None
        if small is None:
            # the scale is a power of two at which both sides stay large enough: ask for the exact size, not for a box
            image.draft(None, stored_target)
            _refuse_too_large(image.size)
            small = _plain(image).resize(stored_target, Image.Resampling.LANCZOS)
        small = to_srgb(_on_white(small), profile)
        if turn in _TURNS:
            small = small.transpose(_TURNS[turn])
        return Picture(small, upright)


def _turn(kind: Kind, image: Image.Image, facts: Facts) -> int:
    """The orientation that is still to be applied. Pillow turns TIFF by itself, libheif HEIC; AVIF has its own mark."""
    if kind is Kind.AVIF:
        return int(image.getexif().get(_ORIENTATION, 1))
    return 1 if kind in (Kind.TIFF, Kind.HEIC) else facts.orientation


def _refuse_too_large(size: Box) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        raise Unreadable(f"has {size[0]:,} × {size[1]:,} pixels; at most {MAX_PIXELS:,} are processed")


def _plain(image: Image.Image) -> Image.Image:
    """``image`` in a mode that can be scaled: L, RGB, CMYK, or with an alpha channel."""
    mode = image.mode
    if mode in ("L", "RGB", "CMYK", "LA", "RGBA"):
        return image
    if mode.startswith("I"):
        # 16 bits per pixel, of which the web shows eight
        return image.convert("I").point([value >> 8 for value in range(65536)], "L")
    if mode == "1":
        return image.convert("L")
    if mode == "F":
        raise Unreadable("has floating-point pixels; export it with 8 or 16 bits")
    return image.convert("RGBA" if "transparency" in image.info or mode in ("PA", "La", "RGBa") else "RGB")


def _on_white(image: Image.Image) -> Image.Image:
    """``image`` without its alpha channel, as it looks on white paper."""
    if image.mode not in ("LA", "RGBA"):
        return image
    paper = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(paper, image.convert("RGBA")).convert("RGB")


@cache
def heic_missing() -> str | None:
    """Why HEIC cannot be decoded here, or ``None`` where it can: a decoder is installed, and a safe one."""
    heif = _first_installed("pi_heif", "pillow_heif")
    if heif is None:
        return "is HEIC, for which nothing is installed: pip install galleria-action[heic]"
    version = heif.libheif_version()
    if tuple(int(part) for part in version.split(".")[:3]) < _SAFE_LIBHEIF:
        needed = ".".join(map(str, _SAFE_LIBHEIF))
        return f"is HEIC, and the installed libheif {version} has known holes; {needed} or newer is needed"
    heif.register_heif_opener()
    return None


def _first_installed(*names: str) -> Any:
    for name in names:
        with suppress(ImportError):
            return import_module(name)
    return None


@cache
def fast_decoder() -> ScaledDecoder | None:
    """libvips as a decoder of JPEGs, where it is installed."""
    try:
        import pyvips
    except (ImportError, OSError):
        return None
    pyvips.cache_set_max(0)

    def decode(data: bytes, size: Box, target: Box) -> Image.Image | None:
        shrink = next(s for s in (8, 4, 2, 1) if size[0] // s >= target[0] and size[1] // s >= target[1])
        try:
            image = pyvips.Image.jpegload_buffer(data, shrink=shrink, fail_on="truncated", access="sequential")
            mode = {("srgb", 3): "RGB", ("b-w", 1): "L"}.get((image.interpretation, image.bands))
            if mode is None:
                return None
            scaled = image.resize(target[0] / image.width, vscale=target[1] / image.height, kernel="lanczos3")
            if (scaled.width, scaled.height) != target:
                return None
            return Image.frombuffer(mode, target, scaled.write_to_memory(), "raw", mode, 0, 1)
        except pyvips.Error:
            return None  # Pillow says what is wrong with it, or reads it

    return decode
