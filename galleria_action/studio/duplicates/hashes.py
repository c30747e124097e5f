"""Hashes by which pictures are alike that look alike.

pHash: the signs, against their median, of a picture's slowest waves (a discrete cosine transform of 4N × 4N grey
pixels, N × N of it kept); the same bits as the package ImageHash gives. dHash: whether each of N × N points is darker
than the one to its right. The eight ways to turn and mirror a picture only swap waves and their signs, so that one
transform gives the hashes of all of them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from galleria_action.values import dataclass

#: below this spread of brightness (of 255) every picture looks like every other: sky, fog, a black frame
_FLAT = 8.0
#: transpose, then upside down, then mirrored: the first is the picture as it stands
TURNS = ((0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1), (1, 0, 0), (1, 0, 1), (1, 1, 0), (1, 1, 1))
#: of these two each undoes the other; of all others each undoes itself
QUARTER_TURNS = (5, 6)


@dataclass(frozen=True, slots=True)
class Hashes:
    """Both hashes (hexadecimal) of a picture in each of the eight ways (``TURNS``); ``flat`` ones tell nothing."""

    phash: tuple[str, ...]
    dhash: tuple[str, ...]
    flat: bool


def hashes_of(image: Image.Image, size: int) -> Hashes:
    """The hashes of ``image`` with ``size`` × ``size`` bits each."""
    grey = image.convert("L").resize((4 * size, 4 * size), Image.Resampling.LANCZOS)
    pixels = np.asarray(grey, dtype=np.float64)
    waves = _cosines(size) @ pixels @ _cosines(size).T
    return Hashes(
        tuple(_hex(_signs(_turned_waves(waves, turn))) for turn in TURNS),
        tuple(_hex(_slopes(np.asarray(grey), turn, size)) for turn in TURNS),
        bool(pixels.std() < _FLAT),
    )


@cache
def _cosines(size: int) -> Any:
    """The first ``size`` rows of the DCT-II of 4 · ``size`` points."""
    points = np.arange(4 * size)
    return np.cos(np.pi * np.arange(size)[:, None] * (2 * points + 1) / (8 * size))


def _turned_waves(waves: Any, turn: tuple[int, int, int]) -> Any:
    transposed, upside_down, mirrored = turn
    sign = np.where(np.arange(len(waves)) % 2, -1.0, 1.0)
    result = waves.T if transposed else waves
    result = result * sign[:, None] if upside_down else result
    return result * sign if mirrored else result


def _signs(waves: Any) -> Any:
    return waves > np.median(waves)


def _slopes(pixels: Any, turn: tuple[int, int, int], size: int) -> Any:
    transposed, upside_down, mirrored = turn
    turned = pixels.T if transposed else pixels
    turned = turned[::-1] if upside_down else turned
    turned = turned[:, ::-1] if mirrored else turned
    small = Image.fromarray(np.ascontiguousarray(turned)).resize((size + 1, size), Image.Resampling.LANCZOS)
    points = np.asarray(small).astype(np.int16)
    return points[:, 1:] > points[:, :-1]


def _hex(bits: Any) -> str:
    return bytes(np.packbits(bits)).hex()


def as_words(texts: list[str]) -> Any:
    """Hashes as rows of 64-bit words, padded with zeros."""
    raw = [bytes.fromhex(text) for text in texts]
    width = -(-max(map(len, raw), default=8) // 8) * 8
    joined = b"".join(part.ljust(width, b"\0") for part in raw)
    return np.frombuffer(joined, dtype=">u8").astype(np.uint64).reshape(len(raw), width // 8)


def distances(left: Any, right: Any) -> Any:
    """In how many bits each row of ``left`` differs from the row of ``right`` beside it."""
    return np.bitwise_count(left ^ right).sum(axis=-1, dtype=np.int64)
