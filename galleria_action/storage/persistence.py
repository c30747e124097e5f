"""Asks again where a fault may pass, and asks less of a service that is overloaded.

All requests of a store go through one ``Persistence``; the libraries below are told to try once. They repeat less
than they should (botocore: no 429 of a foreign code, no BadDigest, no empty success, no body that breaks off), know
nothing of each other's trouble, and cannot be stopped while they wait.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable
from itertools import count
from typing import TypeVar

from galleria_action.net.waiting import done, run
from galleria_action.storage.faults import Passing
from galleria_action.storage.throttle import REQUEST_WORTH_BYTES, Throttle

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


class Waits:
    """Counts how often stores wait: each time a request is repeated. Any thread may."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.number = 0

    def counted(self, pause: Pause) -> Pause:
        """``pause``, counted; it is asked whether to go on without a wait, too."""

        def waited(seconds: float) -> bool:
            if seconds > 0:
                with self._lock:
                    self.number += 1
            return pause(seconds)

        return waited


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

    def __call__(self, ask: Callable[[], T], size: int = 0) -> T:
        """The result of ``ask``, which sends ``size`` bytes and is called again after each ``Passing`` fault; the last
        one is raised."""

        async def asked() -> T:
            return ask()

        return run(self.later(asked, size))

    async def later(self, ask: Callable[[], Awaitable[T]], size: int = 0) -> T:
        """The same for who waits for many."""
        for attempt in count(1):
            began = await self.throttle.begun()
            moved, problem = 0, None
            try:
                answer = await ask()
                moved = size + REQUEST_WORTH_BYTES
                return answer
            except Passing as fault:
                problem = fault
            finally:
                self.throttle.ended(began, moved, problem)
            most = self._attempts if problem.likely else min(self._attempts, ATTEMPTS_IF_DOUBTFUL)
            seconds = _wait(attempt, problem)
            if attempt >= most or not await done(lambda: self._pause(seconds)):  # noqa: B023 - called right here
                raise problem
        raise AssertionError("count() does not end")


def _wait(attempt: int, fault: Passing) -> float:
    """Seconds to wait after the failed try number ``attempt``."""
    import random  # few runs wait

    bound = min(FIRST_WAIT_SECONDS * 2 ** (attempt - 1), LONGEST_WAIT_SECONDS)
    asked = min(fault.retry_after or 0.0, LONGEST_RETRY_AFTER_SECONDS)
    return asked + random.uniform(0, bound)
