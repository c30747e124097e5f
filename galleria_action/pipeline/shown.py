"""A run for people and for other programs: a drawing of its tasks, and JUnit's XML, which any CI shows as tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from galleria_action.pipeline.model import Pipeline, Result, Run, State, Task

#: a larger drawing is not drawn by GitHub, nor looked at by anybody
MOST_DRAWN = 60
_PLAIN = re.compile(r"[^\w .:/+-]")
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_COLOURS = {
    State.SUCCEEDED: "fill:#dafbe1,stroke:#1a7f37,color:#0a3d1a",
    State.FAILED: "fill:#ffebe9,stroke:#cf222e,color:#5c0d12",
    State.SKIPPED: "fill:#f6f8fa,stroke:#8c959f,color:#57606a",
    State.CANCELLED: "fill:#fff8c5,stroke:#9a6700,color:#4d3300",
    State.RUNNING: "fill:#ddf4ff,stroke:#0969da,color:#0a3069",
    State.PENDING: "fill:#ffffff,stroke:#8c959f,color:#24292f",
}


def drawing(run: Run) -> str:
    """The tasks by stage in Mermaid; empty where there are too many. Names are reduced to harmless characters."""
    names = [task.name for _, task in run.pipeline.tasks()]
    if len(names) > MOST_DRAWN:
        return ""
    return "\n".join(_drawn(run.pipeline, {name: f"t{number}" for number, name in enumerate(names)}, run))


def _drawn(pipeline: Pipeline, ids: dict[str, str], run: Run) -> Iterator[str]:
    yield "flowchart LR"
    for number, stage in enumerate(pipeline.stages):
        yield f'  subgraph s{number}["{_plain(stage.name)}"]'
        for task in stage.tasks:
            state = run.results[task.name].state
            yield f'    {ids[task.name]}["{_plain(task.name)}<br/>{state}"]:::{state}'
        yield "  end"
    for number in range(1, len(pipeline.stages)):
        yield f"  s{number - 1} --> s{number}"
    for stage in pipeline.stages:
        own = {task.name for task in stage.tasks}
        yield from (f"  {ids[need]} --> {ids[task.name]}" for task in stage.tasks for need in task.needs if need in own)
    used = {run.results[name].state for name in ids}
    yield from (f"  classDef {state} {colour}" for state, colour in _COLOURS.items() if state in used)


def _plain(text: str) -> str:
    return _PLAIN.sub("·", text)[:64] or "·"


def junit(run: Run) -> bytes:
    """The run as JUnit's XML: a suite for each stage, a test for each task."""
    return "".join(_suites(run)).encode()


def _suites(run: Run) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f"<testsuites name={_attribute(f'pipeline {run.environment}'.strip())}>\n"
    for stage in run.pipeline.stages:
        results = [run.results[task.name] for task in stage.tasks]
        failures = sum(it.state is State.FAILED for it in results)
        skipped = sum(it.state not in (State.SUCCEEDED, State.FAILED) for it in results)
        seconds = sum(it.seconds for it in results)
        yield f'  <testsuite name={_attribute(stage.name)} tests="{len(results)}" failures="{failures}" errors="0" '
        yield f'skipped="{skipped}" time="{seconds:.3f}">\n'
        for task in stage.tasks:
            yield from _case(stage.name, task, run.results[task.name])
        yield "  </testsuite>\n"
    yield "</testsuites>\n"


def _case(stage: str, task: Task, result: Result) -> Iterator[str]:
    outcome = result.outcome
    yield f'    <testcase classname={_attribute(stage)} name={_attribute(task.name)} time="{result.seconds:.3f}">\n'
    if result.state is State.FAILED:
        findings = "\n".join(map(str, outcome.findings))
        yield f"      <failure type={_attribute(outcome.reason)} message={_attribute(outcome.message)}>"
        yield f"{escape(_xml(findings))}</failure>\n"
    elif result.state is not State.SUCCEEDED:
        yield f"      <skipped message={_attribute(outcome.message or result.state)}/>\n"
    if outcome.log:
        text = "\n".join(outcome.log)
        yield f"      <system-out>{escape(_xml(text))}</system-out>\n"
    yield "    </testcase>\n"


def _attribute(text: str) -> str:
    return quoteattr(_xml(text))


def _xml(text: str) -> str:
    """``text`` without what no XML document can hold."""
    return _NOT_IN_XML.sub("\ufffd", text)
