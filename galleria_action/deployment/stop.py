"""The wish to stop, passed into everything that writes.

After a stop signal nothing is written any more but the checkpoint, and never the commit.
"""

from __future__ import annotations

import signal
import threading

from galleria_action.errors import Cancelled


class Stop:
    """Set once by a signal handler, asked by many threads."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.signal_number = int(signal.SIGINT)

    def request(self, signal_number: int) -> None:
        """Ask everybody to stop; ``signal_number`` decides the exit code."""
        self.signal_number = signal_number
        self._event.set()

    @property
    def requested(self) -> bool:
        """Whether somebody asked."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise ``Cancelled`` when a stop was asked for. Called right before every step that writes."""
        if self.requested:
            raise Cancelled(f"Stopped by {signal.Signals(self.signal_number).name}", signal_number=self.signal_number)

    def pause(self, seconds: float) -> bool:
        """Wait that long, but no longer than until somebody asks to stop; whether to go on."""
        return not self._event.wait(seconds)
