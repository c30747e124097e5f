"""Reasons and failures in words, the same wherever a report is read."""

from __future__ import annotations

from galleria_action.deployment.model import Reason

#: What a reason of the plan means, for people.
REASONS: dict[Reason, str] = {
    Reason.FORCED: "forced",
    Reason.NEW: "new",
    Reason.CHANGED: "changed",
    Reason.SETTINGS: "image settings changed",
    Reason.VARIANT: "web or thumb changed",
    Reason.HEADERS: "headers changed",
    Reason.MISSING: "missing or altered in the bucket",
    Reason.UNPROVEN: "there, but unproven",
    Reason.REMOVED: "removed",
    Reason.ORPHAN: "orphan",
}

#: What became of a run that did not end well, after the name of its command; by the contract's failure reason.
FAILURES: dict[str, str] = {
    "internal": "failed by a defect of Galleria Action",
    "config-invalid": "did not start: the options are not right",
    "gallery-invalid": "refused: the gallery is not as it should be",
    "verify-failed": "failed: the bucket does not hold what the gallery says",
    "storage-unavailable": "failed: the storage did not answer as it should",
    "credentials": "failed: the storage does not accept the credentials",
    "permission": "failed: the credentials do not permit it",
    "bucket-missing": "failed: there is no such bucket",
    "delete-guard": "refused: it would delete more than max-delete permits",
    "empty-gallery": "refused: the gallery has no photos",
    "cors": "refused: the CORS rules of a gallery are missing",
    "plan-changed": "refused: the plan is not the approved one",
    "conflict": "gave way: another deploy was faster",
    "older": "refused: what is online is newer",
    "held": "refused: deploys are held since a rollback",
    "upload-failed": "failed: some files could not be uploaded",
    "delete-failed": "is online, but old objects remain",
    "probe-failed": "failed: visitors do not get what was deployed",
    "purge-failed": "is online, but a cache was not purged",
    "release-unavailable": "failed: that release is not to be had",
    "duplicates-found": "failed: there are near-duplicate photos",
    "budget-exceeded": "failed: a budget was exceeded",
    "approval-needed": "waits for a person",
    "pipeline-failed": "failed: a task failed",
}


def sentences(*texts: str | None) -> str:
    """``texts`` one after the other, each ended by a stop where it has no end of its own; empty ones are left out."""
    return " ".join(text if text[-1] in ".!?:…" else f"{text}." for text in texts if text)
