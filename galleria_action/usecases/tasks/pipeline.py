"""``pipeline``: stages in order, their tasks side by side; kept in the state, gone on with after a kill or a person."""

from __future__ import annotations

import re
import threading
from contextlib import suppress
from pathlib import Path

from galleria_action.deployment.events import (
    Advanced,
    Began,
    Ended,
    Entered,
    Event,
    Left,
    PipelineRan,
    Probed,
    Released,
    Reported,
    Said,
    Sight,
    Warned,
)
from galleria_action.deployment.stop import Stop
from galleria_action.errors import (
    ApprovalNeeded,
    BudgetExceeded,
    ConfigInvalid,
    DuplicatesFound,
    Finding,
    GalleriaError,
    PipelineFailed,
)
from galleria_action.pipeline.command import variable_in
from galleria_action.pipeline.defaults import default_pipeline
from galleria_action.pipeline.model import Outcome, Pipeline, Run, Stage, State, Task
from galleria_action.pipeline.reading import read_pipeline, text_of
from galleria_action.pipeline.record import (
    KEPT,
    RUNS_FOLDER,
    key_of,
    to_bytes,
)
from galleria_action.pipeline.runner import World, run_stages
from galleria_action.pipeline.schedule import started
from galleria_action.pipeline.shown import junit
from galleria_action.quantities import count
from galleria_action.storage.interface import RECORD_HEADERS, WriteStore
from galleria_action.usecases.context import Context
from galleria_action.usecases.releases.taking_back import step_back
from galleria_action.usecases.results import Answered
from galleria_action.usecases.tasks.continuing import begun, inputs_of, live_release, made_by_run
from galleria_action.usecases.tasks.table import USES
from galleria_action.values import replace

JUNIT_FILE = "galleria-pipeline.xml"
_SHOWN = 5


def pipeline(context: Context) -> Answered:
    """Run the pipeline of the config file, or the preset's; under ``dry-run`` only show it.

    Raises ``ConfigInvalid`` before anything runs, ``ApprovalNeeded`` where a stage waits for a person,
    ``BudgetExceeded`` where a task found something in the gallery, ``PipelineFailed`` for any other failure,
    ``Cancelled``.
    """
    chosen = _chosen(context)
    _check_commands(context, chosen)
    wanted = _Wanted.of(context, chosen)
    if context.options.dry_run:
        return _shown(context, chosen, wanted)
    store = context.store()
    run = begun(context, store, chosen)
    context = replace(context, who=replace(context.who, pipeline=run.id))
    work = _Work(context, store, made_by_run(context, run))
    with context.phase(f"Pipeline {run.id}"):
        run = run_stages(run, work.world(), wanted.task)
    work.keep(run)
    _tell_excused(context, run)
    _report(context, run)
    _prune(store)
    context.stop.check()
    return _judged(context, run)


# -- what is asked for ---------------------------------------------------------------------------------------------


def _chosen(context: Context) -> Pipeline:
    """The pipeline of the config file, else that of the preset."""
    if isinstance(context.pipeline, Pipeline):
        return read_pipeline(text_of(context.pipeline), {name: used.settings for name, used in USES.items()})
    if context.pipeline is not None:
        return read_pipeline(context.pipeline, {name: used.settings for name, used in USES.items()})
    environments = context.options.environments
    return default_pipeline(environments.preset or "", onward=bool(environments.from_))


def _check_commands(context: Context, chosen: Pipeline) -> None:
    """Raise ``ConfigInvalid`` where commands may not run here, or lack a variable that they name."""
    commands = [task for _, task in chosen.tasks() if task.run]
    if commands and context.shell is None:
        raise ConfigInvalid(
            f"The pipeline has commands ({commands[0].name}), and the config file may be anybody's: commands are run "
            "where the code is the repository's own, and nowhere else. Nothing was run.",
            hint="Run the pipeline on push, or let its stages use tasks of ours; see docs/security.md.",
        )
    missing = [
        Finding(f"{task.name}: env: {name}: the variable {variable} is not set here")
        for task in commands
        for name, value in task.env.items()
        if (variable := variable_in(value)) is not None and context.shell and variable not in context.shell.environ
    ]
    if missing:
        raise ConfigInvalid("Commands of the pipeline lack variables. Nothing was run.", findings=missing)


class _Wanted:
    """Which tasks are asked for, by ``only`` and ``from-stage``."""

    def __init__(self, only: frozenset[str], stages: frozenset[str] | None) -> None:
        self._only, self._stages = only, stages

    @classmethod
    def of(cls, context: Context, chosen: Pipeline) -> _Wanted:
        """Raises ``ConfigInvalid`` for names that are not there."""
        options = context.options.environments
        names = [stage.name for stage in chosen.stages]
        only = frozenset(it.strip() for it in re.split(r"[,\n]", options.only or "") if it.strip())
        known = {*names, *(task.name for _, task in chosen.tasks())}
        if unknown := sorted(only - known):
            there = ", ".join(names)
            raise ConfigInvalid(f"only: {unknown[0]!r:.80} is neither a stage nor a task; there are {there}.")
        if options.from_stage and options.from_stage not in names:
            raise ConfigInvalid(f"from-stage: {options.from_stage!r:.80} is not a stage; there are {', '.join(names)}.")
        later = frozenset(names[names.index(options.from_stage) :]) if options.from_stage else None
        return cls(only, later)

    def task(self, stage: Stage, task: Task) -> bool:
        """Whether ``task`` is asked for."""
        if self._only and not {stage.name, task.name} & self._only:
            return False
        return self._stages is None or stage.name in self._stages


def _shown(context: Context, chosen: Pipeline, wanted: _Wanted) -> Answered:
    run = Run("", context.options.environment or "", chosen, started(chosen))
    for stage in chosen.stages:
        context.say(f"{stage.name}{' (asks for a person)' if stage.approve else ''}")
        for task in stage.tasks:
            what = f"uses {task.uses}" if task.uses else f"runs {task.run.splitlines()[0][:80]}"
            after = f", after {', '.join(task.needs)}" if task.needs else ""
            asked = "" if wanted.task(stage, task) else " (not asked for)"
            context.say(f"  {task.name}: {what}{after}{asked}")
    context.tell(PipelineRan(run))
    return Answered(f"The pipeline has {count(len(list(chosen.tasks())), 'task')}; nothing was run.")


# -- doing it ------------------------------------------------------------------------------------------------------


class _Work:
    """What the tasks of one run have in common: the context, where the run is kept, and one voice for all of them.
    ``made`` is the release that the run had made before it was gone on with."""

    def __init__(self, context: Context, store: WriteStore, made: str) -> None:
        self._context, self._store, self._made = context, store, made
        self._lock = threading.Lock()
        self._told: dict[str, State] = {}
        self._warned = False

    def world(self) -> World:
        """What the runner gets."""
        context = self._context
        return World(self._do, self.keep, self._take_back, lambda task, results: inputs_of(context, task, results),
                     context.stop)  # fmt: skip

    def keep(self, run: Run) -> None:
        """Tell what changed, and write the run down where a task has ended."""
        changed = {name: it for name, it in run.results.items() if self._told.get(name, State.PENDING) is not it.state}
        self._told |= {name: it.state for name, it in changed.items()}
        with self._lock:
            for name, it in changed.items():
                took = f" ({it.seconds:.1f} s)" if it.seconds else ""
                self._context.say(f"{name}: {it.state}{took}{f': {it.outcome.message}' if it.outcome.message else ''}")
            self._context.tell(PipelineRan(run))
        if self._context.stop.requested or (all(it.state is State.RUNNING for it in changed.values()) and changed):
            return
        try:
            self._store.put(key_of(run.id), to_bytes(run), RECORD_HEADERS)
        except GalleriaError as error:
            if not self._warned:
                self._context.warn(f"The run could not be written down; it cannot be gone on with: {error.message}")
            self._warned = True

    def _do(self, task: Task, stop: Stop) -> Outcome:
        """Do ``task``; what it says is told when it has ended, in one piece."""
        shell = self._context.shell
        if task.run:
            assert shell is not None
            outcome = shell.run(task, stop)
            self._flush(task, list(map(Said, outcome.log)))
            return self._hushed(outcome)
        voice = _Voice(self._context, self._lock, apart=USES[task.uses].apart)
        try:
            outcome = USES[task.uses].run(replace(self._context, tell=voice.hear, stop=stop), task.settings)
        except GalleriaError as error:
            found = isinstance(error, BudgetExceeded | DuplicatesFound)
            text = " ".join(filter(None, [error.message, error.hint]))
            outcome = Outcome(text, error.reason, found, error.findings)
        except Exception as defect:  # noqa: BLE001 - a defect in one task must not lose what the others did
            outcome = Outcome(f"a defect in Galleria Action: {type(defect).__name__}: {defect}", "internal")
        self._flush(task, voice.kept)
        release = voice.release or (self._made if task.uses == "deploy" and outcome.ok else "")
        return self._hushed(replace(outcome, release=release, log=voice.lines()))

    def _hushed(self, outcome: Outcome) -> Outcome:
        """``outcome`` as it may be kept: a service may repeat what it was sent."""
        hide = self._context.hide
        findings = tuple(replace(it, message=hide(it.message)) for it in outcome.findings)
        return replace(outcome, message=hide(outcome.message), findings=findings, log=tuple(map(hide, outcome.log)))

    def _flush(self, task: Task, events: list[Event]) -> None:
        with self._lock:
            tell = self._context.tell
            tell(Entered(task.name))
            for event in events:
                tell(event)
            tell(Left())

    def _take_back(self, release: str) -> Outcome:
        """Bring back what was live before ``release``, where that is live."""
        try:
            live = live_release(self._context)
            if live is not None and live.id != release:
                return Outcome(f"{release} is not live any more ({live.id} is); nothing was taken back.")
            done = step_back(self._context)
            if isinstance(done, GalleriaError):
                text = f"{release} was taken back, but not all is as it should be: {done.message}"
                return Outcome(text, done.reason)
            return Outcome(f"{release} was taken back. {done.message}")
        except GalleriaError as error:
            return Outcome(f"{release} could not be taken back: {error.message}", error.reason)


class _Voice:
    """Hears one task: words are kept until it has ended, facts are told at once, but those of a gallery ``apart``."""

    def __init__(self, context: Context, lock: threading.Lock, *, apart: bool) -> None:
        self._context, self._lock, self._apart = context, lock, apart
        self.kept: list[Event] = []
        self.release = ""

    def hear(self, event: Event) -> None:
        """See ``Listener``."""
        match event:
            case Said() | Warned():
                self.kept.append(event)
            case Entered() | Left() | Began() | Advanced() | Ended():
                pass
            case _ if self._apart:
                pass
            case _:
                if isinstance(event, Released):
                    self.release = event.id
                elif event == Probed(Sight.ROLLED_BACK):
                    self.release = ""  # nothing is left to be taken back
                with self._lock:
                    self._context.tell(event)

    def lines(self) -> tuple[str, ...]:
        """What was said."""
        return tuple(it.text for it in self.kept if isinstance(it, Said | Warned))[-200:]


# -- the end -------------------------------------------------------------------------------------------------------


def _tell_excused(context: Context, run: Run) -> None:
    """Warn of what tasks found that stop nothing: nobody else tells it."""
    for name in run.excused:
        outcome = run.results[name].outcome
        found, more = outcome.findings[:_SHOWN], len(outcome.findings) - _SHOWN
        listed = "; ".join(map(str, found)) + (f"; and {more} more" if more > 0 else "")
        context.warn(f"{name} failed, which stops nothing: {outcome.message}{f' Found: {listed}' if listed else ''}")


def _report(context: Context, run: Run) -> None:
    """JUnit's XML beside the result: where nobody watches, or where the result is wanted as a file."""
    result = context.options.output.result_file
    if result or not context.place.attended:
        path = (result.parent if result else Path()) / JUNIT_FILE
        try:
            context.tell(Reported(path, junit(run)))
        except GalleriaError as error:
            context.warn(f"{JUNIT_FILE}: {error.message}")


def _prune(store: WriteStore) -> None:
    """Let older runs go; that this fails harms nobody."""
    with suppress(GalleriaError):
        if old := sorted(it.key for it in store.list(RUNS_FOLDER))[:-KEPT]:
            store.delete(old)


def _judged(context: Context, run: Run) -> Answered:
    """The last word. Raises what the run has come to."""
    number = sum(it.state is State.SUCCEEDED for it in run.results.values())
    if run.waiting:
        raise ApprovalNeeded(
            f"The stage {run.waiting} waits for a person: {count(number, 'task')} done, run {run.id}.",
            hint=f"Look at it, then go on: galleria-action pipeline --continue {run.id}",
        )
    if not run.failed:
        cancelled = [name for name, it in run.results.items() if it.state is State.CANCELLED]
        if cancelled:
            raise PipelineFailed(f"{', '.join(cancelled)} did not come to an end.", hint=_again(run))
        but = f" but for {', '.join(run.excused)}" if run.excused else ""
        return Answered(f"The pipeline went well{but}: {count(number, 'task')} done, run {run.id}.")
    skipped = [name for name, it in run.results.items() if it.state in (State.SKIPPED, State.CANCELLED) and it.blocks]
    outcomes = {name: run.results[name].outcome for name in run.failed}
    text = " ".join(f"{name} failed: {outcome.message}" for name, outcome in outcomes.items())
    if skipped:
        text += f" Not done: {', '.join(skipped)}."
    kind = BudgetExceeded if all(outcome.found for outcome in outcomes.values()) else PipelineFailed
    raise kind(text, hint=_again(run), findings=[it for outcome in outcomes.values() for it in outcome.findings])


def _again(run: Run) -> str:
    return f"Mend it, then go on where it ended: galleria-action pipeline --continue {run.id}"
