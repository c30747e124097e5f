"""Requests that do not wait for each other. On a far service a deploy takes as long as the longest chain of those that
do."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TypeVar

from galleria_action.hands import Hands, Later

T = TypeVar("T")

#: things that are begun beside each other in one run, of which each may have many requests of its own
_MOST = 16


class Beside:
    """Begins work and goes on; at the end of the ``with`` all of it is done, and the first error is raised, unless what
    went on has failed itself.

    With a ``concurrency`` of 1 nothing goes on beside anything: each piece is done when it is begun.
    """

    def __init__(self, concurrency: int) -> None:
        self._concurrency = min(concurrency, _MOST)
        self._pool: Hands | None = None
        self._begun: list[Later[object]] = []

    def begin(self, work: Callable[[], T]) -> Later[T]:
        """Begin ``work``, and return what its result will be."""
        if self._concurrency == 1:
            done: Later[T] = Later()
            done.give(work())
            return done
        self._pool = self._pool or Hands(self._concurrency, "beside")
        begun = self._pool.begin(work)
        self._begun.append(begun)  # type: ignore[arg-type]  # only looked at
        return begun

    def __enter__(self) -> Beside:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._pool:
            self._pool.close()
        for begun in self._begun if error is None else ():
            begun.result()
