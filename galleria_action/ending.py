"""How a run is reported in the end: to reviewers, later steps, the log, the summary; whatever has become of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from galleria_action.ci.interface import CI, Reviews
from galleria_action.cli.commands import COMMANDS, Command
from galleria_action.errors import Cancelled, ConfigInvalid, GalleriaError, InternalError
from galleria_action.listeners import PLAN_FILE, RESULT_FILE, ReportFiles
from galleria_action.quantities import count
from galleria_action.report.documents import report_renderer, result_json, result_text
from galleria_action.report.result import Result, Tally, finish
from galleria_action.report.text import render_text
from galleria_action.report.wording import sentences
from galleria_action.usecases.context import Context
from galleria_action.values import dataclass, replace

if TYPE_CHECKING:
    from galleria_action.watchers import Watchers


@dataclass(frozen=True, slots=True)
class Run:
    """A run that can begin: what its use case is handed, who reviews it, and who is told how it ended."""

    command: Command
    context: Context
    reviews: Reviews
    watchers: Watchers | None = None


@dataclass
class Ending:
    """How a run is reported in the end: to reviewers, later steps, the log, the summary.

    ``stdout`` is where the result goes as JSON, where that is asked for. ``quiet`` leaves the verdict only of the log;
    with ``debug`` a defect of ours is told with its traceback.
    """

    ci: CI
    record: Tally
    started: float
    stdout: TextIO | None
    files: ReportFiles
    quiet: bool
    debug: bool
    run: Run | None = None

    def stopping(self) -> None:
        """Tell at once that the wish to stop was heard."""
        under_way = self.record.under_way
        what = f"finishing {count(under_way, 'upload')}" if under_way else "nothing more is begun"
        again = " Press Ctrl-C again to leave at once." if self.ci.screen else ""
        self.ci.line(f"Stopping: {what}.{again}")

    def in_the_runs_place(self, error: GalleriaError) -> int:
        """Report a run that hangs as ended by ``error``, with what is known of it; the exit code."""
        if screen := self.ci.screen:
            screen.show("")
        error = with_outcome(error, self.record)
        hush(error, self.ci)
        return self.report("", error)

    def tell_reviewers(self, message: str, error: GalleriaError | None) -> None:
        """Bring comment and deployment up to date. Whatever goes wrong there, the run has ended as it has."""
        if self.run is None:
            return
        try:
            for name, body in self.run.reviews.finished(self._result(message, error)).items():
                beside = self.run.context.options.output.plan_file or Path(PLAN_FILE)
                self.files.place.write(beside.with_name(name), body)
        except GalleriaError as trouble:
            self.run.context.warn(trouble.message)
        except KeyboardInterrupt:
            raise
        except BaseException as defect:  # noqa: BLE001 - what was deployed is deployed; a defect here must not hide that
            self.run.context.warn(defect_of(defect, self.ci, debug=self.debug).message)

    def report(self, message: str, error: GalleriaError | None) -> int:
        """Write result, outputs and summary, and the end of the log; the exit code.

        Later steps go by the outputs. Where those cannot be set the run has failed, whatever it did: a green step
        without them would silently skip what depends on them.
        """
        self._write_reports(message, error)
        self._write_result(message, error)
        try:
            self.ci.write_outputs(self._result(message, error).outputs)
        except (GalleriaError, OSError, ValueError) as trouble:
            if error:
                self.ci.warning(_sentence(trouble))
            else:
                error = _outputs_lost(trouble, message)
                self._write_result(message, error)
        result = self._result(message, error)
        _report(result, self.ci, quiet=self.quiet, plan_told=self.record.plan_told)
        self._tell_watchers(result)
        return result.exit_code if self._printed(result) else result.exit_code or ConfigInvalid.exit_code

    def _tell_watchers(self, result: Result) -> None:
        """Alerts and metrics, when everything else is said: they may take their time, and nobody waits for them."""
        if self.run and self.run.watchers:
            for trouble in self.run.watchers.finished(result):
                self.ci.line(self.ci.hide(trouble))

    def _printed(self, result: Result) -> bool:
        """Print ``result`` as JSON where that is asked for; whether somebody can have read it."""
        try:
            if self.stdout:
                self.stdout.write(result_text(result))
                self.stdout.flush()
        except BrokenPipeError:
            return True  # they have read enough
        except (OSError, ValueError) as trouble:
            self.ci.error(f"The result could not be printed: {trouble}")
            return False
        return True

    def _result(self, message: str, error: GalleriaError | None) -> Result:
        return finish(self.record, message, time.monotonic() - self.started, error)

    def _write_reports(self, message: str, error: GalleriaError | None) -> None:
        """Write the report to look at where it is wanted. It cannot fail the run either."""
        if self.run is None or not (paths := self.run.context.options.reports):
            return
        body = report_renderer()(self._result(message, error))
        for path in paths:
            try:
                self.record.report_file = self.files.place.write(path, body)
            except GalleriaError as trouble:
                self.run.context.warn(_sentence(trouble))

    def _write_result(self, message: str, error: GalleriaError | None) -> None:
        """Write ``result.json`` where it is wanted. It cannot fail the run: what it reports has happened already."""
        path = self.files.path(self.run.context.options.output.result_file, RESULT_FILE) if self.run else None
        if self.run is None or path is None:
            return
        self.record.result_file = str(path)
        try:
            self.files.place.write(path, result_json(self._result(message, error)))
        except GalleriaError as trouble:
            self.record.result_file = None
            self.run.context.warn(_sentence(trouble))


def with_outcome(error: GalleriaError, record: Tally) -> GalleriaError:
    """A cancelled run says on which side of the commit it stopped."""
    command = COMMANDS.get(record.command)
    if not isinstance(error, Cancelled):
        return error
    if command and not command.needs_bucket:
        whole = error.message.removesuffix(",")  # whoever spoke for the run left room for what was written
        return Cancelled(f"{whole}.", signal_number=error.signal_number, hint="Run again to finish.")
    if command and not command.writes:
        text = "before the end. Nothing was written."
    elif record.committed is None:
        text = "during the commit, whose outcome could not be learnt: the gallery online is the old one or the new one."
    elif record.committed:
        text = "after the commit: the new gallery is live, but old objects may remain and nothing was verified."
    elif record.publishing:
        text = (
            "before the commit, while publishing: visitors may see new photos under the old metadata. The next run "
            "finishes that, or takes it back."
        )
    else:
        text = "before the commit: the gallery that visitors see is as before. What was uploaded is kept."
    return Cancelled(f"{error.message} {text}", signal_number=error.signal_number, hint="Run again to finish.")


def defect_of(defect: BaseException, ci: CI, *, debug: bool) -> InternalError:
    """What is told of a defect of ours; its traceback goes to the log where ``debug`` asks for it."""
    if debug:
        import traceback

        for line in "".join(traceback.format_exception(defect)).splitlines():
            ci.line(line)
    return InternalError(
        f"A defect in Galleria Action: {type(defect).__name__}: {defect}",
        hint="Please report it, with the log of a run with debug logging (GALLERIA_DEBUG=1).",
    )


def _report(result: Result, ci: CI, *, quiet: bool, plan_told: bool) -> None:
    """Tell everybody: annotations, the log and the summary.

    What cannot be told to one reader is told to the log; it cannot change how the run ended.
    """
    if ci.annotates and result.exit_code:
        for finding in result.findings:
            ci.error(finding)
        ci.error("\n".join(filter(None, [result.message, result.hint])))
    told = ci.screen is not None  # whoever watches has seen the warnings a moment ago
    for line in render_text(result, quiet=quiet, plan_told=plan_told, warnings_told=told):
        ci.line(line.text, line.tone)
    try:
        if budget := ci.summary_budget:
            from galleria_action.report.markdown import render_summary

            ci.write_summary(render_summary(result, budget))
    except (GalleriaError, OSError, ValueError) as trouble:
        ci.warning(f"The summary could not be written: {_sentence(trouble)}")
    ci.close()


def _outputs_lost(trouble: Exception, message: str) -> ConfigInvalid:
    return ConfigInvalid(
        sentences(
            f"The outputs of this step could not be written, so later steps would miss them: {trouble}",
            f"The run itself went well: {message}",
        ),
        hint=getattr(trouble, "hint", None),
    )


def _sentence(trouble: Exception) -> str:
    """An error as a warning, with what to do about it."""
    return sentences(str(trouble), getattr(trouble, "hint", None))


def hush(error: GalleriaError, ci: CI) -> None:
    """Take secrets out of an error before anybody is told: a service may repeat in it what it was sent."""
    error.message = ci.hide(error.message)
    error.hint = error.hint and ci.hide(error.hint)
    error.findings = tuple(replace(finding, message=ci.hide(finding.message)) for finding in error.findings)
