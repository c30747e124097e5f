"""Draws docs/performance.svg from the tables in docs/performance.md (``make generate``): three scenes, one scale."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path

from benchmarks.programs import OURS

ROOT = Path(__file__).parents[1]
PAGE, CHART = ROOT / "docs/performance.md", ROOT / "docs/performance.svg"

#: what stands over the bars, and the heading of the table that they are read from
_SCENES = (
    ("First deploy of 200 photos", "First deploy: 200 photos, 50 ms"),
    (
        "Nothing to do, in CI’s fresh checkout",
        "Nothing to do, in a fresh checkout (new times, same bytes): 200 photos, 50 ms",
    ),
    ("1 % of the photos changed", "1 % of the photos changed: 200 photos, 50 ms"),
)
#: told apart by people who see colours differently (Okabe and Ito), and by their lightness
_COLOURS = {OURS: "#0072b2", "aws s3 sync": "#e69f00", "s5cmd": "#009e73", "rclone": "#b9bec5"}
_WIDTH, _LEFT, _RIGHT, _BAR, _SCENE = 760, 132, 64, 17, 34


def chart(text: str) -> str:
    """The drawing of what ``text`` (the page) has measured."""
    found = list(scenes(text))
    longest = max(wall for _, walls in found for wall in walls.values())
    parts, y = [_text(10, 22, "Seconds, lower is better", "title"), _text(10, 42, _UNDER, "small")], 50
    for title, walls in found:
        y += _SCENE
        parts.append(_text(10, y - 8, title, "head"))
        for name, wall in walls.items():
            width = max(1.0, (_WIDTH - _LEFT - _RIGHT) * wall / longest)
            ours = " ours" if name == OURS else ""
            parts.append(_text(10, y + 13, name, f"name{ours}"))
            parts.append(
                f'<rect class="bar" x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_BAR - 3}" rx="2" '
                f'fill="{_COLOURS[name]}"/>'
            )
            parts.append(_text(_LEFT + width + 6, y + 13, f"{wall:.2f}", f"name{ours}"))
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


def scenes(text: str) -> Iterator[tuple[str, Mapping[str, float]]]:
    """Title, and the median wall seconds of each program. Ends the program when the page lacks a table."""
    for title, heading in _SCENES:
        _, found, rest = text.partition(f"\n### {heading}\n")
        if not found:
            raise SystemExit(f"docs/performance.md has no table under: {heading}")
        rows = re.findall(r"^\| ([^|]+) \| ([\d.]+)", rest.partition("\n### ")[0], re.MULTILINE)
        yield title, {name: float(wall) for name, wall in rows if name in _COLOURS}


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:.0f}" y="{y:.0f}">{escape(text)}</text>'


if __name__ == "__main__":
    CHART.write_text(chart(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
