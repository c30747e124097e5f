"""A terminal, ``docker run``, or a CI without a protocol of its own: lines of text and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from galleria_action.ci.interface import NoReviews, Reviews, Wishes
from galleria_action.ci.log import Log
from galleria_action.ci.occasion import COMMAND_LINE, Cause, Occasion, Whose
from galleria_action.ci.secrets import forms, redact
from galleria_action.errors import Finding
from galleria_action.expressions import expression
from galleria_action.report.document import Tone
from galleria_action.report.escape import visible
from galleria_action.report.progress import Screen

#: "Select Graphic Rendition" of ECMA-48: bold, and a colour that can be told apart on dark and light ground
_COLOURS: dict[Tone, str] = {"plain": "", "good": "\x1b[1;32m", "doubtful": "\x1b[1;33m", "bad": "\x1b[1;31m"}
_USUAL = "\x1b[0m"
#: between a number and its unit, where no line ends; and a character that visible text does not have
_AMOUNT = expression(r"(?<=[0-9]) (?=(?:[kMGTP]?B|s|min|h)\b)")
_JOINED = "\x1f"
#: columns; with fewer a line would be a word
_NARROWEST = 40

#: by which other CIs are known to be at work; of what starts their runs nothing is known here. Whole names: people have
#: these services' tokens in the environment of their terminals.
_OTHER_CIS = frozenset({
    "AC_APPCIRCLE", "AGOLA_GIT_REF", "APPCENTER_BUILD_ID", "APPVEYOR", "BITBUCKET_BUILD_NUMBER",
    "BITBUCKET_COMMIT", "BITRISE_BUILD_NUMBER", "BITRISE_IO", "BUDDY_WORKSPACE_ID", "BUILDKITE", "BUILDER_OUTPUT",
    "BUILD_ID", "BUILD_NUMBER", "BUILD_REASON", "BUILD_SUBMITTER", "BUILD_TAG", "CF_BUILD_ID", "CF_PAGES", "CIRCLECI",
    "CIRRUS_CI", "CM_BUILD_ID", "CODEBUILD_BUILD_ARN", "CODEBUILD_BUILD_ID", "CODEBUILD_WEBHOOK_EVENT",
    "CODEBUILD_WEBHOOK_TRIGGER", "CONTINUOUS_INTEGRATION", "DRONE", "DRONE_BUILD_EVENT", "DSARI", "EARTHLY_CI",
    "EAS_BUILD", "FORGEJO_ACTIONS", "GERRIT_PROJECT", "GITEA_ACTIONS", "GITHUB_ACTIONS", "GITHUB_EVENT_NAME",
    "GITHUB_RUN_ID", "GITLAB_CI", "GO_PIPELINE_LABEL", "GO_PIPELINE_NAME", "HARNESS_BUILD_ID", "HEROKU_TEST_RUN_ID",
    "HUDSON_HOME", "HUDSON_URL", "JENKINS_HOME", "JENKINS_URL", "LAYERCI", "MAGNUM", "NETLIFY", "NEVERCODE",
    "NOW_BUILDER", "PROW_JOB_ID", "RELEASE_BUILD_ID", "RENDER", "RUN_ID", "SAILCI", "SCREWDRIVER", "SEMAPHORE",
    "STRIDER", "SYSTEM_COLLECTIONURI", "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", "SYSTEM_TEAMPROJECT", "TEAMCITY_VERSION",
    "TASKCLUSTER_ROOT_URL", "TF_BUILD", "TRAVIS", "VELA", "VERCEL", "WERCKER", "WORKERS_CI", "XCS", "ZUUL_BRANCH",
    "ZUUL_CHANGE", "ZUUL_PIPELINE", "bamboo_agentId", "bamboo_buildKey", "bamboo_planKey",
})  # fmt: skip
#: what speaks of somebody's changes
_PULL_REQUEST = expression(r"(?:PULL|MERGE)_?REQUEST|PULL_NUMBER|_PR(?:_|$)|^CHANGE_(?:ID|FORK|TARGET)$|PATCHSET")
#: with ``CI`` more than that: it belongs to a build
_BUILD = expression(r"^(?:RUNNER|AGENT|JOB)_|(?:^|_)(?:BUILD|PIPELINE|BRANCH|COMMIT)(?:_|$)|^CI_|_CI(?:_|$)")
_UNSAID = frozenset({"", "false", "0"})
_UNTOLD = Occasion(Cause.UNTOLD, Whose.UNKNOWN, "a CI that says no more of itself than CI=true")


def occasion_of(environ: Mapping[str, str]) -> Occasion:
    """A command line where nothing speaks of a CI. ``CI=true`` alone tells neither the CI nor what started the run."""
    name = environ.get("CI", "")
    said = sorted(it for it, value in environ.items() if value not in _UNSAID)
    found = next((it for it in said if it in _OTHER_CIS), None)
    found = found or (name if name not in ("", "true", "1", "false", "0") else None)
    found = found or next((it for it in said if _PULL_REQUEST.search(it)), None)
    found = found or next((it for it in said if name not in _UNSAID and _BUILD.search(it)), None)
    if found is None:
        return COMMAND_LINE if name in _UNSAID else _UNTOLD
    return Occasion(Cause.OTHER, Whose.UNKNOWN, f"a CI that is not known here ({visible(found[:40])})")


def _wrapped(text: str, columns: int) -> list[str]:
    """``text`` in lines of ``columns`` characters, broken between words only, so that keys and addresses stay whole;
    what goes on stands further in."""
    import textwrap  # for terminals only

    indent = " " * (len(text) - len(text.lstrip(" ")) + 2)
    lines = textwrap.wrap(
        _AMOUNT.sub(_JOINED, text), max(columns, _NARROWEST), subsequent_indent=indent,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return [line.replace(_JOINED, " ") for line in lines] or [text]


class Plain:
    """Prints to ``stream``. ``interactive`` says whether that is a terminal that can redraw lines, ``coloured``
    whether it is to show colours."""

    name = "terminal"
    summary_budget = 0
    annotates = False

    def __init__(
        self,
        stream: TextIO,
        workspace: Path,
        *,
        interactive: bool,
        coloured: bool = False,
        occasion: Occasion = COMMAND_LINE,
    ) -> None:
        self.occasion = occasion
        self.workspace = workspace
        self._interactive = interactive
        self._coloured = coloured
        self._log = Log(stream)
        self._hidden: tuple[str, ...] = ()

    def line(self, text: str, tone: Tone = "plain") -> None:
        """See ``CI.line``."""
        shown = visible(self.hide(text))
        for piece in _wrapped(shown, self._log.columns) if self._interactive else [shown]:
            self._log.write(f"{_COLOURS[tone]}{piece}{_USUAL}" if self._coloured and tone != "plain" else piece)

    @property
    def screen(self) -> Screen | None:
        """See ``CI.screen``."""
        return self._log if self._interactive else None

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """See ``CI.group``: here the title is a line of its own."""
        self.line(title)
        yield

    def warning(self, problem: Finding | str) -> None:
        """See ``CI.warning``."""
        self._report("Warning: ", problem)

    def error(self, problem: Finding | str) -> None:
        """See ``CI.error``."""
        self._report("Error: ", problem)

    def _report(self, level: str, problem: Finding | str) -> None:
        for line in str(problem).splitlines():
            self.line(f"{level}{line}")
            level = "  "

    def mask(self, secret: str) -> None:
        """See ``CI.mask``."""
        self._hidden = tuple(sorted({*self._hidden, *forms(secret)}, key=len, reverse=True))

    def hide(self, text: str) -> str:
        """See ``CI.hide``."""
        return redact(text, self._hidden)

    def reviews(self, wishes: Wishes, warn: Callable[[str], None]) -> Reviews:
        """See ``CI.reviews``: there are none here."""
        return NoReviews()

    def write_outputs(self, outputs: Mapping[str, str | int | bool]) -> None:
        """See ``CI.write_outputs``: there are none here."""

    def write_summary(self, markdown: str) -> None:
        """See ``CI.write_summary``: there is none here."""
        if markdown:
            raise ValueError("there is no summary here; ask for summary_budget first")

    def close(self) -> None:
        """See ``CI.close``: nothing is held back."""
