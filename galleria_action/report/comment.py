"""The comment on a pull request: what the summary says, pictures first, in a smaller budget and with a status."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from galleria_action.report.budget import Block, block, fit
from galleria_action.report.compose import compose
from galleria_action.report.document import Part
from galleria_action.report.escape import PLAIN_URL, code, shorten, visible
from galleria_action.report.markdown import detail_blocks, headline, line_of, verdict_blocks
from galleria_action.report.outcome import outcome_of
from galleria_action.report.result import Result
from galleria_action.report.text import render_text
from galleria_action.values import dataclass

State = Literal["planned", "unplanned", "deploying", "deployed", "failed", "cancelled"]

#: GitHub takes 65,536 characters. A byte is never less than a character, however those are counted.
COMMENT_BUDGET = 60_000

_STATES: dict[State, str] = {
    "planned": "📋 planned",
    "unplanned": "⚠️ not planned",
    "deploying": "🚚 deploying",
    "deployed": "✅ deployed",
    "failed": "❌ failed",
    "cancelled": "🛑 cancelled",
}
_IN_A_ROW = 4
_BY_A_FORK = "> [!WARNING]\n> The run of a fork wrote this. Nothing of it was checked: it may say anything."
_FENCES = 20
_SHORT_COMMIT = 7
#: characters of a caption: four of them stand side by side
_CAPTION = 22


@dataclass(frozen=True, slots=True)
class Picture:
    """A small picture that is online at ``url``, and the photo's id.

    ``version`` (hexadecimal digits) goes into the query: GitHub keeps a copy of every picture under its whole address.
    """

    photo: str
    url: str
    version: str = ""


def render_comment(
    result: Result, budget: int, *, label: str = "", pictures: Sequence[Picture] = (), preview: str = ""
) -> str:
    """``result`` as a comment in at most ``budget`` bytes (UTF-8), without status; ``label`` names the gallery. Where
    there is a ``preview``, its address and the changed pictures in it come first."""
    document = compose(result)
    named = f"{headline(document)}{f' · {code(label)}' if label else ''}"
    verdict = [block(Part.VERDICT, lambda: [named]), *verdict_blocks(document)]
    title = "In the preview" if preview else "As they are online"
    shown = [_gallery(pictures, title if preview or document.outcome.kind == "done" else f"{title} now")]
    if PLAIN_URL.fullmatch(preview):
        lead = block(Part.VERDICT, lambda: [f"### [Preview]({preview})", ""])
        blocks = [lead, *(shown if pictures else ()), *verdict]
    else:
        blocks = [*verdict, *(shown if pictures else ())]
    blocks += detail_blocks(document, line_of)
    return fit(blocks, budget)


def render_fork_comment(result: Result, budget: int, *, label: str = "") -> str:
    """``result`` of a fork's run, for somebody else to post: a word that a fork wrote it, and plain text.

    Whoever posts it cannot know what the fork made of it, so nothing in it has to be more than text.
    """
    named = [f"Gallery: {visible(label)[:_CAPTION]}", ""] if label else []
    room = budget - len(_BY_A_FORK.encode()) - _FENCES
    kept: list[str] = []
    for line in (*named, *(line.text for line in render_text(result))):
        harmless = line.replace("```", "'")
        room -= len(harmless.encode()) + 1
        if room < 0:
            break
        kept.append(harmless)
    return "\n".join([_BY_A_FORK, "", "```text", *kept, "```"])


def state_of(result: Result) -> State:
    """How ``result`` ended, in a word."""
    kind = outcome_of(result).kind
    if kind == "done":
        return "deployed"
    return kind


def status_line(state: State, run_url: str, commit: str, artifacts: str = "") -> str:
    """The last visible line of a comment; ``commit`` may be empty. ``artifacts`` is the address of the run's files
    where a report to look at is one of them."""
    run = f"[this run]({run_url})" if PLAIN_URL.fullmatch(run_url) else "a run"
    of = f" of {code(shorten(commit, 40)[:_SHORT_COMMIT])}" if commit else ""
    address = artifacts.removesuffix("#artifacts")
    report = f" · [report with pictures]({artifacts})" if PLAIN_URL.fullmatch(address) else ""
    return f"**Status:** {_STATES[state]} by {run}{of}{report}"


def reviewed_plan(plan_id: str, head: str) -> str:
    """The line that names the plan which reviewers have seen, where the comment tells of another run since."""
    return f"<sub>Reviewed: plan {code(plan_id)} of {code(head[:_SHORT_COMMIT])}</sub>"


def _gallery(pictures: Sequence[Picture], title: str) -> Block:
    """Pictures four by four under ``title``; an address with more than plain letters is not trusted in an attribute."""
    good = [one for one in pictures if PLAIN_URL.fullmatch(one.url) and re.fullmatch("[0-9a-f]*", one.version)]

    def lines() -> Iterator[str]:
        if not good:
            return
        width = min(_IN_A_ROW, len(good))
        for start in range(0, len(good), width):
            row = good[start : start + width]
            yield f"| {' | '.join([*map(_picture, row), *[' '] * (width - len(row))])} |"
            if start == 0:
                yield f"|{':-:|' * width}"
        yield from ("", f"<sub>{title}</sub>")

    return block(Part.PICTURES, lines, lambda: ())


def _picture(picture: Picture) -> str:
    query = f"?v={picture.version}" if picture.version else ""
    return f'<img src="{picture.url}{query}" alt="" height="120"><br>{code(caption(picture.photo), _CAPTION)}'


def caption(photo: str) -> str:
    """A short name for the photo with this id: ids are often paths or hashes."""
    name = visible(photo).rstrip("/").rpartition("/")[2]
    return re.sub(r"\.[A-Za-z0-9]{2,5}$", "", name) or name
