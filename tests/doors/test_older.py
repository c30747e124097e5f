"""An older commit does not silently replace a newer one."""

from __future__ import annotations

import json

import pytest

from tests.doors.job import Job
from tests.doors.test_failures import failed
from tests.doors.test_sequence import ok, store_of
from tests.fake_github import REPOSITORY, TOKEN, FakeGitHub

OLD, NEW = "a" * 40, "b" * 40


@pytest.fixture
def job(make_job, github: FakeGitHub) -> Job:
    """The gallery of the newer commit is online; in the workspace lies that of the older one."""
    made: Job = make_job()
    made.runner.inputs |= {"github-token": TOKEN, "comment": "off"}
    github.history = [OLD, NEW]
    at(made, NEW, run=200, github=github)
    made.gallery.change(0)
    ok(made.runner.run("deploy"))
    made.gallery.change(0, version=2)
    return made


def at(job: Job, commit: str, run: int, github: FakeGitHub) -> None:
    job.runner.event = {
        "GITHUB_SHA": commit, "GITHUB_RUN_ID": str(run), "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_API_URL": github.api,
    }  # fmt: skip


def live(job: Job) -> bytes:
    found = store_of(job).get("gallery-metadata.json")
    assert found is not None
    return found.body


@pytest.mark.parametrize("command", ["plan", "deploy"])
def test_an_older_run_that_is_started_again_stops(job: Job, github: FakeGitHub, command: str):
    before = live(job)
    at(job, OLD, run=300, github=github)
    ran = failed(job.runner.run(command), "older")
    assert ran.exit_code == 9
    assert OLD[:12] in ran.log
    assert NEW[:12] in ran.log
    assert "allow-older" in ran.log
    assert live(job) == before


def test_it_may_where_that_is_asked_for_and_is_the_live_one_then(job: Job, github: FakeGitHub):
    at(job, OLD, run=300, github=github)
    ok(job.runner.run("deploy", allow_older="true"))
    assert live(job) == job.gallery.raw
    at(job, NEW, run=400, github=github)
    job.gallery.change(1)
    ran = ok(job.runner.run("deploy"))
    assert "older" not in ran.log


def test_the_order_of_the_runs_tells_where_no_history_does(job: Job, github: FakeGitHub):
    github.history = []
    at(job, OLD, run=100, github=github)
    failed(job.runner.run("deploy"), "older")
    at(job, OLD, run=300, github=github)
    ok(job.runner.run("deploy"))


def test_where_nobody_knows_it_is_said(job: Job):
    job.runner.event = {"GITHUB_SHA": OLD}
    assert "could not be learnt" in ok(job.runner.run("deploy")).log


def test_what_changes_nothing_asks_nobody(job: Job, github: FakeGitHub):
    ok(job.runner.run("deploy"))
    github.requests.clear()
    at(job, OLD, run=100, github=github)
    ok(job.runner.run("deploy"))
    assert not github.asked("compare")


def test_photos_and_site_may_come_from_different_commits(job: Job, github: FakeGitHub):
    ok(job.runner.run("deploy", photos_only="true"))
    at(job, OLD, run=100, github=github)
    (job.site / "new.html").write_text("new", encoding="utf-8")
    failed(job.runner.run("deploy", site_only="true"), "older")
    ok(job.runner.run("deploy", site_only="true", allow_older="true"))
    at(job, NEW, run=200, github=github)
    job.gallery.change(2)
    ok(job.runner.run("deploy", photos_only="true"))


def test_metadata_alone_makes_a_commit_the_live_one(job: Job, github: FakeGitHub):
    newest = "d" * 40
    github.history = [OLD, NEW, newest]
    ok(job.runner.run("deploy"))
    at(job, newest, run=300, github=github)
    job.gallery.document["theme"] = "dark"
    job.gallery.save()
    ok(job.runner.run("deploy"))
    at(job, NEW, run=200, github=github)
    job.gallery.document["theme"] = "light"
    job.gallery.save()
    failed(job.runner.run("deploy"), "older")
    assert json.loads(live(job))["theme"] == "dark"
