"""What programs that take turns have in common: the gallery that changes between them, one turn, and the machine."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from benchmarks.measure import run
from benchmarks.programs import ROOT, Program
from benchmarks.report import Row
from benchmarks.servers import Server


def machine(found: Iterable[Program], missing: Iterable[str]) -> list[str]:
    """What was measured on, at what load, and which programs were."""
    load = "/".join(f"{value:.1f}" for value in os.getloadavg())
    return [
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        f"load at the start {load}",
        *(f"{program.name}: {program.version}" for program in list(found)[1:]),
        *(f"not measured: {line}" for line in missing),
    ]


def gallery(folder: Path, *arguments: str) -> None:
    """Change the gallery in a process of its own: one that was once large starts its children with its own peak."""
    subprocess.run([sys.executable, "-m", "benchmarks.galleries", *arguments, str(folder)], cwd=ROOT, check=True)


def measured(
    program: Program,
    scenario: str,
    server: Server,
    folder: Path,
    environ: Mapping[str, str],
    where: str,
    before: Iterable[str] = (),
) -> Iterator[Row]:
    """The turn of ``program``, if it can do that. ``before`` is a program that starts it, and what that is told. Ends
    everything where it fails."""
    command = program.command(scenario, server.url, str(folder))
    if command is None:
        return
    server.forget_requests()
    log = folder.parent / "log"
    cost = run([*before, *command], environ, log)
    if cost.exit_code:
        sys.exit(f"{program.name} failed ({scenario}):\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
    print(f"{where}, {scenario}, {program.name}: {cost.wall:.2f} s", file=sys.stderr, flush=True)
    yield Row(program.name, scenario, where, cost, server.requests())
