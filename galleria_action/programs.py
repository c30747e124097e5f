"""The Python door for pipelines: frozen values in, a result out, nothing global.

Import the names from ``galleria_action.pipeline``. A run blocks until it is over; where that must not be, give it a
thread: ``await asyncio.to_thread(execute_pipeline, environment)``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from galleria_action.deployment.events import Event, Listener, PipelineRan, nobody
from galleria_action.deployment.stop import Stop
from galleria_action.errors import Finding, GalleriaError, exit_code_of
from galleria_action.fence.place import Place
from galleria_action.options import resolve
from galleria_action.options.presets import Preset, settings_of
from galleria_action.options.strategy import Strategy
from galleria_action.pipeline.command import Shell
from galleria_action.pipeline.model import Pipeline, Run
from galleria_action.storage.interface import WriteStore
from galleria_action.storage.opening import open_store
from galleria_action.storage.settings import StoreSettings
from galleria_action.usecases.context import Context
from galleria_action.usecases.tasks.pipeline import pipeline as run_pipeline
from galleria_action.values import dataclass, field, replace

#: how a release replaces the one before
DeploymentStrategy = Strategy


@dataclass(frozen=True, slots=True)
class DeploymentEnvironment:
    """Where a gallery goes. ``settings`` are options by their names, as a section of ``galleria.yml`` has them. They
    win over the ``strategy``, and both over the ``preset``."""

    name: str
    settings: Mapping[str, str] = field(default_factory=dict)
    preset: Preset | None = None
    strategy: Strategy | None = None


@dataclass(frozen=True, slots=True)
class PipelineError:
    """Why a run did not go well: the ``code`` is a failure reason of the reference, ``context`` says more by name."""

    code: str
    message: str
    context: Mapping[str, str | int | tuple[Finding, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PipelineResult:
    """What a run came to. ``run`` has each task's result, ``None`` where it never began; ``error`` is ``None`` when it
    went well."""

    run: Run | None = None
    message: str = ""
    error: PipelineError | None = None

    @property
    def success(self) -> bool:
        """Whether it went well."""
        return self.error is None


def execute_pipeline(
    environment: DeploymentEnvironment,
    pipeline: Pipeline | None = None,
    *,
    workspace: Path | str = ".",
    go_on_with: str = "",
    only: tuple[str, ...] = (),
    dry_run: bool = False,
    environ: Mapping[str, str] | None = None,
    stop: Stop | None = None,
    tell: Listener = nobody,
    open_store: Callable[[StoreSettings], WriteStore] = open_store,
) -> PipelineResult:
    """Run ``pipeline``, or the one of the environment's preset, on the gallery in ``workspace``.

    ``go_on_with`` is the id of a run to go on with, ``only`` are stages or tasks. Commands get of ``environ`` (the
    process's own where none is given) what they name. ``tell`` hears what happens, from several threads. Never raises
    for what a gallery, a task or a service does.
    """
    seen: list[Run] = []

    def hear(event: Event) -> None:
        if isinstance(event, PipelineRan):
            seen[:] = [event.run]
        tell(event)

    try:
        context = _context(environment, Path(workspace), go_on_with, only, dry_run, stop or Stop())
        shell = Shell(context.place.folder, os.environ if environ is None else environ)
        done = run_pipeline(replace(context, tell=hear, open_store=open_store, pipeline=pipeline, shell=shell))
    except GalleriaError as error:
        about: dict[str, str | int | tuple[Finding, ...]] = {
            "hint": error.hint or "", "exit_code": exit_code_of(error), "findings": error.findings,
        }  # fmt: skip
        return PipelineResult(
            seen[0] if seen else None, error.message, PipelineError(error.reason, error.message, about)
        )
    return PipelineResult(seen[0] if seen else None, done.message)


def _context(
    environment: DeploymentEnvironment,
    workspace: Path,
    go_on_with: str,
    only: tuple[str, ...],
    dry_run: bool,
    stop: Stop,
) -> Context:
    own = {"strategy": environment.strategy.value} if environment.strategy else {}
    own |= environment.settings
    preset = {it.option: it.text for it in settings_of(environment.preset or "", own)}
    texts = {**preset, "environment": environment.name, **own}
    if environment.preset:
        texts["preset"] = environment.preset.value
    texts |= {"continue": go_on_with, "only": ",".join(only), "dry-run": str(dry_run).lower()}
    options = resolve("pipeline", texts)
    return Context(options=options, place=Place(workspace.resolve()), stop=stop)
