"""The end of the log: the result in plain lines, for a terminal and for any log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from galleria_action.deployment.plan import Delete, Plan, Upload, strongest
from galleria_action.deployment.verify import Verification
from galleria_action.report.escape import shorten, visible
from galleria_action.report.outcome import outcome_of
from galleria_action.report.result import Result
from galleria_action.report.wording import REASONS, count, duration, human_size

#: Entries of a list that are shown; the log is not the place for all of them.
_SHOWN = 20

DRY_RUN_DONE = "Dry run completed - no files were uploaded"


def render_text(result: Result) -> list[str]:
    """``result`` as lines of visible characters: plan, verification, problems, and last what happened and what to do.

    The words that users of Galleria know are kept (``Deployment Plan:``, ``Photos to upload: 3`` …).
    """
    return [visible(line) for line in _lines(result)]


def _lines(result: Result) -> Iterator[str]:
    if result.plan:
        yield from _plan(result.plan)
    if result.verification:
        yield from _verification(result.verification)
    if result.warnings:
        yield from ("", "Warnings:", *_first(result.warnings))
    if result.findings:
        yield from ("", "Problems:", *_first(map(str, result.findings)))
    yield ""
    yield from _ending(result)


def _plan(plan: Plan) -> Iterator[str]:
    yield "Deployment Plan:"
    yield f"  Target: {plan.target}"
    yield f"  Photos to upload: {len(plan.photo_uploads)}"
    yield from _first((_upload(photo, ups) for photo, ups in plan.photo_uploads.items()), indent="    ")
    yield f"  Photos to delete: {len(plan.removed_photos)}"
    yield from _first(plan.removed_photos, indent="    ")
    yield f"  Photos unchanged: {len(plan.unchanged_photos)}"
    if plan.site_uploads or plan.site_deletes:
        yield f"  Site files to upload: {len(plan.site_uploads)}"
        yield from _first((f"{up.key}: {REASONS[up.reason]}" for up in plan.site_uploads), indent="    ")
        yield f"  Site files to delete: {len(plan.site_deletes)}"
    if plan.deletes:
        yield f"  Objects to delete: {len(plan.deletes)}"
        yield from _first((f"{gone.key}: {_why(gone, plan)}" for gone in plan.deletes), indent="    ")
    yield f"  Size to upload: {human_size(plan.bytes_to_upload)}"
    yield f"  Plan id: {plan.plan_id}"


def _upload(photo: str, uploads: Sequence[Upload]) -> str:
    files = ", ".join(up.file.variant or "file" for up in uploads)
    return f"{photo}: {REASONS[strongest(uploads)]} ({files}; {human_size(sum(up.size for up in uploads))})"


def _why(gone: Delete, plan: Plan) -> str:
    if gone.photo is None:
        return REASONS[gone.reason]
    fate = "removed" if gone.photo in plan.removed_photos else "has other keys now"
    return f"photo {gone.photo} {fate}"


def _verification(found: Verification) -> Iterator[str]:
    yield ""
    yield (
        f"Verification: {count(found.checked, 'object')} checked, {len(found.missing):,} missing, "
        f"{len(found.mismatched):,} mismatched, {len(found.orphaned):,} orphaned"
    )
    yield from _first(f"missing: {key}" for key in found.missing)
    yield from _first(f"mismatched: {key}" for key in found.mismatched)
    yield from _first(f"orphaned: {key}" for key in found.orphaned)


def _ending(result: Result) -> Iterator[str]:
    outcome = outcome_of(result)
    yield f"{outcome.headline} ({duration(result.duration_seconds)})"
    if result.success:
        yield from () if result.message in (DRY_RUN_DONE, outcome.headline) else result.message.splitlines()
    else:
        first, *more = result.message.splitlines() or [""]
        yield first if first.startswith("Error") else f"Error: {first}"
        yield from more
    if outcome.fate:
        yield outcome.fate
    if result.hint:
        yield from ("What to do:", *(f"  {line}" for line in result.hint.splitlines()))
    if result.outputs["url"]:
        yield f"Gallery: {result.outputs['url']}"
    if outcome.kind == "planned":
        yield DRY_RUN_DONE


def _first(entries: Iterable[str], indent: str = "  ") -> Iterator[str]:
    """The first entries, and how many more there are."""
    rest = 0
    for number, entry in enumerate(entries):
        if number < _SHOWN:
            yield f"{indent}{shorten(entry, 300)}"
        else:
            rest += 1
    if rest:
        yield f"{indent}... and {rest:,} more"
