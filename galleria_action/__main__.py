"""The front door: signals, ``os.environ``, the exit code. Nothing else exits, and beyond it the environment is
read only for proxies and credentials, and handed on to programs.

The work runs in a thread of its own, because Python hears signals only in the main thread and only between two of
its own steps: a request that hangs inside a library must not make the runner wait for its last resort.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType

from galleria_action.cli.at_once import answer_at_once
from galleria_action.deployment.stop import Stop
from galleria_action.errors import Cancelled
from galleria_action.farewell import Farewell

#: the runner kills 7.5 s after SIGINT by SIGTERM and 2.5 s later for good; what a run has not reported by itself after
#: the first of these is reported for it, and after the second we are gone
PATIENCE_SECONDS, GRACE_SECONDS = 5.7, 7.0

#: The cyclic garbage collector would walk the hundreds of thousands of values of a large gallery again and again (a
#: third of the time that reading takes), although hardly any of them is garbage. The process is ours to say so.
COLLECTOR = (100_000, 50, 50)
#: of ``mallopt`` (glibc's ``malloc.h``): blocks from so many bytes on go back to the system as soon as they are free,
#: and threads have no heaps of their own. With fewer bytes the system clears one for a tenth of the time of a plan,
#: with more some of what is free remains.
_MALLOC = ((-3, 1 << 20), (-8, 1))


def main() -> None:
    """Run and exit. Ends with 130 or 143 after a signal, at the latest ``GRACE_SECONDS`` after it."""
    _stand_in_for_closed_streams()
    gc.set_threshold(*COLLECTOR)
    stop, farewell, codes, signals = Stop(), Farewell(), list[int](), list[int]()
    worker = threading.Thread(target=lambda: codes.append(_run(stop, farewell)), name="galleria", daemon=True)

    def on_signal(number: int, _frame: FrameType | None) -> None:
        signals.append(number)
        stop.request(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    worker.start()
    while worker.is_alive() and not signals:
        worker.join(0.1)
    said = _stopping(worker, signals, farewell) if signals else None
    worker.join(0.1)
    _leave(said if said is not None else codes[0] if codes else 128 + signals[-1] if signals else 1)


def _stopping(worker: threading.Thread, signals: list[int], farewell: Farewell) -> int | None:
    """Let the run come to its end; at a second signal, or when it does not, report in its place.

    Returns the exit code in that case.
    """
    heard = time.monotonic()
    farewell.stopping(0.5)
    while worker.is_alive() and len(signals) == 1 and time.monotonic() - heard < PATIENCE_SECONDS:
        worker.join(0.1)
    if not worker.is_alive():
        return None
    why = "again, so nothing was waited for" if len(signals) > 1 else "and the run did not come to its end in time"
    left = max(0.5, heard + GRACE_SECONDS - time.monotonic())
    name = signal.Signals(signals[-1]).name
    said = farewell.say(Cancelled(f"Stopped by {name} {why},", signal_number=signals[-1]), left)
    if said is None:
        worker.join(min(left, 1.0) if len(signals) > 1 else left)  # it is at it already
    return said


def _run(stop: Stop, farewell: Farewell) -> int:
    # Not above: it takes its time, in which a signal has to be heard already.
    try:
        if (text := answer_at_once(sys.argv[1:])) is not None:
            with suppress(BrokenPipeError):
                print(text, flush=True)
            return 0
        from galleria_action.run import World, run

        world = World(
            os.environ, Path.cwd(), sys.stdout, sys.stderr, stop, farewell=farewell, expect_much=_give_back_what_is_free
        )
        return run(sys.argv[1:], world)
    except BaseException as defect:  # noqa: BLE001 - reporting itself has failed; a line is all that can be done
        with suppress(OSError, ValueError):
            sys.stderr.write(f"Error: a defect in Galleria Action: {type(defect).__name__}: {defect}\n")
        return 1


def _give_back_what_is_free() -> None:
    """Have no memory kept for later in a run that needs much: after the first large block glibc keeps what is free of
    others, in each thread, which was a fifth of all that a large gallery took. Other systems have no such switch."""
    with suppress(ImportError, OSError, AttributeError, TypeError):
        import ctypes

        for parameter, value in _MALLOC:
            ctypes.CDLL(None).mallopt(parameter, value)


def _stand_in_for_closed_streams() -> None:
    """Put the null device where a standard stream is closed.

    Python has ``None`` there, and the next file or socket that is opened would get its number: what a library prints
    would go into it.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - a number, for good
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


def _leave(code: int) -> None:
    """Exit without waiting for threads that still hang in a request. What cannot be flushed changes nothing."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
