"""What a log and a terminal show: the plan before anything is written, and the end of the run, the verdict last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from galleria_action.deployment.model import Plan
from galleria_action.quantities import duration, human_size
from galleria_action.report.compose import compose, compose_plan
from galleria_action.report.document import (
    NOTHING,
    Cell,
    Column,
    Count,
    Document,
    Message,
    Name,
    Phrase,
    PlanReport,
    Row,
    Section,
    Series,
    Size,
    Tone,
)  # fmt: skip
from galleria_action.report.escape import shorten, visible
from galleria_action.report.outcome import Ending
from galleria_action.report.result import Result
from galleria_action.values import dataclass

#: Entries of a list that are shown; the log is not the place for all of them.
_SHOWN = 20
_LONGEST_ENTRY = 300

DRY_RUN_DONE = "Dry run completed - no files were uploaded"

_TONES: dict[Ending, Tone] = {
    "planned": "good", "unplanned": "doubtful", "done": "good", "failed": "bad", "cancelled": "doubtful",
}  # fmt: skip
#: words under which users of Galleria look for numbers, shown even where they are zero
_KNOWN = ("Photos to upload", "Photos to delete", "Photos unchanged")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of visible characters."""

    text: str
    tone: Tone = "plain"

    def __str__(self) -> str:
        return self.text


def render_plan(plan: Plan) -> list[Line]:
    """``plan``, in the words that users of Galleria know (``Deployment Plan:``, ``Photos to upload: 3`` …)."""
    return _visible(_plan(compose_plan(plan)))


def render_text(
    result: Result, *, plan_told: bool = False, warnings_told: bool = False, quiet: bool = False
) -> list[Line]:
    """``result``: plan (unless it was told before), verification, warnings (a word, where they were told before) and
    problems, what to do, the verdict.

    ``quiet`` leaves only the verdict, and what it cannot be understood without: the problems.
    """
    document = compose(result)
    return _visible(_verdict(document) if quiet else _whole(document, plan_told, warnings_told))


def _visible(lines: Iterable[Line]) -> list[Line]:
    return [Line(visible(line.text), line.tone) for line in lines]


def _whole(document: Document, plan_told: bool, warnings_told: bool) -> Iterator[Line]:
    if document.plan and not plan_told:
        yield from _plan(document.plan)
        yield Line("")
    if document.positions:
        yield Line(document.positions, "doubtful")
        yield Line("")
    for section in (*document.verification, document.warnings, document.problems):
        if section and section is document.warnings and warnings_told:
            yield Line(f"{section.lead.removesuffix(':')}, told above.", "doubtful")
            yield Line("")
        elif section:
            yield from _section(section)
            yield Line("")
    yield from _ending(document)


def _verdict(document: Document) -> Iterator[Line]:
    if document.problems:
        yield from _section(document.problems)
        yield Line("")
    yield from _ending(document)


def _plan(plan: PlanReport) -> Iterator[Line]:
    yield Line("Deployment Plan:")
    yield Line(f"  Target: {plan.target}")
    if plan.terms:
        yield Line(f"  With {', '.join(plan.terms)}")
    for one in plan.counts:
        if one.planned.number or one.name in _KNOWN:
            yield Line(f"  {one.name}: {one.planned.number}{_size(one)}")
        for section in one.sections:
            yield from _entries(section, indent=4)
    yield Line(f"  Plan id: {plan.plan_id}")


def _size(one: Count) -> str:
    return f" ({_cell(one.planned.size)})" if one.planned.size else ""


def _section(section: Section) -> Iterator[Line]:
    """A list has its number in its heading; anything else says its sentence."""
    number = f" ({section.details[0].total:,}):" if section.details else f": {section.lead}"
    yield Line(f"{section.title}{number}", section.tone)
    yield from _entries(section, indent=2)


def _entries(section: Section, *, indent: int) -> Iterator[Line]:
    """The first rows, and how many more there are."""
    if not section.details:
        return
    details = section.details[0]
    for row in islice(details.rows(), _SHOWN):
        yield Line(f"{' ' * indent}{shorten(_row(row, details.columns), _LONGEST_ENTRY)}")
    if details.total > _SHOWN:
        yield Line(f"{' ' * indent}... and {details.total - _SHOWN:,} more")


def _row(row: Row, columns: Sequence[Column]) -> str:
    about, *others = map(_told, row, columns) if columns else map(_cell, row)
    if not (said := [it for it in others if it not in ("", NOTHING)]):
        return about
    why, more = said[0], "; ".join(said[1:])
    return f"{about}: {why} ({more})" if more else f"{about}: {why}"


def _told(cell: Cell, column: Column) -> str:
    text = _cell(cell)
    return f"{column.name[0].lower()}{column.name[1:]}: {text}" if column.told and text != NOTHING else text


def _cell(content: Cell) -> str:
    match content:
        case str():
            return content
        case int():
            return f"{content:,}"
        case Size(size):
            return human_size(size)
        case Name(text) | Message(text):
            return text
        case Phrase(cells):
            return _cell(cells[0])
        case Series(cells):
            return ", ".join(map(_cell, cells))


def _ending(document: Document) -> Iterator[Line]:
    outcome, tone = document.outcome, _TONES[document.outcome.kind]
    first, *more = document.message.splitlines() or [""]
    if document.reason:
        yield Line(first if first.startswith("Error") else f"Error: {first}", tone)
    elif first not in ("", DRY_RUN_DONE, outcome.headline):
        yield Line(first)
    yield from map(Line, more)
    if outcome.fate:
        yield Line(outcome.fate)
    if document.remedy:
        yield Line("What to do:")
        yield from (Line(f"  {line}") for line in document.remedy.splitlines())
    if document.url:
        yield Line(f"Gallery: {document.url}")
    how = f"{document.reason}, exit code {document.exit_code}, " if document.reason else ""
    yield Line(f"{outcome.headline} ({how}{duration(document.duration_seconds)})", tone)
    if outcome.kind == "planned" and first == DRY_RUN_DONE:  # the plan beside a preview comes with files uploaded
        yield Line(DRY_RUN_DONE, tone)
