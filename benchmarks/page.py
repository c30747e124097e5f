"""The results of ``benchmarks.deploys``, kept as JSON, and what docs/performance.md shows of them.

python -m benchmarks.page FILE      writes the table and the drawing of results that were kept (``--out``)
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.programs import OURS, ROOT
from benchmarks.report import Row

PAGE = ROOT / "docs/performance.md"
RESULTS = ROOT / "benchmarks/deploys.json"
_BEGIN, _END = "<!-- measured: make bench -->", "<!-- end -->"
_ABSENT = "–"


@dataclass
class Taken:
    """What one program took in one row: each list has an item for each round."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    requests: dict[str, int] = field(default_factory=dict)


@dataclass
class Measured:
    """One row of the table at one latency (``rtt`` in milliseconds): what each program took."""

    title: str
    rtt: float
    programs: dict[str, Taken] = field(default_factory=dict)

    @staticmethod
    def of(rows: list[Measured], title: str, rtt: float) -> Measured:
        """The row of that title among ``rows``, to which it is added where it is not."""
        for row in rows:
            if (row.title, row.rtt) == (title, rtt):
                return row
        rows.append(Measured(title, rtt))
        return rows[-1]

    def add(self, row: Row) -> None:
        """One turn of one program."""
        taken, cost = self.programs.setdefault(row.program, Taken()), row.cost
        taken.wall.append(round(cost.wall, 3))
        taken.cpu.append(round(cost.cpu, 3))
        taken.memory.append(round(cost.memory))
        taken.requests = dict(sorted(row.requests.items()))

    def ratio(self, program: str, of: Callable[[Taken], Sequence[float]]) -> float | None:
        """Ours divided by that of ``program``: the median over the rounds, each with itself."""
        ours, theirs = (of(self.programs[name]) if name in self.programs else () for name in (OURS, program))
        pairs = [mine / other for mine, other in zip(ours, theirs, strict=False) if other]
        return median(pairs) if pairs else None


@dataclass
class Results:
    """What was measured, and ``about`` what on."""

    about: list[str]
    rows: list[Measured]

    def text(self) -> str:
        """As JSON, one line for each program of a row."""
        rows = ",\n".join(
            f'  {{"title": {json.dumps(row.title, ensure_ascii=False)}, "rtt": {row.rtt:g}, "programs": {{\n'
            + ",\n".join(f"    {json.dumps(name)}: {json.dumps(asdict(it))}" for name, it in row.programs.items())
            + "\n  }}"
            for row in self.rows
        )
        return f'{{"about": {json.dumps(self.about)}, "rows": [\n{rows}\n]}}\n'

    @classmethod
    def read(cls, text: str) -> Results:
        """What ``text`` made."""
        found = json.loads(text)
        rows = [
            Measured(row["title"], row["rtt"], {name: Taken(**it) for name, it in row["programs"].items()})
            for row in found["rows"]
        ]
        return cls(found["about"], rows)


def table(results: Results) -> str:
    """One line for each row, its latencies beside each other; then what was measured on."""
    titles: dict[str, list[Measured]] = {}
    for row in results.rows:
        titles.setdefault(row.title, []).append(row)
    peers = list(dict.fromkeys(name for row in results.rows for name in row.programs if name != OURS))
    of_each = [column for peer in peers for column in (f"{peer}: CPU", "wall")]
    head = ["ours ÷ theirs, no latency / 50 ms", *of_each, "ours: s", "peak MB", "requests"]
    lines = [head, ["---"] * len(head)]
    for title, rows in titles.items():
        ratios = [_ratios(rows, peer, of) for peer in peers for of in (lambda it: it.cpu, lambda it: it.wall)]
        lines.append([title, *ratios, _seconds(rows), _peak(rows), _requests(rows)])
    text = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return "\n".join([text, "", *(f"* {line}" for line in results.about), ""])


def _ratios(rows: Iterable[Measured], peer: str, of: Callable[[Taken], Sequence[float]]) -> str:
    found = [row.ratio(peer, of) for row in rows]
    return " / ".join(_ABSENT if it is None else f"{it:.2f}" for it in found) if any(found) else _ABSENT


def _seconds(rows: Iterable[Measured]) -> str:
    return " / ".join(f"{median(row.programs[OURS].wall):.2f}" for row in rows)


def _peak(rows: Iterable[Measured]) -> str:
    return f"{max(median(row.programs[OURS].memory) for row in rows):.0f}"


def _requests(rows: Sequence[Measured]) -> str:
    return f"{sum(rows[0].programs[OURS].requests.values()):,}"


def paged(page: str, results: Results) -> str:
    """``page`` with the table of ``results`` between its marks. Raises ``ValueError`` where it has none."""
    pattern = re.compile(f"{re.escape(_BEGIN)}.*?{re.escape(_END)}", re.DOTALL)
    if not pattern.search(page):
        raise ValueError(f"{PAGE.name} has no {_BEGIN}")
    return pattern.sub(lambda _: f"{_BEGIN}\n{table(results)}{_END}", page, count=1)


def write(results: Results) -> None:
    """Keep ``results``, and show them on the page and in its drawing."""
    from benchmarks.chart import CHART, chart

    RESULTS.write_text(results.text(), encoding="utf-8")
    PAGE.write_text(paged(PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")
    CHART.write_text(chart(results), encoding="utf-8")


if __name__ == "__main__":
    write(Results.read(Path(sys.argv[1]).read_text(encoding="utf-8")))
