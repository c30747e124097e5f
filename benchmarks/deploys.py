"""What docs/performance.md shows: whole deploys beside other programs, in one run.

    make bench                              measures (some ten minutes) and prints the table
    make bench BENCH=--write                and writes table and drawing into docs/performance.md
    make bench BENCH="--rounds 1 --peers s5cmd"
    python -m benchmarks.deploys --only first --rounds 3

Rounds are complete: in each, every program has its turn in every row, so that what disturbs the machine disturbs all,
and ratios are those of one round. No round is begun that would not end within ``--minutes``. Results of a machine that
does other things at the same time are worth little: its load is printed, and stands on the page.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree, which

from benchmarks import galleries
from benchmarks.page import PAGE, RESULTS, Measured, Results, table, write
from benchmarks.programs import OURS, Program, environment, programs
from benchmarks.report import Row
from benchmarks.servers import SINKS, Server, sink, trusting
from benchmarks.turns import gallery, machine, measured

MOST_ROUNDS = 5
#: after this second of a file's time a program that compares whole seconds takes what it sent then for older
_SECOND = 1.05


@dataclass(frozen=True, slots=True)
class Block:
    """What one gallery goes through: ``scenes`` in their order, each with the title of its row. ``made`` says how large
    it is, ``server`` is a kind of ``SINKS``, ``rtts`` are milliseconds. On one ``core`` each program has the first for
    itself, and its server the second."""

    made: str
    scenes: dict[str, str]
    rtts: tuple[float, ...] = (0,)
    server: str = "sink"
    peers: tuple[str, ...] = ("s5cmd",)
    core: bool = False


_FULL = "--photos 200"
BLOCKS = (
    Block(
        _FULL,
        {
            "first": "first deploy, 200 photos of full size",
            "nothing": "nothing to do, peers’ times valid",
            "changed": "1 % changed, peers’ times valid",
            "removed": "one removed, peers’ times valid",
            "checkout": "nothing to do, fresh checkout",
            "changed-checkout": "1 % changed, fresh checkout",
            "removed-checkout": "one removed, fresh checkout",
        },
        rtts=(0, 50),
        peers=("s5cmd", "aws s3 sync", "rclone"),
    ),
    Block("--photos 1000 --each 20", {"first": "first deploy, 3,000 files of 20 KB"}, rtts=(0, 50)),
    Block(_FULL, {"first": "first deploy over TLS"}, server="tls-sink"),
    Block(_FULL, {"first": "first deploy, MD5 ETags, signed hashes checked"}, server="checking-md5-sink"),
    Block(_FULL, {"first": "first deploy, MD5 ETags, nobody knows"}, server="md5-sink"),
    Block("--photos 400 --full 1", {"first": "first deploy, 400 photos of 1 MB"}),
    Block("--photos 100 --full 5", {"first": "first deploy, 100 photos of 5 MB"}),
    Block("--photos 12 --full 50", {"first": "first deploy, 12 photos of 50 MB"}),
    Block(_FULL, {"first": "first deploy, 200 photos, one core"}, core=True),
)


@dataclass
class Bench:
    """Programs that take turns in ``work``, each with servers of its own, which stay until ``stack`` ends."""

    work: Path
    found: Sequence[Program]
    stack: ExitStack
    scenes: Sequence[str]
    _servers: dict[tuple[str, float, str, bool], Server] = field(default_factory=dict)

    def round(self) -> Iterator[tuple[str, float, Row]]:
        """Each program once in each row: the row's title, the latency and what was measured."""
        for block in BLOCKS:
            if block.core and not (which("taskset") and (os.cpu_count() or 1) > 1):
                continue
            for rtt in block.rtts:
                yield from self._block(block, rtt)

    def _block(self, block: Block, rtt: float) -> Iterator[tuple[str, float, Row]]:
        wanted = {scene: title for scene, title in block.scenes.items() if scene in self.scenes or scene == "first"}
        taking_part = [program for program in self.found if program.name in (OURS, *block.peers)]
        environ = environment(self.work) | (trusting() if SINKS[block.server].get("tls") else {})
        before = ("taskset", "-c", "0") if block.core else ()
        folder = self.work / "gallery"
        gallery(folder, "make", *block.made.split())
        servers = {program.name: self._server(block, rtt, program.name) for program in taking_part}
        for scene, title in wanted.items():
            if scene in galleries.CHANGES:
                gallery(folder, scene)
                time.sleep(_SECOND)
            for program in taking_part:
                where = f"{title}, {rtt:g} ms"
                for row in measured(program, scene, servers[program.name], folder, environ, where, before):
                    yield title, rtt, row
        for server in servers.values():
            server.empty()
        rmtree(folder)
        rmtree(self.work / "gallery-pool")

    def _server(self, block: Block, rtt: float, program: str) -> Server:
        key = block.server, rtt, program, block.core
        if key not in self._servers:
            before = ("taskset", "-c", "1") if block.core else ()
            self._servers[key] = self.stack.enter_context(sink(rtt, **SINKS[block.server], before=before))
        return self._servers[key]


def main() -> None:
    """Run what the arguments ask for."""
    given = _arguments()
    began = time.monotonic()
    found, missing = programs(given.peers)
    rows: list[Measured] = []
    about = machine(found, missing)
    with tempfile.TemporaryDirectory(prefix="galleria-bench-", dir=given.work) as folder, ExitStack() as stack:
        bench = Bench(Path(folder), found, stack, given.only)
        rounds, longest = 0, 0.0
        while rounds < given.rounds and time.monotonic() - began + longest < 60 * given.minutes:
            start = time.monotonic()
            for title, rtt, row in bench.round():
                Measured.of(rows, title, rtt).add(row)
            rounds, longest = rounds + 1, max(longest, time.monotonic() - start)
    results = Results([*about, f"rounds: {rounds}, in {(time.monotonic() - began) / 60:.1f} minutes"], rows)
    print(table(results))
    if given.out:
        given.out.write_text(results.text(), encoding="utf-8")
    if given.write:
        write(results)
        print(f"written: {RESULTS.name}, {PAGE.name} and its drawing", file=sys.stderr)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    scenes = list(BLOCKS[0].scenes)
    peers = list(BLOCKS[0].peers)
    parser.add_argument("--rounds", type=int, default=MOST_ROUNDS, help="at most so many")
    parser.add_argument("--minutes", type=float, default=11, help="what the rounds may take together")
    parser.add_argument("--peers", nargs="*", default=peers, choices=peers)
    parser.add_argument("--only", nargs="+", default=scenes, choices=scenes, help="these, and first, which they need")
    parser.add_argument("--write", action="store_true", help="into docs/performance.md, with its drawing")
    parser.add_argument("--out", type=Path, help="where the results go as JSON")
    parser.add_argument("--work", type=Path, help="folder for galleries; a file system with hard links")
    return parser.parse_args()


if __name__ == "__main__":
    main()
