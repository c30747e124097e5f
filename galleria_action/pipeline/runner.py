"""Runs a pipeline: tasks side by side in threads, each told to stop when it is time. The decisions are ``schedule``'s.

Everything from outside is handed in: what does a task, who hears of it, the clock, the wish to stop.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from galleria_action.deployment.stop import Stop
from galleria_action.pipeline.model import OnFailure, Outcome, Result, Run, Stage, State, Task
from galleria_action.pipeline.schedule import after, decided, ended, over, ready
from galleria_action.values import dataclass, field, replace

#: how many tasks run at the same time, and how often is looked whether one of them has to stop
_HANDS, _LOOK_SECONDS = 8, 0.05

#: does a task and says how it ended; it is to come to an end soon after its own ``Stop`` says so
Work = Callable[[Task, Stop], Outcome]


@dataclass(frozen=True, slots=True)
class World:
    """What a run of a pipeline gets from outside. ``told`` hears of every change; ``take_back`` undoes a release."""

    work: Work
    told: Callable[[Run], None] = lambda run: None
    take_back: Callable[[str], Outcome] = lambda release: Outcome()
    inputs: Callable[[Task, Mapping[str, Result]], str] = lambda task, results: ""
    stop: Stop = field(default_factory=Stop)
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class _Begun:
    task: Task
    stop: Stop
    at: float


def run_stages(run: Run, world: World, wanted: Callable[[Stage, Task], bool] = lambda stage, task: True) -> Run:
    """Bring ``run`` to its end, and return it as it is then; what is done in it already stays done.

    ``wanted`` says which tasks are asked for. A stage that asks for a person ends the run as ``waiting``, unless it is
    among the approved ones. Raises what ``world.told`` raises.
    """
    run = _only(run, wanted)
    for stage in run.pipeline.stages:
        if over(stage, run.results):
            continue
        if stage.approve and stage.name not in run.approved and not any(it.blocks for it in run.results.values()):
            run = replace(run, waiting=stage.name)
            world.told(run)
            return run
        run = _stage(run, stage, world)
        if stage.on_failure is OnFailure.ROLLBACK and run.release and _failed(stage, run.results):
            run = _taken_back(run, world)
    return run


def _only(run: Run, wanted: Callable[[Stage, Task], bool]) -> Run:
    left = {
        task.name: Result(State.SKIPPED, Outcome("not asked for"))
        for stage, task in run.pipeline.tasks()
        if run.results[task.name].state is State.PENDING and not wanted(stage, task)
    }
    return replace(run, results={**run.results, **left})


def _failed(stage: Stage, results: Mapping[str, Result]) -> bool:
    return any(results[task.name].state is State.FAILED and results[task.name].blocks for task in stage.tasks)


def _stage(run: Run, stage: Stage, world: World) -> Run:
    """Do ``stage``."""
    begun: dict[Future[tuple[Outcome, int, float]], _Begun] = {}
    with ThreadPoolExecutor(_HANDS, thread_name_prefix="task") as pool:
        while True:
            if world.stop.requested:
                run = _give_up(run, stage)
            changes = decided(run.pipeline, stage, run.results, run.environment)
            run = _told(run, changes, world) if changes else run
            for task in ready(run.pipeline, stage, run.results):
                now = Result(State.RUNNING, inputs=world.inputs(task, run.results))
                run = _told(run, {task.name: now}, world)
                stop = Stop()
                begun[pool.submit(_tried, task, stop, world)] = _Begun(task, stop, world.clock())
            if not begun:
                return run
            done, _ = wait(begun, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                run = _told(run, _settled(begun.pop(future), future, run), world)
            _hurry(begun, stage, run, world)


def _tried(task: Task, stop: Stop, world: World) -> tuple[Outcome, int, float]:
    """Do ``task``, again as often as it may; its outcome, how often it was tried, and the seconds it took."""
    at, tries = world.clock(), 0
    while True:
        outcome, tries = world.work(task, stop), tries + 1
        if outcome.ok or stop.requested or tries > task.retries:
            return outcome, tries, world.clock() - at


def _settled(begun: _Begun, future: Future[tuple[Outcome, int, float]], run: Run) -> dict[str, Result]:
    task, before = begun.task, run.results[begun.task.name]
    outcome, tries, seconds = future.result()
    timed_out = begun.stop.signal_number == signal.SIGALRM
    if timed_out and not outcome.ok:
        text = f"it took longer than its timeout of {task.timeout:g} s. {outcome.message}".strip()
        outcome = replace(outcome, reason="timeout", message=text)
    cancelled = begun.stop.requested and not timed_out
    result = ended(task, outcome, replace(before, tries=tries), seconds=seconds, cancelled=cancelled)
    return {task.name: result}


def _hurry(begun: Mapping[Future[tuple[Outcome, int, float]], _Begun], stage: Stage, run: Run, world: World) -> None:
    """Tell those to stop that take too long, or all where the run or the stage gives up."""
    gave_up = stage.fail_fast and _failed(stage, run.results)
    for it in begun.values():
        if it.stop.requested:
            continue
        if world.stop.requested or gave_up:
            it.stop.request(world.stop.signal_number)
        elif world.clock() - it.at > it.task.timeout:
            it.stop.request(signal.SIGALRM)


def _give_up(run: Run, stage: Stage) -> Run:
    left = {
        task.name: Result(State.CANCELLED, Outcome("not begun: the run was stopped"), blocks=True)
        for task in stage.tasks
        if run.results[task.name].state is State.PENDING
    }
    return replace(run, results={**run.results, **left})


def _taken_back(run: Run, world: World) -> Run:
    """Bring back what was live before the release of this run, and say so beside the task that made it. Whoever goes on
    with the run does that task again, and what came after it: what they were about is gone."""
    made = next(name for name, it in run.results.items() if it.outcome.release)
    outcome = world.take_back(run.release)
    result = run.results[made]
    text = f"{result.outcome.message} Then: {outcome.message}".strip()
    told = replace(result, outcome=replace(result.outcome, message=text))
    gone = {name: run.results[name] for name in after(run.pipeline, made)} | {made: told}
    return _told(run, {name: replace(it, inputs="") for name, it in gone.items()}, world)


def _told(run: Run, changes: Mapping[str, Result], world: World) -> Run:
    run = replace(run, results={**run.results, **changes})
    world.told(run)
    return run
