"""The plan as a note on a GitLab merge request: one per gallery, kept up to date, never the reason that a run fails.

Facts: GitLab's "Notes API" and "Predefined CI/CD variables". A job's own token cannot write notes, hence an access
token of the project in ``GITLAB_TOKEN``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from galleria_action import __version__
from galleria_action.ci.github.event import at
from galleria_action.ci.interface import NoReviews, Wishes
from galleria_action.ci.reviews.marker import Marker, identity_of, sealed
from galleria_action.ci.reviews.sticky import Comment, Posted, Sticky, Superseded
from galleria_action.net.rest import ApiError, Rest
from galleria_action.report.comment import COMMENT_BUDGET, render_comment, state_of, status_line
from galleria_action.report.result import Result
from galleria_action.values import dataclass

#: seconds that GitLab may take, and when the run was cancelled
_PATIENCE, _LEAVING = 45.0, 3.0
_HOW = (
    "GITLAB_TOKEN has to be an access token of this project with the role Reporter and the scope api, as a masked "
    "variable that merge requests get (not protected)."
)


@dataclass(frozen=True, slots=True)
class MergeRequest:
    """A merge request (``path`` in the API), and the job that reports on it."""

    path: str
    url: str
    commit: str
    job: tuple[int, int]
    job_url: str


class MergeRequestNotes:
    """The notes of one merge request; see ``sticky.Comments``."""

    def __init__(self, rest: Rest, merge_request: MergeRequest) -> None:
        self._rest = rest
        self._notes = f"{merge_request.path}/notes"
        self._url = merge_request.url

    def all(self) -> Iterator[Comment]:
        """See ``Comments.all``."""
        return (self._comment(note) for note in self._rest.pages(self._notes))

    def my_name(self) -> str:
        """See ``Comments.my_name``."""
        name = at(self._rest.call("GET", "user"), "username")
        if not isinstance(name, str):
            raise ApiError("the answer is not a user")
        return name

    def create(self, body: str) -> Comment:
        """See ``Comments.create``."""
        return self._comment(self._rest.call("POST", self._notes, {"body": body}))

    def update(self, comment: int, body: str) -> None:
        """See ``Comments.update``."""
        self._rest.call("PUT", f"{self._notes}/{comment}", {"body": body})

    def remove(self, comment: int) -> None:
        """See ``Comments.remove``."""
        self._rest.call("DELETE", f"{self._notes}/{comment}")

    def _comment(self, note: Any) -> Comment:
        try:
            author = str((note["author"] or {}).get("username"))
            return Comment(int(note["id"]), author, str(note["body"]), f"{self._url}#note_{note['id']}")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ApiError("the answer is not a note") from error


class GitLabNotes(NoReviews):
    """See ``Reviews``. ``hide`` takes every known secret out of a text."""

    def __init__(
        self,
        rest: Rest,
        merge_request: MergeRequest,
        wishes: Wishes,
        *,
        warn: Callable[[str], None],
        line: Callable[[str], None],
        hide: Callable[[str], str],
    ) -> None:
        self._rest = rest
        self._merge_request = merge_request
        self._wishes = wishes
        self._warn = warn
        self._line = line
        self._hide = hide

    def finished(self, result: Result) -> Mapping[str, bytes]:
        """See ``Reviews.finished``."""
        request = self._merge_request
        self._rest.allow(_LEAVING if state_of(result) == "cancelled" else _PATIENCE)
        marker = Marker(identity_of(request.path, self._wishes.target, self._wishes.label), request.job)
        sticky = Sticky(MergeRequestNotes(self._rest, request), marker.identity, marker.run)
        try:
            sticky.publish(lambda found: self._written(result, marker, found))
        except Superseded:
            self._line("The note on the merge request was left as it is: a newer job has written it.")
        except ApiError as error:
            how = f" {_HOW}" if error.refused else ""
            self._warn(self._hide(f"The note on the merge request could not be written: GitLab says {error}.{how}"))
        return {}

    def _written(self, result: Result, marker: Marker, found: Posted | None) -> str | None:
        noteworthy = not result.success or (result.plan is not None and result.plan.changed)
        if found is None and not noteworthy and self._wishes.comment != "always":
            return None
        job = self._merge_request.job_url
        files = f"{job}/artifacts/browse" if job and self._wishes.report else ""
        status = status_line(state_of(result), job, self._merge_request.commit, files)
        room = COMMENT_BUDGET - len(status.encode()) - len(marker.line("")) - 4
        content = render_comment(result, room, label=self._wishes.label)
        return sealed(_without_quick_actions(self._hide(f"{content}\n\n{status}")), marker)  # no keys in this marker


def open_notes(
    environ: Mapping[str, str],
    wishes: Wishes,
    *,
    warn: Callable[[str], None],
    line: Callable[[str], None],
    hide: Callable[[str], str],
) -> GitLabNotes | None:
    """The notes of the merge request that ``environ`` tells of; ``None`` without one. Nothing is sent yet."""
    request, base = _merge_request(environ), environ.get("CI_API_V4_URL", "").rstrip("/")
    if request is None or not re.match(r"https?://", base):
        return None
    token = environ.get("GITLAB_TOKEN")
    if not token:
        line(f"There is no note on the merge request, because there is no token for it: {_HOW}")
        return None
    headers = {"PRIVATE-TOKEN": token, "User-Agent": f"galleria-action/{__version__}"}
    return GitLabNotes(Rest(base, headers, environ), request, wishes, warn=warn, line=line, hide=hide)


def _merge_request(environ: Mapping[str, str]) -> MergeRequest | None:
    project, iid = environ.get("CI_MERGE_REQUEST_PROJECT_ID", ""), environ.get("CI_MERGE_REQUEST_IID", "")
    if not project.isdecimal() or not iid.isdecimal():
        return None
    pipeline, job = (environ.get(name, "") for name in ("CI_PIPELINE_ID", "CI_JOB_ID"))
    return MergeRequest(
        path=f"projects/{project}/merge_requests/{iid}",
        url=f"{environ.get('CI_MERGE_REQUEST_PROJECT_URL', '')}/-/merge_requests/{iid}",
        # the commit of a merged-results pipeline is one that nobody has written
        commit=environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or environ.get("CI_COMMIT_SHA", ""),
        job=(int(pipeline) if pipeline.isdecimal() else 0, int(job) if job.isdecimal() else 0),
        job_url=environ.get("CI_JOB_URL", ""),
    )


def _without_quick_actions(body: str) -> str:
    """A line that begins with a slash is an order to GitLab, such as ``/merge``."""
    return re.sub(r"(?m)^(\s*)/", r"\1&#47;", body)
