"""The building blocks of our Markdown: sections with tables and lists that shrink when there is little room."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from galleria_action.report.budget import Block, Rendering, block

#: More rows than this are folded away: a page of them hides what else there is to say.
_OPEN = 25
#: Nobody reads longer lists; the files of the run have them whole.
_LISTED = 500
_SAMPLED = 20

Item = TypeVar("Item")


def table(header: str, alignment: str, rows: Iterable[str]) -> Iterator[str]:
    """A table from its ``header`` and ``rows``, cells joined by ``|``; ``alignment`` has a letter l or r for each."""
    yield f"| {header} |"
    yield f"|{'|'.join({'l': '---', 'r': '--:'}[letter] for letter in alignment)}|"
    for row in rows:
        yield f"| {row} |"


def section(title: str, lead: str, body: Callable[[], Iterable[str]], size: int, label: str) -> Rendering:
    """A heading, a sentence, and a ``body`` of ``size`` rows, folded under ``label`` when it is long."""

    def lines() -> Iterator[str]:
        yield from (f"### {title}", "", lead, "")
        if size <= _OPEN:
            yield from body()
        else:
            yield from (f"<details><summary>{label}</summary>", "")
            yield from body()
            yield from ("", "</details>")

    return lines


def sentence(title: str, lead: str) -> Rendering:
    """A heading and one sentence: what remains of a section when there is no room."""
    return lambda: (f"### {title}", "", lead)


def listing(rank: int, title: str, lead: str, items: Sequence[Item], show: Callable[[Item], str]) -> Block:
    """A section with a list of ``items``, each written by ``show``: all (at most 500), the first 20, or their number,
    which ``lead`` has to give."""

    def first(number: int) -> Rendering:
        def body() -> Iterator[str]:
            yield from (f"- {show(item)}" for item in items[:number])
            if len(items) > number:
                yield f"- … and {len(items) - number:,} more"

        shown = min(number, len(items))
        label = f"All {shown:,}" if shown == len(items) else f"The first {shown:,}"
        return section(title, lead, body, shown, label)

    return block(rank, first(_LISTED), first(_SAMPLED), sentence(title, lead))
