"""A run of a pipeline as a document (``schemas/pipeline.schema.json``): kept in the state, told as JSON, read again."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from galleria_action.pipeline.model import Outcome, Pipeline, Result, Run, State, Task
from galleria_action.storage.interface import RECORDS

RUNS_FOLDER = f"{RECORDS}pipelines/"
#: runs that are kept, and the largest record that is read
KEPT, MOST_BYTES = 20, 4 << 20
_SCHEMA = 1
_LOG_LINES = 20


class RunUnreadable(ValueError):
    """What lies there is not the record of a run."""


def run_id(now: datetime, token: str) -> str:
    """The id of a run that begins ``now``; ``token`` (8 hex digits) tells those of one second apart."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{token}"


def key_of(run: str) -> str:
    """Where the record of ``run`` lies."""
    return f"{RUNS_FOLDER}{run}.json"


def document_of(run: Run) -> dict[str, Any]:
    """``run`` as programs read it."""
    return {
        "schema": _SCHEMA,
        "id": run.id,
        "environment": run.environment,
        "release": run.release,
        "waiting": run.waiting,
        "approved": list(run.approved),
        "stages": [
            {"name": stage.name, "tasks": [_told(task, run.results[task.name]) for task in stage.tasks]}
            for stage in run.pipeline.stages
        ],
    }


def to_bytes(run: Run) -> bytes:
    """The document that is stored."""
    return json.dumps(document_of(run), ensure_ascii=False, separators=(",", ":")).encode()


def _told(task: Task, result: Result) -> dict[str, Any]:
    outcome = result.outcome
    return {
        "name": task.name,
        "state": result.state,
        "reason": outcome.reason,
        "message": outcome.message,
        "found": outcome.found,
        "findings": [{"message": it.message, "file": it.file, "line": it.line} for it in outcome.findings[:50]],
        "log": list(outcome.log[-_LOG_LINES:]),
        "release": outcome.release,
        "seconds": round(result.seconds, 3),
        "tries": result.tries,
        "inputs": result.inputs,
        "kept": result.kept,
    }


def parse_run(raw: bytes, run: str, pipeline: Pipeline) -> Run:
    """The stored record of ``run``, in as far as it is about tasks of ``pipeline``: what it says of others is gone.
    Only what succeeded is believed; everything else is to be done.

    Raises ``RunUnreadable``: the state may be writable by others.
    """
    try:
        document = json.loads(raw)
        if document["schema"] != _SCHEMA or document["id"] != run:
            raise RunUnreadable("it is not the record of this run")
        known = {task["name"]: task for stage in document["stages"] for task in stage["tasks"]}
        results = {task.name: _result(known.get(task.name)) for _, task in pipeline.tasks()}
        approved = tuple(_text(it) for it in document["approved"])
        waiting = _text(document["waiting"])
        return Run(run, _text(document["environment"]), pipeline, results, approved, waiting)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError) as error:
        raise RunUnreadable(str(error)) from error


def _result(told: Any) -> Result:
    if told is None or told["state"] != State.SUCCEEDED:
        return Result()
    outcome = Outcome(_text(told["message"]), release=_text(told["release"]))
    seconds = float(told["seconds"])
    return Result(State.SUCCEEDED, outcome, seconds, int(told["tries"]), _text(told["inputs"]), kept=True)


def _text(value: Any) -> str:
    if type(value) is not str or len(value) > 4000:
        raise RunUnreadable("something in it has a wrong type")
    return value
