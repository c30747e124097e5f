"""How many requests are in flight at once: few for a near server or a narrow line, many for a far server.

As TCP finds out how much a line bears (RFC 5681): begin with some, double them as long as that moves more (slow start),
halve them when the service is overloaded or a request takes too long, and then go up by one for each round that goes
well (additive increase, multiplicative decrease).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from galleria_action.net.waiting import told
from galleria_action.storage.faults import Passing
from galleria_action.values import dataclass

FIRST_IN_FLIGHT = 32
#: a round is long enough to tell a rate, and not only how long the first connections took
SHORTEST_ROUND_SECONDS = 0.15
#: twice the requests have to move so much more, else the line or the machine is what is slow
WORTH_DOUBLING = 1.15
#: what a request counts for beside its body: to a far server small files cost their round trip and nothing else
REQUEST_WORTH_BYTES = 50_000


class Throttle:
    """Hands out turns, to any number of threads and tasks; ``most`` is the most that are out at once."""

    def __init__(self, most: int) -> None:
        self.window = Window(most, time.monotonic())
        self._running = 0
        self._lock = threading.Lock()
        self._waiting: deque[Callable[[], None]] = deque()

    async def begun(self) -> float:
        """When one of the permitted requests began: now, or as soon as there is a turn. It has to be ``ended``."""
        while (began := self._begun()) is None:
            await told(self._tell)
        return began

    def ended(self, began: float, moved: int, fault: Passing | None = None) -> None:
        """The request that ``began`` then is over: it ``moved`` so many bytes (0: none), or had a ``fault``."""
        with self._lock:
            self._running -= 1
            if fault and (fault.overload or fault.late):
                self.window.overloaded(began, time.monotonic())
            elif moved:
                self.window.moved(moved, time.monotonic())
            # Not all: those that find nothing to do cost more than the request of the one that does.
            called = min(len(self._waiting), max(1, self.window.size - self._running))
            words = [self._waiting.popleft() for _ in range(called)]
        for word in words:
            word()

    def _begun(self) -> float | None:
        now = time.monotonic()
        with self._lock:
            if self._running == 0:
                self.window.begin(now)
            elif self._running >= self.window.size:
                self.window.crowded()
                return None
            self._running += 1
        return now

    def _tell(self, word: Callable[[], None]) -> None:
        """Call ``word`` when there may be a turn."""
        with self._lock:
            if self._running and self._running >= self.window.size:
                self._waiting.append(word)
                return
        word()


@dataclass(slots=True)
class _Round:
    """As many requests as are in flight together. ``crowded``: more wanted to be; ``again``: the round before moved no
    more than the best."""

    began: float
    again: bool = False
    crowded: bool = False
    requests: int = 0
    moved: int = 0


class Window:
    """The limit and what it learns. Pure: times are seconds of any clock that only goes forward."""

    def __init__(self, most: int, now: float) -> None:
        self._most = float(max(most, 1))
        self._limit = min(self._most, float(FIRST_IN_FLIGHT))
        self._lowered_at = float("-inf")
        self._rising = True
        self._round = _Round(now)
        self._best = 0.0

    @property
    def size(self) -> int:
        """Requests that may be in flight now."""
        return int(self._limit)

    def begin(self, now: float) -> None:
        """After a time without requests, which says nothing of how fast they are."""
        self._round = _Round(now)

    def crowded(self) -> None:
        """Somebody has to wait for a turn, so that a larger window might move more."""
        self._round.crowded = True

    def overloaded(self, began: float, now: float) -> None:
        """The request that ``began`` then was refused for being too many, or took too long.

        All that were in flight together may be; that is one overload, not many.
        """
        if began > self._lowered_at:
            self._limit = max(1.0, self._limit / 2)
            self._lowered_at = now
            self._rising = False

    def moved(self, worth: int, now: float) -> None:
        """A request went well that was ``worth`` so many bytes."""
        if not self._rising:
            self._limit = min(self._limit + 1 / self._limit, self._most)
            return
        done = self._round
        done.requests, done.moved = done.requests + 1, done.moved + worth
        seconds = now - done.began
        if done.requests >= self._limit and seconds >= SHORTEST_ROUND_SECONDS:
            self._end_round(done, done.moved / seconds, now)

    def _end_round(self, done: _Round, rate: float, now: float) -> None:
        """Twice as many if this round moved more than any before; no more doubling when two in a row did not."""
        if not done.crowded:
            self._round = _Round(now, done.again)
        elif rate > self._best * WORTH_DOUBLING:
            self._best = rate
            self._limit = min(self._limit * 2, self._most)
            self._round = _Round(now)
        elif done.again:
            self._rising = False
            self._most = self._limit
        else:
            self._round = _Round(now, again=True)
