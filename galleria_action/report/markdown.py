"""The job summary: what happened, then why, then the details, in GitHub-flavoured Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from galleria_action.deployment.remote.verification import Verification
from galleria_action.errors import Finding
from galleria_action.report.blocks import listing, sentence
from galleria_action.report.budget import Block, Rendering, block, fit
from galleria_action.report.escape import code, link, prose, shorten
from galleria_action.report.outcome import Outcome, deploys, outcome_of, unverified
from galleria_action.report.plan_markdown import AHEAD, DONE, counts, plan_blocks
from galleria_action.report.result import Result
from galleria_action.report.wording import count, duration, human_size

_ICONS = {"planned": "📋", "done": "✅", "failed": "❌", "cancelled": "🛑"}

# What goes first when there is little room; plan_markdown has the ranks of the plan's own sections
HEADLINE, _FAILURE, FRAME, _FINDINGS, _VERIFICATION, _WARNINGS = 0, 10, 20, 40, 50, 70

_LONG, _SHORT = 2000, 200


def render_summary(result: Result, budget: int) -> str:
    """The summary of ``result`` in at most ``budget`` bytes (UTF-8).

    What does not fit is told more briefly, and left out in the end, the least important first; the headline is the
    last to go. Names, messages and keys are untrusted and come out as text only (``escape``).
    """
    headline = headline_of(result)
    blocks = [block(HEADLINE, lambda: [headline]), *result_blocks(result), block(FRAME, lambda: [_footer(result)])]
    return fit(blocks, budget)


def headline_of(result: Result) -> str:
    """What happened, as a heading."""
    outcome = outcome_of(result)
    return f"## {_ICONS[outcome.kind]} {prose(outcome.headline)}"


def result_blocks(result: Result) -> Iterator[Block]:
    """Everything between the headline and the last line."""
    outcome = outcome_of(result)
    if outcome.kind in ("failed", "cancelled"):
        yield block(_FAILURE, _alarm(result, outcome, _LONG), _alarm(result, outcome, _SHORT))
    elif outcome.kind == "planned":
        yield block(_FAILURE, lambda: _banner(result))
    elif result.command == "cors" or result.shard:
        yield block(_FAILURE, lambda: [prose(shorten(result.message, _LONG))])
    if result.target:
        yield block(FRAME, lambda: [_target(result)])
    if result.findings:
        yield _findings(result.findings)
    whole = result.plan if not (result.shard and result.success) else None  # a shard is no more than a part of it
    if whole:
        yield counts(whole, _done(result))
    if result.verification:
        yield from _verification(result.verification)
    elif unverified(result):
        yield block(_VERIFICATION, sentence("Verification", "⚠️ Not verified: `verify` is `off`."))
    if result.warnings:
        lead = f"{count(len(result.warnings), 'warning')}:"
        yield listing(_WARNINGS, "Warnings", lead, result.warnings, lambda text: prose(shorten(text, _LONG)))
    if whole:
        yield from plan_blocks(whole, DONE if outcome.kind == "done" else AHEAD)


def _alarm(result: Result, outcome: Outcome, limit: int) -> Rendering:
    def lines() -> Iterator[str]:
        yield "> [!WARNING]" if outcome.kind == "cancelled" else "> [!CAUTION]"
        yield f"> {prose(shorten(result.message, limit))}"
        if outcome.fate:
            yield from (">", f"> {outcome.fate}")
        if result.hint:
            yield from (">", f"> **What to do:** {prose(shorten(result.hint, limit))}")

    return lines


def _banner(result: Result) -> Iterator[str]:
    yield "> [!NOTE]"
    yield "> **Dry run: nothing was uploaded, nothing was deleted.**"
    if result.plan and result.plan.changed:
        yield "> A deploy from the same files would do what follows, as long as nobody else changes the bucket."


def _target(result: Result) -> str:
    target = result.target
    assert target, "asked for only when there is one"
    at = f" at {code(target.endpoint)}" if target.endpoint and not target.endpoint.endswith("://") else ""
    url = str(result.outputs["url"])
    return f"**Target:** {code(str(target))}{at}{f' · **Gallery:** {link(url)}' if url else ''}"


def _done(result: Result) -> dict[str, str] | None:
    """The column of what was really done, which only a deploy has."""
    outputs = result.outputs
    if not deploys(result):
        return None
    skipped = int(outputs["files-skipped"])
    already = f" + {skipped:,} already there" if skipped else ""
    return {
        "Photos to upload": f"{int(outputs['photos-uploaded']):,}",
        "Photos to delete": f"{int(outputs['photos-deleted']):,}",
        "Files to upload": f"{int(outputs['files-uploaded']):,}{already}",
        "Size of the uploads": human_size(int(outputs["bytes-uploaded"])),
    }


def _findings(findings: tuple[Finding, ...]) -> Block:
    lead = f"{count(len(findings), 'problem')}, each of which has to be solved:"
    return listing(_FINDINGS, "Problems", lead, findings, _finding)


def _finding(finding: Finding) -> str:
    place = ":".join(str(part) for part in (finding.file, finding.line) if part is not None)
    text = prose(shorten(finding.message, _LONG))
    return f"{code(place)}: {text}" if place else text


def _verification(found: Verification) -> Iterator[Block]:
    title = "Verification"
    checked = f"{count(found.checked, 'object')} checked"
    if found.consistent:
        lead = f"✅ {checked}: all are there and as they should be, and nothing is left over."
        yield block(_VERIFICATION, sentence(title, lead))
        return
    icon = "⚠️" if found.whole else "❌"
    numbers = f"{len(found.missing):,} missing, {len(found.mismatched):,} mismatched, {len(found.orphaned):,} orphaned"
    yield block(_VERIFICATION, sentence(title, f"{icon} {checked}: {numbers}."))
    for name, meaning, keys in (
        ("Missing", "Named by the gallery, but not in the bucket", found.missing),
        ("Mismatched", "Not what the last deploy stored", found.mismatched),
        ("Orphaned", "In the gallery's folders, but named by nothing", found.orphaned),
    ):
        if keys:
            yield listing(_VERIFICATION, name, f"{meaning} ({count(len(keys), 'object')}):", keys, code)


def _footer(result: Result) -> str:
    parts = [duration(result.duration_seconds)]
    if result.requests:
        operations = ", ".join(f"{number:,} {code(name)}" for name, number in sorted(result.requests.items()))
        parts.append(f"{count(sum(result.requests.values()), 'request')} ({operations})")
    if result.plan:
        parts.append(f"plan id {code(result.plan.plan_id)}")
    return f"<sub>{' · '.join(parts)}</sub>"
