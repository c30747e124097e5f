"""From ``pipeline`` in the config file to a pipeline: every mistake with its line, before anything runs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from galleria_action.errors import ConfigInvalid, Finding
from galleria_action.pipeline.condition import ConditionError, compiled
from galleria_action.pipeline.model import OnFailure, Pipeline, Stage, Task
from galleria_action.pipeline.schedule import cycle_in
from galleria_action.values import dataclass

MOST_STAGES, MOST_TASKS = 20, 100
LONGEST_SECONDS = 6 * 3600
_NAME = r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$"
_VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]{0,127}$"
_TEXTS = {"type": "object", "maxProperties": 50}

#: a pipeline as the config file has it
SCHEMA: Mapping[str, Any] = {
    "description": "Stages in their order, each with tasks; see docs/pipeline.md.",
    "type": "object",
    "required": ["stages"],
    "additionalProperties": False,
    "properties": {
        "stages": {
            "type": "array",
            "minItems": 1,
            "maxItems": MOST_STAGES,
            "items": {
                "type": "object",
                "required": ["name", "tasks"],
                "additionalProperties": False,
                "properties": {
                    "name": {"type": "string", "pattern": _NAME},
                    "fail-fast": {"type": "boolean"},
                    "approve": {"type": "boolean"},
                    "on-failure": {"enum": [it.value for it in OnFailure]},
                    "tasks": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": MOST_TASKS,
                        "items": {
                            "type": "object",
                            "required": ["name"],
                            "oneOf": [{"required": ["uses"]}, {"required": ["run"]}],
                            "additionalProperties": False,
                            "properties": {
                                "name": {"type": "string", "pattern": _NAME},
                                "uses": {"type": "string"},
                                "run": {"type": "string", "minLength": 1, "maxLength": 20_000},
                                "description": {"type": "string", "maxLength": 500},
                                "needs": {"type": "array", "items": {"type": "string"}, "maxItems": MOST_TASKS},
                                "timeout": {"type": "number", "exclusiveMinimum": 0, "maximum": LONGEST_SECONDS},
                                "retries": {"type": "integer", "minimum": 0, "maximum": 10},
                                "if": {"type": "string", "maxLength": 500},
                                "continue-on-error": {"type": "boolean"},
                                "env": {
                                    **_TEXTS,
                                    "propertyNames": {"pattern": _VARIABLE},
                                    "additionalProperties": {"type": ["string", "integer"]},
                                },
                                "with": {**_TEXTS, "additionalProperties": {"type": ["string", "integer"]}},
                            },
                        },
                    },
                },
            },
        }
    },
}


@dataclass(frozen=True, slots=True)
class PipelineText:
    """What a config file says of the pipeline: valid by ``SCHEMA``, with the line of each part by its path."""

    document: Mapping[str, Any]
    file: str
    lines: Mapping[tuple[str, ...], int]

    def at(self, message: str, *path: object) -> Finding:
        """A finding about the part at ``path``."""
        return Finding(f"pipeline: {message}", self.file, self.lines.get(tuple(map(str, path))))


def read_pipeline(text: PipelineText, uses: Mapping[str, Collection[str]]) -> Pipeline:
    """The pipeline that ``text`` describes. ``uses`` are the tasks that there are, with the settings each takes.

    Raises ``ConfigInvalid`` with every mistake: two of one name, needs that lead nowhere, forward or in a circle,
    conditions that are none.
    """
    stages = text.document["stages"]
    findings = [*_mistakes(text, stages, uses)]
    if findings:
        raise ConfigInvalid(f"{len(findings)} mistakes in the pipeline" if findings[1:] else "The pipeline is wrong",
                            hint="Nothing was run. See docs/pipeline.md.", findings=findings)  # fmt: skip
    return Pipeline(tuple(_stage(one) for one in stages))


def text_of(pipeline: Pipeline) -> PipelineText:
    """``pipeline``, which a program has made, as a file would say it: so that the same is wrong with both."""
    stages = [
        {
            "name": stage.name, "fail-fast": stage.fail_fast, "approve": stage.approve,
            "on-failure": stage.on_failure.value, "tasks": [_written(task) for task in stage.tasks],
        }
        for stage in pipeline.stages
    ]  # fmt: skip
    return PipelineText({"stages": stages}, "pipeline", {})


def _written(task: Task) -> dict[str, Any]:
    what = {"uses": task.uses} if task.uses else {"run": task.run}
    return what | {
        "name": task.name, "description": task.description, "needs": list(task.needs), "timeout": task.timeout,
        "retries": task.retries, "if": task.when, "continue-on-error": task.continue_on_error, "env": dict(task.env),
        "with": dict(task.settings),
    }  # fmt: skip


def _stage(given: Mapping[str, Any]) -> Stage:
    return Stage(
        given["name"],
        tuple(_task(one) for one in given["tasks"]),
        given.get("fail-fast", True),
        given.get("approve", False),
        OnFailure(given.get("on-failure", "stop")),
    )


def _task(given: Mapping[str, Any]) -> Task:
    return Task(
        name=given["name"],
        uses=given.get("uses", ""),
        run=given.get("run", ""),
        description=given.get("description", ""),
        needs=tuple(given.get("needs", ())),
        timeout=float(given.get("timeout", 3600)),
        retries=given.get("retries", 0),
        when=given.get("if", "success()"),
        continue_on_error=given.get("continue-on-error", False),
        env={name: str(value) for name, value in given.get("env", {}).items()},
        settings={name: str(value) for name, value in given.get("with", {}).items()},
    )


def _mistakes(
    text: PipelineText, stages: list[Mapping[str, Any]], uses: Mapping[str, Collection[str]]
) -> Iterator[Finding]:
    names: dict[str, int] = {}
    for number, stage in enumerate(stages):
        at = ("stages", number)
        if stage["name"] in [it["name"] for it in stages[:number]]:
            yield text.at(f"there are two stages {stage['name']!r}", *at, "name")
        for index, task in enumerate(stage["tasks"]):
            if task["name"] in names:
                yield text.at(f"there are two tasks {task['name']!r}", *at, "tasks", index, "name")
            names.setdefault(task["name"], number)
    for number, stage in enumerate(stages):
        for index, task in enumerate(stage["tasks"]):
            yield from _of_task(text, task, ("stages", number, "tasks", index), number, names, uses)
        if circle := cycle_in([_task(it) for it in stage["tasks"]]):
            yield text.at(f"tasks need each other in a circle: {' → '.join(circle)}", "stages", number, "tasks")


def _of_task(
    text: PipelineText, task: Mapping[str, Any], at: tuple[object, ...], stage: int, names: Mapping[str, int],
    uses: Mapping[str, Collection[str]],
) -> Iterator[Finding]:  # fmt: skip
    for need in task.get("needs", ()):
        if need not in names:
            yield text.at(f"{task['name']!r} needs {need!r:.80}, which is not a task{_near(need, names)}", *at, "needs")
        elif names[need] > stage:
            yield text.at(f"{task['name']!r} needs {need!r:.80}, which comes in a later stage", *at, "needs")
    if (used := task.get("uses")) is not None:
        if used not in uses:
            yield text.at(f"uses: {used!r:.80} is not a task that there is{_near(used, uses)}", *at, "uses")
        elif unknown := [name for name in task.get("with", {}) if name not in uses[used]]:
            takes = ", ".join(sorted(uses[used])) or "none"
            yield text.at(f"{used} takes no setting {unknown[0]!r:.80}; it takes {takes}", *at, "with", unknown[0])
        if task.get("env"):
            yield text.at("env is for run; what we do ourselves goes by the options", *at, "env")
    elif task.get("with"):
        yield text.at("with is for uses; a command gets its settings by env", *at, "with")
    try:
        compiled(task.get("if", "success()"))
    except ConditionError as error:
        yield text.at(f"if: {error}", *at, "if")
    for name, value in task.get("env", {}).items():
        if str(value).startswith("${") and not re.fullmatch(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}", str(value)):
            yield text.at(f"env: {name}: {str(value)!r:.80} is not ${{NAME}} of one variable", *at, "env", name)


def _near(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, known, 1)
    return f"; is {close[0]!r} meant?" if close else f"; there are {', '.join(sorted(known))}" if known else ""
