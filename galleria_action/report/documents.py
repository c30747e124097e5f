"""The files of a run: JSON that later steps and other programs read, and a page for people."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from galleria_action.deployment.model import Plan
from galleria_action.errors import ConfigInvalid
from galleria_action.report.result import Result, plan_document


def plan_json(plan: Plan) -> bytes:
    """``plan.json`` (``schemas/plan.schema.json``) as UTF-8 with a final line end."""
    return _pretty(plan_document(plan))


def result_json(result: Result) -> bytes:
    """``result.json`` (``schemas/result.schema.json``) as UTF-8 with a final line end."""
    return _pretty(result.to_dict())


def result_text(result: Result) -> str:
    """The same in ASCII, for a stream of any encoding."""
    return f"{json.dumps(result.to_dict(), indent=2)}\n"


def report_renderer() -> Callable[[Result], bytes]:
    """What makes a report to look at. Raises ``ConfigInvalid`` where its templates' engine is not installed."""
    try:
        from galleria_action.report.page.render import render_html
    except ModuleNotFoundError as missing:
        raise ConfigInvalid(
            f"A report to look at needs {missing.name}, which is not installed here.",
            hint="On the command line: pip install galleria-action[report]. The action's image has it.",
        ) from None
    return render_html


def _pretty(document: dict[str, Any]) -> bytes:
    # A file name may hold bytes that are no UTF-8; "?" in a report is better than no report
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "replace")
