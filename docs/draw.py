"""Draws the house as its imports have it, into docs/architecture.md (``make generate``).

The floors are those that `make lint` proves (import-linter's contract in pyproject.toml); the rooms and the arrows
between them are read from the code. A test proves the page fresh.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
PACKAGE = "galleria_action"
PAGE = ROOT / "docs/architecture.md"
_BEGIN, _END = "<!-- generated: {} -->\n", "<!-- end -->"


@dataclass
class Room:
    """A folder or file right below the package, and the rooms that it imports from."""

    name: str
    imports: set[str] = field(default_factory=set)


def floors() -> list[list[str]]:
    """The rooms by floor, the top floor first."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = [one for one in settings["tool"]["importlinter"]["contracts"] if one["id"] == "floors"]
    return [re.findall(r"\w+", layer) for layer in contract["layers"]]


def rooms() -> dict[str, Room]:
    """Every room, with what it imports. Front doors hand names of the top floor through; that is no floor of theirs."""
    graph = grimp.build_graph(PACKAGE, cache_dir=None)
    found: dict[str, Room] = {}
    for module in sorted(graph.modules - {PACKAGE}):
        room = found.setdefault(_room(module), Room(_room(module)))
        for imported in graph.find_modules_directly_imported_by(module):
            if imported not in (PACKAGE, f"{PACKAGE}.api", f"{PACKAGE}.programs") and _room(imported) != room.name:
                room.imports.add(_room(imported))
    return found


def _room(module: str) -> str:
    return module.split(".")[1]


def drawing(house: Mapping[str, Room], plan: Iterable[Iterable[str]]) -> str:
    """A flowchart in Mermaid, which GitHub shows: a box per floor, an arrow per import that no other arrows tell of."""
    lines = ["```mermaid", "flowchart TD"]
    for number, floor in enumerate(plan):
        names = [name for name in floor if name in house]
        if names:
            lines += [
                f'  subgraph floor{number}[" "]',
                "    direction LR",
                *(f'    {name}["{name}"]' for name in names),
                "  end",
            ]
    lines += [f"  {name} --> {other}" for name, other in _arrows(house)]
    return "\n".join([*lines, "```", ""])


def _arrows(house: Mapping[str, Room]) -> Iterator[tuple[str, str]]:
    """The imports without those that follow from others."""
    for name, room in house.items():
        beyond = {far for near in room.imports for far in _reached(house, near)}
        yield from ((name, other) for other in sorted(room.imports - beyond))


def _reached(house: Mapping[str, Room], start: str) -> set[str]:
    """The rooms that ``start`` leads to, not ``start`` itself."""
    found: set[str] = set()
    left = [start]
    while left:
        new = house[left.pop()].imports - found
        found |= new
        left += new
    return found


def table(house: Mapping[str, Room], plan: Iterable[Iterable[str]]) -> str:
    """Each room from the top floor down, and all that it imports from."""
    rows = [house[name] for floor in plan for name in floor if name in house]
    lines = ["| room | imports from |", "|---|---|"]
    for room in rows:
        others = ", ".join(f"`{name}`" for name in sorted(room.imports)) or "–"
        lines.append(f"| `{room.name}` | {others} |")
    return "\n".join([*lines, ""])


def drawn(text: str) -> str:
    """The page with its drawing and table made anew."""
    house, plan = rooms(), floors()
    text = _between(text, "drawing", drawing(house, plan))
    return _between(text, "rooms", table(house, plan))


def _between(text: str, marker: str, body: str) -> str:
    head, found, rest = text.partition(_BEGIN.format(marker))
    if not found or _END not in rest:
        raise ValueError(f"the page lacks {_BEGIN.format(marker).strip()} or its end")
    return f"{head}{found}{body}{rest[rest.index(_END) :]}"


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
