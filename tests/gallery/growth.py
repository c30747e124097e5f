"""How the cost of a parser grows with its input: hostile bytes must not cost more than their number."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

_TRIES = 2
#: for input of four times the length; twice what is linear, half of what is quadratic
_MOST = 8.0
#: Below this many seconds the clock itself is most of what is measured.
_MEASURABLE = 0.03


def grows_linearly(
    work: Callable[[bytes], object], make: Callable[[int], bytes], size: int, per_megabyte: float = 5
) -> None:
    """Assert that ``work`` takes time in proportion for ``make(size)`` and ``make(4 * size)``, measured in one run.

    ``make`` gives input of about as many bytes as it is told. The best of a few tries counts, of the processor's time,
    so that a busy machine does not matter. ``per_megabyte`` are the seconds that no input may take.
    """
    small, large = make(size), make(4 * size)
    assert 3 < len(large) / len(small) < 5, "the input does not grow as it should"
    cost = {4: _best(work, large)}
    if cost[4] > _MEASURABLE:
        cost[1] = max(_best(work, small), _MEASURABLE / _MOST)
        assert cost[4] / cost[1] < _MOST, f"{len(small):,} bytes take {cost[1]:.3f} s, four times as many {cost[4]:.3f}"
    taken = cost[4] / (len(large) / 1e6)
    assert taken < per_megabyte, f"{taken:.1f} s per MB"


def _best(work: Callable[[bytes], object], given: bytes) -> float:
    """Without the garbage collector, as timeit does: it would walk what all the other tests have left behind."""
    costs: list[float] = []
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        while len(costs) < _TRIES and (not costs or costs[-1] >= _MEASURABLE):
            started = time.process_time()
            work(given)
            costs.append(time.process_time() - started)
    finally:
        if was_enabled:
            gc.enable()
    return min(costs)
