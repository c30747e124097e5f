"""Draws what docs/performance.md has measured (``make generate``).

``performance.svg`` has three scenes of deploys on one scale, from the results that are kept; ``process.svg`` what a
gallery costs to make, from the page's table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from statistics import median

from benchmarks.page import PAGE, RESULTS, Results
from benchmarks.programs import OURS, ROOT

CHART, PROCESS_CHART = ROOT / "docs/performance.svg", ROOT / "docs/process.svg"

#: what stands over the bars, and the row that they are read from
_SCENES = (
    ("First deploy of 200 photos", "first deploy, 200 photos of full size"),
    ("Nothing to do, in CI’s fresh checkout", "nothing to do, fresh checkout"),
    ("1 % of the photos changed, in a fresh checkout", "1 % changed, fresh checkout"),
)
_RTT = 50
#: told apart by people who see colours differently (Okabe and Ito), and by their lightness
_COLOURS = {OURS: "#0072b2", "aws s3 sync": "#e69f00", "s5cmd": "#009e73", "rclone": "#b9bec5"}
_MAKERS = {
    OURS: "#0072b2", f"{OURS}, without pyvips": "#56b4e9", "sharp": "#009e73", "eleventy-img": "#e69f00",
    "sigal": "#b9bec5",
}  # fmt: skip
_WIDTH, _RIGHT, _BAR, _SCENE = 760, 64, 17, 34
_PROCESS = "From originals to web pictures and thumbnails"


def chart(results: Results) -> str:
    """The drawing of the deploys that were measured."""
    return _drawn("Seconds, lower is better", _UNDER, list(scenes(results)), _COLOURS, left=132, digits=2)


def process_chart(text: str) -> str:
    """The drawing of what a gallery costs to make, by ``text`` (the page)."""
    rows = re.findall(r"^\| ([^|]+) \|[^|]*\|[^|]*\| (\d+) ", _table(text, _PROCESS), re.MULTILINE)
    costs = {name: float(cost) for name, cost in rows}
    scene = "A JPEG of 2048 and a thumbnail of 400 pixels of each of 60 photos (12 to 24 megapixels)"
    bars = {name: costs[name] for name in _MAKERS if name in costs}
    return _drawn("CPU time per photo, lower is better", "milliseconds", [(scene, bars)], _MAKERS, left=232, digits=0)


def _drawn(
    title: str,
    under: str,
    found: Sequence[tuple[str, Mapping[str, float]]],
    colours: Mapping[str, str],
    *,
    left: int,
    digits: int,
) -> str:
    longest = max(value for _, values in found for value in values.values())
    parts, y = [_text(10, 22, title, "title"), _text(10, 42, under, "small")], 50
    for scene, values in found:
        y += _SCENE
        parts.append(_text(10, y - 8, scene, "head"))
        for name, value in values.items():
            width = max(1.0, (_WIDTH - left - _RIGHT) * value / longest)
            ours = " ours" if name == OURS else ""
            parts.append(_text(10, y + 13, name, f"name{ours}"))
            parts.append(
                f'<rect class="bar" x="{left}" y="{y}" width="{width:.1f}" height="{_BAR - 3}" rx="2" '
                f'fill="{colours[name]}"/>'
            )
            parts.append(_text(left + width + 6, y + 13, f"{value:.{digits}f}", f"name{ours}"))
            y += _BAR
    body = "\n".join(parts)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y + 14}" role="img">'
    return f"{head}\n{_STYLE}\n{body}\n</svg>\n"


_UNDER = "wall time; a server 50 ms away; all bars on one scale"
_STYLE = """<style>
svg { background: white }
text { font: 13px system-ui, "DejaVu Sans", sans-serif; fill: #1f2328 }
.title { font-size: 17px; font-weight: 700 }
.small { fill: #59636e }
.head { font-size: 14px; font-weight: 600 }
.ours { font-weight: 700 }
</style>
<rect width="100%" height="100%" fill="white"/>"""


def scenes(results: Results) -> Iterator[tuple[str, Mapping[str, float]]]:
    """Title, and the median wall seconds of each program. Ends the program where one was not measured."""
    rows = {(row.title, row.rtt): row.programs for row in results.rows}
    for title, name in _SCENES:
        if (name, _RTT) not in rows:
            raise SystemExit(f"not measured: {name}, {_RTT} ms")
        taken = rows[name, _RTT]
        yield title, {program: median(taken[program].wall) for program in _COLOURS if program in taken}


def _table(text: str, heading: str) -> str:
    _, found, rest = text.partition(f"\n### {heading}\n")
    if not found:
        raise SystemExit(f"docs/performance.md has no table under: {heading}")
    return rest.partition("\n### ")[0]


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:.0f}" y="{y:.0f}">{escape(text)}</text>'


if __name__ == "__main__":
    CHART.write_text(chart(Results.read(RESULTS.read_text(encoding="utf-8"))), encoding="utf-8")
    PROCESS_CHART.write_text(process_chart(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
