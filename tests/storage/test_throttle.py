"""How many requests are in flight: a simulation on a clock of its own, and threads that wait for their turns."""

from __future__ import annotations

import heapq
from collections.abc import Callable

import pytest

from galleria_action.storage.faults import Call, Fault, Passing, failure
from galleria_action.storage.interface import Target
from galleria_action.storage.persistence import Persistence
from galleria_action.storage.throttle import FIRST_IN_FLIGHT, Window


def overload() -> Passing:
    error = Passing("slow down")
    error.overload = True
    return error


def simulated(
    far: float, per_second: float, *, most: int = 1_024, requests: int = 9_000, wanted: int = 5_000
) -> Window:
    """After ``requests`` to a server ``far`` seconds away that answers up to so many ``per_second``; ``wanted``
    would be in flight if nothing bounded them."""
    window, now, answered = Window(most, 0.0), 0.0, 0.0
    running: list[float] = []
    for _ in range(requests):
        while len(running) >= min(window.size, wanted):
            if window.size <= wanted:
                window.crowded()
            now = heapq.heappop(running)
            window.moved(70_000, now)
        answered = max(now + far, answered + 1 / per_second)
        heapq.heappush(running, answered)
    return window


@pytest.mark.parametrize(
    ("far", "per_second", "least", "most"),
    [
        pytest.param(0.05, 1e9, 1_024, 1_024, id="a far server"),
        pytest.param(0.05, 2_000, 100, 256, id="a far server that bears a hundred"),
        pytest.param(0.05, 20, 32, 64, id="a narrow line"),
        pytest.param(0.001, 500, 32, 64, id="a near server"),
    ],
)
def test_more_at_once_as_long_as_that_moves_more(far: float, per_second: float, least: int, most: int) -> None:
    assert least <= simulated(far, per_second).size <= most


def test_no_more_than_wanted() -> None:
    assert simulated(0.05, 1e9, wanted=8).size == FIRST_IN_FLIGHT


def test_no_more_than_permitted() -> None:
    assert simulated(0.05, 1e9, most=50).size == 50
    assert simulated(0.05, 1e9, most=4).size == 4


def test_halved_once_per_round_and_raised_again() -> None:
    window = Window(32, 0.0)
    for _ in range(32):
        window.overloaded(1.0, 2.0)
    assert window.size == 16
    window.overloaded(3.0, 4.0)
    assert window.size == 8
    for _ in range(1000):
        window.moved(1, 5.0)
    assert window.size == 32


def test_no_doubling_after_an_overload() -> None:
    window = Window(256, 0.0)
    window.overloaded(1.0, 2.0)
    for number in range(16):
        window.crowded()
        window.moved(1_000_000, 3.0 + number)
    assert window.size == 16


def failing(error: Exception) -> Callable[[], None]:
    def ask() -> None:
        raise error

    return ask


def test_never_below_one() -> None:
    persist = Persistence(4, attempts=1)
    for _ in range(10):
        with pytest.raises(Passing):
            persist(failing(overload()))
    assert persist.throttle.window.size == 1
    assert persist(lambda: "an answer") == "an answer"


def test_a_timeout_lowers_it_too() -> None:
    persist = Persistence(8, attempts=1)
    with pytest.raises(Passing):
        persist(failing(failure(Fault("timeout"), Call("put", Target(None, "bucket"), "a"))))
    assert persist.throttle.window.size == 4


@pytest.mark.parametrize("error", [Passing("cut"), ValueError("a defect")])
def test_other_faults_lower_nothing_and_hold_nothing(error: Exception) -> None:
    persist = Persistence(2, attempts=1)
    for _ in range(5):
        with pytest.raises(type(error)):
            persist(failing(error))
    assert persist.throttle.window.size == 2
