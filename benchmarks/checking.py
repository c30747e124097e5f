"""What it costs to make sure that photos are those of the metadata: ``validate`` and ``plan`` by ``check-files``.

    python -m benchmarks.checking                                     200 photos, three rounds
    python -m benchmarks.checking --photos 10000 --own --cold --before ../old

The plans are of a gallery that is online already, in a fresh checkout: git knows its files, and nothing is to be done.
The cases take turns in each round. ``--own``: no two files share their bytes; ``--cold``: before each run the machine
forgets what it has read of them; ``--before`` is a checkout from before there was the option, run beside this one.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks import galleries
from benchmarks.measure import Cost, run
from benchmarks.programs import ROOT, environment
from benchmarks.servers import Server, sink


@dataclass(frozen=True, slots=True)
class Case:
    """``command`` of the checkout at ``root`` with this ``mode`` of check-files (``None``: there is no such option)."""

    root: Path
    command: str
    mode: str | None

    def words(self, source: Path, server: str) -> list[str]:
        """What to run for the gallery in ``source``, which is online at ``server``."""
        words = [sys.executable, "-m", "galleria_action", self.command, "--source", str(source)]
        if self.command != "validate":
            words += ["--bucket", "bucket", "--endpoint", server, "--cors", "skip", "--hash-check", "off"]
        return words + (["--check-files", self.mode] if self.mode else [])


def cases(before: Path | None) -> list[Case]:
    """What takes turns."""
    ours = [("validate", "off"), ("validate", "auto"), ("plan", "off"), ("plan", "auto"), ("plan", "hash")]
    old = [Case(before, command, None) for command in ("validate", "plan")] if before else []
    return old + [Case(ROOT, command, mode) for command, mode in ours]


def forget(folder: Path) -> None:
    """Have the machine read the files of ``folder`` from the disk again."""
    os.sync()
    for path in galleries.files_of(folder):
        descriptor = os.open(path, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def _measured(case: Case, source: Path, server: Server, work: Path) -> Cost:
    environ = {**environment(work), "PYTHONPATH": str(case.root), "PYTHONSAFEPATH": "1"}
    cost = run(case.words(source, server.url), environ, work / "log")
    if cost.exit_code:
        sys.exit(f"{case} failed:\n{(work / 'log').read_text(encoding='utf-8')[-2000:]}")
    print(f"{case}: {cost}", file=sys.stderr, flush=True)
    return cost


def main() -> None:
    """Print a table."""
    given = _arguments()
    found: dict[Case, list[Cost]] = {case: [] for case in cases(given.before)}
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="checking-")))
        source = given.gallery or work / "gallery"
        if not given.gallery:
            galleries.make(source, given.photos, own=given.own)
            galleries.track(source)
        servers = {root: stack.enter_context(sink(0)) for root in dict.fromkeys(case.root for case in found)}
        for root, server in servers.items():
            _measured(Case(root, "deploy", None), source, server, work)
        for _ in range(given.rounds):
            for case, costs in found.items():
                if given.cold:
                    forget(source)
                costs.append(_measured(case, source, servers[case.root], work))
    print("| | command | check-files | seconds | CPU s | read | from the disk |\n|---|---|---|---|---|---|---|")
    for case, costs in found.items():
        wall, cpu = min(it.wall for it in costs), min(it.cpu for it in costs)
        read, disk = min(it.read for it in costs), min(it.disk for it in costs)
        whose = "now" if case.root == ROOT else "before"
        numbers = f"{wall:.2f} | {cpu:.2f} | {read / 1e6:,.0f} MB | {disk / 1e6:,.0f} MB"
        print(f"| {whose} | {case.command} | {case.mode or '–'} | {numbers} |")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--own", action="store_true", help="no two files share their bytes: 3.3 MB of disk a photo")
    parser.add_argument("--cold", action="store_true", help="read everything from the disk in each run")
    parser.add_argument("--before", type=Path, help="an older checkout to run beside this one")
    parser.add_argument(
        "--gallery", type=Path, help="a gallery that is there already and tracked, instead of making one"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
