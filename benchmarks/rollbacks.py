"""How long a rollback takes beside the deploy that it takes back, in pairs, with the requests of both.

    python -m benchmarks.rollbacks [--photos 1000] [--rtt 20] [--line 100] [--rounds 5] [--share 0.01]

A hundredth of the objects is changed (of a photo one of three), deployed, and rolled back, over and over on one bucket;
each pair meets the same machine, so that the ratio means something where the seconds do not.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks import galleries
from benchmarks.measure import Cost, run
from benchmarks.programs import environment
from benchmarks.servers import Server, sink

_ARGUMENTS = {"deploy": ["--cors", "skip", "--hash-check", "off"], "rollback": []}


def main() -> None:
    """Measure what the command line asks for and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=1000, help="three objects each")
    parser.add_argument("--small", action="store_true", help="files of 2 to 20 KB instead of up to 5 MB")
    parser.add_argument("--rtt", type=float, default=20.0, help="milliseconds that each request waits")
    parser.add_argument("--line", type=float, default=0.0, help="megabits a second to the server; 0: no limit")
    parser.add_argument("--share", type=float, default=0.01, help="of all objects that change")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as work, sink(given.rtt, md5=True) as server:
        folder = Path(work) / "gallery"
        galleries.make(folder, given.photos, small=given.small)
        _measured(server, folder, "deploy")
        server.narrow(given.line)
        ratios = []
        for _ in range(given.rounds):
            galleries.change(folder, 3 * given.share)
            deploy, of_deploy = _measured(server, folder, "deploy")
            rollback, of_rollback = _measured(server, folder, "rollback")
            ratios.append(rollback.wall / deploy.wall)
            print(f"deploy    {_told(deploy, of_deploy)}")
            print(f"rollback  {_told(rollback, of_rollback)}: {ratios[-1]:.2f}", flush=True)
    print(f"A rollback takes {statistics.median(ratios):.2f} of the time of the deploy that it takes back.")


def _measured(server: Server, folder: Path, command: str) -> tuple[Cost, dict[str, int]]:
    local = ["--source", str(folder)] if command == "deploy" else []
    where = ["--bucket", "bucket", "--endpoint", server.url]
    server.forget_requests()
    log = folder.parent / "log"
    arguments = [sys.executable, "-m", "galleria_action", command, *local, *where, *_ARGUMENTS[command]]
    cost = run(arguments, environment(folder.parent), log)
    if cost.exit_code:
        sys.exit(f"{command} failed:\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
    return cost, server.requests()


def _told(cost: Cost, requests: dict[str, int]) -> str:
    named = ", ".join(f"{number} {name}" for name, number in sorted(requests.items()))
    return f"{cost.wall:.2f} s (CPU {cost.cpu:.2f} s), {cost.memory:.0f} MB, {sum(requests.values())} requests: {named}"


if __name__ == "__main__":
    main()
