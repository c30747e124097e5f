"""What it costs that nothing live changes before it is published: pairs of deploys that do and do not write in place.

    python -m benchmarks.in_place [--photos 1000] [--rtt 20] [--rounds 6]

1 % of the objects of a gallery change (the full files of 3 % of its photos); then the same change is deployed twice,
each time to a server of its own: by the steps as they are, and by the same code without pool, claim, undo record and
publish. Files are small, so that requests are measured.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks import galleries
from benchmarks.measure import Cost, run
from benchmarks.programs import environment, ours
from benchmarks.servers import sink

#: the other command of this program: deploys in place, with the arguments that follow
_IN_PLACE = "deploy-in-place"


def main() -> None:
    """Measure, or be what is measured."""
    if sys.argv[1:2] == [_IN_PLACE]:
        del sys.argv[1]
        _write_in_place()
        return
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--photos", type=int, default=1000, help="three files each")
    parser.add_argument("--rtt", type=float, default=20.0, help="milliseconds of added latency")
    parser.add_argument("--rounds", type=int, default=6)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        pairs = _pairs(Path(work), given.photos, given.rtt, given.rounds)
    walls = [here.wall / there.wall for here, there in pairs]
    cpus = [here.cpu / there.cpu for here, there in pairs]
    apart = statistics.median(it.wall for it, _ in pairs) / statistics.median(it.wall for _, it in pairs)
    print(f"wall: median of the pairs {statistics.median(walls):.2f} ({min(walls):.2f}–{max(walls):.2f}),", end=" ")
    print(f"ratio of the medians {apart:.2f}; CPU: median of the pairs {statistics.median(cpus):.2f}")


def _pairs(work: Path, photos: int, rtt: float, rounds: int) -> list[tuple[Cost, Cost]]:
    folder, environ, log, pairs = work / "gallery", environment(work), work / "log", []
    galleries.make(folder, photos, small=True)
    with sink(rtt) as published, sink(rtt) as in_place:
        for round_number in range(rounds + 1):
            ways = {url.url: ours("deploy", url.url, str(folder)) for url in (published, in_place)}
            ways[in_place.url][1:4] = ["-m", "benchmarks.in_place", _IN_PLACE]
            order = list(ways) if round_number % 2 else list(reversed(ways))
            costs = {url: run(ways[url], environ, log) for url in order}
            if any(cost.exit_code for cost in costs.values()):
                sys.exit(log.read_text(encoding="utf-8", errors="replace")[-2000:])
            pair = costs[published.url], costs[in_place.url]
            if round_number:  # the first deploys are those of the whole gallery
                pairs.append(pair)
                print(f"{pair[0].wall:.2f} s, in place {pair[1].wall:.2f} s", file=sys.stderr, flush=True)
            galleries.change(folder, 0.03)
    return pairs


def _write_in_place() -> None:
    """Run the command line, with steps that overwrite live objects while they are sent."""
    from galleria_action import __main__
    from galleria_action.deployment.apply import carry_out, steps
    from galleria_action.usecases.parts import applying

    as_it_is = applying.make_uploader

    def make_uploader(*arguments: object) -> object:
        uploader = as_it_is(*arguments)  # type: ignore[arg-type]
        uploader.live = frozenset()
        return uploader

    def rolling(local: object) -> tuple[object, ...]:
        document = local.document  # type: ignore[attr-defined]
        return steps.Stage(), steps.WriteRecord(), steps.Prove(), steps.CommitDocument(document), steps.Delete()

    carry_out.check_order = lambda steps: None
    applying.make_uploader = make_uploader  # type: ignore[assignment]
    applying.rolling = rolling  # type: ignore[assignment]
    sys.argv.insert(1, "deploy")
    __main__.main()


if __name__ == "__main__":
    main()
