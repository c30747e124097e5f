"""The end of the log: the result in plain lines, for a terminal and for any log."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from typing import TypeVar

from galleria_action.deployment.model import Delete, Plan, Reason, Upload, strongest
from galleria_action.deployment.remote.verification import Verification
from galleria_action.report.escape import shorten, visible
from galleria_action.report.outcome import outcome_of, unverified
from galleria_action.report.result import Result
from galleria_action.report.wording import REASONS, count, duration, human_size

#: Entries of a list that are shown; the log is not the place for all of them.
_SHOWN = 20

Item = TypeVar("Item")

DRY_RUN_DONE = "Dry run completed - no files were uploaded"


def render_text(result: Result) -> list[str]:
    """``result`` as lines of visible characters: plan, verification, problems, and last what happened and what to do.

    The words that users of Galleria know are kept (``Deployment Plan:``, ``Photos to upload: 3`` …).
    """
    return [visible(line) for line in _lines(result)]


def _lines(result: Result) -> Iterator[str]:
    if result.plan and not (result.shard and result.success):
        yield from _plan(result.plan)
    if result.verification:
        yield from _verification(result.verification)
    elif unverified(result):
        yield from ("", "Verification: off")
    if result.warnings:
        yield from ("", "Warnings:", *_first(result.warnings))
    if result.findings:
        yield from ("", "Problems:", *_first(result.findings))
    yield ""
    yield from _ending(result)


def _plan(plan: Plan) -> Iterator[str]:
    removed = set(plan.removed_photos)
    yield "Deployment Plan:"
    yield f"  Target: {plan.target}"
    yield f"  Photos to upload: {len(plan.photo_uploads)}"
    yield from _first([*plan.photo_uploads.items()], _upload, indent=4)
    yield f"  Photos to delete: {len(plan.removed_photos)}"
    yield from _first(plan.removed_photos, indent=4)
    yield f"  Photos unchanged: {len(plan.unchanged_photos)}"
    if plan.site_uploads:
        yield f"  Site files to upload: {len(plan.site_uploads)}"
        yield from _first(plan.site_uploads, lambda up: f"{up.key}: {REASONS[up.reason]}", indent=4)
    if plan.deletes:
        yield f"  Objects to delete: {len(plan.deletes)}"
        yield from _first(plan.deletes, lambda gone: f"{gone.key}: {_why(gone, removed)}", indent=4)
    yield f"  Size to upload: {human_size(plan.bytes_to_upload)}"
    yield f"  Plan id: {plan.plan_id}"


def _upload(entry: tuple[str, Sequence[Upload]]) -> str:
    photo, uploads = entry
    files = ", ".join(up.file.variant or "file" for up in uploads)
    return f"{photo}: {REASONS[strongest(uploads)]} ({files}; {human_size(sum(up.size for up in uploads))})"


def _why(gone: Delete, removed: Container[str]) -> str:
    if gone.photo is None:
        return f"{REASONS[gone.reason]} from the site" if gone.reason is Reason.REMOVED else REASONS[gone.reason]
    return f"photo {gone.photo} {'removed' if gone.photo in removed else 'has other keys now'}"


def _verification(found: Verification) -> Iterator[str]:
    yield ""
    yield (
        f"Verification: {count(found.checked, 'object')} checked, {len(found.missing):,} missing, "
        f"{len(found.mismatched):,} mismatched, {len(found.orphaned):,} orphaned"
    )
    yield from _first(found.missing, lambda key: f"missing: {key}")
    yield from _first(found.mismatched, lambda key: f"mismatched: {key}")
    yield from _first(found.orphaned, lambda key: f"orphaned: {key}")


def _ending(result: Result) -> Iterator[str]:
    outcome = outcome_of(result)
    yield f"{outcome.headline} ({duration(result.duration_seconds)})"
    first, *more = result.message.splitlines() or [""]
    if not result.success:
        yield first if first.startswith("Error") else f"Error: {first}"
    elif first not in (DRY_RUN_DONE, outcome.headline):
        yield first
    yield from more
    if outcome.fate:
        yield outcome.fate
    if result.hint:
        yield from ("What to do:", *(f"  {line}" for line in result.hint.splitlines()))
    if result.outputs["url"]:
        yield f"Gallery: {result.outputs['url']}"
    if outcome.kind == "planned":
        yield DRY_RUN_DONE


def _first(items: Sequence[Item], show: Callable[[Item], str] = str, *, indent: int = 2) -> Iterator[str]:
    """The first of ``items``, each written by ``show``, and how many more there are."""
    for item in items[:_SHOWN]:
        yield f"{' ' * indent}{shorten(show(item), 300)}"
    if len(items) > _SHOWN:
        yield f"{' ' * indent}... and {len(items) - _SHOWN:,} more"
