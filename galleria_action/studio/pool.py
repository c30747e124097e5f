"""A process for each core, handed one piece of work after the other.

A codec that crashes or hangs on a damaged photo costs that photo only. Work and answers are JSON: what comes out of a
process that decodes strangers' files is data, never code. A process ends by itself when we are gone; Ctrl-C is ours.
"""

from __future__ import annotations

import json
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from galleria_action.errors import ConfigInvalid
from galleria_action.values import dataclass

#: far above what the largest photo takes on a slow machine
TIMEOUT_SECONDS = 300.0
_START_SECONDS = 60.0
#: how long we wait before we ask again whether to stop
_BEAT_SECONDS = 0.1
_LONGEST_ANSWER = 16 << 20
_WORKER = Path(__file__).with_name("worker.py")

Work = Mapping[str, Any]
Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Lost:
    """A piece of work that no answer came for. ``text`` completes a sentence that begins with the photo's name."""

    text: str


class Stopped(Exception):
    """The wish to stop was heard; what was in hand is lost, every answer before is not."""


def cores() -> int:
    """How many processes are worth starting."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_all(
    work: Iterable[Work],
    *,
    stopped: Callable[[], bool],
    processes: int | None = None,
    timeout: float = TIMEOUT_SECONDS,
    program: Path = _WORKER,
) -> Iterator[tuple[Work, Answer | Lost]]:
    """Each piece of work with its answer, in the order in which they are done.

    ``program`` runs in each process (``serve``). Raises ``Stopped`` when ``stopped`` says so, ``ConfigInvalid`` when no
    process can be started. No process is left behind, also when the iterator is dropped half way.
    """
    crew = _Crew(iter(work), program, timeout)
    try:
        crew.start(processes or cores())
        yield from crew.answers(stopped)
    finally:
        crew.dismiss()


class _Crew:
    """Threads that each watch over one process."""

    def __init__(self, work: Iterator[Work], program: Path, timeout: float) -> None:
        self._work, self._lock = work, threading.Lock()
        self._done: queue.Queue[tuple[Work, Answer | Lost] | BaseException | None] = queue.Queue()
        # -P: the program's own folder is not a place to import from
        self._command = [sys.executable, "-P", str(program)]
        self._timeout = timeout
        self._dismissed = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, number: int) -> None:
        for _ in range(number):
            thread = threading.Thread(target=self._watch, name="studio", daemon=True)
            self._threads.append(thread)
            thread.start()

    def answers(self, stopped: Callable[[], bool]) -> Iterator[tuple[Work, Answer | Lost]]:
        at_work = len(self._threads)
        while at_work:
            if stopped():
                raise Stopped
            try:
                done = self._done.get(timeout=_BEAT_SECONDS)
            except queue.Empty:
                continue
            if isinstance(done, BaseException):
                raise done
            if done is None:
                at_work -= 1
            else:
                yield done

    def dismiss(self) -> None:
        self._dismissed.set()
        for thread in self._threads:
            thread.join()

    def _watch(self) -> None:
        process: _Process | None = None
        try:
            while (work := self._next()) is not None:
                if process is None:
                    process = _Process(self._command, self._dismissed)
                answer = process.ask(work, self._timeout)
                if isinstance(answer, Lost):
                    process.end()
                    process = None
                self._done.put((work, answer))
        except Exception as error:  # noqa: BLE001 - handed over and raised again where the answers are read
            self._done.put(error)
        finally:
            if process:
                process.end()
            self._done.put(None)

    def _next(self) -> Work | None:
        with self._lock:
            return None if self._dismissed.is_set() else next(self._work, None)


class _Process:
    """One process and its two pipes."""

    def __init__(self, command: list[str], dismissed: threading.Event) -> None:
        self._dismissed = dismissed
        # libvips would start threads of its own for each photo; there is a process for each core already
        environment = os.environ | {"VIPS_CONCURRENCY": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        # a group of its own: a terminal sends Ctrl-C to all of ours, and before it ignores that it would not start
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            process_group=0,
        )
        self._rest = b""
        greeting = self._line(_START_SECONDS)
        if isinstance(greeting, Lost) or json.loads(greeting) != "ready":
            self.end()
            if dismissed.is_set():
                return
            raise ConfigInvalid(
                "The processes that make the pictures could not be started.",
                hint="Is the extra installed? pip install galleria-action[studio]",
            )

    def ask(self, work: Work, timeout: float) -> Answer | Lost:
        """The answer to ``work``."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(work).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            return self._gone()
        line = self._line(timeout)
        if isinstance(line, Lost):
            return line
        answer: Answer = json.loads(line)
        if "defect" in answer:
            raise RuntimeError(f"in a process of the studio: {answer['defect']}")
        return answer

    def end(self) -> None:
        """Kill the process and wait for it."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with suppress(OSError):
                    pipe.close()

    def _line(self, timeout: float) -> bytes | Lost:
        assert self._process.stdout is not None
        descriptor, until = self._process.stdout.fileno(), time.monotonic() + timeout
        while b"\n" not in self._rest:
            if self._dismissed.is_set() or len(self._rest) > _LONGEST_ANSWER:
                return Lost("was given up")
            if time.monotonic() > until:
                return Lost(f"took longer than {timeout:.0f} s to process")
            if select.select([descriptor], [], [], _BEAT_SECONDS)[0]:
                more = os.read(descriptor, 1 << 20)
                if not more:
                    return self._gone()
                self._rest += more
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _gone(self) -> Lost:
        code = self._process.wait()
        how = f"by signal {-code} ({signal.strsignal(-code)})" if code < 0 else f"with code {code}"
        return Lost(f"made the decoder end {how}")


def serve(answer: Callable[[Any], Any]) -> None:
    """The other side: answer every piece of work on standard input until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # what a library prints must not get between the answers
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    out.write(b'"ready"\n')
    for line in sys.stdin.buffer:
        try:
            result = answer(json.loads(line))
        except Exception:  # noqa: BLE001 - told as it is: a defect of ours must not pass for a damaged photo
            result = {"defect": traceback.format_exc()}
        out.write(json.dumps(result).encode() + b"\n")
