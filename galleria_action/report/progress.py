"""How far an upload or a deep verification has come: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, Self, TextIO

from galleria_action.report.wording import duration, human_size

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

Style = Literal["auto", "off"]

#: Seconds between two lines where there is no terminal.
INTERVAL = 10.0


class Progress(Protocol):
    """Told of each finished file, from any thread, while it is open."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...

    def advance(self, size: int) -> None:
        """One more file of ``size`` bytes is done."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is ahead. ``done`` is the word for a finished file (``Uploaded``, ``Checked``), ``size`` is in bytes."""

    done: str
    files: int
    size: int


def open_progress(
    style: Style,
    work: Work,
    *,
    line: Callable[[str], None],
    terminal: TextIO | None,
    clock: Callable[[], float],
) -> Progress:
    """The progress for ``work``, to be used in a ``with`` statement.

    ``terminal`` is the stream to draw a bar on, ``None`` where nobody watches one; lines go to ``line``. ``clock``
    gives seconds that never run backwards. When it ends, one line says how far it came, unless there was nothing to
    do or ``style`` is ``off``.
    """
    if style == "off" or work.files == 0:
        return _Silent()
    return _Counter(work, line, clock, _bar(work, terminal, clock) if terminal else None)


class _Silent:
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def advance(self, size: int) -> None:
        pass


class _Counter:
    """Counts, and tells a bar, or the log when ``INTERVAL`` has passed since it last did."""

    def __init__(
        self, work: Work, line: Callable[[str], None], clock: Callable[[], float], bar: RichProgress | None
    ) -> None:
        self._work = work
        self._line = line
        self._clock = clock
        self._bar = bar
        self._lock = threading.Lock()
        self._files = 0
        self._size = 0
        self._started = self._told = clock()

    def __enter__(self) -> Self:
        self._started = self._told = self._clock()
        if self._bar:
            self._bar.start()
        return self

    def advance(self, size: int) -> None:
        with self._lock:
            self._files += 1
            self._size += size
            if self._bar:
                self._bar.update(self._bar.task_ids[0], completed=self._size, files=self._files)
            elif self._clock() - self._told >= INTERVAL:
                self._told = self._clock()
                self._line(self._so_far())

    def __exit__(self, *error: object) -> None:
        if self._bar:
            self._bar.stop()
        elapsed = self._clock() - self._started
        self._line(f"{self._count()} in {duration(elapsed)}{_at(self._size, elapsed)}")

    def _so_far(self) -> str:
        elapsed = self._clock() - self._started
        remaining = self._work.size - self._size
        left = f", about {duration(remaining * elapsed / self._size)} left" if self._size and remaining > 0 else ""
        return f"{self._count()}{_at(self._size, elapsed)}{left}"

    def _count(self) -> str:
        files = f"{self._files:,} of {self._work.files:,} files"
        return f"{self._work.done} {files} ({human_size(self._size)} of {human_size(self._work.size)})"


def _at(size: int, elapsed: float) -> str:
    return f", {human_size(size / elapsed)}/s" if elapsed > 0 and size else ""


def _bar(work: Work, terminal: TextIO, clock: Callable[[], float]) -> RichProgress:
    # rich takes 50 ms to import, which only a person at a terminal has anything from
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as RichProgress

    columns = (
        TextColumn("{task.description} {task.fields[files]:,} of {task.fields[of]:,} files"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    bar = RichProgress(*columns, console=Console(file=terminal), transient=True, get_time=clock)
    bar.add_task(work.done, total=work.size, files=0, of=work.files)
    return bar
