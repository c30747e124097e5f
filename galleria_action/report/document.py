"""What a report says, as a value: made once (``compose``), rendered as text, Markdown and JSON.

Nothing here knows how a report looks. Strings are our own words and safe everywhere; what anybody else may have
written is a ``Name`` or a ``Message``, so that each rendering can make it harmless in its own way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum
from typing import Literal

from galleria_action.deployment.events import Tile
from galleria_action.report.outcome import Verdict
from galleria_action.storage.interface import Target
from galleria_action.values import dataclass

#: How something is meant, for places that can show it.
Tone = Literal["plain", "good", "doubtful", "bad"]


class Part(IntEnum):
    """The parts of a report, the most important first: where there is little room, the last go first."""

    VERDICT = 0
    ALARM = 10
    FRAME = 20
    COUNTS = 30
    PROBLEMS = 40
    VERIFICATION = 50
    DELETES = 60
    WARNINGS = 70
    PICTURES = 75
    UPLOADS = 80
    SITE = 90


@dataclass(frozen=True, slots=True)
class Name:
    """A key, a photo's id, a path: anybody's text, shown as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Message:
    """Sentences in which anybody's text may be repeated."""

    text: str


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes."""

    bytes: int


@dataclass(frozen=True, slots=True)
class Series:
    """Several of the same kind in one cell, beside or (``below``) under each other."""

    cells: tuple[Cell, ...]
    below: bool = False


@dataclass(frozen=True, slots=True)
class Phrase:
    """Pieces that are read as one: ``full 3.1 MB``. The first says enough where there is little room."""

    cells: tuple[Cell, ...]


Cell = str | int | Name | Message | Size | Series | Phrase
#: stands in a cell where there is nothing to say
NOTHING = "–"
Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """The heading of a column; numbers are aligned to the right. Where there are no columns, what is in this one is
    not to be understood without it if it is ``told``."""

    name: str
    numeric: bool = False
    told: bool = False


@dataclass(frozen=True, slots=True)
class Details:
    """``size`` rows, made anew whenever they are asked for, of ``total`` that there are. ``label`` stands for all of
    them where they are folded away.

    Without ``columns`` they are the items of a list; the first cell of several is what an item is about.
    """

    rows: Callable[[], Iterable[Row]]
    size: int
    total: int
    label: str
    columns: tuple[Column, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, a sentence, and ``details`` that say the same from the fullest to the briefest. ``instead`` is added
    where the fullest are not shown. ``drawing`` is one in Mermaid, made of harmless characters, for places that draw.
    """

    part: Part
    title: str
    lead: str
    details: tuple[Details, ...] = ()
    instead: str = ""
    tone: Tone = "plain"
    drawing: str = ""


@dataclass(frozen=True, slots=True)
class Amount:
    """How many, and, of what has bytes, how many of those."""

    number: int
    size: Size | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """One of the plan's numbers: so many of ``noun`` are ``verb``, in the end ``past`` (``photo``, ``to upload``,
    ``uploaded``).

    ``done`` is how much of it has happened, ``None`` where that is not asked or not known, and ``also`` what is to be
    said beside it. ``sections`` have what was counted.
    """

    noun: str
    verb: str
    past: str
    planned: Amount
    done: Amount | None = None
    also: str = ""
    sections: tuple[Section, ...] = ()

    @property
    def name(self) -> str:
        """As the name of a row: ``Photos to upload``."""
        return f"{self.noun.capitalize()}s {self.verb}"


@dataclass(frozen=True, slots=True)
class PlanReport:
    """A plan in words. ``terms`` are what decides how it is carried out, where that is not as ever, as options are
    written; ``carried_out`` says that all of it was done."""

    plan_id: str
    target: Target
    terms: tuple[str, ...]
    carried_out: bool
    counts: tuple[Count, ...]
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Photos to look at; ``lead`` says how many there are in all."""

    title: str
    lead: str
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """The report of one run.

    ``message`` is its last word, ``remedy`` what to do about a failure, ``remarks`` what has to be known before the
    details, and ``positions`` that one of them which a log shows, too. ``reason`` is the contract's failure reason,
    empty when there was no failure.
    """

    outcome: Verdict
    message: str
    remedy: str | None
    remarks: tuple[str, ...]
    target: Target | None
    url: str
    problems: Section | None
    plan: PlanReport | None
    verification: tuple[Section, ...]
    warnings: Section | None
    reason: str
    exit_code: int
    requests: Mapping[str, int]
    duration_seconds: float
    positions: str = ""
    sheets: tuple[Sheet, ...] = ()
