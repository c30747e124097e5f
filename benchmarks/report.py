"""What was measured, as a Markdown table and as a chart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from statistics import median

from benchmarks.measure import Cost
from benchmarks.programs import OURS, SCENARIOS


@dataclass(frozen=True, slots=True)
class Row:
    """One run of one program. ``where`` says how large the gallery was and how far the server."""

    program: str
    scenario: str
    where: str
    cost: Cost
    requests: dict[str, int]


Key = tuple[str, str]


def markdown(rows: Sequence[Row], command: str, about: Iterable[str]) -> str:
    """A table for each place and scenario. Ratios say how much of the other program's time or memory ours took."""
    lines = [f"`{command}`", "", *(f"* {line}" for line in about), ""]
    for (where, scenario), group in _grouped(rows).items():
        lines += [f"### {SCENARIOS[scenario]}: {where}", ""]
        lines += ["| program | wall s | ours | CPU s | ours | peak MB | requests |", "|---|---|---|---|---|---|---|"]
        programs = list(dict.fromkeys(row.program for row in group))
        own = [row.cost for row in group if row.program == OURS]
        for program in programs:
            mine = [row for row in group if row.program == program]
            costs = [row.cost for row in mine]
            wall, cpu = [cost.wall for cost in costs], [cost.cpu for cost in costs]
            asked = ", ".join(f"{count:,} {name}" for name, count in sorted(mine[-1].requests.items())) or "–"
            cells = [
                program,
                _spread(wall),
                _ratio([cost.wall for cost in own], wall, program),
                _spread(cpu),
                _ratio([cost.cpu for cost in own], cpu, program),
                f"{median(cost.memory for cost in costs):.0f}",
                asked,
            ]
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def _grouped(rows: Iterable[Row]) -> dict[Key, list[Row]]:
    groups: dict[Key, list[Row]] = {}
    for row in rows:
        groups.setdefault((row.where, row.scenario), []).append(row)
    return groups


def _spread(values: Sequence[float]) -> str:
    middle = f"{median(values):.2f}"
    return middle if len(values) == 1 else f"{middle} ({min(values):.2f}–{max(values):.2f})"


def _ratio(ours: Sequence[float], theirs: Sequence[float], program: str) -> str:
    return "1" if program == OURS else f"{median(ours) / median(theirs):.2f} ×"


# -- the chart -----------------------------------------------------------------------------------------------------

_WIDTH, _BAR, _GAP, _LABEL = 760, 16, 26, 130
_COLOURS = {OURS: "#0969da"}
_OTHER = "#8c959f"


def chart(rows: Sequence[Row]) -> str:
    """Bars of the wall time, a block for each place and scenario, each block on a scale of its own."""
    parts: list[str] = []
    y = 10
    for (where, scenario), group in _grouped(rows).items():
        y += _GAP
        parts.append(_text(10, y - 6, f"{SCENARIOS[scenario]}: {where}", "bold"))
        programs = list(dict.fromkeys(row.program for row in group))
        walls = {name: median(row.cost.wall for row in group if row.program == name) for name in programs}
        for name, wall in walls.items():
            width = max(1, (_WIDTH - _LABEL - 80) * wall / max(walls.values()))
            colour = _COLOURS.get(name, _OTHER)
            parts.append(_text(10, y + 12, name))
            parts.append(f'<rect x="{_LABEL}" y="{y}" width="{width:.0f}" height="{_BAR - 3}" fill="{colour}"/>')
            parts.append(_text(_LABEL + width + 6, y + 12, f"{wall:.2f} s"))
            y += _BAR
    height = y + 10
    style = "font: 12px system-ui, sans-serif; background: white"
    body = "\n".join(parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" style="{style}">\n{body}\n</svg>\n'


def _text(x: float, y: float, text: str, weight: str = "normal") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" font-weight="{weight}" fill="#1f2328">{escape(text)}</text>'
