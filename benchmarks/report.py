"""What was measured, as Markdown tables. ``chart.py`` draws some of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
