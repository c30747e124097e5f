"""A run as a drawing, as JUnit's XML and as a document: whatever its tasks are called and have said."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galleria_action.errors import Finding
from galleria_action.pipeline.model import Outcome, Pipeline, Result, Run, Stage, State, Task
from galleria_action.pipeline.record import RunUnreadable, document_of, parse_run, to_bytes
from galleria_action.pipeline.shown import MOST_DRAWN, drawing, junit
from galleria_action.schemas import load_schema

HOSTILE = 'a"]; click t0 "javascript:alert(1)"\n%%{init: {}}%%<img src=x onerror=y>`|'


def of(name: str, outcome: Outcome, state: State = State.FAILED) -> Run:
    pipeline = Pipeline((Stage(name, (Task(name),)),))
    return Run("20260131T120000Z-0123abcd", "staging", pipeline, {name: Result(state, outcome, 1.5, 1, "0" * 64)})


def test_hostile_names_are_harmless_in_a_drawing():
    drawn = drawing(of(HOSTILE, Outcome()))
    assert len(drawn.splitlines()) == 5
    assert not any(text in drawn for text in ('"];', 'click t0 "', "<img", "%%", "`", "|"))


def test_too_many_tasks_are_not_drawn():
    tasks = tuple(Task(f"t{number}") for number in range(MOST_DRAWN + 1))
    run = Run("", "", Pipeline((Stage("one", tasks),)), {task.name: Result() for task in tasks})
    assert drawing(run) == ""


@settings(max_examples=40, deadline=None)
@given(st.text(min_size=1, max_size=40), st.text(max_size=200), st.sampled_from(State))
def test_any_words_make_xml_and_a_document(name: str, text: str, state: State):
    run = of(name, Outcome(text, "command-failed", findings=(Finding(text, name, 3),), log=(text,)), state)
    (case,) = ET.fromstring(junit(run)).iter("testcase")
    assert (case.find("failure") is not None) is (state is State.FAILED)
    jsonschema.validate(document_of(run), load_schema("pipeline"))


def test_only_what_succeeded_is_believed_of_a_record():
    for state in State:
        run = of("a", Outcome("done", release="20260131T120000Z-0123abcd"), state)
        read = parse_run(to_bytes(run), run.id, run.pipeline)
        assert read.results["a"].state is (State.SUCCEEDED if state is State.SUCCEEDED else State.PENDING)
        assert read.results["a"].kept is (state is State.SUCCEEDED)


@pytest.mark.parametrize(
    "change",
    [{"schema": 2}, {"id": "other"}, {"stages": 3}, {"approved": [3]}, {"waiting": None}, {"stages": [{"tasks": [3]}]}],
)
def test_what_is_not_a_record_is_refused(change: dict[str, object]):
    run = of("a", Outcome(), State.SUCCEEDED)
    with pytest.raises(RunUnreadable):
        parse_run(json.dumps(document_of(run) | change).encode(), run.id, run.pipeline)
    with pytest.raises(RunUnreadable):
        parse_run(b"[" * 100_000, run.id, run.pipeline)
