"""What a run leaves in a bucket in memory that is killed, at each moment at which it can be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.doors.runner import Ran
from tests.reliability.memory import MemoryStore
from tests.reliability.mortal import Fate


@dataclass(frozen=True)
class Death:
    """``store`` holds what a run left that died when ``writes`` had taken effect."""

    store: MemoryStore
    writes: list[tuple[str, str]]


def deaths_of(run: Callable[[Fate], Ran], store: MemoryStore) -> list[Death]:
    """All moments at which ``run`` can die, which sends its requests to ``store`` one at a time: before the first that
    writes, and after each.

    One run shows them all: until it dies it does what one does that lives, and after that nobody hears of it. That
    this is so is seen in test_crash.py, where runs are killed in earnest as well.
    """
    found: list[Death] = []
    fate = Fate()
    fate.before = lambda _: found.append(Death(store.as_it_is(), list(fate.writes)))
    ran = run(fate)
    assert ran.exit_code == 0, ran.log
    return [*found, Death(store.as_it_is(), list(fate.writes))]
