"""Some services show writes in their listings only after a moment: what is not as expected is looked at again before
anything is called missing or left over."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from galleria_action.storage.persistence import Pause

T = TypeVar("T")

#: between two looks
PAUSES_SECONDS = (0.5, 1.0, 2.0)


def caught_up(seen: T, as_expected: Callable[[T], bool], look: Callable[[], T], pause: Pause) -> T:
    """What was ``seen``, or what a later ``look`` shows where it is not ``as_expected``. ``pause`` says whether to wait
    on."""
    for seconds in PAUSES_SECONDS:
        if as_expected(seen) or not pause(seconds):
            break
        seen = look()
    return seen
