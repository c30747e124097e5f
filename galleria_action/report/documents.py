"""The JSON files that later steps and other programs read."""

from __future__ import annotations

import json
from typing import Any

from galleria_action.deployment.model import Plan
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


def _pretty(document: dict[str, Any]) -> bytes:
    # A file name may hold bytes that are no UTF-8; "?" in a report is better than no report
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "replace")
