"""Runs a command of a pipeline: in a process group of its own, bounded in time and in what is kept of its output.

It gets few variables of ours and none of our secrets; what it is to know beside these is named in its ``env``.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from galleria_action.deployment.stop import Stop
from galleria_action.pipeline.model import Outcome, Task
from galleria_action.values import dataclass, field

#: what a command gets of the environment unasked: where programs are, and how they speak
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "SHELL", "USER", "CI")
#: seconds from the request to end until it is made to
PATIENCE_SECONDS = 5.0
_LOOK_SECONDS, _CHUNK = 0.05, 1 << 16
_FIRST_LINES, _LAST_LINES, _LONGEST_LINE = 100, 200, 2000
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126


@dataclass(frozen=True, slots=True)
class Shell:
    """Where commands run: in ``folder``, with variables of ``environ``; ``hide`` takes secrets out of a text."""

    folder: Path
    environ: Mapping[str, str]
    hide: Callable[[str], str] = str
    patience: float = PATIENCE_SECONDS

    def run(self, task: Task, stop: Stop) -> Outcome:
        """Run the command of ``task`` to its end, or until ``stop`` is requested and its patience is over."""
        try:
            env = self._env(task)
            process = subprocess.Popen(
                ["/bin/sh", "-euc", task.run],
                cwd=self.folder,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            return Outcome(f"it could not be started: {self.hide(str(error))}", "command-failed")
        output = _Output()
        try:
            stopped = self._watch(process, output, stop)
        finally:
            _end_group(process.pid, signal.SIGKILL)
            process.wait()
            assert process.stdout
            process.stdout.close()
        return self._outcome(process.returncode, output, stopped)

    def _env(self, task: Task) -> dict[str, str]:
        env = {name: self.environ[name] for name in INHERITED if name in self.environ}
        for name, value in task.env.items():
            variable = variable_in(value)
            env[name] = value if variable is None else self.environ[variable]
        return env

    def _watch(self, process: subprocess.Popen[bytes], output: _Output, stop: Stop) -> bool:
        """Read what it prints until it has ended; whether it had to be stopped."""
        assert process.stdout
        number, asked = process.stdout.fileno(), 0.0
        os.set_blocking(number, False)
        while True:
            open_still = output.read_from(number)
            if process.poll() is not None:
                output.read_from(number)
                return asked > 0
            if stop.requested and not asked:
                asked = time.monotonic()
                _end_group(process.pid, signal.SIGTERM)
            if asked and time.monotonic() - asked > self.patience:
                _end_group(process.pid, signal.SIGKILL)
            if not open_still:
                time.sleep(_LOOK_SECONDS)

    def _outcome(self, code: int, output: _Output, stopped: bool) -> Outcome:
        log = tuple(self.hide(line) for line in output.lines())
        if code == 0 and not stopped:
            return Outcome(log=log)
        if stopped:
            return Outcome("it was stopped.", "cancelled", log=log)
        if code == _NOT_FOUND:
            text = "a command in it was not found (127); is it installed here?"
        elif code == _NOT_EXECUTABLE:
            text = "a command in it may not be executed (126)."
        else:
            text = f"it was ended by signal {-code}." if code < 0 else f"it ended with exit code {code}."
        return Outcome(text, "command-failed", log=log)


def variable_in(value: str) -> str | None:
    """The variable that is handed on where ``value`` is ``${NAME}``; ``None`` where it is a text."""
    return value[2:-1] if value.startswith("${") and value.endswith("}") else None


def _end_group(group: int, how: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, how)


@dataclass(frozen=True, slots=True)
class _Output:
    """The first and the last lines of what was printed, however much that was."""

    first: list[bytes] = field(default_factory=list)
    last: deque[bytes] = field(default_factory=lambda: deque(maxlen=_LAST_LINES))
    counts: list[int] = field(default_factory=lambda: [0, 0])  # lines left out, bytes of the line that is begun
    begun: bytearray = field(default_factory=bytearray)

    def read_from(self, number: int) -> bool:
        """Read what there is; whether more may come at once."""
        if not select.select([number], [], [], _LOOK_SECONDS)[0]:
            return True
        for _ in range(64):
            try:
                chunk = os.read(number, _CHUNK)
            except BlockingIOError:
                return True
            if not chunk:
                return False
            *whole, rest = chunk.split(b"\n")
            for piece in whole:
                self._add(piece)
                self._line()
            self._add(rest)
        return True

    def _add(self, piece: bytes) -> None:
        self.begun.extend(piece[: _LONGEST_LINE - len(self.begun)])

    def _line(self) -> None:
        line = bytes(self.begun)
        self.begun.clear()
        if len(self.first) < _FIRST_LINES:
            self.first.append(line)
        else:
            self.counts[0] += len(self.last) == _LAST_LINES
            self.last.append(line)

    def lines(self) -> list[str]:
        """What is kept, with a word for what is not."""
        if self.begun:
            self._line()
        left = [f"… {self.counts[0]:,} lines left out …".encode()] if self.counts[0] else []
        return [line.decode("utf-8", "replace") for line in (*self.first, *left, *self.last)]
