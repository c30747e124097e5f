"""The job summary: what happened, then why and what to do, then the details, in GitHub-flavoured Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from galleria_action.quantities import count, duration
from galleria_action.report.blocks import cell, section_block, table, unbroken
from galleria_action.report.budget import Block, Rendering, block, fit
from galleria_action.report.compose import compose
from galleria_action.report.document import Amount, Column, Count, Document, Part, PlanReport, Row
from galleria_action.report.escape import code, link, prose, shorten
from galleria_action.report.result import Result

_ICONS = {"planned": "📋", "unplanned": "⚠️", "done": "✅", "failed": "❌", "cancelled": "🛑"}
_LONG, _SHORT = 2000, 200
#: digits of a plan id that tell plans apart at a glance; all of them are what is approved
_SHORT_ID = 12


def render_summary(result: Result, budget: int) -> str:
    """The summary of ``result`` in at most ``budget`` bytes (UTF-8).

    What does not fit is told more briefly, and left out in the end, the least important first; the headline is the
    last to go. Names, messages and keys are untrusted and come out as text only (``escape``).
    """
    document = compose(result)
    blocks = [
        block(Part.VERDICT, lambda: [headline(document)]),
        *verdict_blocks(document),
        *detail_blocks(document, _numbers),
        block(Part.FRAME, lambda: [_footer(document)]),
    ]
    return fit(blocks, budget)


def headline(document: Document) -> str:
    """What happened, as a heading."""
    return f"## {_ICONS[document.outcome.kind]} {prose(document.outcome.headline)}"


def verdict_blocks(document: Document) -> Iterator[Block]:
    """Why, what became of the gallery and what to do, before any detail."""
    if document.reason:
        yield block(Part.ALARM, _alarm(document, _LONG), _alarm(document, _SHORT))
        return
    if document.outcome.kind == "done" or not document.remarks:
        yield block(Part.ALARM, lambda: [prose(shorten(document.message, _LONG))])
    if document.remarks:
        yield block(Part.ALARM, lambda: _note(document.remarks))


def detail_blocks(document: Document, numbers: Callable[[PlanReport], Rendering]) -> Iterator[Block]:
    """Everything else; ``numbers`` shows the plan's counts."""
    plan = document.plan
    if document.target:
        yield block(Part.FRAME, lambda: [_target(document)])
    if document.problems:
        yield section_block(document.problems)
    if plan:
        yield block(Part.COUNTS, numbers(plan))
    yield from map(section_block, document.verification)
    if document.warnings:
        yield section_block(document.warnings)
    if plan:
        yield from map(section_block, plan.sections)
        yield block(Part.FRAME, lambda: _plan_id(plan.plan_id))


def line_of(plan: PlanReport) -> Rendering:
    """The numbers in one line, without those that are zero."""
    shown = [_in_line(one, one.past if plan.carried_out else one.verb) for one in plan.counts if one.planned.number]
    return lambda: [" · ".join(shown) or "Nothing is to be done."]


def _in_line(one: Count, verb: str) -> str:
    noun = one.noun if one.planned.number == 1 else f"{one.noun}s"
    size = f" ({cell(one.planned.size)})" if one.planned.size else ""
    return f"**{cell(one.planned.number)}** {noun} {verb}{size}"


def _numbers(plan: PlanReport) -> Rendering:
    """A table of what was planned and what was done of it, where anything was done; else one line."""
    rows = [_in_table(one) for one in plan.counts if one.planned.number and one.verb != one.past]
    if not rows or not any(one.done and one.done.number for one in plan.counts):
        return line_of(plan)
    columns = (Column(""), Column("Planned", numeric=True), Column("Done", numeric=True))
    return lambda: table(columns, rows)


def _in_table(one: Count) -> Row:
    return one.name, _amount(one.planned), f"{_amount(one.done)} {one.also}".strip() if one.done else "not known"


def _amount(amount: Amount) -> str:
    size = f" ({cell(amount.size)})" if amount.size and amount.number else ""
    return f"{cell(amount.number)}{size}"


def _alarm(document: Document, limit: int) -> Rendering:
    def lines() -> Iterator[str]:
        yield "> [!WARNING]" if document.outcome.kind == "cancelled" else "> [!CAUTION]"
        yield f"> {prose(shorten(document.message, limit))}"
        if document.outcome.fate:
            yield from (">", f"> {document.outcome.fate}")
        if document.remedy:
            yield from (">", f"> **What to do:** {prose(shorten(document.remedy, limit))}")

    return lines


def _note(remarks: Sequence[str]) -> Iterator[str]:
    first, *more = remarks
    yield from ("> [!NOTE]", f"> **{first}**", *(f"> {remark}" for remark in more))


def _target(document: Document) -> str:
    target = document.target
    assert target, "asked for only when there is one"
    at = f" at {code(target.endpoint)}" if target.endpoint and not target.endpoint.endswith("://") else ""
    gallery = f"**Gallery:** {link(document.url)} · " if document.url else ""
    terms = "".join(f" · {code(term)}" for term in (document.plan.terms if document.plan else ()))
    return f"{gallery}**Target:** {code(str(target))}{at}{terms}"


def _plan_id(plan_id: str) -> Iterator[str]:
    """A few digits to look at, and all of them to be copied."""
    yield f"<details><summary><sub>Plan id <code>{plan_id[:_SHORT_ID]}</code></sub></summary>"
    yield from ("", code(plan_id), "", "</details>")


def _footer(document: Document) -> str:
    parts = [duration(document.duration_seconds)]
    if document.reason:
        parts.insert(0, f"{code(document.reason)}, exit code {document.exit_code}")
    if document.requests:
        operations = ", ".join(f"{number:,} {code(name)}" for name, number in sorted(document.requests.items()))
        parts.append(f"{count(sum(document.requests.values()), 'request')} ({operations})")
    return f"<sub>{unbroken(' · '.join(parts))}</sub>"
