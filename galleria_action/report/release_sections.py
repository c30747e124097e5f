"""What a report says of releases: a table of them, and how the one that was just made is taken back."""

from __future__ import annotations

from collections.abc import Iterator

from galleria_action.deployment.releases.record import Counts, Release, Standing
from galleria_action.deployment.releases.rollback import ListedRelease
from galleria_action.report.document import Column, Details, Name, Part, Row, Section
from galleria_action.report.result import Result
from galleria_action.report.wording import count, human_size

_COLUMNS = tuple(map(Column, ("Release", "Made by", "What changed", "State", "A rollback to it")))
_STANDING = {
    Standing.OPEN: "not ended",
    Standing.UNVERIFIED: "not verified",
    Standing.VERIFIED: "verified",
    Standing.FAILED: "verification failed",
}


def release_sections(result: Result) -> Iterator[Section]:
    """What there is to say of releases."""
    if result.releases:
        rows, number = [_row(it) for it in result.releases], len(result.releases)
        details = Details(lambda: rows, number, number, f"All {count(number, 'release')}", _COLUMNS)
        yield Section(Part.COUNTS, "Releases", f"{count(number, 'release')}, the newest first.", (details,))
    previous = result.outputs["previous-release"]
    if result.outputs["release-id"] and previous:
        lead = f"To take this back: galleria-action rollback --to {previous}"
        yield Section(Part.COUNTS, "Release", f"This is the release {result.outputs['release-id']}. {lead}")


def _row(it: ListedRelease) -> Row:
    release = it.release
    return (release.id, Name(_who(release)), _changed(release), _state(it), _back(it))


def _who(release: Release) -> str:
    who = release.who
    told = (who.actor, who.ref, who.commit[:12], who.pull_request and f"#{who.pull_request}")
    return " ".join(filter(None, told)) or "–"


def _changed(release: Release) -> str:
    counts: Counts = release.counts
    if release.kind == "found":
        return "was there before releases were recorded"
    parts = (
        (counts.photos_written, "photo", "written"), (counts.photos_deleted, "photo", "deleted"),
        (counts.files_written, "file", "written"), (counts.files_deleted, "file", "deleted"),
    )  # fmt: skip
    told = ", ".join(f"{count(number, noun)} {verb}" for number, noun, verb in parts if number) or "metadata only"
    return f"back to {release.restores}: {told}" if release.restores else told


def _state(it: ListedRelease) -> str:
    told = "live, " if it.live else "rolled back, " if it.rolled_back else ""
    return told + _STANDING[it.release.standing]


def _back(it: ListedRelease) -> str:
    if it.way is None:
        return "–"
    if it.damaged:
        return "not possible: a later record is damaged"
    if not it.can_come_back:
        return f"not possible: {count(len(it.way.gone), 'object')} gone" if it.way.gone else "not possible"
    copies, deletes = count(len(it.way.copies), "copy"), count(len(it.way.deletes), "delete")
    return f"{copies.replace('copys', 'copies')}, {deletes}, {human_size(it.way.size)}"
