"""A store through which a run is killed, disturbed or stopped at any one of its requests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from galleria_action.errors import StorageUnavailable
from galleria_action.storage.interface import (
    DOCUMENT,
    WHOLE,
    Condition,
    Headers,
    ObjectHead,
    ObjectInfo,
    Part,
    StoredObject,
    Target,
    WriteStore,
)

#: ``lost``: the request never arrived. ``unanswered``: it took effect, but nobody learnt of it.
Flavour = Literal["lost", "unanswered"]
FLAVOURS: tuple[Flavour, ...] = ("lost", "unanswered")


def deaths(attempts: int) -> Iterator[tuple[int, Flavour]]:
    """Every moment at which a run can be killed that makes so many requests, one at a time: before the first, and after
    each. Who dies of a request that never arrived leaves what the one before it had left."""
    yield 1, "lost"
    yield from ((at, "unanswered") for at in range(1, attempts + 1))


class Killed(KeyboardInterrupt):
    """The end of a run as SIGKILL brings it: nothing can handle it, and every later request meets it again."""


@dataclass
class Fate:
    """What happens to the mutating request number ``at`` (counted from 1; 0: nothing).

    ``end`` makes the exception; with ``for_good`` every request after it ends the same way. ``before`` is told the
    number of each mutating request, ``looking`` that of each other one. ``asked`` are those that were made,
    which ``attempts`` counts, and ``writes`` those that took effect; ``reads`` counts the others.
    """

    at: int = 0
    flavour: Flavour = "lost"
    end: Callable[[], BaseException] = Killed
    for_good: bool = True
    before: Callable[[int], None] = lambda number: None
    looking: Callable[[int], None] = lambda number: None
    attempts: int = 0
    reads: int = 0
    dead: bool = False
    writes: list[tuple[str, str]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def read(self) -> None:
        with self.lock:
            self._live()
            self.reads += 1
            self.looking(self.reads)

    def _live(self) -> None:
        if self.dead:
            raise self.end()

    def write(self, operation: str, key: str, effect: Callable[[], str]) -> str:
        with self.lock:
            self._live()
            self.attempts += 1
            self.asked.append((operation, key))
            self.before(self.attempts)
            hit = self.attempts == self.at
            self.dead = self.dead or (hit and self.for_good)
            if hit and self.flavour == "lost":
                raise self.end()
            outcome = effect()
            self.writes.append((operation, key))
            if hit:
                raise self.end()
            return outcome


def no_answer() -> BaseException:
    """A fault that a run may handle."""
    return StorageUnavailable("no answer")


class MortalStore:
    """``store`` as far as ``fate`` lets it. A delete of many keys is a request for each: it may end half-way."""

    def __init__(self, store: WriteStore, fate: Fate) -> None:
        self._store = store
        self._fate = fate

    def get(self, key: str, most: int = DOCUMENT) -> StoredObject | None:
        self._fate.read()
        return self._store.get(key, most)

    def head(self, key: str) -> ObjectHead | None:
        self._fate.read()
        return self._store.head(key)

    def list(self, prefix: str = "", part: Part = WHOLE) -> Iterator[ObjectInfo]:
        self._fate.read()
        return self._store.list(prefix, part)

    def put(self, key: str, body: bytes, headers: Headers, condition: Condition | None = None) -> str:
        return self._fate.write("put", key, lambda: self._store.put(key, body, headers, condition))

    def copy(self, source: str, key: str, headers: Headers | None = None, *origin: Target | None) -> str:
        return self._fate.write("copy", key, lambda: self._store.copy(source, key, headers, *origin))

    def delete(self, keys: Iterable[str]) -> dict[str, str]:
        errors: dict[str, str] = {}
        for key in keys:
            error = self._fate.write("delete", key, lambda key=key: self._store.delete([key]).get(key, ""))
            errors |= {key: error} if error else {}
        return errors
