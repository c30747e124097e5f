"""How alike two pictures are, point by point: structural similarity.

Source: Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to structural similarity"
(2004), with a square window of seven points, as scikit-image computes it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from galleria_action.studio.duplicates.hashes import TURNS
from galleria_action.studio.duplicates.measure import GREY_SIZE

_WINDOW = 7
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def similarity(left: bytes, right: bytes, turn: int = 0) -> float:
    """1 for the same picture, about 0 for strangers. Grey points as ``Portrait`` has them; ``left`` is turned first, by
    its number among ``hashes.TURNS``."""
    x, y = _turned(_points(left), turn), _points(right)
    mean_x, mean_y = _windowed(x), _windowed(y)
    # of the values in a window, as of a sample: one is lost to the mean
    sample = _WINDOW**2 / (_WINDOW**2 - 1)
    var_x = sample * (_windowed(x * x) - mean_x * mean_x)
    var_y = sample * (_windowed(y * y) - mean_y * mean_y)
    both = sample * (_windowed(x * y) - mean_x * mean_y)
    above = (2 * mean_x * mean_y + _C1) * (2 * both + _C2)
    below = (mean_x**2 + mean_y**2 + _C1) * (var_x + var_y + _C2)
    return float((above / below).mean())


def _points(grey: bytes) -> Any:
    return np.frombuffer(grey, dtype=np.uint8).reshape(GREY_SIZE, GREY_SIZE).astype(np.float64)


def _turned(points: Any, turn: int) -> Any:
    transposed, upside_down, mirrored = TURNS[turn]
    points = points.T if transposed else points
    points = points[::-1] if upside_down else points
    return points[:, ::-1] if mirrored else points


def _windowed(points: Any) -> Any:
    """The mean over each window that lies in the picture, from sums of rows and columns."""
    sums = np.zeros((points.shape[0] + 1, points.shape[1] + 1))
    sums[1:, 1:] = points.cumsum(axis=0).cumsum(axis=1)
    w = _WINDOW
    return (sums[w:, w:] - sums[:-w, w:] - sums[w:, :-w] + sums[:-w, :-w]) / w**2
