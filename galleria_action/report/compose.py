"""Makes the one document of a run out of its result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from galleria_action.deployment.events import Pictured, Showing, Sight
from galleria_action.deployment.model import Plan
from galleria_action.deployment.releases.record import Kind, Release, Standing
from galleria_action.deployment.remote.verification import Verification
from galleria_action.errors import Finding
from galleria_action.quantities import count, duration, human_size
from galleria_action.report.document import (
    NOTHING,
    Amount,
    Column,
    Count,
    Details,
    Document,
    Message,
    Name,
    Part,
    PlanReport,
    Row,
    Section,
    Sheet,
    Size,
    Tone,
)
from galleria_action.report.outcome import Verdict, deploys, outcome_of, unverified
from galleria_action.report.plan_sections import AHEAD, DONE, listing, plan_sections
from galleria_action.report.result import Result
from galleria_action.values import dataclass

if TYPE_CHECKING:
    from galleria_action.deployment.releases.rollback import ListedRelease

_UPLOAD, _DELETE = (AHEAD.upload, DONE.upload), (AHEAD.delete, DONE.delete)


def compose(result: Result) -> Document:
    """The report of ``result``."""
    outcome = outcome_of(result)
    whole = result.plan if not (result.shard and result.success) else None  # a shard is not more than a part of it
    return Document(
        outcome=outcome,
        message=result.message,
        remedy=result.hint,
        remarks=tuple(_remarks(result, outcome)),
        positions=_positions(result),
        target=result.target,
        url=str(result.outputs["url"]),
        problems=_problems(result),
        plan=compose_plan(whole, result) if whole else None,
        verification=(*_pipeline(result), *_releases(result), *_verification(result)),
        warnings=_warnings(result),
        reason=str(result.outputs["failure-reason"]),
        exit_code=result.exit_code,
        requests=result.requests,
        duration_seconds=result.duration_seconds,
        sheets=tuple(_sheet(pictured) for pictured in sorted(result.pictures, key=lambda it: _ORDER.index(it.showing))),
    )


_ORDER = list(Showing)
_SHEETS = {
    Showing.CHANGED: ("Changed photos", "photo", "before, where it is known, and after"),
    Showing.REMOVED: ("Removed photos", "photo", "as they were online"),
    Showing.NEW: ("New photos", "photo", ""),
    Showing.ALIKE: ("Photos that show the same", "group", "the best of each, then those that are like it"),
}


def _sheet(pictured: Pictured) -> Sheet:
    """What photos look like. Those without a picture are named: it was too large, or there was no room for more."""
    title, noun, more = _SHEETS[pictured.showing]
    shown = len(pictured.tiles)
    lead = count(pictured.total, noun) + (f", of which the first {shown:,} are here" if shown < pictured.total else "")
    return Sheet(title, f"{lead}{f': {more}' if more else ''}.", pictured.tiles)


def compose_plan(plan: Plan, result: Result | None = None) -> PlanReport:
    """The report of ``plan``, and of what the run that ended with ``result`` did of it."""
    executed = result is not None and deploys(result)
    carried_out = executed and result is not None and result.success
    done = _done(plan, result) if result and executed else _Done()
    told = plan_sections(plan, DONE if carried_out else AHEAD)
    return PlanReport(
        plan_id=plan.plan_id,
        target=plan.target,
        terms=tuple(f"{option}: {value}" for option, value in plan.told().items()),
        carried_out=carried_out,
        counts=(
            Count("photo", *_UPLOAD, Amount(len(plan.photo_uploads)), done.uploads, sections=told.uploads),
            Count("photo", *_DELETE, Amount(len(plan.removed_photos)), done.deletes, sections=told.deletes),
            Count("photo", "unchanged", "unchanged", Amount(len(plan.unchanged_photos))),
            Count("file", *_UPLOAD, _sized(plan), done.files, done.also, told.site_uploads),
            Count("file", *_DELETE, Amount(len(plan.deletes)), done.gone, sections=told.site_deletes + told.orphans),
        ),
        sections=told.all(),
    )


@dataclass(frozen=True, slots=True)
class _Done:
    """What of a plan was done: photos uploaded and deleted, files uploaded and deleted."""

    uploads: Amount | None = None
    deletes: Amount | None = None
    files: Amount | None = None
    gone: Amount | None = None
    also: str = ""


def _sized(plan: Plan) -> Amount:
    return Amount(len(plan.uploads), Size(plan.bytes_to_upload))


def _done(plan: Plan, result: Result) -> _Done:
    outputs = result.outputs
    skipped = int(outputs["files-skipped"])
    return _Done(
        Amount(int(outputs["photos-uploaded"])),
        Amount(int(outputs["photos-deleted"])),
        Amount(int(outputs["files-uploaded"]), Size(int(outputs["bytes-uploaded"]))),
        _deleted(plan, result),
        f"+ {skipped:,} already there" if skipped else "",
    )


def _deleted(plan: Plan, result: Result) -> Amount | None:
    """How many objects are gone, where that is known. Deletes follow the commit."""
    if result.success:
        return Amount(len(plan.deletes))
    if result.committed is False:
        return Amount(0)
    if result.outputs["failure-reason"] == "delete-failed":
        return Amount(len(plan.deletes) - result.problems)
    return None


def _positions(result: Result) -> str:
    """Who would tell the visitors where a photo was taken; empty where nobody does."""
    number = result.located.photos
    if not number:
        return ""
    tells, they = ("tells", "it was") if number == 1 else ("tell", "they were")
    what = "that is taken out" if result.located.taken_out else "strip-gps publishes photos without"
    return f"{count(number, 'photo')}{_which(result)} {tells} where {they} taken: {what}."


def _which(result: Result) -> str:
    """Of which photos their positions are told: what was done with them, or will be."""
    if result.command == "validate":
        return ""
    if result.success and deploys(result):
        return " that was uploaded" if result.located.photos == 1 else " that were uploaded"
    return " to be uploaded"


def _remarks(result: Result, outcome: Verdict) -> Iterator[str]:
    if positions := _positions(result):
        yield positions
    if owed := int(result.outputs["purge-owed"]):
        many = "address is" if owed == 1 else "addresses are"
        yield f"Caches: {owed:,} {many} owed, which may be as before until the next run with the same cdn."
    if result.outputs["probe"] == Sight.PASSED:
        yield "Visitors get what was deployed: the probe has seen it."
    if outcome.kind == "planned":
        yield "Dry run: nothing was uploaded, nothing was deleted."
        if result.plan and result.plan.changed:
            yield "A deploy from the same files would do what follows, as long as nobody else changes the bucket."


def _problems(result: Result) -> Section | None:
    """Of many problems only the first are kept; the number is that of all. Those of a verification are told there."""
    if not result.findings or (result.outputs["failure-reason"] == "verify-failed" and result.verification):
        return None
    lead = f"{count(result.problems, 'problem')}, each of which has to be solved:"
    return listing(Part.PROBLEMS, "Problems", lead, list(map(_finding, result.findings)), result.problems)


def _finding(finding: Finding) -> Row:
    return (Name(finding.place), Message(finding.message)) if finding.place else (Message(finding.message),)


def _warnings(result: Result) -> Section | None:
    if not result.warnings:
        return None
    lead = f"{count(len(result.warnings), 'warning')}:"
    return listing(Part.WARNINGS, "Warnings", lead, [(Message(text),) for text in result.warnings])


def _verification(result: Result) -> Iterator[Section]:
    if result.verification:
        yield from _found(result.verification)
    elif unverified(result):
        lead = "Not verified, because the option verify is off."
        yield Section(Part.VERIFICATION, "Verification", lead, tone="doubtful")


def _found(found: Verification) -> Iterator[Section]:
    checked = f"{count(found.checked, 'object')} checked"
    if found.consistent:
        lead = f"{checked}: all are there and as they should be, and nothing is left over."
        yield Section(Part.VERIFICATION, "Verification", lead, tone="good")
        return
    numbers = f"{len(found.missing):,} missing, {len(found.mismatched):,} mismatched, {len(found.orphaned):,} orphaned"
    tone: Tone = "doubtful" if found.whole else "bad"
    yield Section(Part.VERIFICATION, "Verification", f"{checked}: {numbers}.", tone=tone)
    for name, meaning, keys in (
        ("Missing", "Named by the gallery, but not in the bucket", found.missing),
        ("Mismatched", "Not what the last deploy stored", found.mismatched),
        ("Orphaned", "In the gallery's folders, but named by nothing", found.orphaned),
    ):
        if keys:
            lead = f"{meaning} ({count(len(keys), 'object')}):"
            yield listing(Part.VERIFICATION, name, lead, [(Name(key),) for key in keys])


# -- pipeline ------------------------------------------------------------------------------------------------------


def _pipeline(result: Result) -> Iterator[Section]:
    """What became of each task, as a drawing and a table."""
    run = result.pipeline
    if run is None:
        return
    from galleria_action.pipeline.shown import drawing

    rows: list[Row] = []
    for stage, task in run.pipeline.tasks():
        it = run.results[task.name]
        kept = " (by an earlier run)" if it.kept else ""
        took = duration(it.seconds) if it.seconds else ""
        rows.append((Name(stage.name), Name(task.name), f"{it.state}{kept}", took, Message(it.outcome.message)))
    columns = tuple(map(Column, ("Stage", "Task", "State", "Time", "")))
    details = Details(lambda: rows, len(rows), len(rows), f"All {count(len(rows), 'task')}", columns)
    states = Counter(run.results[task.name].state for _, task in run.pipeline.tasks())
    lead = ", ".join(f"{number} {state}" for state, number in states.items())
    name = f"Run {run.id}: {lead}." if run.id else f"Not run: {count(len(rows), 'task')}."
    yield Section(Part.COUNTS, "Pipeline", name, (details,), drawing=drawing(run))


# -- releases ------------------------------------------------------------------------------------------------------

_COLUMNS = (
    *map(Column, ("Release", "Made by", "Strategy", "What changed", "State")), Column("A rollback to it", told=True),
)  # fmt: skip
_STANDING = {
    Standing.OPEN: "not ended",
    Standing.UNVERIFIED: "not verified",
    Standing.VERIFIED: "verified",
    Standing.FAILED: "verification failed",
}


def _releases(result: Result) -> Iterator[Section]:
    """What there is to say of releases."""
    if result.releases:
        rows, number = [_row(it) for it in result.releases], len(result.releases)
        details = Details(lambda: rows, number, number, f"All {count(number, 'release')}", _COLUMNS)
        yield Section(Part.COUNTS, "Releases", f"{count(number, 'release')}, the newest first.", (details,))
    ways = _ways_from_here(str(result.outputs["previous-release"]), result.taken_back)
    if result.outputs["release-id"] and ways:
        told = "; ".join(f"{what}: `galleria-action rollback --to {release}`" for what, release in ways)
        yield Section(Part.COUNTS, "Release", f"{result.outputs['release-id']}. {told}")


def _ways_from_here(previous: str, taken_back: str) -> list[tuple[str, str]]:
    """What rollbacks would do now, each with the release it names: to take back a rollback is to go forward."""
    back = [("To go back further" if taken_back else "To take this back", previous)] if previous else []
    return [*back, *([("To go forward again", taken_back)] if taken_back else [])]


def _row(it: ListedRelease) -> Row:
    release = it.release
    strategy = NOTHING if release.kind is Kind.FOUND else release.strategy
    return (release.id, Name(_who(release)), Name(strategy), Name(_changed(release)), _state(it), _back(it))


def _who(release: Release) -> str:
    who = release.who
    told = (who.actor, who.ref, who.commit[:12], who.pull_request and f"#{who.pull_request}",
            who.pipeline and f"pipeline {who.pipeline}")  # fmt: skip
    return " ".join(filter(None, told)) or NOTHING


def _changed(release: Release) -> str:
    counts = release.counts
    if release.kind is Kind.FOUND:
        return "was there before releases were recorded"
    parts = (
        (counts.photos_written, "photo", "written"), (counts.photos_deleted, "photo", "deleted"),
        (counts.files_written, "file", "written"), (counts.files_deleted, "file", "deleted"),
    )  # fmt: skip
    told = ", ".join(f"{count(number, noun)} {verb}" for number, noun, verb in parts if number) or "metadata only"
    if taken := release.taken_from:
        return f"from {taken.environment} ({taken.release or 'no record'}): {told}"
    return f"back to {release.restores}: {told}" if release.restores else told


def _state(it: ListedRelease) -> str:
    told = "live, " if it.live else "rolled back, " if it.rolled_back else ""
    return told + _STANDING[it.release.standing]


def _back(it: ListedRelease) -> str:
    if it.way is None:
        return NOTHING
    if it.damaged:
        return "not possible: a later record is damaged"
    if not it.can_come_back:
        return f"not possible: {count(len(it.way.gone), 'object')} gone" if it.way.gone else "not possible"
    copies, deletes = count(len(it.way.copies), "copy"), count(len(it.way.deletes), "delete")
    return f"{copies}, {deletes}, {human_size(it.way.size)}"
