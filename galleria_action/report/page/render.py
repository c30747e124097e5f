"""The report to look at: one HTML file that asks nothing of anybody, opens offline and prints well.

Names and messages are anybody's: the template escapes whatever it is given, and the page's own policy lets no script
run but ours (which moves the edge between before and after), nothing be loaded and nothing be sent, whatever should get
into it all the same.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from galleria_action.deployment.events import Image
from galleria_action.quantities import count, duration, human_size
from galleria_action.report.blocks import unbroken
from galleria_action.report.compose import compose
from galleria_action.report.document import (
    Amount,
    Cell,
    Details,
    Document,
    Message,
    Name,
    Phrase,
    Section,
    Series,
    Size,
)
from galleria_action.report.escape import PLAIN_URL, QUOTED, shorten, visible
from galleria_action.report.result import Result

_TEMPLATES = Path(__file__).parent
#: rows of one list or table; the plan's file has all of them
_MOST_ROWS = 500
#: more than this are folded away
_OPEN = 25
_LONGEST = 300
_LONGEST_MESSAGE = 2000


def render_html(result: Result) -> bytes:
    """The report of ``result`` as UTF-8."""
    document = compose(result)
    style = (_TEMPLATES / "report.css").read_text(encoding="utf-8")
    script = (_TEMPLATES / "report.js").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; img-src data:; style-src {_digest(style)}; script-src {_digest(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    page = (
        _environment()
        .get_template("report.html")
        .render(
            policy=policy,
            style=Markup(style),
            script=Markup(script),
            document=document,
            facts=_facts(document),
            sections=_sections(document),
        )
    )
    return page.encode("utf-8", "replace")


def _digest(text: str) -> str:
    """How a policy names a style or script of these characters (CSP level 3, section 2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "cell": cell, "message": message, "name": name, "amount": _amount, "rows": _rows, "left_out": _left_out,
        "address": _address, "unbroken": unbroken,
    }  # fmt: skip
    environment.globals |= {"open": _OPEN}
    return environment


def _facts(document: Document) -> Mapping[str, str | Markup]:
    """What is told beside everything else, by its name."""
    facts: dict[str, str | Markup] = {}
    if document.url:
        facts["Gallery"] = _linked(document.url)
    if document.target:
        facts["Target"] = name(str(document.target))
    if document.plan and document.plan.terms:
        facts["With"] = Markup(", ").join(map(name, document.plan.terms))
    if document.plan:
        facts["Plan id"] = name(document.plan.plan_id)
    if document.reason:
        facts["Failure"] = f"{document.reason}, exit code {document.exit_code}"
    facts["Time"] = unbroken(duration(document.duration_seconds))
    if document.requests:
        facts["Requests"] = count(sum(document.requests.values()), "request")
    return facts


def _sections(document: Document) -> list[Section]:
    """In reading order: what went wrong, then what was found, then what is done."""
    plan = document.plan.sections if document.plan else ()
    found = (document.problems, *document.verification, document.warnings, *plan)
    return [section for section in found if section]


# -- pieces --------------------------------------------------------------------------------------------------------


def cell(content: Cell) -> Markup:
    """``content`` as HTML."""
    match content:
        case str():
            return escape(unbroken(content))
        case int():
            return escape(f"{content:,}")
        case Size(size):
            return escape(unbroken(human_size(size)))
        case Name(text):
            return name(text)
        case Message(text):
            return message(text)
        case Phrase(cells):
            return Markup("\N{NO-BREAK SPACE}").join(map(cell, cells))
        case Series(cells, below):
            return Markup("<br>" if below else " · ").join(map(cell, cells))


def name(text: str) -> Markup:
    """Anybody's text, shown as it is, on one line."""
    return Markup("<code>{}</code>").format(shorten(visible(text), _LONGEST))


def message(text: str) -> Markup:
    """Sentences, with what they set in backticks as code."""
    return Markup("<br>").join(map(_line, shorten(text, _LONGEST_MESSAGE).splitlines()))


def _line(text: str) -> Markup:
    parts = enumerate(QUOTED.split(visible(text).strip()))
    return Markup("").join(name(part) if index % 2 else escape(part) for index, part in parts)


def _linked(url: str) -> Markup:
    return Markup('<a href="{0}" rel="noreferrer">{0}</a>').format(url) if PLAIN_URL.fullmatch(url) else name(url)


def _address(image: Image) -> str:
    """A picture as the address of itself."""
    return f"data:{image.media_type};base64,{base64.b64encode(image.body).decode()}"


def _amount(amount: Amount) -> str:
    size = f" ({human_size(amount.size.bytes)})" if amount.size and amount.number else ""
    return unbroken(f"{amount.number:,}{size}")


def _rows(details: Details) -> Any:
    return islice(details.rows(), _MOST_ROWS)


def _left_out(details: Details) -> int:
    return details.total - min(details.size, _MOST_ROWS)
