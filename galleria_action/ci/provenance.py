"""Who made a release, in the words of the CI that ran it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from galleria_action.deployment.releases.record import Who

#: for each thing the variables that may tell it, the most telling first: GitHub, Forgejo and Gitea; GitLab; Woodpecker
_TELLING = {
    "commit": ("GITHUB_SHA", "CI_COMMIT_SHA"),
    "ref": ("GITHUB_REF_NAME", "CI_COMMIT_REF_NAME", "CI_COMMIT_BRANCH", "CI_COMMIT_TAG"),
    "actor": ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "CI_COMMIT_AUTHOR", "USER"),
    "run": ("CI_JOB_URL", "CI_PIPELINE_URL", "CI_PIPELINE_FORGE_URL"),
    "pull_request": ("CI_MERGE_REQUEST_IID", "CI_COMMIT_PULL_REQUEST"),
}
_MOST = 500


def who(environ: Mapping[str, str]) -> Who:
    """Who runs this, as far as the environment tells: anybody's text, on one line, bounded."""
    told = {name: next((environ[it] for it in names if environ.get(it)), "") for name, names in _TELLING.items()}
    server, repository, run = (environ.get(f"GITHUB_{it}", "") for it in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    if server and repository and run:
        told["run"] = f"{server}/{repository}/actions/runs/{run}"
    if number := re.fullmatch(r"refs/pull/([0-9]+)/\w+", environ.get("GITHUB_REF", "")):
        told["pull_request"] = number[1]
    return Who(**{name: " ".join(text.split())[:_MOST] for name, text in told.items()})
