"""Why a run happens, in one vocabulary for every CI. What follows from it stands in ``policy``.

Each CI has a table of its own words. A word that is not in it is ``Cause.OTHER``: what is not known is not trusted.
"""

from __future__ import annotations

from enum import StrEnum

from galleria_action.values import dataclass


class Cause(StrEnum):
    """What started the run."""

    COMMAND_LINE = "no CI at work: a terminal, `docker run`"
    UNTOLD = "`CI=true`, and nothing that tells more"
    PUSH = "push to a branch"
    TAG = "push of a tag"
    RELEASE = "release"
    SCHEDULE = "schedule"
    DISPATCH = "started by hand or by the API"
    PULL_REQUEST = "pull or merge request"
    OTHER = "anything else"


class Whose(StrEnum):
    """Whose code lies in the workspace."""

    OURS = "this repository"
    FORK = "a fork"
    BOT = "Dependabot"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why a run happens, as far as its CI tells. ``told`` is that in the CI's own words, for people. Of a pull request
    there may be its number, and whether it is closed by now."""

    cause: Cause
    whose: Whose
    told: str
    pull_request: int | None = None
    closed: bool = False

    @property
    def without_secrets(self) -> str:
        """Whose run it is when no secrets can be expected in it, such as ``the pull request of a fork``; else empty."""
        return self.told if self.cause is Cause.PULL_REQUEST and self.whose is not Whose.OURS else ""


#: where no CI is at work
COMMAND_LINE = Occasion(Cause.COMMAND_LINE, Whose.OURS, "a command line")
