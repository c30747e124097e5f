"""What started a run, whatever of it the runner tells."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galleria_action.ci.github.event import Event, read_event
from galleria_action.ci.occasion import Cause, Whose

BASE = {
    "GITHUB_REPOSITORY": "maker/wedding",
    "GITHUB_SHA": "d" * 40,
    "GITHUB_RUN_ID": "77",
    "GITHUB_RUN_ATTEMPT": "2",
    "GITHUB_SERVER_URL": "https://github.example.com",
    "GITHUB_ACTOR": "maker",
}


def pull(repository: object) -> dict[str, object]:
    return {"pull_request": {"number": 12, "head": {"sha": "a" * 40, "repo": repository}}}


def event(tmp_path: Path, name: str, payload: object, **environ: str) -> Event:
    file = tmp_path / "event.json"
    file.write_text(json.dumps(payload), encoding="utf-8")
    return read_event(BASE | {"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(file)} | environ)


def test_an_own_pull_request(tmp_path: Path):
    found = event(tmp_path, "pull_request", pull({"full_name": "Maker/Wedding"}))
    assert (found.pull_request, found.commit, found.fork, found.run) == (12, "a" * 40, False, (77, 2))
    assert found.run_url == "https://github.example.com/maker/wedding/actions/runs/77/attempts/2"
    assert (found.occasion.cause, found.occasion.whose) == (Cause.PULL_REQUEST, Whose.OURS)
    assert found.occasion.without_secrets == ""


@pytest.mark.parametrize("repository", [{"full_name": "guest/wedding"}, None, {}, "x"])
def test_a_forks_pull_request(tmp_path: Path, repository: object):
    found = event(tmp_path, "pull_request", pull(repository))
    assert found.fork
    assert "fork" in found.occasion.without_secrets
    assert (found.occasion.cause, found.occasion.whose) == (Cause.PULL_REQUEST, Whose.FORK)


def test_dependabot(tmp_path: Path):
    own = pull({"full_name": "maker/wedding"})
    found = event(tmp_path, "pull_request", own, GITHUB_ACTOR="dependabot[bot]")
    assert "Dependabot" in found.occasion.without_secrets
    assert found.occasion.whose is Whose.BOT
    pushed = event(tmp_path, "push", {}, GITHUB_ACTOR="dependabot[bot]", GITHUB_REF="refs/heads/dependabot/pip/x")
    assert (pushed.occasion.cause, pushed.occasion.whose) == (Cause.PUSH, Whose.BOT)
    assert pushed.occasion.without_secrets == "", "a push that deploys nothing must not look like one that does"


def test_what_dependabot_merged_is_this_repositorys(tmp_path: Path):
    payload, ref = {"repository": {"default_branch": "main"}}, {"GITHUB_REF": "refs/heads/main"}
    assert event(tmp_path, "push", payload, GITHUB_ACTOR="dependabot[bot]", **ref).occasion.whose is Whose.OURS
    assert event(tmp_path, "push", {}, GITHUB_ACTOR="dependabot[bot]", **ref).occasion.whose is Whose.BOT
    assert event(tmp_path, "schedule", {}, GITHUB_ACTOR="dependabot[bot]", **ref).occasion.whose is Whose.OURS


def test_a_push(tmp_path: Path):
    found = event(tmp_path, "push", {"after": "x"})
    assert (found.pull_request, found.commit, found.fork) == (None, "d" * 40, False)


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("push", Cause.PUSH), ("release", Cause.RELEASE), ("schedule", Cause.SCHEDULE),
        ("workflow_dispatch", Cause.DISPATCH), ("repository_dispatch", Cause.DISPATCH),
        ("pull_request_target", Cause.OTHER), ("issue_comment", Cause.OTHER), ("pull_request_review", Cause.OTHER),
        ("merge_group", Cause.OTHER), ("discussion", Cause.OTHER), ("an event of tomorrow", Cause.OTHER),
        ("", Cause.OTHER), ("Push", Cause.OTHER),
    ],
)  # fmt: skip
def test_every_event_has_a_cause_and_those_that_are_not_known_are_other(tmp_path: Path, name: str, cause: Cause):
    assert event(tmp_path, name, {}).occasion.cause is cause
    assert event(tmp_path, name, pull({"full_name": "guest/wedding"})).occasion.cause is cause


@pytest.mark.parametrize("name", ["push", "workflow_dispatch", "repository_dispatch", "release"])
def test_the_ref_of_a_pull_request_is_nothing_else(tmp_path: Path, name: str):
    assert event(tmp_path, name, {}, GITHUB_REF="refs/pull/4/merge").occasion.cause is Cause.OTHER


@pytest.mark.parametrize("name", ["push", "workflow_dispatch", "create"])
def test_a_branch_of_the_merge_queue_holds_what_is_not_merged(tmp_path: Path, name: str):
    queued = "gh-readonly-queue/main/pr-4-aaaa"
    assert event(tmp_path, name, {}, GITHUB_REF=f"refs/heads/{queued}").occasion.cause is Cause.OTHER
    run = {"event": name, "head_sha": "a" * 40, "head_repository": _OURS, "head_branch": queued}
    assert event(tmp_path, "workflow_run", {"workflow_run": run}).occasion.cause is Cause.OTHER


def test_a_tag(tmp_path: Path):
    assert event(tmp_path, "push", {}, GITHUB_REF="refs/tags/v1").occasion.cause is Cause.TAG


_OURS, _FORK = {"full_name": "maker/wedding"}, {"full_name": "guest/wedding"}


@pytest.mark.parametrize(
    ("started_by", "repository", "cause", "whose"),
    [
        ("push", _OURS, Cause.PUSH, Whose.OURS),
        ("schedule", _OURS, Cause.SCHEDULE, Whose.OURS),
        ("workflow_dispatch", _OURS, Cause.DISPATCH, Whose.OURS),
        ("push", _FORK, Cause.OTHER, Whose.FORK),
        ("push", None, Cause.OTHER, Whose.FORK),
        ("pull_request", _OURS, Cause.OTHER, Whose.OURS),
        ("pull_request", _FORK, Cause.OTHER, Whose.FORK),
        ("pull_request", None, Cause.OTHER, Whose.FORK),
        ("pull_request_target", _OURS, Cause.OTHER, Whose.OURS),
        ("pull_request_review", _OURS, Cause.OTHER, Whose.OURS),
        ("issue_comment", _OURS, Cause.OTHER, Whose.OURS),
        ("workflow_run", _OURS, Cause.OTHER, Whose.OURS),
        (None, _OURS, Cause.OTHER, Whose.UNKNOWN),
        (["push"], _OURS, Cause.OTHER, Whose.OURS),
    ],
)
def test_workflow_run(tmp_path: Path, started_by: object, repository: object, cause: Cause, whose: Whose):
    pulls = [{"number": 12}]
    run = {"event": started_by, "head_sha": "a" * 40, "head_repository": repository, "pull_requests": pulls}
    found = event(tmp_path, "workflow_run", {"workflow_run": run})
    assert (found.occasion.cause, found.occasion.whose) == (cause, whose)
    assert (found.pull_request, found.commit) == (12, "a" * 40)


def test_without_the_event_file(tmp_path: Path):
    environ = BASE | {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/12/merge"}
    for path in ({}, {"GITHUB_EVENT_PATH": str(tmp_path / "none")}, {"GITHUB_EVENT_PATH": str(tmp_path)}):
        found = read_event(environ | path)
        assert (found.pull_request, found.commit, found.fork) == (12, "d" * 40, True)


def test_a_workflow_run_without_the_event_file_is_trusted_with_nothing():
    found = read_event(BASE | {"GITHUB_EVENT_NAME": "workflow_run"}).occasion
    assert found.cause is Cause.OTHER
    assert found.whose is not Whose.OURS


def test_a_workflow_run_after_dependabots_push(tmp_path: Path):
    run = {"event": "push", "head_repository": _OURS, "actor": {"login": "dependabot[bot]"}}
    assert event(tmp_path, "workflow_run", {"workflow_run": run}).occasion.cause is Cause.OTHER


def test_without_anything():
    found = read_event({})
    assert (found.pull_request, found.fork, found.run) == (None, False, (0, 1))


_NAMES = ("number", "head", "sha", "repo", "full_name", "pull_request", "workflow_run", "pull_requests")
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["number", "head", "sha", "repo", "full_name", "pull_request", "workflow_run", "pull_requests"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(payload=_JSON, name=st.sampled_from(["pull_request", "pull_request_target", "workflow_run", "push"]))
@settings(max_examples=60)
def test_no_payload_is_an_error(tmp_path_factory: pytest.TempPathFactory, payload: object, name: str):
    found = event(tmp_path_factory.getbasetemp(), name, payload)
    assert found.occasion
    assert found.pull_request is None or found.pull_request > 0
