"""How planning with nothing to do, and a deploy that removes one photo, grow with the gallery.

    python -m benchmarks.growth                              1,000, 10,000 and 100,000 photos of three small files
    python -m benchmarks.growth 1000 10000 --before ../old   an older checkout takes turns with this one

The galleries are online and lie in a checkout of git. Prints tables, and with ``--out`` writes them and a plot.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import log10
from pathlib import Path

from benchmarks.measure import Cost, run
from benchmarks.programs import ROOT, environment
from benchmarks.servers import sink

_RECORD, _CHECKPOINT = ".galleria/manifest.json", ".galleria/checkpoint"
_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 420, 260, 60, 40
_COLOURS = ("#8b949e", "#1f6feb", "#c9a0dc", "#bf5af2")


@dataclass(frozen=True, slots=True)
class Grown:
    """What one run came to: ``what`` was done, in a gallery of ``photos`` photos. Of a first deploy ``sent`` are the
    bytes that it put by folder, and ``record`` is the size of its record."""

    what: str
    photos: int
    cost: Cost
    sent: Mapping[str, int] = field(default_factory=dict)
    record: int = 0


def measured(photos: int, rounds: int, before: Path | None, *, own: bool) -> Iterator[Grown]:
    """Deploy a gallery once, plan it with nothing to do, and take one photo away. With ``own`` no two files share their
    bytes."""
    with tempfile.TemporaryDirectory(prefix="galleria-growth-") as folder, sink(0) as server:
        work, gallery = Path(folder), Path(folder, "gallery")

        def once(command: str, root: Path = ROOT) -> Cost:
            where = ["--source", str(gallery), "--bucket", "bucket", "--endpoint", server.url]
            words = [sys.executable, "-m", "galleria_action", command, *where, "--cors", "skip", "--hash-check", "off"]
            environ = {**environment(work), "PYTHONPATH": str(root), "PYTHONSAFEPATH": "1"}
            cost = run(words, environ, work / "log")
            if cost.exit_code:
                sys.exit(f"{command} failed:\n{(work / 'log').read_text(encoding='utf-8')[-2000:]}")
            print(f"{photos:,} photos, {command}: {cost}", file=sys.stderr, flush=True)
            return cost

        _change(gallery, "make", "--photos", str(photos), "--small", *(["--own"] if own else []))
        cost, sent = once("deploy"), server.received()
        yield Grown("first deploy", photos, cost, sent, server.size(_RECORD))
        for _ in range(rounds):
            if before:
                yield Grown("nothing to do, before", photos, once("plan", before))
            yield Grown("nothing to do", photos, once("plan"))
        removing = [(before, "one removed, before")] if before else []
        for root, what in (*removing, (ROOT, "one removed")):
            _change(gallery, "removed")
            yield Grown(what, photos, once("deploy", root))


def _change(gallery: Path, *arguments: str) -> None:
    """In a process of its own: one that was once large starts its children with its own peak."""
    subprocess.run([sys.executable, "-m", "benchmarks.galleries", *arguments, str(gallery)], cwd=ROOT, check=True)


def table(grown: Sequence[Grown]) -> str:
    """The least of each, as Markdown."""
    lines = ["| gallery | what | wall s | CPU s | peak MB |", "|---|---|---|---|---|"]
    for photos, what in dict.fromkeys((it.photos, it.what) for it in grown):
        wall, cpu, memory = _least(grown, photos, what)
        lines.append(f"| {photos:,} photos | {what} | {wall:.2f} | {cpu:.2f} | {memory:,.0f} |")
    return "\n".join(lines) + "\n"


def _least(grown: Iterable[Grown], photos: int, what: str) -> tuple[float, float, float]:
    costs = [it.cost for it in grown if (it.photos, it.what) == (photos, what)]
    return min(it.wall for it in costs), min(it.cpu for it in costs), min(it.memory for it in costs)


def stored(grown: Sequence[Grown]) -> str:
    """What first deploys wrote beside the gallery, as Markdown."""
    lines = [
        "| gallery | its files MB | record MB | bytes a photo | checkpoint MB | of the gallery |",
        "|---|---|---|---|---|---|",
    ]
    for it in grown:
        if it.sent:
            files = sum(size for folder, size in it.sent.items() if folder and not folder.startswith(".galleria"))
            checkpoint = it.sent.get(_CHECKPOINT, 0)
            lines.append(
                f"| {it.photos:,} photos | {files / 1e6:,.1f} | {it.record / 1e6:.2f} | {it.record / it.photos:.0f} "
                f"| {checkpoint / 1e6:.2f} | {checkpoint / files:.2%} |"
            )
    return "\n".join(lines) + "\n"


def plot(grown: Sequence[Grown]) -> str:
    """CPU seconds and peak memory over the number of photos, each on a scale of powers of ten (SVG)."""
    whats = [it for it in dict.fromkeys(one.what for one in grown) if it != "first deploy"]
    parts = [_chart(grown, whats, 1, "CPU seconds", 0), _chart(grown, whats, 2, "peak MB", _WIDTH)]
    for number, what in enumerate(whats):
        parts.append(
            f'<text x="{_LEFT + 170 * number}" y="{_HEIGHT + 12}" fill="{_COLOURS[number]}">&#9632; {what}</text>'
        )
    style = "<style>text{font:12px sans-serif;fill:currentColor}</style>"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * _WIDTH} {_HEIGHT + 24}">{style}{"".join(parts)}'
        "</svg>\n"
    )


def _chart(grown: Sequence[Grown], whats: Sequence[str], of: int, title: str, left: int) -> str:
    sizes = sorted({it.photos for it in grown})
    points = {what: [(photos, _least(grown, photos, what)[of]) for photos in sizes] for what in whats}
    values = [value for line in points.values() for _, value in line]
    low, high = int(log10(min(values)) // 1), int(-(-log10(max(values)) // 1))
    first, last = log10(sizes[0]), log10(sizes[-1])

    def at(photos: int, value: float) -> tuple[float, float]:
        across = (log10(photos) - first) / ((last - first) or 1)
        up = (log10(value) - low) / ((high - low) or 1)
        return left + _LEFT + across * (_WIDTH - _LEFT - 30), _HEIGHT - _BOTTOM - up * (_HEIGHT - _BOTTOM - 30)

    parts = [f'<text x="{left + _LEFT}" y="16">{title}</text>']
    for power in range(low, high + 1):
        x, y = at(sizes[0], 10**power)
        parts.append(f'<path d="M{x:.0f} {y:.0f}H{left + _WIDTH - 30}" stroke="#8884"/>')
        parts.append(f'<text x="{x - 8:.0f}" y="{y + 4:.0f}" text-anchor="end">{10**power:g}</text>')
    for photos in sizes:
        x, y = at(photos, 10**low)
        parts.append(f'<text x="{x:.0f}" y="{y + 18:.0f}" text-anchor="middle">{photos:,}</text>')
    for number, line in enumerate(points.values()):
        path = "L".join(f"{x:.0f} {y:.0f}" for x, y in (at(*point) for point in line))
        parts.append(f'<path d="M{path}" fill="none" stroke="{_COLOURS[number]}" stroke-width="2"/>')
    return "".join(parts)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("photos", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--own", action="store_true", help="no two files share their bytes, nor their hashes")
    parser.add_argument("--before", type=Path, help="an older checkout that plans beside this one")
    parser.add_argument("--out", type=Path, help="where the table (.table.md) and the plot (.svg) go")
    given = parser.parse_args()
    grown: list[Grown] = []
    for photos in given.photos:
        grown += measured(photos, given.rounds, given.before, own=given.own)
        print(f"{table(grown)}\n{stored(grown)}", flush=True)
    if given.out:
        given.out.with_suffix(".table.md").write_text(f"{table(grown)}\n{stored(grown)}", encoding="utf-8")
        given.out.with_suffix(".svg").write_text(plot(grown), encoding="utf-8")


if __name__ == "__main__":
    main()
