"""One run, from arguments to exit code. Everything from outside is handed in; every end of a run is reported here."""

from __future__ import annotations

import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TextIO

from galleria_action import policy
from galleria_action.ci.detect import detect
from galleria_action.ci.interface import CI, NoReviews, Reviews, Wishes
from galleria_action.ci.revision import Ancestry, revision
from galleria_action.cli.commands import COMMANDS, Command
from galleria_action.cli.parse import Invocation, parse
from galleria_action.deployment.events import Listener, Warned, nobody
from galleria_action.deployment.stop import Stop
from galleria_action.errors import Cancelled, ConfigInvalid, GalleriaError, InternalError, exit_code_of
from galleria_action.farewell import Farewell, Speech
from galleria_action.listeners import PLAN_FILE, RESULT_FILE, Log, PlanFile, ReportFiles, Reports, Reviewers, all_of
from galleria_action.options import SECRETS, Options, resolve, usage_problem
from galleria_action.options.declaration import Topic
from galleria_action.options.guards import PlanApproval
from galleria_action.options.origin import texts
from galleria_action.options.review import Comment
from galleria_action.report.documents import report_renderer, result_json, result_text
from galleria_action.report.markdown import render_summary
from galleria_action.report.result import Result, Tally, finish
from galleria_action.report.text import render_text
from galleria_action.report.wording import count, sentences
from galleria_action.storage.interface import Target, WriteStore
from galleria_action.storage.opening import open_store
from galleria_action.storage.public_store import public_target
from galleria_action.storage.settings import StoreSettings
from galleria_action.storage.wrappers import RecordingStore
from galleria_action.usecases.context import Context, Place

_Opener = Callable[[StoreSettings], WriteStore]


@dataclass(frozen=True, slots=True)
class World:
    """Everything from outside: the environment, the folder we are in, where to print, the wish to stop, the storage,
    and who reports when the run does not get to it."""

    environ: Mapping[str, str]
    folder: Path
    stdout: TextIO
    stderr: TextIO
    stop: Stop
    open_store: Callable[[StoreSettings], WriteStore] = open_store
    farewell: Farewell = field(default_factory=Farewell)


def run(args: Sequence[str], world: World) -> int:
    """Run one command in ``world`` and return the exit code of the contract.

    Standard output gets everything, but with ``--json`` only the result, and standard error the rest.
    """
    environ, workspace = world.environ, Path(world.environ.get("GITHUB_WORKSPACE") or world.folder)
    invocation = parse(args, environ, workspace)
    if invocation.text is not None:
        with suppress(BrokenPipeError):
            print(invocation.text, file=world.stdout, flush=True)
        return invocation.exit_code
    stream = world.stderr if invocation.as_json else world.stdout
    ci = detect(environ, stream, workspace)
    for name in SECRETS:
        if name in invocation.given:
            ci.mask(invocation.given[name].text)
    record = Tally(invocation.command, hide=ci.hide)
    files = ReportFiles(workspace, attended=not _in_ci(environ))
    debug = "1" in (environ.get("RUNNER_DEBUG"), environ.get("GALLERIA_DEBUG"))
    ending = _Ending(
        ci, record, time.monotonic(), world.stdout if invocation.as_json else None, files, invocation.quiet, debug
    )
    world.farewell.prepare(Speech(ending.stopping, ending.in_the_runs_place))
    error: GalleriaError | None = None
    message = ""
    try:
        ending.run = prepared = _prepare(invocation, ci, record, world, ending.files)
        _refuse(prepared, ci)
        message = prepared.command.use_case(prepared.context.options)(prepared.context).message
    except GalleriaError as failure:
        error = _with_outcome(failure, record)
    except KeyboardInterrupt:
        raise
    except BaseException as defect:  # noqa: BLE001 - the last line of defence: reported as a defect of ours, never hidden
        # Not Exception: the panics of libraries in other languages are none.
        error = _defect(defect, ci, debug=ending.debug)
    if error:
        _hush(error, ci)
    ending.tell_reviewers(message, error)
    if world.farewell.take():
        return ending.report(message, error)
    return exit_code_of(error) if error else 0  # the front door has lost its patience and reports instead


@dataclass(frozen=True, slots=True)
class _Run:
    """A run that can begin: what its use case is handed, and who reviews it."""

    command: Command
    context: Context
    reviews: Reviews


@dataclass
class _Ending:
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
    run: _Run | None = None

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
        error = _with_outcome(error, self.record)
        _hush(error, self.ci)
        return self.report("", error)

    def tell_reviewers(self, message: str, error: GalleriaError | None) -> None:
        """Bring comment and deployment up to date. Whatever goes wrong there, the run has ended as it has."""
        if self.run is None:
            return
        try:
            for name, body in self.run.reviews.finished(self._result(message, error)).items():
                beside = self.run.context.options.output.plan_file or Path(PLAN_FILE)
                self.files.write(beside.with_name(name), body)
        except GalleriaError as trouble:
            self.run.context.warn(trouble.message)
        except KeyboardInterrupt:
            raise
        except BaseException as defect:  # noqa: BLE001 - what was deployed is deployed; a defect here must not hide that
            self.run.context.warn(_defect(defect, self.ci, debug=self.debug).message)

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
        return result.exit_code if self._printed(result) else result.exit_code or ConfigInvalid.exit_code

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
                self.record.report_file = self.files.write(path, body)
            except GalleriaError as trouble:
                self.run.context.warn(_sentence(trouble))

    def _write_result(self, message: str, error: GalleriaError | None) -> None:
        """Write ``result.json`` where it is wanted. It cannot fail the run: what it reports has happened already."""
        path = self.files.path(self.run.context.options.output.result_file, RESULT_FILE) if self.run else None
        if self.run is None or path is None:
            return
        self.record.result_file = str(path)
        try:
            self.files.write(path, result_json(self._result(message, error)))
        except GalleriaError as trouble:
            self.record.result_file = None
            self.run.context.warn(_sentence(trouble))


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


def _hush(error: GalleriaError, ci: CI) -> None:
    """Take secrets out of an error before anybody is told: a service may repeat in it what it was sent."""
    error.message = ci.hide(error.message)
    error.hint = error.hint and ci.hide(error.hint)
    error.findings = tuple(replace(finding, message=ci.hide(finding.message)) for finding in error.findings)


def _prepare(invocation: Invocation, ci: CI, record: Tally, world: World, files: ReportFiles) -> _Run:
    """Everything a run consists of. Raises ``ConfigInvalid`` with every mistake in the options."""
    if not invocation.command:
        raise usage_problem("", invocation.mistakes)
    command, occasion = COMMANDS[invocation.command], ci.occasion
    publicly = command.plans_publicly and policy.goes_without(occasion, invocation.given)
    heeded = policy.heed(occasion, invocation.given, command.shows, publicly=publicly)
    options = resolve(
        command.name,
        texts(heeded.given),
        [*invocation.problems, *heeded.refused],
        mistakes=invocation.mistakes,
        uses_bucket=command.needs_bucket,
        needs_bucket=not publicly and invocation.complete and not heeded.refused,
        no_bucket=invocation.no_bucket,
    )
    if options.reports:
        report_renderer()
    record.url = options.review.public_url
    record.target = _target(options, publicly)
    record.dry_run = publicly or command.only_plans(options)
    record.shard = None if record.dry_run else options.upload.shard
    log = nobody if invocation.quiet else Log(ci, options.output.progress.value, record).hear
    told = all_of(record.hear, log)
    reviews = _reviews(command, options, ci, record, told)
    plan_file = PlanFile(files, options.output.plan_file, record, lambda text: told(Warned(text)))
    context = Context(
        options=options,
        place=Place(files.workspace, _outside(world.environ), files.attended),
        stop=world.stop,
        tell=all_of(record.hear, log, plan_file.hear, Reports(files).hear, Reviewers(reviews).hear),
        open_store=_recorded(world.open_store, record),
        approval=reviews.approval,
        without_secrets=occasion.without_secrets if publicly else "",
        made_by=revision(world.environ, files.workspace, time.time) if command.topics & Topic.PLAN else None,
        is_ancestor=Ancestry(world.environ, files.workspace, options.review.github_token).is_ancestor,
    )
    context.warn_all(heeded.warnings)
    return _Run(command, context, reviews)


def _refuse(run: _Run, ci: CI) -> None:
    """Raise ``ConfigInvalid`` where this occasion is none for writing."""
    writes = run.command.would_write(run.context.options) and not run.context.without_secrets
    if refused := policy.refusal(ci.occasion, writes=writes):
        raise refused


def _reviews(command: Command, options: Options, ci: CI, record: Tally, tell: Listener) -> Reviews:
    if not _reviewed(command, options):
        return NoReviews()
    return ci.reviews(_wishes(options, record), lambda text: tell(Warned(text)))


def _recorded(open_store: _Opener, record: Tally) -> _Opener:
    """``open_store``, with the requests of all stores counted for the record."""
    stores: list[RecordingStore] = []

    def requests() -> dict[str, int]:
        return dict(sum((Counter(store.counts()) for store in stores), Counter[str]()))

    def opened(settings: StoreSettings) -> WriteStore:
        stores.append(RecordingStore(open_store(settings)))
        record.requests = requests
        return stores[-1]

    return opened


def _in_ci(environ: Mapping[str, str]) -> bool:
    """Whether nobody watches: reports are written unasked, and files outside of the workspace refused."""
    return environ.get("CI", "") not in ("", "false") or environ.get("GITHUB_ACTIONS") == "true"


def _outside(environ: Mapping[str, str]) -> str | None:
    """The workspace's path on the runner itself.

    The runner translates ``GITHUB_WORKSPACE`` for a container, but not ``RUNNER_WORKSPACE``, the folder above it
    (actions/runner, ContainerActionHandler); the workspace in it has the repository's name.
    """
    above, repository = environ.get("RUNNER_WORKSPACE"), environ.get("GITHUB_REPOSITORY", "").rpartition("/")[2]
    return f"{above}/{repository}" if above and repository else None


def _target(options: Options, publicly: bool) -> Target | None:
    if publicly:
        return public_target(options.review.public_url) if options.review.public_url else None
    return options.store.target if options.store else None


def _reviewed(command: Command, options: Options) -> bool:
    """Whether anything of this run may concern reviewers; what shows it to them takes its time to import."""
    asked = options.guards.plan_approval is not PlanApproval.OFF
    if options.upload.shard:
        return asked
    wanted = options.review.comment is not Comment.OFF or asked
    deploys = options.review.environment_url or options.review.public_url
    return command.reviewed and bool(wanted or deploys)


def _wishes(options: Options, record: Tally) -> Wishes:
    review = options.review
    identity = Wishes(label=review.label or "", target=record.target, token=review.github_token)
    if options.upload.shard:
        return identity  # it may ask what is approved; eight jobs are not to tell the same eight times
    return replace(
        identity,
        comment=review.comment,
        public_url=review.public_url,
        environment=options.environment,
        environment_url=review.environment_url,
    )


def _with_outcome(error: GalleriaError, record: Tally) -> GalleriaError:
    """A cancelled run says on which side of the commit it stopped."""
    command = COMMANDS.get(record.command)
    if not isinstance(error, Cancelled) or (command and not command.needs_bucket):
        return error
    if record.committed is None:
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


def _defect(defect: BaseException, ci: CI, *, debug: bool) -> InternalError:
    if debug:
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
    # what is wrong with the options is told in any case: nobody can guess it
    verdict_only = quiet and result.exit_code != ConfigInvalid.exit_code
    for line in render_text(result, quiet=verdict_only, plan_told=plan_told):
        ci.line(line.text, line.tone)
    try:
        if budget := ci.summary_budget:
            ci.write_summary(render_summary(result, budget))
    except (GalleriaError, OSError, ValueError) as trouble:
        ci.warning(f"The summary could not be written: {_sentence(trouble)}")
    ci.close()
