"""One run, from arguments to exit code. Everything from outside is handed in; every end of a run is reported here."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import click

from galleria_action.ci.detect import detect
from galleria_action.ci.interface import CI
from galleria_action.cli import parse
from galleria_action.commands.cors import cors
from galleria_action.commands.deploy import deploy
from galleria_action.commands.plan import plan
from galleria_action.commands.session import Session
from galleria_action.commands.validate import validate
from galleria_action.commands.verify import verify
from galleria_action.deployment.stop import Stop
from galleria_action.errors import Cancelled, GalleriaError, InternalError
from galleria_action.options import resolve, secrets_in
from galleria_action.report.documents import result_json
from galleria_action.report.markdown import render_summary
from galleria_action.report.result import Record, Result, finish
from galleria_action.report.text import render_text
from galleria_action.storage import open_store
from galleria_action.storage.interface import WriteStore
from galleria_action.storage.settings import StoreSettings

_COMMANDS: Mapping[str, Callable[[Session], str]] = {
    "validate": validate,
    "plan": plan,
    "deploy": deploy,
    "verify": verify,
    "cors": cors,
}


@dataclass(frozen=True, slots=True)
class World:
    """Everything from outside: the environment, the folder we are in, where to print, the wish to stop, the storage."""

    environ: Mapping[str, str]
    folder: Path
    stdout: TextIO
    stderr: TextIO
    stop: Stop
    open_store: Callable[[StoreSettings], WriteStore] = open_store


def run(args: Sequence[str], world: World) -> int:
    """Run one command in ``world`` and return the exit code of the contract.

    Standard output gets everything, but with ``--json`` only the result, and standard error the rest.
    """
    environ, workspace = world.environ, Path(world.environ.get("GITHUB_WORKSPACE") or world.folder)
    try:
        invocation = parse(args, environ, workspace)
    except click.exceptions.Exit as end:
        return end.exit_code
    stream = world.stderr if invocation.as_json else world.stdout
    ci = detect(environ, stream, workspace)
    for secret in secrets_in(invocation.values):
        ci.mask(secret)
    record = Record(invocation.command)
    started = time.monotonic()
    session: Session | None = None
    error: GalleriaError | None = None
    message = ""
    try:
        options = resolve(invocation.command, invocation.values, invocation.problems)
        in_ci = environ.get("CI", "") not in ("", "false") or environ.get("GITHUB_ACTIONS") == "true"
        session = Session(
            options, ci, record, world.stop, workspace, _outside(environ), in_ci, world.open_store, stream
        )
        record.url = options.public_url
        record.target = options.store.target if options.store else None
        message = _COMMANDS[options.command](session)
    except GalleriaError as failure:
        error = _with_outcome(failure, record)
    except Exception as defect:  # noqa: BLE001 - the last line of defence: reported as a defect of ours, never hidden
        error = _defect(defect, ci, environ)
    result = _write_result(session, record, lambda: finish(record, message, time.monotonic() - started, error))
    _report(result, ci)
    if invocation.as_json:
        world.stdout.write(result_json(result).decode())
    return result.exit_code


def _outside(environ: Mapping[str, str]) -> str | None:
    """The workspace's path on the runner itself.

    The runner translates ``GITHUB_WORKSPACE`` for a container, but not ``RUNNER_WORKSPACE``, the folder above it
    (actions/runner, ContainerActionHandler); the workspace in it has the repository's name.
    """
    above, repository = environ.get("RUNNER_WORKSPACE"), environ.get("GITHUB_REPOSITORY", "").rpartition("/")[2]
    return f"{above}/{repository}" if above and repository else None


def _with_outcome(error: GalleriaError, record: Record) -> GalleriaError:
    """A cancelled run says on which side of the commit it stopped."""
    if not isinstance(error, Cancelled):
        return error
    if record.committed:
        text = "after the commit: the new gallery is live, but old objects may remain and nothing was verified."
    else:
        text = "before the commit: the gallery that visitors see is as before. What was uploaded is kept."
    return Cancelled(f"{error.message} {text}", signal_number=error.signal_number, hint="Run again to finish.")


def _defect(defect: Exception, ci: CI, environ: Mapping[str, str]) -> InternalError:
    if environ.get("RUNNER_DEBUG") == "1" or environ.get("GALLERIA_DEBUG") == "1":
        for line in "".join(traceback.format_exception(defect)).splitlines():
            ci.line(line)
    return InternalError(
        f"A defect in Galleria Action: {type(defect).__name__}: {defect}",
        hint="Please report it, with the log of a run with debug logging (GALLERIA_DEBUG=1).",
    )


def _report(result: Result, ci: CI) -> None:
    """Tell everybody: annotations, the log, the outputs and the summary.

    What cannot be told to one reader is told to the log; it cannot change how the run ended.
    """
    if ci.annotates and result.exit_code:
        for finding in result.findings:
            ci.error(finding)
        ci.error(f"{result.message} {result.hint or ''}".strip())
    for line in render_text(result):
        ci.line(line)
    try:
        ci.write_outputs(result.outputs)
        if ci.summary_budget:
            ci.write_summary(render_summary(result, ci.summary_budget))
    except (OSError, ValueError) as error:
        ci.warning(f"Outputs or summary could not be written: {error}")
    ci.close()


def _write_result(session: Session | None, record: Record, closed: Callable[[], Result]) -> Result:
    """Write ``result.json`` where it is wanted. It cannot fail the run: what it reports has happened already."""
    path = session.report_path(session.options.result_file, "galleria-result.json") if session else None
    if session is None or path is None:
        return closed()
    record.result_file = str(path)
    try:
        session.write_report(path, result_json(closed()))
    except GalleriaError as error:
        record.result_file = None
        session.warn(error.message)
    return closed()
