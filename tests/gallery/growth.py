"""How the cost of a parser grows with its input: hostile bytes must not cost more than their number."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable

#: so often is measured before anything is called too slow
_TRIES = 3
#: for input of four times the length; twice what is linear, half of what is quadratic
_MOST = 8.0
#: Below this many seconds the clock itself is most of what is measured.
_MEASURABLE = 0.03


def grows_linearly(
    work: Callable[[bytes], object], make: Callable[[int], bytes], size: int, per_megabyte: float = 5
) -> None:
    """Assert that ``work`` takes time in proportion for ``make(size)`` and ``make(4 * size)``, measured in one run.

    ``make`` gives input of about as many bytes as it is told. What is measured is the processor's time, so that a busy
    machine does not matter; the best of a few tries counts. ``per_megabyte`` are the seconds that no input may take.
    """
    small, large = make(size), make(4 * size)
    assert 3 < len(large) / len(small) < 5, "the input does not grow as it should"
    one = four = math.inf
    for _ in range(_TRIES):
        four = min(four, _seconds(work, large))
        if four > _MEASURABLE:
            one = min(one, max(_seconds(work, small), _MEASURABLE / _MOST))
        per_byte = four / (len(large) / 1e6)
        if four / one < _MOST and per_byte < per_megabyte:
            return
    assert four / one < _MOST, f"{len(small):,} bytes take {one:.3f} s, four times as many {four:.3f}"
    raise AssertionError(f"{per_byte:.1f} s per MB")


def _seconds(work: Callable[[bytes], object], given: bytes) -> float:
    """Without the garbage collector, as timeit does: it would walk what all the other tests have left behind."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        started = time.process_time()
        work(given)
        return time.process_time() - started
    finally:
        if was_enabled:
            gc.enable()
