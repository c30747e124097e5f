"""Pictures that look like photos to a hash: light, a horizon, things of many sizes, texture. One for each number."""

from __future__ import annotations

import random
from functools import lru_cache

from PIL import Image, ImageChops, ImageDraw, ImageFilter


@lru_cache(maxsize=256)
def scene(seed: int, size: tuple[int, int] = (480, 320)) -> Image.Image:
    """The scene ``seed``."""
    chance = random.Random(f"scene {seed}")
    width, height = size
    light = Image.linear_gradient("L").rotate(chance.choice([0, 90, 180, 270])).resize(size)
    channels = [light.point([int(v * scale) for v in range(256)]) for scale in (_share(chance) for _ in range(3))]
    image = Image.merge("RGB", channels)
    draw = ImageDraw.Draw(image)
    horizon = chance.randint(height // 5, 4 * height // 5)
    draw.rectangle((0, horizon, width, height), fill=_colour(chance))
    for _ in range(chance.randint(6, 16)):
        x, y = chance.randint(-width // 6, width), chance.randint(-height // 6, height)
        right, bottom = x + chance.randint(width // 16, width // 2), y + chance.randint(height // 16, height // 2)
        shape = chance.choice([draw.ellipse, draw.rectangle])
        shape((x, y, right, bottom), fill=_colour(chance))
    grain = Image.frombytes("L", (width // 8, height // 8), chance.randbytes(width // 8 * (height // 8))).resize(size)
    soft = image.filter(ImageFilter.GaussianBlur(1.5))
    return Image.blend(soft, ImageChops.multiply(soft, Image.merge("RGB", (grain,) * 3)), 0.25)


def _share(chance: random.Random) -> float:
    return 0.4 + 0.6 * chance.random()


def _colour(chance: random.Random) -> tuple[int, int, int]:
    return chance.randint(0, 255), chance.randint(0, 255), chance.randint(0, 255)
