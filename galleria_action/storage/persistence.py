"""Asks again where a fault may pass, and asks less of a service that is overloaded.

All requests of a store go through one ``Persistence``; the libraries below are told to try once. They repeat less
than they should (botocore: no 429 of a foreign code, no BadDigest, no empty success, no body that breaks off), know
nothing of each other's trouble, and cannot be stopped while they wait.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import TypeVar

from galleria_action.storage.faults import Passing

T = TypeVar("T")

#: waits so many seconds; whether to go on after that
Pause = Callable[[float], bool]

#: requests for one call, the first included: of a fault that usually passes (about 40 s), and of one that may last
ATTEMPTS = 10
ATTEMPTS_IF_DOUBTFUL = 5
FIRST_WAIT_SECONDS = 0.4
LONGEST_WAIT_SECONDS = 20.0
#: the most that a Retry-After can ask for
LONGEST_RETRY_AFTER_SECONDS = 120.0


def sleep(seconds: float) -> bool:
    """The ``Pause`` of a caller that nobody stops."""
    time.sleep(seconds)
    return True


class Persistence:
    """Repeats calls. Shared by all threads that use a store; ``concurrency`` is how many there are at most.

    Waits are random between nothing and a bound that doubles (full jitter: aws.amazon.com/blogs/architecture,
    "Exponential Backoff And Jitter"), and at least what a Retry-After asks for. ``attempts`` bounds the requests for
    one call; ``pause`` returns ``False`` when there is to be no further one.
    """

    def __init__(self, concurrency: int, pause: Pause = sleep, *, attempts: int = ATTEMPTS) -> None:
        self.throttle = Throttle(concurrency)
        self._pause = pause
        self._attempts = attempts

    def __call__(self, ask: Callable[[], T]) -> T:
        """The result of ``ask``, which is called again after each ``Passing`` fault; the last one is raised."""
        for attempt in count(1):
            try:
                with self.throttle.turn():
                    return ask()
            except Passing as fault:
                most = self._attempts if fault.likely else min(self._attempts, ATTEMPTS_IF_DOUBTFUL)
                if attempt >= most or not self._pause(_wait(attempt, fault)):
                    raise
        raise AssertionError("count() does not end")


def _wait(attempt: int, fault: Passing) -> float:
    """Seconds to wait after the failed try number ``attempt``."""
    bound = min(FIRST_WAIT_SECONDS * 2 ** (attempt - 1), LONGEST_WAIT_SECONDS)
    asked = min(fault.retry_after or 0.0, LONGEST_RETRY_AFTER_SECONDS)
    return asked + random.uniform(0, bound)


class Throttle:
    """Bounds the requests in flight: halved by an overload, raised again by one for each round that goes well (AIMD,
    as TCP does). Threads wait for their turn."""

    def __init__(self, most: int) -> None:
        self.most = max(most, 1)
        self.limit = float(self.most)
        self._running = 0
        self._lowered_at = float("-inf")
        self._changed = threading.Condition()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold one of the permitted requests; learn from how it ends."""
        with self._changed:
            self._changed.wait_for(lambda: self._running < int(self.limit))
            self._running += 1
            began = time.monotonic()
        try:
            yield
        except Passing as fault:
            self._end(began, overloaded=fault.overload)
            raise
        except BaseException:
            self._end(began, overloaded=False)
            raise
        self._end(began, overloaded=False, well=True)

    def _end(self, began: float, *, overloaded: bool, well: bool = False) -> None:
        with self._changed:
            self._running -= 1
            # Of the requests that were in flight together all may be refused; that is one overload, not many.
            if overloaded and began > self._lowered_at:
                self.limit = max(1.0, self.limit / 2)
                self._lowered_at = time.monotonic()
            elif well:
                self.limit = min(self.limit + 1 / self.limit, float(self.most))
            self._changed.notify_all()
