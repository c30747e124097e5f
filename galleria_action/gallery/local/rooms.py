"""Room for the bytes of files that are on their way: bounded, and lent again and again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

#: smaller ones cost less than to keep them
_WORTH_KEEPING = 256 << 10
#: rooms are of a few sizes, so that one fits the next file, too
_ROUNDED_TO = 256 << 10


class ByteBudget:
    """Lets files through while their sizes together stay within ``limit`` bytes; a larger one goes alone."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._used = 0
        self._changed = threading.Condition()

    @contextmanager
    def holding(self, size: int) -> Iterator[None]:
        """Wait for room for ``size`` bytes and hold it."""
        share = min(size, self.limit)
        with self._changed:
            self._changed.wait_for(lambda: self._used + share <= self.limit)
            self._used += share
            self._changed.notify()  # there may be room for one more; to wake all costs more than it brings
        try:
            yield
        finally:
            with self._changed:
                self._used -= share
                self._changed.notify()


class Rooms:
    """Lends memory, ``limit`` bytes at once, and lends again what is given back: the system clears every page of fresh
    memory, which costs more than to read a file into it."""

    def __init__(self, limit: int) -> None:
        self._budget = ByteBudget(limit)
        self._lock = threading.Lock()
        self._idle: list[bytearray] = []
        self.made = 0

    @contextmanager
    def lending(self, size: int) -> Iterator[memoryview]:
        """Wait for ``size`` bytes, and lend them; what is in them is left over from others."""
        with self._budget.holding(size):
            room = self._taken(size) if size >= _WORTH_KEEPING else bytearray(size)
            try:
                yield memoryview(room)[:size]
            finally:
                if size >= _WORTH_KEEPING:
                    self._given_back(room)

    def _taken(self, size: int) -> bytearray:
        with self._lock:
            fitting = [(len(room), -at) for at, room in enumerate(self._idle) if len(room) >= size]
            if fitting:
                # the smallest, and of these the one given back last: it may still be in the processor's cache
                return self._idle.pop(-min(fitting)[1])
            rounded = -(-size // _ROUNDED_TO) * _ROUNDED_TO
            while self._idle and self.made + rounded > self._budget.limit:
                self.made -= len(self._idle.pop(0))
            self.made += rounded
        return bytearray(rounded)

    def _given_back(self, room: bytearray) -> None:
        with self._lock:
            if self.made > self._budget.limit:
                self.made -= len(room)
            else:
                self._idle.append(room)
