"""The last word of a run, said exactly once: by the run when it gets to it, by the front door when it does not.

People cancel because the storage hangs. Then the run sits in a request and reports nothing, and the runner's patience
ends; so the front door has it reported in the run's place, with what is known so far.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from galleria_action.errors import GalleriaError
from galleria_action.values import dataclass


@dataclass(frozen=True, slots=True)
class Speech:
    """What a run can have said for it. ``stopping`` tells that a stop was heard; ``ending`` reports the whole run as
    ended by an error and returns the exit code."""

    stopping: Callable[[], None]
    ending: Callable[[GalleriaError], int]


class Farewell:
    """Where run and front door agree on who reports. Used by one run."""

    def __init__(self) -> None:
        self._speech: Speech | None = None
        self._turn = threading.Lock()

    def prepare(self, speech: Speech) -> None:
        """From now on the run can be spoken for."""
        self._speech = speech

    def take(self) -> bool:
        """Whether the caller is the one who reports: the first who asks."""
        return self._turn.acquire(blocking=False)

    def stopping(self, patience: float) -> None:
        """Tell that a stop was heard, unless the end is told by now. Takes ``patience`` seconds at most: nobody may be
        reading."""
        if (speech := self._speech) and not self._turn.locked():
            within(patience, speech.stopping)

    def say(self, error: GalleriaError, patience: float) -> int | None:
        """Report the run as ended by ``error``, in ``patience`` seconds at most.

        Returns the exit code, or ``None`` when the run reports by itself, or cannot be spoken for.
        """
        speech, codes = self._speech, list[int]()
        if speech and self.take():
            within(patience, lambda: codes.append(speech.ending(error)))
        return codes[0] if codes else None


def within(seconds: float, work: Callable[[], None]) -> None:
    """Do ``work`` in a thread of its own, and go on after ``seconds`` whether it is done or not."""

    def quietly() -> None:
        with suppress(Exception):
            work()

    thread = threading.Thread(target=quietly, name="farewell", daemon=True)
    thread.start()
    thread.join(seconds)
