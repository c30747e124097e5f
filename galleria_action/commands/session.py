"""What every command is handed, and the steps that several of them share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TextIO, cast

from galleria_action.ci.interface import CI, NoReviews, Reviews
from galleria_action.ci.workspace import write_file
from galleria_action.deployment.stop import Stop
from galleria_action.errors import Finding, VerifyFailed
from galleria_action.options import Options
from galleria_action.report.progress import Progress, Style, Work, open_progress
from galleria_action.report.result import Record
from galleria_action.storage.interface import ReadStore, Target, WriteStore
from galleria_action.storage.settings import StoreSettings
from galleria_action.storage.wrappers import ReadOnlyStore, RecordingStore

#: where the plan goes in CI when nothing else is said
PLAN_FILE = "galleria-plan.json"


@dataclass(frozen=True, slots=True)
class Session:
    """One run: the options, the place it runs in, the record of what happens, and the way to the storage.

    ``workspace`` is the folder that local files must not leave, ``outside`` its path outside of the container where we
    run in one; ``in_ci`` says that nobody watches: reports are written
    unasked, and files outside of the workspace refused. ``stream`` is where a terminal shows a progress bar.
    """

    options: Options
    ci: CI
    record: Record
    stop: Stop
    workspace: Path
    outside: str | None
    in_ci: bool
    open_store: Callable[[StoreSettings], WriteStore]
    stream: TextIO
    reviews: Reviews = field(default_factory=NoReviews)

    @property
    def settings(self) -> StoreSettings:
        """The storage settings; present for every command that uses the network."""
        assert self.options.store is not None
        return self.options.store

    @property
    def target(self) -> Target:
        """Where the gallery goes."""
        return self.settings.target

    def recorded_store(self) -> WriteStore:
        """The store, with every request counted into the record."""
        store = RecordingStore(self.open_store(replace(self.settings, pause=self.stop.pause)))
        self.record.requests = store.counts
        return store

    def reading_store(self) -> ReadStore:
        """The store without the methods that write."""
        return ReadOnlyStore(self.recorded_store())

    def progress(self, done: str, files: int, size: int) -> Progress:
        """Shows how ``files`` files of ``size`` bytes in all come along; ``done`` is the word for a finished one."""
        style, work = cast(Style, self.options.output.progress), Work(done, files, size)
        return open_progress(style, work, line=self.ci.line, screen=self.ci.screen, clock=time.monotonic)

    def path(self, given: Path) -> Path:
        """A path from the options, relative to the workspace unless absolute."""
        return self.workspace / given

    def warn(self, text: str) -> None:
        """Tell about something that is not as it should be but does not stop the run."""
        hidden = self.ci.hide(text)
        self.record.warnings.append(hidden)
        self.ci.warning(hidden)

    def warn_all(self, texts: Iterable[str]) -> None:
        """Several warnings."""
        for text in texts:
            self.warn(text)

    def report_path(self, given: Path | None, default: str) -> Path | None:
        """Where ``plan.json`` or ``result.json`` goes; without a path from the options only in CI."""
        return given or (Path(default) if self.in_ci else None)

    def write_report(self, path: Path, body: bytes) -> str:
        """Write a report and return its path relative to the workspace, for later steps.

        Raises ``ConfigInvalid`` when it cannot be written, or would be outside of the workspace in CI.
        """
        if self.in_ci:
            return write_file(self.workspace, path, body)
        whole = self.path(path)
        write_file(whole.parent, whole.name, body)
        return str(path)


def judge_verification(session: Session) -> None:
    """Fail the run unless the verification in the record is good enough under the option ``orphans``.

    Raises ``VerifyFailed``.
    """
    found = session.record.verification
    assert found is not None
    orphans_fail = session.options.guards.orphans in ("fail", "delete")
    if found.orphaned and session.options.guards.orphans == "warn":
        session.warn(f"{len(found.orphaned)} objects lie in the gallery's folders that nothing names.")
    if found.whole and not (found.orphaned and orphans_fail):
        return
    wrong = {"missing": found.missing, "mismatched": found.mismatched, "orphaned": found.orphaned}
    counts = ", ".join(f"{len(keys):,} {word}" for word, keys in wrong.items() if keys)
    raise VerifyFailed(
        f"The bucket does not hold what the gallery says: {counts} ({found.checked:,} objects expected).",
        hint=_remedy(found.whole, deep=session.options.checks.verify == "deep"),
        findings=[Finding(f"{word}: {key}") for word, keys in wrong.items() for key in keys],
    )


def _remedy(whole: bool, *, deep: bool) -> str:
    if whole:
        return (
            "Every photo is there; some objects are left over. Look at them, then deploy with orphans: delete, or "
            "accept them with orphans: warn."
        )
    remedy = "Deploy again: it uploads what is missing or wrong and nothing else."
    # Bits that rot and headers that another tool changed leave no trace in a listing, by which a deploy goes.
    return f"{remedy} What only verify: deep finds is healed by a deploy with force: true." if deep else remedy
