"""Runs a program and says what it took: wall and CPU seconds, peak memory, and bytes read, children included."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

#: what getrusage counts in
_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run of a program took: ``wall`` and ``cpu`` in seconds, the peak of its ``memory`` in MB; bytes that it
    ``read`` (where Linux tells), and how many of them came from the ``disk``."""

    wall: float
    cpu: float
    memory: float
    exit_code: int
    read: int = 0
    disk: int = 0


def run(command: list[str], environ: Mapping[str, str], log: Path) -> Cost:
    """Run ``command`` to its end, what it prints going to ``log``.

    A process that was once large starts its children with its own peak, so the caller must stay small.
    """
    output = (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    nothing = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
    started = time.monotonic()
    pid = os.posix_spawnp(command[0], command, environ, file_actions=[nothing, output, (os.POSIX_SPAWN_DUP2, 1, 2)])
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    read = _read_by(pid)
    _, status, usage = os.wait4(pid, 0)
    wall = time.monotonic() - started
    memory = usage.ru_maxrss / 1024
    disk = usage.ru_inblock * _BLOCK
    return Cost(wall, usage.ru_utime + usage.ru_stime, memory, os.waitstatus_to_exitcode(status), read, disk)


def _read_by(pid: int) -> int:
    try:
        told = Path(f"/proc/{pid}/io").read_text(encoding="ascii")
    except OSError:
        return 0
    return int(told.partition("rchar: ")[2].split()[0])
