"""The front door: signals, ``os.environ``, the exit code. Nothing else reads the environment or exits.

The work runs in a thread of its own, because Python hears signals only in the main thread and only between two of
its own steps: a request that hangs inside a library must not make the runner wait for its last resort.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import FrameType

from galleria_action.deployment.stop import Stop

#: the runner kills 7.5 s after SIGINT by SIGTERM and 2.5 s later for good; we are gone before that
GRACE_SECONDS = 7.0


def main() -> None:
    """Run and exit. Ends with 130 or 143 after a signal, at the latest ``GRACE_SECONDS`` after it."""
    stop, codes = Stop(), list[int]()
    worker = threading.Thread(target=lambda: codes.append(_run(stop)), name="galleria", daemon=True)

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if stop.requested:
            _leave(128 + number)
        stop.request(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    worker.start()
    while worker.is_alive() and not stop.requested:
        worker.join(0.1)
    worker.join(GRACE_SECONDS)
    _leave(codes[0] if codes else 128 + stop.signal_number if stop.requested else 1)


def _run(stop: Stop) -> int:
    # Not above: it takes a quarter second, in which a signal has to be heard already.
    from galleria_action.run import World, run

    return run(sys.argv[1:], World(os.environ, Path.cwd(), sys.stdout, sys.stderr, stop))


def _leave(code: int) -> None:
    """Exit without waiting for threads that still hang in a request."""
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
