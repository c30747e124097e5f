"""GitLab CI: sections that fold in the job's log, outputs as a dotenv report, the plan as a note on the merge request.

Facts: GitLab's documentation, "CI/CD job logs" (sections) and "Dotenv variables" (names of ASCII letters, digits and
underscores, values on one line without quotes, 5 KiB in all, 20 variables on an instance that has not raised them).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TextIO

from galleria_action.ci.interface import NoReviews, Reviews, Wishes
from galleria_action.ci.occasion import Cause, Occasion, Whose
from galleria_action.ci.plain import Plain
from galleria_action.fence.place import Place
from galleria_action.report.escape import visible

DOTENV_FILE = "galleria.env"
#: No option begins like this: GitLab hands the variables to all later jobs, where an output must not turn into one.
_PREFIX = "GALLERIA_OUTPUT_"
_MOST_VARIABLES, _MOST_BYTES, _LONGEST = 20, 5 * 1024, 200
#: what of ``CI_PIPELINE_SOURCE`` is understood. A child pipeline does not tell what started its parent.
CAUSES: Mapping[str, Cause] = {
    "push": Cause.PUSH,
    "web": Cause.DISPATCH,
    "api": Cause.DISPATCH,
    "trigger": Cause.DISPATCH,
    "schedule": Cause.SCHEDULE,
    "merge_request_event": Cause.PULL_REQUEST,
}
#: what a later job needs least; all of it is in the result file
_LEFT_OUT = (
    "mode", "message", "report-file", "files-skipped", "photos-unchanged", "photos-with-position", "metadata-uploaded",
    "shards", "previous-release", "duplicates", "url", "dry-run", "orphaned-files", "mismatched-files",
)  # fmt: skip


class GitLab(Plain):
    """Like a terminal that nobody watches, with sections; ``environ`` holds GitLab's variables (``CI_*``) and, for
    notes, ``GITLAB_TOKEN``."""

    name = "GitLab CI"

    def __init__(
        self,
        environ: Mapping[str, str],
        stream: TextIO,
        working_directory: Path,
        clock: Callable[[], float] = time.time,
    ) -> None:
        named = Path(environ.get("CI_PROJECT_DIR") or working_directory)
        workspace = named if named.is_dir() else working_directory
        super().__init__(stream, workspace, interactive=False, occasion=_occasion(environ))
        self._environ = environ
        self._clock = clock
        self._sections = count(1)
        self.mask(environ.get("GITLAB_TOKEN", ""))

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """See ``CI.group``."""
        name = f"galleria_{next(self._sections)}"
        shown = visible(self.hide(title))
        self._log.write(f"\x1b[0Ksection_start:{self._now()}:{name}[collapsed=true]\r\x1b[0K{shown}")
        try:
            yield
        finally:
            self._log.write(f"\x1b[0Ksection_end:{self._now()}:{name}\r\x1b[0K")

    def reviews(self, wishes: Wishes, warn: Callable[[str], None]) -> Reviews:
        """See ``CI.reviews``: the note on the merge request."""
        from galleria_action.ci.gitlab_notes import open_notes

        if wishes.comment == "off":
            return NoReviews()
        notes = open_notes(self._environ, wishes, warn=warn, line=self.line, hide=self.hide)
        return notes or NoReviews()

    def write_outputs(self, outputs: Mapping[str, str | int | bool]) -> None:
        """See ``CI.write_outputs``: into ``galleria.env``, for ``artifacts: reports: dotenv``."""
        lines = [_variable(name, value) for name, value in outputs.items() if name not in _LEFT_OUT]
        body = "".join(lines[:_MOST_VARIABLES]).encode()
        if len(body) > _MOST_BYTES:
            raise ValueError(f"{DOTENV_FILE} would have {len(body)} bytes, of which GitLab takes {_MOST_BYTES}")
        Place(self.workspace, attended=False).write(Path(DOTENV_FILE), body)

    def _now(self) -> int:
        return int(self._clock())


def _occasion(environ: Mapping[str, str]) -> Occasion:
    """A fork's merge request has its pipeline in the fork, without the variables of the project, or, when a member
    started it, in the project, with them."""
    source = environ.get("CI_PIPELINE_SOURCE", "")
    cause = CAUSES.get(source, Cause.OTHER)
    if any(value and name.startswith("CI_EXTERNAL_PULL_REQUEST_") for name, value in environ.items()):
        return Occasion(Cause.PULL_REQUEST, Whose.UNKNOWN, "a pull request of another service")
    asked = any(value and name.startswith("CI_MERGE_REQUEST_") for name, value in environ.items())
    if asked or cause is Cause.PULL_REQUEST or environ.get("CI_COMMIT_REF_NAME", "").startswith("refs/merge-requests/"):
        own, target = (environ.get(f"CI_MERGE_REQUEST_{side}PROJECT_ID", "") for side in ("SOURCE_", ""))
        if own != target:
            return Occasion(Cause.PULL_REQUEST, Whose.FORK, "the merge request of a fork")
        number = environ.get("CI_MERGE_REQUEST_IID", "")
        iid = int(number) if re.fullmatch("[0-9]{1,9}", number) else None
        return Occasion(Cause.PULL_REQUEST, Whose.OURS if own else Whose.UNKNOWN, "a merge request", iid)
    if cause is Cause.PUSH and environ.get("CI_COMMIT_TAG"):
        cause = Cause.TAG
    return Occasion(
        cause, Whose.OURS, f"a pipeline of the source {source}" if source else "a pipeline without a source"
    )


def _variable(name: str, value: str | int | bool) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    key = re.sub(r"[^A-Z0-9_]", "_", name.upper())
    return f"{_PREFIX}{key}={visible(text)[:_LONGEST]}\n"
