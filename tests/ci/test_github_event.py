"""What started a run, whatever of it the runner tells."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galleria_action.ci.github.event import Event, read_event

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
    assert (found.occasion.without_secrets, found.occasion.no_deploy) == ("", "")


@pytest.mark.parametrize("repository", [{"full_name": "guest/wedding"}, None, {}, "x"])
def test_a_forks_pull_request(tmp_path: Path, repository: object):
    found = event(tmp_path, "pull_request", pull(repository))
    assert found.fork
    assert "fork" in found.occasion.without_secrets
    assert not found.occasion.no_deploy


def test_dependabot(tmp_path: Path):
    own = pull({"full_name": "maker/wedding"})
    found = event(tmp_path, "pull_request", own, GITHUB_ACTOR="dependabot[bot]")
    assert "Dependabot" in found.occasion.without_secrets
    pushed = event(tmp_path, "push", {}, GITHUB_ACTOR="dependabot[bot]")
    assert pushed.occasion.without_secrets == "", "a push that deploys nothing must not look like one that does"


def test_a_push(tmp_path: Path):
    found = event(tmp_path, "push", {"after": "x"})
    assert (found.pull_request, found.commit, found.fork) == (None, "d" * 40, False)


def test_pull_request_target(tmp_path: Path):
    for repository in ({"full_name": "maker/wedding"}, {"full_name": "guest/wedding"}, None):
        assert event(tmp_path, "pull_request_target", pull(repository)).occasion.no_deploy


@pytest.mark.parametrize(
    ("started_by", "repository", "refused"),
    [
        ("push", {"full_name": "maker/wedding"}, False),
        ("pull_request", {"full_name": "maker/wedding"}, False),
        ("pull_request", {"full_name": "guest/wedding"}, True),
        ("pull_request", None, True),
        ("pull_request_target", None, True),
    ],
)
def test_workflow_run(tmp_path: Path, started_by: str, repository: object, refused: bool):
    pulls = [{"number": 12}]
    run = {"event": started_by, "head_sha": "a" * 40, "head_repository": repository, "pull_requests": pulls}
    found = event(tmp_path, "workflow_run", {"workflow_run": run})
    assert bool(found.occasion.no_deploy) == refused
    assert (found.pull_request, found.commit) == (12, "a" * 40)


def test_without_the_event_file(tmp_path: Path):
    environ = BASE | {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/12/merge"}
    for path in ({}, {"GITHUB_EVENT_PATH": str(tmp_path / "none")}, {"GITHUB_EVENT_PATH": str(tmp_path)}):
        found = read_event(environ | path)
        assert (found.pull_request, found.commit, found.fork) == (12, "d" * 40, True)


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
@settings(max_examples=150)
def test_no_payload_is_an_error(tmp_path_factory: pytest.TempPathFactory, payload: object, name: str):
    found = event(tmp_path_factory.getbasetemp(), name, payload)
    assert found.occasion
    assert found.pull_request is None or found.pull_request > 0
