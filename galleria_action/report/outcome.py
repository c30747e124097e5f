"""What happened, in one sentence: the same for the summary, the log and whoever else has to say it."""

from __future__ import annotations

from typing import Literal

from galleria_action.deployment.events import Sight
from galleria_action.deployment.model import Plan
from galleria_action.quantities import count
from galleria_action.report.result import Result
from galleria_action.report.wording import FAILURES
from galleria_action.values import dataclass

_SUBJECTS = {"cors": "CORS", "verify": "Verification", "validate": "Validation"}

#: commands whose dry run is the plan of a gallery
_PLANNED = ("plan", "deploy", "finalize", "rollback", "promote", "forget")

#: ``unplanned``: a plan was asked for, but there was nothing to make it against
Ending = Literal["planned", "unplanned", "done", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """``headline`` is plain text of our own words; ``fate`` says what became of the gallery where that is in doubt."""

    kind: Ending
    headline: str
    fate: str | None = None


#: on which side of the commit a run ended, where that is known
_MOMENTS = {True: " after the commit", False: " before the commit", None: " during the commit"}


def outcome_of(result: Result) -> Verdict:
    """How ``result`` ended."""
    if result.outputs["failure-reason"] == "cancelled":
        moment = _MOMENTS[result.committed] if deploys(result) else ""
        return Verdict("cancelled", f"Cancelled{moment}", _fate(result))
    if not result.success:
        reason = str(result.outputs["failure-reason"])
        words = FAILURES.get(reason, f"failed: {reason.replace('-', ' ')}")
        if reason == "config-invalid" and result.plan:
            words = "failed: the options are not right"  # some of them only the service can judge
        return Verdict("failed", f"{_subject(result)} {words}", _fate(result))
    if result.shard:
        files = int(result.outputs["files-uploaded"])
        return Verdict("done", f"Shard {result.shard.number} of {result.shard.count}: {count(files, 'file')} uploaded")
    if deploys(result):
        return Verdict("done", _deployed(result))
    if result.command == "pipeline":
        return Verdict("done", _ran(result))
    if result.command in _PLANNED and _dry(result):
        if result.plan is None:
            return Verdict("unplanned", "The gallery is valid, but it could not be planned")
        return Verdict("planned", f"Plan: {to_do(result.plan)}")
    return Verdict("done", _checked(result))


def _ran(result: Result) -> str:
    if _dry(result):
        return "Pipeline: as it would run"
    if result.pipeline is not None and result.pipeline.excused:
        return f"Pipeline: went well but for {count(len(result.pipeline.excused), 'task')}"
    return "Pipeline: all went well"


def to_do(plan: Plan) -> str:
    """What ``plan`` would do, as the end of a sentence."""
    return _listed(
        (len(plan.photo_uploads), "photo", "to upload"),
        (len({copy.photo for copy in plan.copies if copy.photo}), "photo", "to bring back"),
        (sum(copy.photo is None for copy in plan.copies), "site file", "to bring back"),
        (len(plan.removed_photos), "photo", "to delete"),
        (len(plan.site_uploads), "site file", "to upload"),
        (len(plan.site_deletes), "site file", "to delete"),
        (len(plan.orphan_deletes), "orphan", "to delete"),
    ) or (_small(plan) if plan.changed else "nothing to do, the gallery is up to date")


def _small(plan: Plan) -> str:
    """What there is to say of a plan in which no photo and no file of the site comes or goes."""
    return "small changes only" if plan.uploads or plan.copies or plan.deletes else "metadata only"


def unverified(result: Result) -> bool:
    """Whether a deploy went well as far as it can tell, but nobody looked at the bucket afterwards."""
    return result.success and deploys(result) and not result.shard and not waits(result) and result.verification is None


def _deployed(result: Result) -> str:
    if result.plan and not result.plan.changed:
        return "Nothing to do: the gallery is up to date"
    if waits(result):
        return "Waiting in its slot: visitors see it after promote"
    if result.command == "promote" and result.plan:
        gone = (len(result.plan.deletes), "object", "gone")
        done = _listed((len(result.plan.copies), "object", "new or changed"), gone)
        return f"Promoted: {done or 'metadata only'}"
    if result.command == "rollback" and result.plan:
        gone = (len(result.plan.deletes), "object", "deleted")
        done = _listed((len(result.plan.copies), "object", "brought back"), gone)
        return f"Rolled back: {done or 'metadata only'}"
    photos = _listed(
        (int(result.outputs["photos-uploaded"]), "photo", "uploaded"),
        (int(result.outputs["photos-deleted"]), "photo", "deleted"),
    )
    files = _listed(
        (int(result.outputs["files-uploaded"]), "file", "uploaded"),
        (len(result.plan.site_deletes) if result.plan else 0, "site file", "deleted"),
        (len(result.plan.orphan_deletes) if result.plan else 0, "orphan", "deleted"),
    )
    return f"Deployed: {photos or files or (_small(result.plan) if result.plan else 'small changes only')}"


def _listed(*parts: tuple[int, str, str]) -> str:
    return ", ".join(f"{count(number, noun)} {verb}" for number, noun, verb in parts if number)


def _checked(result: Result) -> str:
    if result.command == "validate":
        return "The gallery is valid"
    if result.command == "forget":
        return "Forgotten, and proved by a listing"
    if result.verification and not result.verification.consistent:
        return f"Verified: nothing is missing, {count(len(result.verification.orphaned), 'orphan')} left"
    if result.verification:
        return "Verified: the bucket holds exactly the gallery"
    return f"{_subject(result)}: done"


def _fate(result: Result) -> str | None:
    """What visitors see after a deploy that did not end well."""
    if not deploys(result):
        return None
    if result.outputs["probe"] == Sight.ROLLED_BACK:
        return "It was rolled back: the release before is live again."
    if result.committed:
        live = "the release before" if result.command == "rollback" else "the new gallery"
        return f"The commit had happened: {live} is live."
    if result.committed is None:
        return "Whether the commit happened could not be learnt: the gallery online is the old one or the new one."
    files = int(result.outputs["files-uploaded"])
    if not files:
        return "Nothing was uploaded: the gallery online is as before."
    return f"Nothing was committed. Uploaded so far: {count(files, 'file')}, which the next run will not repeat."


def deploys(result: Result) -> bool:
    """Whether it was to write to the gallery."""
    if result.command == "promote" and result.plan is None:
        return False  # it has taken back what nobody has seen
    return result.command in ("deploy", "finalize", "promote", "rollback") and not _dry(result)


def waits(result: Result) -> bool:
    """Whether a deploy went well that was to show nothing to visitors yet."""
    changed = result.plan is not None and result.plan.changed
    return result.success and changed and result.command == "deploy" and not result.committed and not _dry(result)


def _dry(result: Result) -> bool:
    return result.outputs["dry-run"] is True


def _subject(result: Result) -> str:
    plans = _dry(result) and result.command in _PLANNED
    return "Plan" if plans else _SUBJECTS.get(result.command, result.command.capitalize() or "The run")
