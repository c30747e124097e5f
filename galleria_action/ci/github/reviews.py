"""Reviews on GitHub: the sticky comment, the approved plan, the deployment. None of them can fail a run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from galleria_action.ci.github.api import GitHubApi, PullRequest
from galleria_action.ci.github.comment import PullRequestComments
from galleria_action.ci.github.deployments import GitHubDeployment, end_preview
from galleria_action.ci.github.event import Event
from galleria_action.ci.interface import Approval, NoApproval, Wishes
from galleria_action.ci.reviews.marker import Marker, detailed, identity_of, sealed, shown_text
from galleria_action.ci.reviews.pictures import pictures_online
from galleria_action.ci.reviews.sticky import Posted, Sticky, Superseded
from galleria_action.net.rest import ApiError
from galleria_action.report.comment import (
    COMMENT_BUDGET,
    Picture,
    State,
    render_comment,
    render_fork_comment,
    reviewed_plan,
    state_of,
    status_line,
)  # fmt: skip
from galleria_action.report.outcome import outcome_of
from galleria_action.report.result import Result
from galleria_action.storage.public_store import PublicStore
from galleria_action.values import replace

#: seconds that GitHub may take: to say what is approved, to be told of the start, of the end, of a cancelled run
_ASKING, _BEGINNING, _ENDING, _LEAVING = 60.0, 15.0, 45.0, 3.0
_SECONDS_FOR_A_PICTURE = 3.0
#: bytes of the comment that remember what the plan does
_REMEMBERED = 24_000
#: bytes for what stands between the comment's text and its last line
_SPARE = 400

#: events that belong to a pull request, but not to a state of its files
_AROUND_PULL_REQUESTS = ("issue_comment", "pull_request_review", "pull_request_review_comment")

COMMENT_FILE, NUMBERS_FILE = "galleria-comment.md", "galleria-comment.json"
_FORK_HINT = "Give the id of the plan that you have looked at as approved-plan."


class GitHubReviews:
    """See ``Reviews``. ``api`` is ``None`` without a token; ``redact`` takes every known secret out of a text, because
    what is sent to the API does not pass the runner, which would do it."""

    def __init__(
        self,
        event: Event,
        wishes: Wishes,
        api: GitHubApi | None,
        *,
        warn: Callable[[str], None],
        line: Callable[[str], None],
        redact: Callable[[str], str],
    ) -> None:
        self._event = event
        self._wishes = wishes
        self._api = api
        self._warn = warn
        self._line = line
        self._redact = redact
        self._deployment: GitHubDeployment | None = None
        self._continued = False
        self._asked_for: tuple[PullRequest | None] | None = None

    def approval(self) -> Approval:
        """See ``Reviews.approval``: the plan in the comment on the pull request that brought this commit."""
        if self._api is None:
            raise NoApproval("Without github-token the reviewed plan cannot be looked up.", _permissions("read"))
        self._api.allow(_ASKING)
        try:
            pull = self._pull_request(self._api)
            found = self._sticky(self._api, pull.number).find() if pull and not pull.fork else None
        except ApiError as error:
            hint = _permissions("read") if error.refused else "Run again, or give the plan's id as approved-plan."
            text = f"The reviewed plan could not be looked up: {self._api.server} says {error}."
            raise NoApproval(text, hint) from error
        if pull is None:
            raise NoApproval(f"No merged pull request was found for the commit {self._event.commit[:7]}.", _FORK_HINT)
        if pull.fork:
            text = (
                f"Pull request #{pull.number} comes from a fork, and whoever wrote it may have written its plan, too."
            )
            raise NoApproval(text, _FORK_HINT)
        if not found or not found.marker.plan:
            raise _no_plan(pull, broken=found is not None and found.marker.broken)
        if found.marker.head != pull.head:
            raise _other_head(pull, found.marker.head)
        return Approval(found.marker.plan, found.marker.fingerprint, found.comment.url or f"#{pull.number}")

    def deploying(self) -> None:
        """See ``Reviews.deploying``."""
        if self._api is None:
            return
        self._api.allow(_BEGINNING)
        if self._wishes.comment != "off":
            with self._harmless("The comment's status", "pull-requests", lambda: False):
                self._comment(self._api, lambda found: self._under_way(found) if found else None)
        if self._wishes.environment_url or self._wishes.public_url or self._wishes.preview:
            with self._harmless("A deployment", "deployments", lambda: self._wishes.environment_url is not None):
                self._deployment = GitHubDeployment(self._api, self._event, self._wishes, self._redact)
                self._deployment.begin()

    def is_open(self, pull_request: int) -> bool | None:
        """See ``Reviews.is_open``. GitHub does not know one that the token may not see, either."""
        if self._api is None:
            return None
        self._api.allow(_BEGINNING)
        try:
            return self._api.is_open(pull_request)
        except ApiError:
            return None

    def preview_gone(self, preview: str) -> None:
        """See ``Reviews.preview_gone``."""
        if self._api is None:
            return
        self._api.allow(_ENDING)
        with self._harmless("The end of the preview's deployment", "deployments", lambda: False):
            end_preview(self._api, preview)

    def finished(self, result: Result) -> Mapping[str, bytes]:
        """See ``Reviews.finished``: a fork's comment, which a workflow with a token that may write can post."""
        if self._api:
            self._api.allow(_LEAVING if result.outputs["failure-reason"] == "cancelled" else _ENDING)
            if self._deployment:
                with self._harmless("The deployment's status", "deployments"):
                    self._deployment.end(result)
        if not self._concerns_reviewers(result):
            self._tell_why_not()
            return {}
        pictures = self._pictures(result)
        refused = self._api is None
        if self._api:
            with self._harmless("The comment", "pull-requests", self._comment_is_expected) as refusals:
                self._comment(self._api, lambda found: self._written(result, pictures, found))
            refused = bool(refusals)
        unaided = self._event.pull_request is not None and self._event.occasion.without_secrets
        if refused and unaided and (self._continued or self._noteworthy(result)):
            return self._for_somebody_else(result)
        return {}

    def _tell_why_not(self) -> None:
        """Events around a pull request look as if they were about its files."""
        if self._wishes.comment != "off" and self._event.name in _AROUND_PULL_REQUESTS:
            self._line(f"The event {self._event.name} shows no plan on the pull request; pull_request does.")

    def _noteworthy(self, result: Result) -> bool:
        """Whether there should be a comment; one that is there is always continued."""
        changed = result.plan is not None and result.plan.changed
        return self._wishes.comment == "always" or changed or not result.success

    def _comment_is_expected(self) -> bool:
        """Nobody misses a comment after a push unless there was one, and a fork's run could not write one anyway."""
        return (self._event.pull_request is not None or self._continued) and not self._event.occasion.without_secrets

    def _concerns_reviewers(self, result: Result) -> bool:
        """A plan outside of a pull request, a nightly one for instance, leaves the reviewed one alone."""
        nightly = result.outputs["dry-run"] and self._event.pull_request is None
        return self._wishes.comment != "off" and not nightly

    # -- the comment ---------------------------------------------------------------------------------------------

    def _comment(self, api: GitHubApi, write: Callable[[Posted | None], str | None]) -> None:
        """Write the comment on the pull request of this run. On a merged one only an existing comment is continued."""
        pull = self._pull_request(api)
        if pull is None:
            return

        def continued(found: Posted | None) -> str | None:
            self._continued = self._continued or found is not None
            return write(found) if found or self._event.pull_request else None

        try:
            self._sticky(api, pull.number).publish(continued)
        except Superseded:
            self._line("The comment was left as it is: a newer run has written it.")

    def _written(self, result: Result, pictures: list[Picture], found: Posted | None) -> str | None:
        if found is None and not self._noteworthy(result):
            return None
        marker = self._marker(result, found.marker if found else None)
        return self._body(result, pictures, marker)

    def _body(self, result: Result, pictures: list[Picture], marker: Marker) -> str:
        status = self._status(state_of(result), self._artifacts() if self._wishes.report else "")
        room = COMMENT_BUDGET - len(status.encode()) - len(marker.line("").encode()) - _SPARE
        preview = str(result.outputs["preview-url"])
        content = render_comment(result, room, label=self._wishes.label, pictures=pictures, preview=preview)
        if marker.plan not in content:
            content = f"{content}\n\n{reviewed_plan(marker.plan, marker.head)}"
        return self._sealed(f"{content}\n\n{status}", marker)

    def _under_way(self, found: Posted) -> str:
        """The comment with another status, which is the last paragraph of its text."""
        content = shown_text(found.comment.body).rpartition("\n\n")[0]
        marker = replace(found.marker, run=self._event.run)
        return self._sealed(f"{content}\n\n{self._status('deploying')}", marker)

    def _sealed(self, text: str, marker: Marker) -> str:
        """The body without secrets, which are taken out of the text before it is sealed, and of the seal's keys."""
        return self._redact(sealed(self._redact(text), marker))

    def _status(self, state: State, artifacts: str = "") -> str:
        return status_line(state, self._event.run_url, self._event.commit, artifacts)

    def _artifacts(self) -> str:
        """Where GitHub shows what a run's steps have uploaded."""
        return f"{self._event.run_url.partition('/attempts/')[0]}#artifacts"

    def _marker(self, result: Result, before: Marker | None) -> Marker:
        """A deploy leaves the reviewed plan in it, so that it can be run again; a failed plan approves nothing."""
        identity = before.identity if before else self._identity(self._event.pull_request or 0)
        marker = Marker(identity, self._event.run)
        if not result.outputs["dry-run"]:
            kept = before or marker
            return replace(marker, plan=kept.plan, head=kept.head, fingerprint=kept.fingerprint)
        if result.plan is None or not result.success or self._event.occasion.without_secrets:
            return marker
        marker = replace(marker, plan=result.plan.plan_id, head=self._event.commit)
        return detailed(marker, result.plan, _REMEMBERED)

    def _sticky(self, api: GitHubApi, number: int) -> Sticky:
        return Sticky(PullRequestComments(api, number), self._identity(number), self._event.run)

    def _identity(self, number: int) -> str:
        return identity_of(f"{self._event.repository}#{number}", self._wishes.target, self._wishes.label)

    def _pull_request(self, api: GitHubApi) -> PullRequest | None:
        """That of the event, else the merged one that brought the commit; asked for once."""
        if self._event.pull_request:
            return PullRequest(self._event.pull_request, self._event.fork, self._event.commit)
        if self._asked_for is None:
            self._asked_for = (api.merged_pull_request(self._event.commit) if self._event.commit else None,)
        return self._asked_for[0]

    def _pictures(self, result: Result) -> list[Picture]:
        preview = str(result.outputs["preview-url"])
        url = preview.rpartition("/")[0] if preview else self._wishes.public_url
        if not url or not result.plan or outcome_of(result).kind == "cancelled":
            return []
        deployed = bool(preview) or outcome_of(result).kind == "done"
        return pictures_online(result.plan, url, PublicStore(url, _SECONDS_FOR_A_PICTURE), deployed=deployed)

    def _for_somebody_else(self, result: Result) -> dict[str, bytes]:
        self._line(
            f"This run may not comment. {COMMENT_FILE} holds the comment for a workflow that may (workflow_run)."
        )
        numbers = {
            "pull_request": self._event.pull_request,
            "head_sha": self._event.commit,
            "label": self._wishes.label,
            "id": self._identity(self._event.pull_request or 0),
        }
        body = self._redact(render_fork_comment(result, COMMENT_BUDGET, label=self._wishes.label))
        return {COMMENT_FILE: f"{body}\n".encode(), NUMBERS_FILE: f"{json.dumps(numbers, indent=2)}\n".encode()}

    # -- what GitHub refuses ---------------------------------------------------------------------------------------

    @contextmanager
    def _harmless(
        self, what: str, permission: str, expected: Callable[[], bool] = lambda: True
    ) -> Iterator[list[ApiError]]:
        """Turn an ``ApiError`` into a warning, or into a line of the log where nobody ``expected`` anything.

        The list that is given out gets the error when the token is to blame.
        """
        refusals: list[ApiError] = []
        try:
            yield refusals
        except ApiError as error:
            tell = self._warn if expected() else self._line
            text = f"{what} could not be written: {self._api.server if self._api else 'the server'} says {error}."
            if error.refused:
                refusals.append(error)
                text = f"{text} {_permissions('write', permission)}"
            tell(self._redact(text))


def _no_plan(pull: PullRequest, *, broken: bool) -> NoApproval:
    if broken:
        return NoApproval(
            f"The comment with the plan on pull request #{pull.number} is not as this action left it, so it proves "
            "nothing.",
            f"Run `plan` on the pull request again. {_FORK_HINT}",
        )
    return NoApproval(
        f"Pull request #{pull.number} has no comment with a plan of this gallery.",
        f"Let a workflow run `plan` on pull requests, with the same bucket and label. {_FORK_HINT}",
    )


def _other_head(pull: PullRequest, head: str) -> NoApproval:
    return NoApproval(
        f"The plan on pull request #{pull.number} was made for {head[:7] or 'an unknown commit'}, but merged was "
        f"{pull.head[:7] or 'an unknown commit'}: something was pushed after it.",
        f"Let the workflow that plans run on every push to a pull request ([skip ci] leaves it out). {_FORK_HINT}",
    )


def _permissions(access: str, name: str = "pull-requests") -> str:
    return f"The job's token needs, in the workflow: `permissions: {{ contents: read, {name}: {access} }}`."
