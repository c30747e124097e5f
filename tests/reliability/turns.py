"""Lets two runs take turns request by request, in an order that a schedule decides and that can be repeated.

A run asks three things at once when it starts (metadata, manifest, listing) and one thing at a time after that, as long
as it uploads with a concurrency of 1. So the moment when every run waits for its turn is known without guessing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, cycle
from typing import Any

from galleria_action.storage.interface import (
    DOCUMENT,
    WHOLE,
    Condition,
    Headers,
    IfSeen,
    ObjectHead,
    ObjectInfo,
    Part,
    StoredObject,
    Target,
    WriteStore,
)

_ASKED_AT_ONCE = 3
_MUTATING = ("put", "delete")

#: which of the waiting runs is next; called with the names of those that wait
Schedule = Callable[[list[str]], str]


def deletes(operation: str, key: str) -> bool:
    return operation == "delete"


def nothing(operation: str, key: str) -> bool:
    return False


@dataclass
class _Run:
    expected: int = _ASKED_AT_ONCE
    waiting: list[tuple[str, str]] = field(default_factory=list)
    ended: bool = False


class Turns:
    """``play`` starts the runs and returns what they return, by name.

    ``observe`` is called after each request that writes. ``log`` has every request as (run, operation, key), with the
    operation ``refused`` where it raised. A request for which ``at_once`` holds follows the look before it without a
    turn of another run in between: a delete on its way cannot be called back, whatever is committed meanwhile.
    """

    def __init__(
        self,
        schedule: Schedule,
        observe: Callable[[], None],
        *,
        at_once: Callable[[str, str], bool] = deletes,
        asked_at_once: int = _ASKED_AT_ONCE,
    ) -> None:
        self.log: list[tuple[str, str, str]] = []
        self.violations: list[AssertionError] = []
        self._schedule = schedule
        self._observe = observe
        self._at_once = at_once
        self._asked_at_once = asked_at_once
        self._changed = threading.Condition()
        self._runs: dict[str, _Run] = {}
        self._turn: tuple[str, str, str] | None = None

    def play(self, runs: dict[str, Callable[[], Any]]) -> dict[str, Any]:
        outcomes: dict[str, Any] = {}

        def go(name: str, run: Callable[[], Any]) -> None:
            try:
                outcomes[name] = run()
            except BaseException as error:  # noqa: BLE001 - handed to the test
                outcomes[name] = error
            with self._changed:
                self._runs[name].ended = True
                self._changed.notify_all()

        self._runs = {name: _Run(self._asked_at_once) for name in runs}
        threads = [threading.Thread(target=go, args=item, daemon=True) for item in runs.items()]
        for thread in threads:
            thread.start()
        while self._next_turn():
            pass
        for thread in threads:
            thread.join()
        for outcome in (*self.violations, *outcomes.values()):
            if isinstance(outcome, BaseException):
                raise outcome
        return outcomes

    def _next_turn(self) -> bool:
        with self._changed:
            assert self._changed.wait_for(self._all_wait, timeout=30), "a run neither ends nor asks for anything"
            names = sorted(name for name, run in self._runs.items() if not run.ended)
            if not names:
                return False
            name = self._going_on() or self._schedule(names)
            self._turn = (name, *min(self._runs[name].waiting))
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: self._turn is None, timeout=30)
            return True

    def _going_on(self) -> str | None:
        """The run that has just looked, where its next request follows at once."""
        last = self.log[-1][0] if self.log and self.log[-1][1] not in _MUTATING else ""
        if not last or self._runs[last].ended or not self._at_once(*self._runs[last].waiting[0]):
            return None
        return last

    def _all_wait(self) -> bool:
        return all(run.ended or len(run.waiting) >= run.expected for run in self._runs.values())

    def request(self, name: str, operation: str, key: str, effect: Callable[[], Any]) -> Any:
        """Wait for the turn of this request, let it happen, and pass the turn back."""
        run = self._runs[name]
        with self._changed:
            run.waiting.append((operation, key))
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._turn == (name, operation, key))
            done = "refused"
            try:
                outcome = effect()
                done = operation
                return outcome
            finally:
                self.log.append((name, done, key))
                self._look(done)
                run.waiting.remove((operation, key))
                run.expected = max(1, run.expected - 1)
                self._turn = None
                self._changed.notify_all()

    def _look(self, operation: str) -> None:
        """A violation must not reach the run, which would take it for a failure of its own."""
        try:
            if operation in _MUTATING:
                self._observe()
        except AssertionError as violation:
            self.violations.append(violation)


class TurnStore:
    """``store`` as the run ``name`` sees it."""

    def __init__(self, store: WriteStore, turns: Turns, name: str) -> None:
        self._store = store
        self._turns = turns
        self._name = name

    def _ask(self, operation: str, key: str, effect: Callable[[], Any]) -> Any:
        return self._turns.request(self._name, operation, key, effect)

    def get(self, key: str, most: int = DOCUMENT) -> StoredObject | None:
        return self._ask("get", key, lambda: self._store.get(key, most))

    def head(self, key: str) -> ObjectHead | None:
        return self._ask("head", key, lambda: self._store.head(key))

    def list(self, prefix: str = "", part: Part = WHOLE) -> Iterator[ObjectInfo]:
        return iter(self._ask("list", prefix, lambda: list(self._store.list(prefix, part))))

    def put(self, key: str, body: bytes, headers: Headers, condition: Condition | None = None) -> str:
        if isinstance(condition, IfSeen):  # two requests, with room for the other run in between
            condition.check(self.head(key))
            condition = None
        return self._ask("put", key, lambda: self._store.put(key, body, headers, condition))

    def copy(self, source: str, key: str, headers: Headers | None = None, *origin: Target | None) -> str:
        return self._ask("put", key, lambda: self._store.copy(source, key, headers, *origin))

    def delete(self, keys: Iterable[str]) -> dict[str, str]:
        named = list(keys)
        return self._ask("delete", ",".join(named), lambda: self._store.delete(named))


def in_bursts(random: Any) -> Schedule:
    """Each run goes on for a while before the other does: meeting points far apart and close together."""
    left: dict[str, int] = {}

    def schedule(names: list[str]) -> str:
        for name in names:
            if left.get(name, 0) > 0:
                left[name] -= 1
                return name
        name = str(random.choice(names))
        left[name] = random.choice((0, 0, 1, 3, 8, 20))
        return name

    return schedule


def switching(first: int, second: int) -> Schedule:
    """``a`` makes ``first`` requests, then ``b`` makes ``second``, then ``a`` ends, then ``b``; where ``a`` waits for
    ``b`` to end, both take turns."""
    steps = chain(["a"] * first, ["b"] * second, ["a"] * 60, cycle("ba"))

    def schedule(names: list[str]) -> str:
        wanted = next(steps)
        return wanted if wanted in names else names[0]

    return schedule
