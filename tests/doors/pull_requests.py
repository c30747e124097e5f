"""Runs on pull requests and on what is pushed after them, with a GitHub to talk to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.doors.job import Job
from tests.doors.runner import Ran
from tests.fake_github import HEAD, REPOSITORY, TOKEN, FakeGitHub

NUMBER = 12
MERGED = "b2" * 20
ON_PULL_REQUEST = {
    "GITHUB_EVENT_NAME": "pull_request",
    "GITHUB_REF": f"refs/pull/{NUMBER}/merge",
    "GITHUB_SHA": "d3" * 20,
}


@dataclass
class Project:
    """A repository: its gallery, its GitHub, and runs whose ids grow."""

    job: Job
    github: FakeGitHub
    run_id: int = 100

    def pull_request(self, command: str = "plan", *, payload: Any = None, run: int | None = None, **inputs: str) -> Ran:
        """A run on pull request 12; ``payload`` is the event file, by default that of this repository's own branch."""
        event = {
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_REF": f"refs/pull/{NUMBER}/merge",
            "GITHUB_SHA": "d3" * 20,
        }
        return self.run(command, event, own_branch() if payload is None else payload, run, inputs)

    def push(self, command: str = "deploy", *, run: int | None = None, **inputs: str) -> Ran:
        """A run on the merged commit."""
        event = {"GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main", "GITHUB_SHA": MERGED}
        return self.run(command, event, {"after": MERGED}, run, inputs)

    def run(self, command: str, event: dict[str, str], payload: Any, run: int | None, inputs: dict[str, str]) -> Ran:
        if run is None:
            self.run_id += 1
        file = self.job.workspace.parent / "event.json"
        file.write_text(payload if isinstance(payload, str) else json.dumps(payload), encoding="utf-8")
        self.job.runner.event = {
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_API_URL": self.github.api,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_EVENT_PATH": str(file),
            "GITHUB_RUN_ID": str(run or self.run_id),
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_ACTOR": "maker",
            **event,
        }
        return self.job.runner.run(command, **({"github-token": TOKEN} | inputs))

    def merge(self, **how: Any) -> None:
        self.github.merge(MERGED, NUMBER, **how)


def own_branch() -> dict[str, Any]:
    """The event of a pull request from a branch of the repository itself."""
    return from_repository({"full_name": REPOSITORY})


def from_repository(repository: Any) -> dict[str, Any]:
    """The event of a pull request whose head is in ``repository`` (``None``: the fork was deleted)."""
    return {
        "number": NUMBER,
        "pull_request": {
            "number": NUMBER,
            "head": {"sha": HEAD, "repo": repository},
            "base": {"repo": {"full_name": REPOSITORY}},
        },
    }
