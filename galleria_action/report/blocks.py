"""Cells, tables, lists and sections of a document in GitHub-flavoured Markdown; sections shrink with the room."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from galleria_action.expressions import expression
from galleria_action.quantities import human_size
from galleria_action.report.budget import Block, Rendering, block
from galleria_action.report.document import (
    Cell,
    Column,
    Details,
    Message,
    Name,
    Phrase,
    Row,
    Section,
    Series,
    Size,
    Tone,
)
from galleria_action.report.escape import code, prose, shorten

#: More rows than this are folded away: a page of them hides what else there is to say.
_OPEN = 25
#: Nobody reads longer lists; the files of the run have them whole.
_LISTED = 500
_SAMPLED = 20
_LONGEST_MESSAGE = 2000
_ICONS: dict[Tone, str] = {"plain": "", "good": "✅ ", "doubtful": "⚠️ ", "bad": "❌ "}

_BEFORE_UNIT = expression(r"(?<=\d) (?=(?:B|kB|MB|GB|TB|PB|s|min|h)\b)")


def unbroken(text: str) -> str:
    """Our own ``text``, with numbers kept on one line with their units."""
    return _BEFORE_UNIT.sub("\N{NO-BREAK SPACE}", text)


def cell(content: Cell) -> str:
    """``content`` as Markdown that fits into a table or a list."""
    match content:
        case str():
            return unbroken(content)
        case int():
            return f"{content:,}"
        case Size(size):
            return unbroken(human_size(size))
        case Name(text):
            return code(text)
        case Message(text):
            return prose(shorten(text, _LONGEST_MESSAGE))
        case Phrase(cells):
            return "\N{NO-BREAK SPACE}".join(map(cell, cells))
        case Series(cells, below):
            return ("<br>" if below else " · ").join(map(cell, cells))


def table(columns: Sequence[Column], rows: Iterable[Row]) -> Iterator[str]:
    """A table with a heading for each of ``columns``."""
    yield f"| {' | '.join(column.name or ' ' for column in columns)} |"
    yield f"|{'|'.join('--:' if column.numeric else '---' for column in columns)}|"
    for row in rows:
        yield f"| {' | '.join(map(cell, row))} |"


def _items(rows: Iterable[Row]) -> Iterator[str]:
    for about, *others in rows:
        more = f": {', '.join(map(cell, others))}" if others else ""
        yield f"- {cell(about)}{more}"


def section_block(section: Section) -> Block:
    """``section`` from everything that is known to its heading and sentence."""
    renderings: list[Rendering] = []
    icon = _ICONS[section.tone]
    for index, details in enumerate(section.details):
        lead = section.lead if index == 0 else _brief(section)
        if details.columns:
            if section.drawing:
                renderings.append(_drawn(section, _folded(section.title, lead, details, details.size)))
            renderings.append(_folded(section.title, lead, details, details.size))
        else:
            renderings += (_folded(section.title, lead, details, number) for number in (_LISTED, _SAMPLED))
    last = f"{icon}{_brief(section) if section.details else section.lead}"
    return block(section.part, *renderings, lambda: (f"### {section.title}", "", unbroken(last)))


def _drawn(section: Section, below: Rendering) -> Rendering:
    """The drawing under the heading, what else there is below it."""

    def lines() -> Iterator[str]:
        title, blank, *more = below()
        yield from (title, blank, "```mermaid", section.drawing, "```", "", *more)

    return lines


def _brief(section: Section) -> str:
    return f"{section.lead} {section.instead}".strip()


def _folded(title: str, lead: str, details: Details, number: int) -> Rendering:
    """Heading, sentence and at most ``number`` rows, folded away when they are many."""
    shown = min(number, details.size)

    def rows() -> Iterator[str]:
        if details.columns:
            yield from table(details.columns, details.rows())
            return
        yield from _items(islice(details.rows(), number))
        if shown < details.total:
            yield f"- … and {details.total - shown:,} more"

    def lines() -> Iterator[str]:
        yield from (f"### {title}", "", unbroken(lead), "")
        if shown <= _OPEN:
            yield from rows()
        else:
            label = details.label if shown == details.total else f"The first {shown:,}"
            yield from (f"<details><summary>{label}</summary>", "")
            yield from rows()
            yield from ("", "</details>")

    return lines
