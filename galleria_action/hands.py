"""A few threads that do work side by side, and results that are there later.

Python's own (``concurrent.futures``) brings its logging, tracebacks and a tokenizer along, which takes a run with
nothing to do longer than its requests.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

R = TypeVar("R")


class Later(Generic[R]):
    """The result of work that may not be done yet."""

    __slots__ = ("_error", "_ready", "_result", "unwanted")

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._result: Any = None
        self._error: BaseException | None = None
        #: nobody waits for it any more: what has not begun need not begin
        self.unwanted = False

    def give(self, result: R) -> None:
        """Here it is."""
        self._result = result
        self._ready.set()

    def become(self, work: Callable[..., R], *arguments: Any) -> None:
        """Do ``work`` here and now; what it raises is for whoever asks for the result."""
        try:
            self.give(work(*arguments))
        except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
            self._error = error
            self._ready.set()

    def done(self) -> bool:
        """Whether the result is there."""
        return self._ready.is_set()

    def result(self) -> R:
        """The result, as soon as it is there. Raises what the work raised."""
        self._ready.wait()
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[no-any-return]


class Hands:
    """At most ``most`` threads, begun when there is work for them. At the end of the ``with`` all of it is done."""

    def __init__(self, most: int, name: str) -> None:
        self._most, self._name = max(1, most), name
        self._threads: list[threading.Thread] = []
        self._work: deque[tuple[Later[Any], Callable[..., Any], tuple[Any, ...]]] = deque()
        self._change = threading.Condition()
        self._idle = 0
        self._closed = False

    def begin(self, work: Callable[..., R], *arguments: Any) -> Later[R]:
        """Have ``work`` done with ``arguments``, and return what its result will be."""
        later: Later[R] = Later()
        with self._change:
            self._work.append((later, work, arguments))
            if self._idle:
                self._idle -= 1
                self._change.notify()
            elif len(self._threads) < self._most:
                name = f"{self._name}-{len(self._threads)}"
                self._threads.append(threading.Thread(target=self._go, name=name, daemon=True))
                self._threads[-1].start()
        return later

    def map(self, work: Callable[..., R], *items: Iterable[Any]) -> Iterator[R]:
        """The results of ``work`` for each of ``items``, in their order; all are begun at once. Where one raises, those
        that have not begun do not begin."""
        return _results(deque(self.begin(work, *arguments) for arguments in zip(*items, strict=False)))

    def _go(self) -> None:
        while True:
            with self._change:
                while not self._work:
                    if self._closed:
                        return
                    self._idle += 1
                    self._change.wait()
                later, work, arguments = self._work.popleft()
            if not later.unwanted:
                later.become(work, *arguments)
            del later, work, arguments  # nothing is kept alive by a thread that waits for more

    def dismiss(self) -> None:
        """There may be no more, and nobody waits for what there was."""
        with self._change:
            self._closed = True
            self._change.notify_all()

    def close(self) -> None:
        """Wait until all is done; there may be no more."""
        self.dismiss()
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> Hands:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _results(waiting: deque[Later[R]]) -> Iterator[R]:
    try:
        while waiting:
            yield waiting.popleft().result()
    finally:
        for later in waiting:
            later.unwanted = True
