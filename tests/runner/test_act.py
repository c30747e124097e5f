"""The README's workflows and the examples run as they are printed: on a push, on pull requests, on those of forks."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runner.act import NUMBER, Repository, act, pull_request, pushed, repository
from tests.runner.container import ROOT
from tests.studio.photos import photo, put

pytestmark = pytest.mark.container

README = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
PLAN, DEPLOY = (next(text for text in README if name in text) for name in ("Plan the gallery", "Deploy the gallery"))
#: the gallery's objects: three photos in three sizes, the page, the metadata
OBJECTS = 3 * 3 + 2


@pytest.fixture
def repo(tmp_path: Path) -> Iterator[Repository]:
    act()
    with repository(tmp_path) as made:
        yield made


def example(name: str) -> str:
    return (ROOT / "examples" / name).read_text(encoding="utf-8")


def succeeded(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_readmes_workflows_from_an_empty_bucket_to_a_green_pull_request(repo: Repository):
    repo.workflow("plan.yml", PLAN)
    repo.workflow("deploy.yml", DEPLOY)
    succeeded(repo.run("pull_request", pull_request()))
    assert repo.keys() == set()
    (comment,) = repo.github.comments[NUMBER]
    assert "3 photos to upload" in comment["body"]
    succeeded(repo.run("push", pushed()))
    assert len(repo.keys()) == OBJECTS
    log = succeeded(repo.run("push", pushed()))
    assert "Nothing to do" in log


def test_a_forks_pull_request_has_no_secrets_and_stays_green(repo: Repository):
    repo.workflow("plan.yml", PLAN)
    succeeded(repo.run("pull_request", pull_request(fork=True), secrets=False))
    assert repo.keys() == set()


@pytest.mark.parametrize("name", ["deploy.yml", "hetzner.yml", "r2.yml", "minio.yml", "aws-oidc.yml", "sharded.yml"])
def test_an_example_that_deploys(repo: Repository, name: str):
    repo.workflow(name, example(name))
    succeeded(repo.run("push", pushed()))
    assert len(repo.keys()) == OBJECTS
    assert repo.client.head_object(Bucket=repo.bucket, Key="gallery-metadata.json")


def test_the_example_that_plans(repo: Repository):
    repo.workflow("plan.yml", example("plan.yml"))
    succeeded(repo.run("pull_request", pull_request()))
    assert repo.keys() == set()
    assert len(repo.github.comments[NUMBER]) == 1


def test_the_example_that_makes_the_gallery(repo: Repository):
    """From originals: what would be new is planned and shown, then it is deployed, and then there is nothing to do."""
    for number in range(3):
        put(repo.workspace, f"originals/{number}.jpg", photo(size=(640, 480), seed=number))
    repo.workflow("originals.yml", example("originals.yml"))
    log = succeeded(repo.run("pull_request", pull_request()))
    assert "uploaded galleria-report.html" in log
    assert repo.keys() == set()
    succeeded(repo.run("push", pushed()))
    assert len(repo.keys("photos/")) == 9
    assert {"index.html", "style.css", "gallery.js", "gallery-metadata.json"} <= repo.keys()
    assert "Nothing to do" in succeeded(repo.run("push", pushed()))


def test_the_example_that_plans_for_a_fork(repo: Repository):
    repo.workflow("plan.yml", example("plan.yml"))
    succeeded(repo.run("pull_request", pull_request(fork=True), secrets=False))
    assert repo.keys() == set()
    assert NUMBER not in repo.github.comments


def test_the_example_with_several_galleries(repo: Repository):
    repo.workflow("several.yml", example("several-galleries.yml"))
    succeeded(repo.run("pull_request", pull_request()))
    assert repo.keys() == set()
    assert len(repo.github.comments[NUMBER]) == 2
    succeeded(repo.run("push", pushed()))
    assert len(repo.keys("wedding/")) == len(repo.keys("holiday/")) == OBJECTS


def test_the_example_with_environments(repo: Repository):
    """Staging, then production with what staging shows; a broken page stops in staging."""
    text = example("pipeline.yml")
    repo.workflow("pipeline.yml", text)
    repo.config(text)
    succeeded(repo.run("push", pushed()))
    assert repo.shown("production") == repo.shown("staging")
    assert len(repo.shown("production")) == OBJECTS
    before = repo.shown("production")
    page = repo.workspace / "prod/site/index.html"
    page.write_text("<img src='photos/full/none.jpg'>", encoding="utf-8")
    broken = repo.run("push", pushed())
    assert broken.returncode != 0
    assert "links to photos/full/none.jpg" in broken.stdout
    assert repo.shown("production") == repo.shown("staging") == before
    page.write_text("<h1>Mended</h1>", encoding="utf-8")
    succeeded(repo.run("push", pushed()))
    assert repo.shown("production") == repo.shown("staging") != before


def test_the_example_that_checks_every_night(repo: Repository):
    repo.workflow("deploy.yml", DEPLOY)
    succeeded(repo.run("push", pushed()))
    (repo.workspace / ".github/workflows/deploy.yml").unlink()
    repo.workflow("drift.yml", example("drift.yml"))
    succeeded(repo.run("workflow_dispatch", {}))
    repo.client.delete_object(Bucket=repo.bucket, Key=next(key for key in sorted(repo.keys()) if key.endswith(".jpg")))
    assert repo.run("workflow_dispatch", {}).returncode != 0
