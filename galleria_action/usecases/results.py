"""What came out of a use case. ``message`` is the last word to the user."""

from __future__ import annotations

from typing import Protocol

from galleria_action.deployment.events import Uploaded
from galleria_action.deployment.model import Plan
from galleria_action.deployment.releases.record import TakenFrom
from galleria_action.deployment.remote.verification import Verification
from galleria_action.deployment.shards import Shard
from galleria_action.quantities import count
from galleria_action.values import dataclass


class Done(Protocol):
    """A use case that went well."""

    @property
    def message(self) -> str:
        """The last word to the user."""


def _checked(found: Verification | None) -> str:
    """What goes on a sentence about a gallery that is online, where it was ``found`` to be whole."""
    return "" if found is None else f" and verified ({count(found.checked, 'object')})"


@dataclass(frozen=True, slots=True)
class Answered:
    """Nothing but an answer."""

    message: str


@dataclass(frozen=True, slots=True)
class PlanMade:
    """A plan, and nothing written. ``plan`` is ``None`` where there was nothing to compare with."""

    plan: Plan | None

    @property
    def message(self) -> str:
        """See ``Done.message``; users of Galleria know these words."""
        if self.plan is None:
            return "The gallery is valid. It was not planned."
        return "Dry run completed - no files were uploaded"


@dataclass(frozen=True, slots=True)
class Deployed:
    """The gallery is online as ``plan`` says; ``verification`` is ``None`` where nobody asked for one."""

    plan: Plan
    uploaded: Uploaded
    photos_deleted: int
    verification: Verification | None

    @property
    def message(self) -> str:
        """See ``Done.message``."""
        if not self.plan.changed:
            return "Nothing to do: the bucket holds this gallery already."
        parts = [f"{count(self.uploaded.files, 'file')} uploaded"]
        if self.uploaded.skipped:
            parts.append(f"{self.uploaded.skipped:,} were there already")
        if self.photos_deleted:
            parts.append(f"{count(self.photos_deleted, 'photo')} deleted")
        return f"The gallery is online{_checked(self.verification)}: {', '.join(parts)}."


@dataclass(frozen=True, slots=True)
class PutAside:
    """The gallery waits in the slot ``folder``, whole and verified; visitors see the one before."""

    plan: Plan
    folder: str
    uploaded: Uploaded

    @property
    def message(self) -> str:
        """See ``Done.message``."""
        return (
            f"The new gallery waits in {self.folder}, verified ({count(self.uploaded.files, 'file')} uploaded). "
            "Visitors see it after the command promote; promote with abort takes it back."
        )


@dataclass(frozen=True, slots=True)
class Promoted:
    """The gallery that waited in a slot is online."""

    plan: Plan
    verification: Verification | None

    @property
    def message(self) -> str:
        """See ``Done.message``."""
        if not self.plan.changed:
            return "Nothing to do: what waited in the slot is live already."
        changed, gone = count(len(self.plan.copies), "object"), count(len(self.plan.deletes), "object")
        return f"The gallery that waited is online{_checked(self.verification)}: {changed} new or changed, {gone} gone."


@dataclass(frozen=True, slots=True)
class PreviewDeployed:
    """The preview ``name`` is online, at ``url`` where that is known."""

    name: str
    url: str
    verification: Verification | None

    @property
    def message(self) -> str:
        """See ``Done.message``."""
        return f"The preview {self.name} is online{_checked(self.verification)}{f': {self.url}' if self.url else '.'}"


@dataclass(frozen=True, slots=True)
class TakenOver:
    """The gallery is online as the release that it was ``taken_from``; ``streamed`` objects went through here."""

    plan: Plan
    taken_from: TakenFrom
    streamed: int
    verification: Verification | None

    @property
    def message(self) -> str:
        """See ``Done.message``."""
        whose = f"{self.taken_from.environment} has it ({self.taken_from.release or 'without a record'})"
        if not self.plan.changed:
            return f"Nothing to do: the gallery is as {whose}."
        copied = count(len(self.plan.copies) - self.streamed, "object")
        sent = f", {count(self.streamed, 'object')} sent" if self.streamed else ""
        gone = count(len(self.plan.deletes), "object")
        checked = _checked(self.verification)
        return f"The gallery is online as {whose}{checked}: {copied} copied inside the service{sent}, {gone} deleted."


@dataclass(frozen=True, slots=True)
class RolledBack:
    """The gallery is online as it was with ``release``."""

    plan: Plan
    release: str
    verification: Verification | None

    @property
    def message(self) -> str:
        """See ``Done.message``."""
        if not self.plan.changed:
            return f"Nothing to do: the gallery is as it was with {self.release}."
        brought, gone = count(len(self.plan.copies), "object"), count(len(self.plan.deletes), "object")
        checked = _checked(self.verification)
        return f"The gallery is online as it was with {self.release}{checked}: {brought} brought back, {gone} deleted."


@dataclass(frozen=True, slots=True)
class ShareUploaded:
    """One machine's share of a plan is stored and reported."""

    shard: Shard
    uploaded: Uploaded

    @property
    def message(self) -> str:
        """See ``Done.message``."""
        already = f", {self.uploaded.skipped:,} were there already" if self.uploaded.skipped else ""
        return (
            f"Shard {self.shard.number} of {self.shard.count}: {count(self.uploaded.files, 'file')} uploaded{already}. "
            "Not yet visible: `finalize` commits."
        )


@dataclass(frozen=True, slots=True)
class BucketVerified:
    """The bucket was compared with what it should hold."""

    verification: Verification

    @property
    def message(self) -> str:
        """See ``Done.message``."""
        return f"The bucket holds what its metadata says: {count(self.verification.checked, 'object')} verified."
