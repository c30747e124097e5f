"""One run, from arguments to exit code. Everything from outside is handed in."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from galleria_action import policy
from galleria_action.ci.detect import detect
from galleria_action.ci.interface import CI, NoReviews, Reviews, Wishes
from galleria_action.ci.occasion import Cause, Occasion
from galleria_action.ci.provenance import who
from galleria_action.ci.revision import Ancestry, revision
from galleria_action.ci.secrets import in_addresses, of_proxies
from galleria_action.cli.commands import COMMANDS, Command
from galleria_action.cli.parse import Invocation, parse
from galleria_action.deployment.caches import CREDENTIALS
from galleria_action.deployment.events import Listener, Warned, nobody
from galleria_action.deployment.stop import Stop
from galleria_action.ending import Ending, Run, defect_of, hush, with_outcome
from galleria_action.errors import GalleriaError, exit_code_of
from galleria_action.farewell import Farewell, Speech
from galleria_action.fence.place import Place, outside_of
from galleria_action.listeners import Log, PlanFile, ReportFiles, Reports, Reviewers, all_of, but_of_each_file
from galleria_action.options import BY_NAME, SECRETS, Options, resolve, usage_problem
from galleria_action.options.declaration import Topic
from galleria_action.options.guards import PlanApproval
from galleria_action.options.origin import Given, texts
from galleria_action.options.review import Comment
from galleria_action.report.documents import report_renderer
from galleria_action.report.result import Tally
from galleria_action.storage.interface import Target, WriteStore
from galleria_action.storage.opening import OpenedAhead, open_store
from galleria_action.storage.persistence import Waits
from galleria_action.storage.settings import FOLDER, StoreSettings
from galleria_action.storage.wrappers import RecordingStore
from galleria_action.usecases.context import Context, Environments
from galleria_action.usecases.parts.written import check_written_files
from galleria_action.usecases.previews.address import address_of_preview, preview_of
from galleria_action.values import dataclass, field, replace

if TYPE_CHECKING:
    from galleria_action.watchers import Watchers

_Opener = Callable[[StoreSettings], WriteStore]


@dataclass(frozen=True, slots=True)
class World:
    """Everything from outside: the environment, the folder we are in, where to print, the wish to stop, the storage,
    who reports when the run does not get to it, and who is told before much is held in memory."""

    environ: Mapping[str, str]
    folder: Path
    stdout: TextIO
    stderr: TextIO
    stop: Stop
    open_store: Callable[[StoreSettings], WriteStore] = open_store
    farewell: Farewell = field(default_factory=Farewell)
    expect_much: Callable[[], None] = lambda: None


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
    for name in CREDENTIALS:
        if secret := environ.get(name):
            ci.mask(secret)
    for secret in (*in_addresses(it.text for it in invocation.given.values()), *of_proxies(environ)):
        ci.mask(secret)
    record = Tally(invocation.command, hide=ci.hide)
    files = ReportFiles(Place(workspace, outside_of(environ), _attended(ci.occasion)))
    debug = "1" in (environ.get("RUNNER_DEBUG"), environ.get("GALLERIA_DEBUG"))
    ending = Ending(
        ci, record, time.monotonic(), world.stdout if invocation.as_json else None, files, invocation.quiet, debug
    )
    world.farewell.prepare(Speech(ending.stopping, ending.in_the_runs_place))
    error: GalleriaError | None = None
    message = ""
    try:
        ending.run = prepared = _prepare(invocation, ci, record, world, ending.files)
        _refuse(prepared, ci)
        ending.run = prepared = _opened_ahead(prepared)
        message = prepared.command.use_case(prepared.context.options)(prepared.context).message
    except GalleriaError as failure:
        error = with_outcome(failure, record)
    except KeyboardInterrupt:
        raise
    except BaseException as defect:  # noqa: BLE001 - the last line of defence: reported as a defect of ours, never hidden
        # Not Exception: the panics of libraries in other languages are none.
        error = defect_of(defect, ci, debug=ending.debug)
    if error:
        hush(error, ci)
    ending.tell_reviewers(message, error)
    if world.farewell.take():
        return ending.report(message, error)
    return exit_code_of(error) if error else 0  # the front door has lost its patience and reports instead


def _prepare(invocation: Invocation, ci: CI, record: Tally, world: World, files: ReportFiles) -> Run:
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
    for cache in options.edge.caches:
        if cache.secret:
            ci.mask(cache.secret)
    check_written_files(options, files.place)
    preview = preview_of(options, occasion) if Topic.PREVIEW in command.topics else ""
    if options.reports:
        report_renderer()
    record.url = options.review.public_url
    record.target = _target(options, publicly)
    record.dry_run = publicly or command.only_plans(options) or (bool(preview) and Topic.PLAN in command.topics)
    record.shard = None if record.dry_run else options.upload.shard
    log = nobody if invocation.quiet else Log(ci, options.output.progress.value, record).hear
    told = all_of(record.hear, log)
    reviews = _reviews(command, options, preview, ci, record, told)
    plan_file = PlanFile(files, options.output.plan_file, record, lambda text: told(Warned(text)))
    seldom = but_of_each_file(plan_file.hear, Reports(files).hear, Reviewers(reviews).hear)
    context = Context(
        options=options,
        place=files.place,
        stop=world.stop,
        tell=all_of(record.hear, log, seldom),
        open_store=_recorded(world.open_store, record),
        approval=reviews.approval,
        without_secrets=occasion.without_secrets if publicly else "",
        who=who(world.environ),
        environ=world.environ,
        made_by=revision(world.environ, files.place.folder, time.time) if command.topics & Topic.PLAN else None,
        is_ancestor=Ancestry(world.environ, files.place.folder, options.review.github_token).is_ancestor,
        preview=preview,
        pull_request=occasion.pull_request,
        closed=occasion.closed,
        is_open=reviews.is_open,
        environments=_environments(invocation, ci),
        expect_much=world.expect_much,
        **(_of_pipeline(invocation, ci, world, files.place.folder) if command.topics & Topic.PIPELINE else {}),
    )
    context.warn_all((*invocation.warnings, *heeded.warnings))
    _tell_notes(command, heeded.given, context)
    watchers = _watchers(command, context, ci.occasion, world.environ) if options.watch.wanted else None
    if watchers:
        context.warn_all(watchers.problems)
        context = replace(context, tell=all_of(context.tell, watchers.hear))
    return Run(command, context, reviews, watchers)


def _tell_notes(command: Command, given: Mapping[str, Given], context: Context) -> None:
    """Say of what matters to ``command`` why it is not what one would expect."""
    for name, it in given.items():
        if it.note and command.shows(BY_NAME[name]):
            context.say(f"{name}: {it.text}, by {it.place} ({it.note})")


def _watchers(command: Command, context: Context, occasion: Occasion, environ: Mapping[str, str]) -> Watchers:
    """Who is told of the end. What they remember is written where this run may write at all."""
    from galleria_action.watchers import Watchers

    publicly = bool(context.without_secrets)
    writes = command.would_write(context.options, preview=bool(context.preview)) and not publicly
    allowed = writes and policy.refusal(occasion, writes=policy.Writes.GALLERY) is None
    return Watchers.of(
        context.options.watch,
        context.place,
        context.who,
        context.store if allowed else None,
        environ,
        telling=writes or (Topic.VERIFY in command.topics and not command.writes),
    )


def _environments(invocation: Invocation, ci: CI) -> Environments:
    """Every environment under the same policy as the run's own."""

    def given(name: str) -> Mapping[str, Given]:
        found = invocation.of_environment(name)
        for secret in SECRETS:
            if secret in found:
                ci.mask(found[secret].text)
        return policy.heed(ci.occasion, found, lambda option: True, publicly=True).given

    return Environments(
        invocation.environments, given, lambda name: resolve(invocation.command, texts(given(name)), uses_bucket=True)
    )


def _of_pipeline(invocation: Invocation, ci: CI, world: World, folder: Path) -> dict[str, Any]:
    """What a pipeline needs beside: its text, and a shell where commands may be run. Imported for it alone."""
    from galleria_action.pipeline.command import Shell
    from galleria_action.pipeline.reading import PipelineText

    given = invocation.pipeline
    text = PipelineText(given.document, given.file, given.lines) if given else None
    shell = Shell(folder, world.environ, ci.hide) if policy.may_run_commands(ci.occasion) else None
    return {"pipeline": text, "shell": shell, "hide": ci.hide}


def _refuse(run: Run, ci: CI) -> None:
    """Raise ``ConfigInvalid`` where this occasion is none for writing."""
    context = run.context
    writes = run.command.would_write(context.options, preview=bool(context.preview))
    if context.without_secrets:
        writes = policy.Writes.NOTHING
    if refused := policy.refusal(ci.occasion, writes=writes):
        raise refused


def _opened_ahead(run: Run) -> Run:
    """``run``, which begins by asking what lies there: that is reached while its use case is loaded."""
    context, topics = run.context, run.command.topics
    asks = topics & (Topic.PLAN | Topic.VERIFY) and Topic.PIPELINE not in topics
    settings = context.options.store
    if not asks or settings is None or settings.target.endpoint == FOLDER or context.without_secrets:
        return run
    opened = OpenedAhead(context.open_store, replace(settings, pause=context.stop.pause))
    return replace(run, context=replace(context, open_store=opened))


def _reviews(command: Command, options: Options, preview: str, ci: CI, record: Tally, tell: Listener) -> Reviews:
    if not _reviewed(command, options, preview):
        return NoReviews()
    wishes = _wishes(command, options, preview, record)
    if not command.reviewed:
        wishes = replace(wishes, comment=Comment.OFF)
    return ci.reviews(wishes, lambda text: tell(Warned(text)))


def _recorded(open_store: _Opener, record: Tally) -> _Opener:
    """``open_store``, with the requests of all stores counted for the record, and how often one was repeated: before
    that, and for nothing else, a store waits."""
    stores: list[RecordingStore] = []
    waits = Waits()

    def requests() -> dict[str, int]:
        return dict(sum((Counter(store.counts()) for store in stores), Counter[str]()))

    def opened(settings: StoreSettings) -> WriteStore:
        stores.append(RecordingStore(open_store(replace(settings, pause=waits.counted(settings.pause)))))
        record.requests, record.retries = requests, lambda: waits.number
        return stores[-1]

    return opened


def _attended(occasion: Occasion) -> bool:
    """Whether a person runs this. Where nobody does, reports are written unasked and the workspace is the world."""
    return occasion.cause is Cause.COMMAND_LINE


def _target(options: Options, publicly: bool) -> Target | None:
    if publicly and options.review.public_url:
        from galleria_action.storage.public_store import public_target

        return public_target(options.review.public_url)
    if publicly:
        return None
    return options.store.target if options.store else None


def _reviewed(command: Command, options: Options, preview: str) -> bool:
    """Whether anything of this run may concern reviewers; what shows it to them takes its time to import."""
    asked = options.guards.plan_approval is not PlanApproval.OFF
    if options.upload.shard:
        return asked
    if command.only_previews:
        return options.review.github_token is not None
    wanted = options.review.comment is not Comment.OFF or asked or preview
    deploys = options.review.environment_url or options.review.public_url
    return bool(command.reviewed and wanted) or bool((command.reviewed or command.brings_back) and deploys)


def _wishes(command: Command, options: Options, preview: str, record: Tally) -> Wishes:
    review = options.review
    identity = Wishes(label=review.label or "", target=record.target, token=review.github_token)
    if options.upload.shard or command.only_previews:
        return identity  # it may ask what is approved; eight jobs are not to tell the same eight times
    return replace(
        identity,
        comment=review.comment,
        public_url=review.public_url,
        environment=options.environment,
        environment_url=review.environment_url,
        preview=preview,
        preview_url=address_of_preview(options, preview),
        report=bool(options.reports),
    )
