"""A pipeline as a value: stages in order, each with tasks, and what became of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum

from galleria_action.errors import Finding
from galleria_action.values import dataclass, field


class State(StrEnum):
    """Where a task is."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class OnFailure(StrEnum):
    """What a stage that failed does about the release that this run has made."""

    STOP = "stop"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do: ``uses`` names one of ours, ``run`` is a command; one of the two.

    ``needs`` are names of tasks that come before. ``timeout`` in seconds, ``retries`` how often it is tried again.
    ``when`` is a condition (``if`` in the file). The pipeline goes on after a task that may ``continue_on_error``.
    ``env`` are the command's variables, and ``settings`` the limits of ours (``with`` in the file).
    """

    name: str
    uses: str = ""
    run: str = ""
    description: str = ""
    needs: tuple[str, ...] = ()
    timeout: float = 3600.0
    retries: int = 0
    when: str = "success()"
    continue_on_error: bool = False
    env: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stage:
    """Tasks that run side by side as far as they do not need each other.

    With ``fail_fast`` nothing more of it is begun after a failure, and what runs is stopped. ``approve`` asks for a
    person before it begins.
    """

    name: str
    tasks: tuple[Task, ...]
    fail_fast: bool = True
    approve: bool = False
    on_failure: OnFailure = OnFailure.STOP


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Stages in their order. The names of tasks are unique in all of it."""

    stages: tuple[Stage, ...]

    def tasks(self) -> Iterator[tuple[Stage, Task]]:
        """Every task with its stage, in order."""
        return ((stage, task) for stage in self.stages for task in stage.tasks)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one try of a task ended: ``reason`` is empty when it went well, ``found`` says that it failed because it
    found something in the gallery. ``log`` is what it said, ``release`` the one that it made."""

    message: str = ""
    reason: str = ""
    found: bool = False
    findings: tuple[Finding, ...] = ()
    log: tuple[str, ...] = ()
    release: str = ""

    @property
    def ok(self) -> bool:
        """Whether it went well."""
        return not self.reason


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a task. ``inputs`` (SHA-256, hex) stands for all that decides what it does; ``kept`` says that an
    earlier run had done it already. ``blocks``: what needs it is not done."""

    state: State = State.PENDING
    outcome: Outcome = Outcome()
    seconds: float = 0.0
    tries: int = 0
    inputs: str = ""
    kept: bool = False
    blocks: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """A pipeline with what became of its tasks, by name. ``waiting`` is the stage that waits for a person."""

    id: str
    environment: str
    pipeline: Pipeline
    results: Mapping[str, Result]
    approved: tuple[str, ...] = ()
    waiting: str = ""

    @property
    def failed(self) -> tuple[str, ...]:
        """The names of the tasks that ended the run."""
        return tuple(name for name, it in self.results.items() if it.state is State.FAILED and it.blocks)

    @property
    def excused(self) -> tuple[str, ...]:
        """The names of the tasks that failed, as they may."""
        return tuple(name for name, it in self.results.items() if it.state is State.FAILED and not it.blocks)

    @property
    def release(self) -> str:
        """The release that it made; empty where it made none."""
        return next((it.outcome.release for it in reversed(list(self.results.values())) if it.outcome.release), "")
