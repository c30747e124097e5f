"""A job with a gallery of three photos and a small site, and the places it can go to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from galleria_action.storage.settings import StoreSettings
from tests.builders import make_gallery
from tests.doors.job import Job
from tests.doors.pipelines import Repository
from tests.doors.pull_requests import Project
from tests.doors.runner import Runner, s3_inputs
from tests.fake_github import FakeGitHub, fake_github
from tests.s3 import FakeS3, Profile

PLACES = ("s3", "folder")


@pytest.fixture
def make_job(tmp_path: Path, make_bucket: Callable[[str], StoreSettings]) -> Callable[..., Job]:
    """Makes a job; ``place`` is one of ``PLACES``, or "acl": S3, whose objects get a canned ACL. The rest is as
    ``make_gallery`` takes it."""

    def make(place: str = "folder", photos: int = 3, **gallery: object) -> Job:
        workspace = tmp_path / "workspace"
        site = workspace / "prod/site"
        site.mkdir(parents=True)
        (site / "index.html").write_text("<h1>Wedding</h1>", encoding="utf-8")
        (site / "app.js").write_text("show()", encoding="utf-8")
        made = make_gallery(workspace / "prod/pics", photos, **gallery)  # type: ignore[arg-type]
        if place == "folder":
            inputs = {"bucket": f"file://{tmp_path}/bucket"}
        else:
            inputs = s3_inputs(make_bucket("wedding")) | ({"acl": "private"} if place == "acl" else {})
        return Job(workspace, made, site, Runner(workspace, inputs | {"site": "prod/site"}))

    return make


@pytest.fixture(params=PLACES)
def job(request: pytest.FixtureRequest, make_job: Callable[..., Job]) -> Job:
    """A job for each place."""
    return make_job(request.param)


@pytest.fixture
def start(make_job: Callable[..., Job], fake_s3: Callable[..., FakeS3], monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Starts an ``S3Job`` against a profile of the strict S3; nobody waits long in it."""
    from tests.doors.s3_job import S3Job

    monkeypatch.setattr("galleria_action.storage.persistence.FIRST_WAIT_SECONDS", 0.001)
    monkeypatch.setattr("galleria_action.storage.persistence.LONGEST_WAIT_SECONDS", 0.01)

    def begin(profile: str | Profile = "aws", *, changes: bool = True, **how: object) -> S3Job:
        return S3Job(make_job("folder"), fake_s3(profile, **how), changes=changes)

    return begin


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    """A GitHub without comments or deployments."""
    with fake_github() as made:
        yield made


@pytest.fixture
def project(make_job: Callable[..., Job], github: FakeGitHub) -> Project:
    """A repository with a gallery of three photos that is not online yet."""
    job = make_job("folder")
    job.runner.inputs["max-delete"] = "2"
    return Project(job, github)


@pytest.fixture
def repository(make_job: Callable[..., Job]) -> Repository:
    """A job with a config file of its own."""
    return Repository(make_job())
