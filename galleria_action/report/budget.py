"""Fits a document into a number of bytes by choosing among whole renderings, never by cutting one.

Cut Markdown is dangerous: half a code span is no code span, and what it protected becomes a mention or a link.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from galleria_action.values import dataclass

#: Writes a block as lines. Called again for each try, and no further than they fit.
Rendering = Callable[[], Iterable[str]]

_SEPARATOR = "\n\n"


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a document. ``renderings`` say the same from the richest to the poorest; a lower ``rank`` is more
    important."""

    rank: int
    renderings: tuple[Rendering, ...]


def block(rank: int, *renderings: Rendering) -> Block:
    """A ``Block`` with ``renderings`` from the richest to the poorest."""
    return Block(rank, renderings)


def fit(blocks: Sequence[Block], budget: int) -> str:
    """``blocks`` in their order in at most ``budget`` bytes of UTF-8.

    First each block, by rank, gets its poorest rendering, or is left out where even that does not fit; then each, by
    rank again, the richest that the rest of the budget allows. Equal ranks go in the order given.
    """
    by_rank = sorted(range(len(blocks)), key=lambda index: blocks[index].rank)
    chosen: dict[int, str] = {}
    room = budget + len(_SEPARATOR)  # none follows the last block
    for index in by_rank:
        text = _write(blocks[index].renderings[-1], room)
        if text is not None:
            chosen[index] = text
            room -= _cost(text)
    for index in by_rank:
        allowed = room + _cost(chosen.get(index, ""))
        for rendering in blocks[index].renderings[:-1] if index in chosen else ():
            text = _write(rendering, allowed)
            if text is not None:
                room = allowed - _cost(text)
                chosen[index] = text
                break
    return _SEPARATOR.join(chosen[index] for index in sorted(chosen) if chosen[index])


def _cost(text: str) -> int:
    return len(text.encode()) + len(_SEPARATOR) if text else 0


def _write(rendering: Rendering, room: int) -> str | None:
    """The lines of ``rendering`` as one text, or ``None`` as soon as they and a separator exceed ``room`` bytes."""
    lines = []
    for line in rendering():
        room -= len(line.encode()) + 1
        if room < 1:
            return None
        lines.append(line)
    return "\n".join(lines)
