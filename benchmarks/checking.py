"""What it costs to make sure that photos are those of the metadata: ``validate`` and ``plan`` by ``check-files``.

    python -m benchmarks.checking [photos [rounds]]      (default: 200 photos, 3 rounds)

``off`` is what is done anyway. The plans are of a gallery that is online already, in a fresh checkout. The cases take
turns in each round, and each runs in a process of its own; told are the shortest time and the bytes that it read.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks import galleries

ROOT = Path(__file__).resolve().parent.parent
CASES = (("validate", "off"), ("validate", "auto"), ("plan", "off"), ("plan", "auto"), ("plan", "hash"))
#: runs one command and tells what it took
_MEASURED = """
import json, os, pathlib, sys, time
from galleria_action.deployment.stop import Stop
from galleria_action.run import World, run
began = time.perf_counter()
with open(os.devnull, "w") as nothing:
    code = run(sys.argv[1:], World({}, pathlib.Path.cwd(), nothing, nothing, Stop()))
took = time.perf_counter() - began
read = pathlib.Path("/proc/self/io").read_text().split("rchar: ")[1].split()[0]
print(json.dumps([code, took, int(read)]))
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds, and bytes read."""

    seconds: float
    read: int


def measure(folder: Path, command: str, mode: str) -> Cost:
    """One run of ``command`` on the gallery in ``folder``."""
    words = [command, "--source", str(folder / "checkout"), "--check-files", mode]
    if command != "validate":
        words += ["--bucket", f"file://{folder}/bucket", "--cors", "skip"]
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, *words],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
    )
    code, seconds, read = json.loads(done.stdout)
    assert code == 0, f"{command} {mode}: exit {code}"
    return Cost(seconds, read)


def prepare(folder: Path, photos: int) -> None:
    """A gallery that is online, and a fresh checkout of it."""
    galleries.make(folder / "made", photos)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "core.compression=0", "-c", "gc.auto=0"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "gallery"]):
        subprocess.run([*git, *words], cwd=folder / "made", check=True)
    subprocess.run([*git, "clone", "-q", str(folder / "made"), str(folder / "checkout")], check=True)
    measure(folder, "deploy", "auto")


def main(photos: int, rounds: int) -> None:
    """Print a table."""
    with tempfile.TemporaryDirectory(prefix="checking-") as name:
        folder = Path(name)
        prepare(folder, photos)
        found: dict[tuple[str, str], list[Cost]] = {case: [] for case in CASES}
        for _ in range(rounds):
            for case in CASES:
                found[case].append(measure(folder, *case))
    print(f"{photos} photos, {rounds} rounds\n\n| command | check-files | seconds | read |\n|---|---|---|---|")
    for (command, mode), costs in found.items():
        seconds, read = min(it.seconds for it in costs), min(it.read for it in costs)
        print(f"| {command} | {mode} | {seconds:.2f} | {read / 1e6:,.0f} MB |")


if __name__ == "__main__":
    main(*(int(word) for word in (sys.argv[1:] + ["200", "3"][len(sys.argv) - 1 :])))
