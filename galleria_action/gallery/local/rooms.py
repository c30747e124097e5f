"""Room for the bytes of files that are on their way: bounded, and lent again and again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

#: smaller ones cost less than to keep them
_WORTH_KEEPING = 256 << 10
#: rooms are of a few sizes, so that one fits the next file, too
_ROUNDED_TO = 64 << 10


class Rooms:
    """Lends memory, ``limit`` bytes at once, and lends again what is given back: the system clears every page of fresh
    memory, which costs more than to read a file into it. Not for two threads at once."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.made = 0
        self._lent = 0
        self._idle: list[bytearray] = []
        self._waiting: deque[Callable[[], None]] = deque()

    def lent(self, size: int) -> memoryview | None:
        """Memory for ``size`` bytes, with what others have left in it, until it is given back; ``None`` where there is
        none left. What is larger than the limit is lent when nothing else is. Raises ``MemoryError``."""
        if self._lent and self._lent + size > self.limit:
            return None
        self._call_one()  # there may be room for one more; to call all costs more than it brings
        room = self._taken(size) if size >= _WORTH_KEEPING else bytearray(size)
        self._lent += size
        return memoryview(room)[:size]

    def tell(self, word: Callable[[], None]) -> None:
        """Call ``word`` when there may be room."""
        self._waiting.append(word)

    def give_back(self, room: memoryview) -> None:
        """Take back what was lent; nobody reads from it or writes to it any more."""
        self._lent -= len(room)
        self._call_one()
        if len(room) >= _WORTH_KEEPING:
            memory: bytearray = room.obj  # type: ignore[assignment]
            if self.made > self.limit:
                self.made -= len(memory)
            else:
                self._idle.append(memory)

    def _call_one(self) -> None:
        if self._waiting:
            self._waiting.popleft()()

    def _taken(self, size: int) -> bytearray:
        fitting = [(len(room), -at) for at, room in enumerate(self._idle) if len(room) >= size]
        if fitting:
            # the smallest, and of these the one given back last: it may still be in the processor's cache
            return self._idle.pop(-min(fitting)[1])
        rounded = -(-size // _ROUNDED_TO) * _ROUNDED_TO
        while self._idle and self.made + rounded > self.limit:
            self.made -= len(self._idle.pop(0))
        room = bytearray(rounded)
        self.made += rounded
        return room
