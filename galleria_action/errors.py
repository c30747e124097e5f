"""One class per failure reason of the public contract, each with its exit code.

Every error that a user can meet is one of these. Its text says what failed and what that usually means;
``hint`` says what to do about it. Anything else that escapes is a defect of ours and ends as ``internal``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from galleria_action.values import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is wrong in a file, precise enough for CI to annotate the line.

    ``file`` is the path as the user knows it (relative to the workspace where possible), ``line`` counts from 1;
    both are ``None`` when the problem has no place in a file (an option, for instance). A message that begins with its
    place says it already.
    """

    message: str
    file: str | None = None
    line: int | None = None

    @property
    def place(self) -> str:
        """``file:line``, as far as it is known and the message does not begin with it."""
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        return "" if self.message.removeprefix("'").startswith(place) else place

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


class GalleriaError(Exception):
    """Base of all documented failures.

    ``message`` says what failed and what it usually means, ``hint`` what to do; ``findings`` lists the single
    problems when there are several (a gallery or a set of options is always reported whole).
    """

    reason: ClassVar[str] = "internal"
    exit_code: ClassVar[int] = 1

    def __init__(
        self, message: str, *, hint: str | None = None, findings: Sequence[Finding] = (), problems: int = 0
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.findings = tuple(findings)
        self.problems = max(problems, len(self.findings))


class InternalError(GalleriaError):
    """A defect of ours."""


class ConfigInvalid(GalleriaError):
    """An option or the config file is wrong."""

    reason = "config-invalid"
    exit_code = 2


class GalleryInvalid(GalleriaError):
    """The metadata breaks its schema or the gallery's rules, or local files are missing or stale."""

    reason = "gallery-invalid"
    exit_code = 3


class VerifyFailed(GalleriaError):
    """The bucket does not hold what the metadata says."""

    reason = "verify-failed"
    exit_code = 4


class StorageUnavailable(GalleriaError):
    """The storage did not answer properly after all retries; running again is safe."""

    reason = "storage-unavailable"
    exit_code = 5


class CredentialsError(GalleriaError):
    """Credentials are missing, wrong or expired."""

    reason = "credentials"
    exit_code = 6


class PermissionRefused(GalleriaError):
    """The credentials are valid but may not do this."""

    reason = "permission"
    exit_code = 6


class BucketMissing(GalleriaError):
    """The bucket does not exist at this endpoint."""

    reason = "bucket-missing"
    exit_code = 6


class DeleteGuard(GalleriaError):
    """The plan deletes more photos than ``max-delete`` permits."""

    reason = "delete-guard"
    exit_code = 7


class EmptyGallery(GalleriaError):
    """A gallery without photos would replace one that has some."""

    reason = "empty-gallery"
    exit_code = 7


class CorsMissing(GalleriaError):
    """The bucket lacks the CORS rules a gallery needs."""

    reason = "cors"
    exit_code = 8


class PlanChanged(GalleriaError):
    """The plan is not the approved one."""

    reason = "plan-changed"
    exit_code = 9


class Conflict(GalleriaError):
    """Another deploy committed first."""

    reason = "conflict"
    exit_code = 9


class Older(GalleriaError):
    """What is live was made from a newer commit."""

    reason = "older"
    exit_code = 9


class Held(GalleriaError):
    """Deploys are held since a rollback."""

    reason = "held"
    exit_code = 9


class ReleaseUnavailable(GalleriaError):
    """There is no such release, or its bytes are gone."""

    reason = "release-unavailable"
    exit_code = 14


class UploadFailed(GalleriaError):
    """Some uploads failed; nothing was committed."""

    reason = "upload-failed"
    exit_code = 10


class DeleteFailed(GalleriaError):
    """The new gallery is live, but old objects remain."""

    reason = "delete-failed"
    exit_code = 11


class ProbeFailed(GalleriaError):
    """Visitors do not get what was deployed."""

    reason = "probe-failed"
    exit_code = 12


class PurgeFailed(GalleriaError):
    """The gallery is live, but a cache may still hold an earlier one; what is owed is kept."""

    reason = "purge-failed"
    exit_code = 13


class DuplicatesFound(GalleriaError):
    """Photos show the same, and the run was asked to fail then."""

    reason = "duplicates-found"
    exit_code = 15


class BudgetExceeded(GalleriaError):
    """A task of the pipeline found something in the gallery that is not to be published."""

    reason = "budget-exceeded"
    exit_code = 15


class ApprovalNeeded(GalleriaError):
    """A stage of the pipeline waits for a person."""

    reason = "approval-needed"
    exit_code = 16


class PipelineFailed(GalleriaError):
    """A task of the pipeline failed."""

    reason = "pipeline-failed"
    exit_code = 17


class Cancelled(GalleriaError):
    """A stop signal arrived. ``signal_number`` decides the exit code: 128 + its number (130 or 143)."""

    reason = "cancelled"
    exit_code = 130

    def __init__(self, message: str, *, signal_number: int = 2, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.signal_number = signal_number


def exit_code_of(error: GalleriaError) -> int:
    """The process exit code for ``error``, as the contract lists it."""
    return 128 + error.signal_number if isinstance(error, Cancelled) else error.exit_code


#: reason → exit code, for documentation and tests
REASONS: dict[str, int] = {
    cls.reason: cls.exit_code
    for cls in (
        InternalError, ConfigInvalid, GalleryInvalid, VerifyFailed, StorageUnavailable, CredentialsError,
        PermissionRefused, BucketMissing, DeleteGuard, EmptyGallery, CorsMissing, PlanChanged, Conflict, Older,
        Held, UploadFailed, DeleteFailed, ProbeFailed, PurgeFailed, ReleaseUnavailable, DuplicatesFound,
        BudgetExceeded, ApprovalNeeded, PipelineFailed, Cancelled,
    )
}  # fmt: skip
