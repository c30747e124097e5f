"""What a command needs of the place it runs in, whichever that is.

One implementation per place: ``plain`` (terminal, ``docker run``, any CI we do not know), ``github``, ``forgejo``,
``gitlab``, ``woodpecker``. None of them reads the environment or opens a stream by itself; both are handed in by
``detect``.

Text passed to a CI is always untrusted: a photo may be called ``::error::``. Whatever it contains, it is shown and
never obeyed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from galleria_action.ci.occasion import Occasion
from galleria_action.errors import Finding
from galleria_action.values import dataclass, field

if TYPE_CHECKING:
    from galleria_action.deployment.fingerprint import Fingerprint
    from galleria_action.report.document import Tone
    from galleria_action.report.progress import Screen
    from galleria_action.report.result import Result
    from galleria_action.storage.interface import Target


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the options ask of reviews. ``comment`` is ``changes``, ``always`` or ``off``.

    ``label`` and ``target`` tell one gallery's comment from another's. ``environment`` names a deployment;
    ``environment_url`` asks for one at this address, ``public_url`` is where visitors see the gallery. ``preview`` is
    the name of the preview that is deployed instead, ``preview_url`` where it is seen. ``report`` says that there
    will be a report to look at.
    """

    comment: str = "off"
    label: str = ""
    target: Target | None = None
    token: str | None = field(default=None, repr=False)
    public_url: str | None = None
    environment: str | None = None
    environment_url: str | None = None
    preview: str = ""
    preview_url: str = ""
    report: bool = False


@dataclass(frozen=True, slots=True)
class Approval:
    """The plan that reviewers have seen: its id, what it does, and where it is shown (words or an address)."""

    plan_id: str
    fingerprint: Fingerprint
    where: str


class NoApproval(Exception):
    """There is no approved plan to be found. The text says why, as a sentence; ``hint`` what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Reviews(Protocol):
    """Where people look at what a run is about to do: a comment on the pull request, the page of a deployment.

    What cannot be shown is a warning that says what to change; it never fails a run, and never raises.
    """

    def approval(self) -> Approval:
        """The plan that was reviewed for the commit of this run. Raises ``NoApproval``."""

    def deploying(self) -> None:
        """The first write to the storage is about to happen."""

    def is_open(self, pull_request: int) -> bool | None:
        """Whether the pull request with this number is neither merged nor closed; ``None`` where that is not known."""

    def preview_gone(self, preview: str) -> None:
        """Nothing is left of the preview with this name."""

    def finished(self, result: Result) -> Mapping[str, bytes]:
        """The run ended, well or not.

        Returns what this run may not publish itself, by file name, for somebody who may; usually nothing.
        """


class NoReviews:
    """A place without reviews."""

    def approval(self) -> Approval:
        """See ``Reviews.approval``."""
        raise NoApproval(
            "Reviewed plans are known on GitHub, Forgejo and Gitea only, and with a token.",
            "Give the id of the plan as approved-plan, or set plan-approval: off.",
        )

    def deploying(self) -> None:
        """See ``Reviews.deploying``."""

    def is_open(self, pull_request: int) -> bool | None:
        """See ``Reviews.is_open``."""
        return None

    def preview_gone(self, preview: str) -> None:
        """See ``Reviews.preview_gone``."""

    def finished(self, result: Result) -> Mapping[str, bytes]:
        """See ``Reviews.finished``."""
        return {}


class CI(Protocol):
    """A place to run in. ``line`` and the annotations may be called from several threads."""

    @property
    def name(self) -> str:
        """For people: ``GitHub Actions``, ``terminal``."""

    @property
    def workspace(self) -> Path:
        """The folder that the run may read and write."""

    @property
    def summary_budget(self) -> int:
        """Bytes (UTF-8) that ``write_summary`` still takes; 0 where there are no summaries."""

    @property
    def annotates(self) -> bool:
        """Whether warnings and errors are shown beside the log as well, so that it is worth repeating them there."""

    @property
    def screen(self) -> Screen | None:
        """Where a bar can be drawn, when a person watches a terminal that can redraw lines."""

    def line(self, text: str, tone: Tone = "plain") -> None:
        """Print ``text`` as one line of the log, coloured by ``tone`` where that is shown; line breaks and control
        characters in it are made visible."""

    def group(self, title: str) -> AbstractContextManager[None]:
        """Fold the lines printed meanwhile under ``title``, where logs can fold. Groups do not nest."""

    def warning(self, problem: Finding | str) -> None:
        """Report ``problem`` beside the log as well, at its file and line when it has them."""

    def error(self, problem: Finding | str) -> None:
        """Like ``warning``, for what makes the run fail."""

    def mask(self, secret: str) -> None:
        """Keep ``secret`` and its usual encodings out of everything printed from now on.

        Call it before the secret is used. Lines of fewer than 6 characters are not masked: that would make any log
        unreadable and hide nothing.
        """

    def hide(self, text: str) -> str:
        """``text`` with ``***`` in place of everything that is masked: for what is told elsewhere than in the log."""

    @property
    def occasion(self) -> Occasion:
        """Why this run happens."""

    def reviews(self, wishes: Wishes, warn: Callable[[str], None]) -> Reviews:
        """The reviews of this run; ``warn`` is told what could not be shown. Nothing is sent yet."""

    def write_outputs(self, outputs: Mapping[str, str | int | bool]) -> None:
        """Set step outputs, booleans as ``true`` and ``false``; nothing happens where there are none."""

    def write_summary(self, markdown: str) -> None:
        """Show ``markdown`` on the run's page. Raises ``ValueError`` if it is over ``summary_budget``."""

    def close(self) -> None:
        """Say what had to be held back (annotations beyond the limit). Call it once, as the last thing."""
