"""Has a deploy become dear? A minute's question for CI: the CPU time of ours as a ratio, nothing to install.

    make bench-small

Beside it runs the least that can be asked of a program that publishes photos: one loop of Python which reads each
file, hashes it twice (what it was, what is sent) and sends it. Both take turns with one server each, so that a slow or
busy machine slows both; told are medians of paired rounds. Ends with 1 above ``BOUNDS``, which leave room for noise: a
regression that matters is larger.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks import galleries
from benchmarks.measure import Cost, run
from benchmarks.programs import environment, ours
from benchmarks.servers import Server, sink

ROUNDS = 3
#: (scene, photos, files of a few kilobytes?) → the most that ours may take of the loop's CPU time
BOUNDS = {("first", 60, False): 3.0, ("first", 300, True): 4.0, ("nothing", 300, True): 1.5}
_LOOP = """
import hashlib, http.client, pathlib, sys
server, folder = sys.argv[1:]
line = http.client.HTTPConnection(server.partition("://")[2])
for path in sorted(pathlib.Path(folder).rglob("*.*")):
    body = path.read_bytes()
    hashlib.sha256(body).hexdigest()
    headers = {"x-amz-content-sha256": hashlib.sha256(body).hexdigest(), "content-type": "image/jpeg"}
    line.request("PUT", f"/bucket/{path.relative_to(folder)}", body, headers)
    line.getresponse().read()
"""


def main() -> int:
    """Measure and tell; the exit code."""
    dear = 0
    with tempfile.TemporaryDirectory(prefix="galleria-bench-") as name:
        for (scene, photos, small), bound in BOUNDS.items():
            ratios = list(_ratios(Path(name), scene, photos, small=small))
            told = "a few kilobytes" if small else "full size"
            verdict = "" if median(ratios) <= bound else "  TOO DEAR"
            dear += bool(verdict)
            spread = f"{min(ratios):.2f}–{max(ratios):.2f}"
            print(f"{scene}, {photos} photos of {told}: {median(ratios):.2f} ({spread}), at most {bound}{verdict}")
    return 1 if dear else 0


def _ratios(work: Path, scene: str, photos: int, *, small: bool) -> Iterator[float]:
    folder, environ = work / f"{scene}-{photos}", environment(work)
    galleries.make(folder, photos, small=small)
    with sink(0) as server, sink(0) as other:
        if scene != "first":
            _cost(ours("first", server.url, str(folder)), environ, work)
        for _ in range(ROUNDS):
            if scene == "first":
                _emptied(server, other)
            own = _cost(ours(scene, server.url, str(folder)), environ, work)
            loop = _cost([sys.executable, "-c", _LOOP, other.url, str(folder)], environ, work)
            yield own.cpu / loop.cpu


def _emptied(*servers: Server) -> None:
    for server in servers:
        server.empty()


def _cost(command: list[str], environ: dict[str, str], work: Path) -> Cost:
    cost = run(command, environ, work / "log")
    if cost.exit_code:
        sys.exit((work / "log").read_text(encoding="utf-8", errors="replace")[-2000:])
    return cost


if __name__ == "__main__":
    sys.exit(main())
