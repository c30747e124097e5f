"""Paints landscapes, so that a gallery has something to look at and nobody's photos are needed."""

from __future__ import annotations

import io
import math
import random

from PIL import Image, ImageDraw, ImageFilter

Colour = tuple[int, int, int]

#: sky above, sky at the horizon, hills far and near
_TIMES: tuple[tuple[Colour, Colour, Colour, Colour], ...] = (
    ((52, 90, 160), (250, 190, 130), (120, 110, 150), (30, 40, 60)),
    ((90, 160, 220), (225, 240, 250), (130, 165, 185), (40, 90, 60)),
    ((25, 30, 70), (240, 110, 90), (95, 60, 95), (20, 15, 35)),
    ((120, 190, 225), (250, 245, 225), (160, 190, 150), (70, 110, 50)),
    ((60, 70, 110), (190, 200, 220), (110, 125, 150), (45, 60, 75)),
    ((250, 170, 90), (255, 225, 170), (190, 130, 100), (90, 50, 50)),
)


def landscape(number: int, width: int, height: int, *, brighter: bool = False) -> Image.Image:
    """The landscape ``number``; ``brighter`` as somebody would have edited it."""
    dice = random.Random(number)
    high, low, far, near = _TIMES[number % len(_TIMES)]
    picture = Image.new("RGB", (width, height))
    pen = ImageDraw.Draw(picture)
    for y in range(height):
        pen.line([(0, y), (width, y)], fill=_mixed(high, low, min(1.0, y / (height * 0.65))))
    _sun(picture, dice, low)
    for layer in range(4):
        _hills(pen, dice, (width, height), 0.45 + 0.14 * layer, _mixed(far, near, layer / 3))
    if brighter:
        picture = picture.point([min(255, int(value * 1.25) + 12) for value in range(256)] * 3)
    return picture


def _mixed(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _sun(picture: Image.Image, dice: random.Random, glow: Colour) -> None:
    width, height = picture.size
    x, y, size = dice.uniform(0.2, 0.8) * width, dice.uniform(0.2, 0.42) * height, height * 0.07
    light = Image.new("L", picture.size)
    ImageDraw.Draw(light).ellipse([x - 3 * size, y - 3 * size, x + 3 * size, y + 3 * size], fill=110)
    ImageDraw.Draw(light).ellipse([x - size, y - size, x + size, y + size], fill=255)
    colour = Image.new("RGB", picture.size, _mixed(glow, (255, 255, 240), 0.7))
    picture.paste(colour, mask=light.filter(ImageFilter.GaussianBlur(size / 3)))


def _hills(pen: ImageDraw.ImageDraw, dice: random.Random, size: tuple[int, int], top: float, colour: Colour) -> None:
    width, height = size
    waves = [(dice.uniform(0.5, 4), dice.uniform(0, 7), dice.uniform(0.01, 0.07)) for _ in range(4)]
    ridge = [
        (x, height * (top + sum(much * math.sin(often * 6 * x / width + shift) for often, shift, much in waves)))
        for x in range(0, width + 4, 4)
    ]
    pen.polygon([*ridge, (width, height), (0, height)], fill=colour)


def encoded(picture: Image.Image, kind: str, exif: bytes = b"") -> bytes:
    """The picture as a file of ``kind`` (``JPEG``, ``WEBP``)."""
    out = io.BytesIO()
    picture.save(out, kind, quality=82, exif=exif)
    return out.getvalue()
