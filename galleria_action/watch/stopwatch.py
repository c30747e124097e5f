"""How long the phases of a run took."""

from __future__ import annotations

import threading
from collections.abc import Callable

from galleria_action.deployment.events import Began, Ended, Entered, Event, Left, Publishing
from galleria_action.values import dataclass, field

_UPLOAD, _PUBLISH = "upload", "publish"


@dataclass
class Stopwatch:
    """Listens to a use case. ``seconds`` has what each phase took; one that is not over is not in it."""

    clock: Callable[[], float]
    seconds: dict[str, float] = field(default_factory=dict)
    _begun: dict[str, float] = field(default_factory=dict)
    _entered: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def hear(self, event: Event) -> None:
        """See ``Listener``."""
        with self._lock:
            match event:
                case Entered(title):
                    self._entered = title.lower()
                    self._start(self._entered)
                case Left():
                    self._stop(self._entered)
                case Began():
                    self._start(_UPLOAD)
                case Ended():
                    self._stop(_UPLOAD)
                case Publishing(begun):
                    (self._start if begun else self._stop)(_PUBLISH)
                case _:
                    pass

    def _start(self, phase: str) -> None:
        self._begun[phase] = self.clock()

    def _stop(self, phase: str) -> None:
        if (begun := self._begun.pop(phase, None)) is not None:
            self.seconds[phase] = self.seconds.get(phase, 0.0) + self.clock() - begun
