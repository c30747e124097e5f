"""Which task may begin, and what follows from how another ended: a state machine, pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from galleria_action.pipeline.condition import Facts, holds, waits_for_failure
from galleria_action.pipeline.model import Outcome, Pipeline, Result, Stage, State, Task
from galleria_action.values import replace

Results = Mapping[str, Result]
_OVER = (State.SUCCEEDED, State.FAILED, State.SKIPPED, State.CANCELLED)


def cycle_in(tasks: Iterable[Task]) -> tuple[str, ...]:
    """The names of tasks that need each other in a circle, in its order; empty where none do."""
    try:
        TopologicalSorter({task.name: task.needs for task in tasks}).prepare()
    except CycleError as circle:
        return tuple(reversed(circle.args[1]))
    return ()


def started(pipeline: Pipeline) -> dict[str, Result]:
    """Everything pending."""
    return {task.name: Result() for _, task in pipeline.tasks()}


def over(stage: Stage, results: Results) -> bool:
    """Whether nothing of ``stage`` is left to do."""
    return all(results[task.name].state in _OVER for task in stage.tasks)


def upstream(pipeline: Pipeline, stage: Stage, task: Task) -> set[str]:
    """The tasks that ``task`` comes after: those of earlier stages, and what it needs of its own."""
    names = set(task.needs)
    for earlier in pipeline.stages:
        if earlier.name == stage.name:
            break
        names |= {it.name for it in earlier.tasks}
    return names


def in_order(pipeline: Pipeline) -> Iterator[Task]:
    """Every task after those that it comes after."""
    for stage in pipeline.stages:
        yield from _in_order(stage)


def _in_order(stage: Stage) -> Iterator[Task]:
    tasks = {task.name: task for task in stage.tasks}
    needs = {name: [it for it in task.needs if it in tasks] for name, task in tasks.items()}
    return (tasks[name] for name in TopologicalSorter(needs).static_order())


def after(pipeline: Pipeline, name: str) -> set[str]:
    """The tasks that come after the one with this ``name``, by any number of steps."""
    found: set[str] = set()
    for stage in pipeline.stages:
        for task in _in_order(stage):
            if upstream(pipeline, stage, task) & {name, *found}:
                found.add(task.name)
    return found


def decided(pipeline: Pipeline, stage: Stage, results: Results, environment: str) -> dict[str, Result]:
    """The tasks of ``stage`` that turn out not to be done: what they need is blocked, the condition does not hold, or
    the stage gave up. As many passes as it takes, so that all that follows is decided at once."""
    found = dict(results)
    while True:
        new = {name: it for name, it in _decided(pipeline, stage, found, environment) if found[name] != it}
        if not new:
            return {name: it for name, it in found.items() if it != results[name]}
        found |= new


def _decided(pipeline: Pipeline, stage: Stage, results: Results, environment: str) -> Iterator[tuple[str, Result]]:
    gave_up = stage.fail_fast and any(_ended_it(results[it.name]) for it in stage.tasks)
    for task in stage.tasks:
        now = results[task.name]
        if now.state is not State.PENDING:
            continue
        before = upstream(pipeline, stage, task)
        blocked = sorted(name for name in before if results[name].blocks)
        if blocked and not waits_for_failure(task.when):
            causes = [name for name in blocked if results[name].state is not State.SKIPPED] or blocked
            text = f"not done, because {', '.join(causes)} did not go well"
            yield task.name, _left(now, State.SKIPPED, text, blocks=True)
        elif gave_up and not waits_for_failure(task.when):
            yield task.name, _left(now, State.CANCELLED, "not begun, because the stage gave up", blocks=True)
        elif _all_over(before, results) and not holds(task.when, Facts(bool(blocked) or gave_up, environment)):
            yield task.name, _left(now, State.SKIPPED, f"not done: {task.when}", blocks=False)


def _left(now: Result, state: State, text: str, *, blocks: bool) -> Result:
    return replace(now, state=state, outcome=Outcome(text), blocks=blocks)


def _ended_it(result: Result) -> bool:
    return result.state is State.FAILED and result.blocks


def _all_over(names: Iterable[str], results: Results) -> bool:
    return all(results[name].state in _OVER for name in names)


def ready(pipeline: Pipeline, stage: Stage, results: Results) -> tuple[Task, ...]:
    """The tasks of ``stage`` that may begin: pending, and all that they need is over. ``decided`` comes first."""
    return tuple(
        task
        for task in stage.tasks
        if results[task.name].state is State.PENDING and _all_over(upstream(pipeline, stage, task), results)
    )


def ended(task: Task, outcome: Outcome, before: Result, *, seconds: float, cancelled: bool = False) -> Result:
    """What ``task`` is after ``outcome``."""
    state = State.SUCCEEDED if outcome.ok else State.CANCELLED if cancelled else State.FAILED
    blocks = state is State.CANCELLED or (state is State.FAILED and not task.continue_on_error)
    return replace(before, state=state, outcome=outcome, seconds=seconds, blocks=blocks)
