"""How far an upload or a deep verification has come: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal, Protocol, Self

from galleria_action.quantities import duration, human_size
from galleria_action.values import dataclass

Style = Literal["auto", "off"]

#: Seconds between two lines where there is no terminal, and between two pictures of the bar.
INTERVAL, REDRAW = 10.0, 0.1
#: a shorter bar says nothing, a longer one no more
_SHORTEST_BAR, _LONGEST_BAR = 8, 40


class Progress(Protocol):
    """Told of each finished file, from any thread, while it is open."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    def advance(self, size: int) -> None:
        """One more file of ``size`` bytes is done."""


class Screen(Protocol):
    """A terminal that can redraw a line below what is printed."""

    @property
    def columns(self) -> int:
        """Characters that fit into a line."""

    def show(self, status: str) -> None:
        """Show ``status`` below all lines until the next call; nothing when it is empty."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """What is ahead. ``done`` is the word for a finished file (``Uploaded``, ``Verified``), ``size`` is in bytes."""

    done: str
    files: int
    size: int


def open_progress(
    style: Style,
    work: Ahead,
    *,
    line: Callable[[str], None],
    screen: Screen | None,
    clock: Callable[[], float],
) -> Progress:
    """The progress for ``work``, to be used in a ``with`` statement.

    A bar is drawn on ``screen``, ``None`` where nobody watches one; lines go to ``line``. ``clock`` gives seconds that
    never run backwards. When it ends, one line says how far it came, unless there was nothing to do or ``style`` is
    ``off``.
    """
    if style == "off" or work.files == 0:
        return _Silent()
    return _Counter(work, line, screen, clock)


class _Silent:
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def advance(self, size: int) -> None:
        pass


class _Counter:
    """Counts, and tells the screen, or the log when ``INTERVAL`` has passed since it last did."""

    def __init__(
        self, work: Ahead, line: Callable[[str], None], screen: Screen | None, clock: Callable[[], float]
    ) -> None:
        self._work = work
        self._line = line
        self._screen = screen
        self._clock = clock
        self._lock = threading.Lock()
        self._files = 0
        self._size = 0
        self._open = True
        self._started = self._told = clock()

    def __enter__(self) -> Self:
        self._started = self._told = self._clock()
        if self._screen:
            self._screen.show(self._bar(self._screen.columns))
        return self

    def advance(self, size: int) -> None:
        with self._lock:
            self._files += 1
            self._size += size
            now = self._clock()
            if not self._open or now - self._told < (REDRAW if self._screen else INTERVAL):
                return
            self._told = now
            if self._screen:
                self._screen.show(self._bar(self._screen.columns))
            else:
                self._line(self._so_far())

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._open = False  # a straggler must not draw the bar anew
            if self._screen:
                self._screen.show("")
        elapsed = self._elapsed()
        self._line(f"{self._count()} in {duration(elapsed)}{_at(self._size, elapsed)}")

    def _elapsed(self) -> float:
        return self._clock() - self._started

    def _so_far(self) -> str:
        left = self._left()
        return f"{self._count()}{_at(self._size, self._elapsed())}{f', about {left} left' if left else ''}"

    def _count(self) -> str:
        files = f"{self._files:,} of {self._work.files:,} files"
        return f"{self._work.done} {files} ({human_size(self._size)} of {human_size(self._work.size)})"

    def _left(self) -> str:
        remaining = self._work.size - self._size
        return duration(remaining * self._elapsed() / self._size) if self._size and remaining > 0 else ""

    def _bar(self, columns: int) -> str:
        """One line of less than ``columns`` characters: numbers, the bar where there is room, speed and time left."""
        share = min(1.0, self._size / self._work.size if self._work.size else self._files / self._work.files)
        head = f"{self._work.done} {self._files:,} of {self._work.files:,}"
        tail = f"{share:4.0%}{_at(self._size, self._elapsed()).replace(',', ' ')}"
        if left := self._left():
            tail = f"{tail}  {left}"
        room = min(columns - 1 - len(head) - len(tail) - 2, _LONGEST_BAR)
        if room < _SHORTEST_BAR:
            return f"{head} {tail}"[: columns - 1]
        full = round(share * room)
        return f"{head} {'━' * full}{'╌' * (room - full)} {tail}"


def _at(size: int, elapsed: float) -> str:
    return f", {human_size(size / elapsed)}/s" if elapsed > 0 and size else ""
