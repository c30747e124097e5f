"""What runs when: over random graphs, nothing begins before what it needs, and exactly the dependents are skipped."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galleria_action.deployment.stop import Stop
from galleria_action.pipeline.condition import ConditionError, Facts, compiled, holds
from galleria_action.pipeline.model import OnFailure, Outcome, Pipeline, Run, Stage, State, Task
from galleria_action.pipeline.runner import World, run_stages
from galleria_action.pipeline.schedule import after, cycle_in, in_order, started


def ran(
    pipeline: Pipeline, failing: frozenset[str] = frozenset(), **world: object
) -> tuple[Run, list[tuple[str, str]]]:
    """A run in which the tasks ``failing`` fail, and what began and ended in which order."""
    order: list[tuple[str, str]] = []
    lock = threading.Lock()

    def work(task: Task, stop: Stop) -> Outcome:
        with lock:
            order.append(("began", task.name))
        outcome = Outcome("no", "command-failed") if task.name in failing else Outcome()
        with lock:
            order.append(("ended", task.name))
        return outcome

    run = Run("", "staging", pipeline, started(pipeline))
    return run_stages(run, World(work, **world)), order  # type: ignore[arg-type]


def states(run: Run) -> Mapping[str, State]:
    return {name: it.state for name, it in run.results.items()}


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Pipeline, frozenset[str]]:
    """Up to three stages whose tasks need earlier ones, in any order in the file, and which of them fail."""
    number = draw(st.integers(1, 12))
    needs = [draw(st.sets(st.integers(0, index - 1), max_size=3)) if index else set() for index in range(number)]
    tasks = [Task(f"t{index}", needs=tuple(f"t{it}" for it in needs[index])) for index in range(number)]
    failing = draw(st.sets(st.sampled_from([task.name for task in tasks]), max_size=3))
    cuts = sorted(draw(st.sets(st.integers(1, number), max_size=2)) - {number})
    parts = [tasks[start:end] for start, end in pairwise([0, *cuts, number])]
    stages = [Stage(f"s{at}", tuple(draw(st.permutations(part))), fail_fast=False) for at, part in enumerate(parts)]
    return Pipeline(tuple(stages)), frozenset(failing)


def dependents(pipeline: Pipeline, failed: frozenset[str]) -> set[str]:
    """Everything that needs one of ``failed``, by any number of steps, or stands in a later stage."""
    found: set[str] = set()
    for number, stage in enumerate(pipeline.stages):
        earlier = {task.name for it in pipeline.stages[:number] for task in it.tasks}
        if earlier & failed:
            found |= {task.name for task in stage.tasks}
    while True:
        new = {task.name for _, task in pipeline.tasks() if {*task.needs} & (failed | found)} - found
        if not new:
            return found
        found |= new


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_nothing_begins_before_what_it_needs_and_exactly_the_dependents_are_skipped(
    drawn: tuple[Pipeline, frozenset[str]],
):
    pipeline, failing = drawn
    run, order = ran(pipeline, failing)
    for number, stage in enumerate(pipeline.stages):
        earlier = [task.name for it in pipeline.stages[:number] for task in it.tasks]
        for task in stage.tasks:
            if ("began", task.name) in order:
                begun = order.index(("began", task.name))
                assert all(("ended", it) in order[:begun] for it in (*task.needs, *earlier))
    skipped = {name for name, state in states(run).items() if state is State.SKIPPED}
    assert skipped == dependents(pipeline, failing - dependents(pipeline, failing))
    assert {name for name, state in states(run).items() if state is State.FAILED} == failing - skipped
    assert State.PENDING not in states(run).values()


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_the_order_and_what_comes_after(drawn: tuple[Pipeline, frozenset[str]]):
    pipeline, _ = drawn
    names = [task.name for task in in_order(pipeline)]
    assert sorted(names) == sorted(task.name for _, task in pipeline.tasks())
    for at, name in enumerate(names):
        assert after(pipeline, name) == dependents(pipeline, frozenset({name})) <= {*names[at + 1 :]}


def test_what_does_not_need_each_other_runs_side_by_side():
    together = threading.Barrier(4)

    def work(task: Task, stop: Stop) -> Outcome:
        together.wait(10)
        return Outcome()

    pipeline = Pipeline((Stage("one", tuple(Task(name) for name in "abcd")),))
    run = run_stages(Run("", "", pipeline, started(pipeline)), World(work))
    assert set(states(run).values()) == {State.SUCCEEDED}


def one(*tasks: Task, **stage: object) -> Pipeline:
    return Pipeline((Stage("one", tasks, **stage), Stage("two", (Task("later"),))))  # type: ignore[arg-type]


def test_a_stage_that_failed_ends_the_pipeline():
    run, _ = ran(one(Task("a"), Task("b", needs=("a",))), frozenset({"a"}))
    assert states(run) == {"a": State.FAILED, "b": State.SKIPPED, "later": State.SKIPPED}
    assert "a did not go well" in run.results["b"].outcome.message
    assert run.failed == ("a",)


def test_a_task_that_may_fail_stops_nothing():
    run, _ = ran(one(Task("a", continue_on_error=True), Task("b", needs=("a",))), frozenset({"a"}))
    assert states(run) == {"a": State.FAILED, "b": State.SUCCEEDED, "later": State.SUCCEEDED}
    assert run.failed == ()


def test_what_waits_for_a_failure_runs_after_one_only():
    tasks = (Task("a"), Task("mend", needs=("a",), when="failure()"), Task("sweep", needs=("a",), when="always()"))
    for failing, mended in ((frozenset({"a"}), State.SUCCEEDED), (frozenset[str](), State.SKIPPED)):
        run, _ = ran(one(*tasks, fail_fast=False), failing)
        assert (run.results["mend"].state, run.results["sweep"].state) == (mended, State.SUCCEEDED)


def test_a_condition_on_the_environment():
    tasks = (Task("a", when="environment == 'production'"), Task("b", needs=("a",)))
    run, _ = ran(one(*tasks))
    assert states(run) == {"a": State.SKIPPED, "b": State.SUCCEEDED, "later": State.SUCCEEDED}


def test_fail_fast_stops_what_runs_and_begins_nothing_more():
    running = threading.Event()

    def work(task: Task, stop: Stop) -> Outcome:
        if task.name == "slow":
            running.set()
            while not stop.requested:
                stop.pause(0.01)
            return Outcome("stopped", "cancelled")
        running.wait(5)
        return Outcome("no", "command-failed")

    pipeline = one(Task("fast"), Task("slow"), Task("after", needs=("slow",)))
    run = run_stages(Run("", "", pipeline, started(pipeline)), World(work))
    assert states(run) == {
        "fast": State.FAILED, "slow": State.CANCELLED, "after": State.CANCELLED, "later": State.SKIPPED,
    }  # fmt: skip


def test_a_task_that_takes_too_long_has_failed():
    def work(task: Task, stop: Stop) -> Outcome:
        while stop.pause(0.01):
            pass
        return Outcome("stopped", "cancelled")

    pipeline = one(Task("slow", timeout=0.1))
    run = run_stages(Run("", "", pipeline, started(pipeline)), World(work))
    assert run.results["slow"].state is State.FAILED
    assert run.results["slow"].outcome.reason == "timeout"
    assert "longer than its timeout of 0.1 s" in run.results["slow"].outcome.message


def test_a_task_is_tried_again_as_often_as_it_may():
    tries: list[str] = []

    def work(task: Task, stop: Stop) -> Outcome:
        tries.append(task.name)
        return Outcome() if len(tries) == 3 else Outcome("no", "command-failed")

    pipeline = Pipeline((Stage("one", (Task("a", retries=2),)),))
    run = run_stages(Run("", "", pipeline, started(pipeline)), World(work))
    assert (run.results["a"].state, run.results["a"].tries) == (State.SUCCEEDED, 3)


def test_a_stop_cancels_what_runs_and_what_is_left():
    stop = Stop()

    def work(task: Task, own: Stop) -> Outcome:
        stop.request(15)
        while own.pause(0.01):
            pass
        return Outcome("stopped", "cancelled")

    pipeline = one(Task("a"), Task("b", needs=("a",)))
    run = run_stages(Run("", "", pipeline, started(pipeline)), World(work, stop=stop))
    assert set(states(run).values()) <= {State.CANCELLED, State.SKIPPED}
    assert run.results["a"].state is State.CANCELLED


def test_a_stage_waits_for_a_person():
    pipeline = Pipeline((Stage("one", (Task("a"),)), Stage("two", (Task("b"),), approve=True)))
    run, order = ran(pipeline)
    assert run.waiting == "two" and ("began", "b") not in order
    on = run_stages(Run("", "", pipeline, run.results, approved=("two",)), World(lambda task, stop: Outcome()))
    assert set(states(on).values()) == {State.SUCCEEDED} and not on.waiting


def test_a_stage_that_fails_takes_the_release_of_this_run_back():
    taken: list[str] = []

    def work(task: Task, stop: Stop) -> Outcome:
        return Outcome(release="r1") if task.name == "deploy" else Outcome("broken", "probe-failed")

    def take_back(release: str) -> Outcome:
        taken.append(release)
        return Outcome("It is as before.")

    pipeline = Pipeline(
        (Stage("deployment", (Task("deploy"),)), Stage("look", (Task("probe"),), on_failure=OnFailure.ROLLBACK))
    )
    run = run_stages(Run("", "", pipeline, started(pipeline)), World(work, take_back=take_back))
    assert taken == ["r1"]
    assert run.results["deploy"].inputs == "", "who goes on with it deploys again"
    assert "It is as before." in run.results["deploy"].outcome.message
    run_stages(Run("", "", pipeline, started(pipeline)), World(lambda *_: Outcome("no", "x"), take_back=take_back))
    assert taken == ["r1"]


def test_circles_are_found():
    assert set(cycle_in([Task("a", needs=("b",)), Task("b", needs=("c",)), Task("c", needs=("a",))])) == {"a", "b", "c"}
    assert cycle_in([Task("a"), Task("b", needs=("a",))]) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("success()", True), ("failure()", False), ("always()", True), ("!failure() && environment == 'staging'", True),
        ("environment != 'staging'", False), ("failure() || (success() && always())", True), ("!(success())", False),
    ],
)  # fmt: skip
def test_conditions(text: str, expected: bool):
    assert holds(text, Facts(False, "staging")) is expected


@pytest.mark.parametrize(
    "text",
    ["", "True", "success", "success() &&", "__import__('os')", "environment", "environment == production",
     "(success()", "success() success()", "'a' == 'a'", "(" * 50 + "success()" + ")" * 50, "always()" * 100],
)  # fmt: skip
def test_what_is_not_a_condition(text: str):
    with pytest.raises(ConditionError):
        compiled(text)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_a_condition_or_none(text: str):
    with contextlib.suppress(ConditionError):
        assert compiled(text)(Facts(True, "")) in (True, False)
