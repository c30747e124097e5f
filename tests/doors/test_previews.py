"""Previews on pull requests, through the action's own door: comment, deployment, end; and never for a fork."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.doors.pull_requests import NUMBER, Project, from_repository, own_branch
from tests.fake_github import HEAD
from tests.servers import folder_server

CLOSED = {**own_branch(), "action": "closed"}
PUBLIC = "https://photos.example"
ADDRESS = f"{PUBLIC}/previews/pr-{NUMBER}/index.html"


def preview(project: Project, **inputs: str):
    return project.pull_request("deploy", preview="auto", public_url=PUBLIC, site="prod/site", **inputs)


def test_from_the_pull_request_to_its_end(project: Project):
    planned = project.pull_request("plan", comment="off", site="prod/site")
    ran = preview(project)
    assert ran.exit_code == 0, ran.log
    assert ran.outputs["preview-url"] == ADDRESS
    assert ran.outputs["plan-id"] == planned.outputs["plan-id"]
    (body,) = project.github.bodies()
    assert body.startswith(f"### [Preview]({ADDRESS})")
    assert "Plan: 3 photos to upload" in body
    assert planned.outputs["plan-id"] in body
    (deployment,) = project.github.deployments.values()
    assert deployment["environment"] == f"preview/pr-{NUMBER}"
    assert deployment["transient_environment"]
    assert not deployment["production_environment"]
    assert deployment["ref"] == HEAD
    assert [it["state"] for it in deployment["statuses"]] == ["in_progress", "success"]
    assert deployment["statuses"][-1]["environment_url"] == ADDRESS
    still = project.pull_request("cleanup")
    assert still.exit_code == 0, still.log
    assert "is open; its preview stays" in still.log
    ended = project.pull_request("cleanup", payload=CLOSED)
    assert ended.exit_code == 0, ended.log
    assert "1 preview removed" in ended.outputs["message"]
    assert deployment["statuses"][-1]["state"] == "inactive"
    assert project.github.bodies() == [body]
    again = project.pull_request("cleanup", payload=CLOSED)
    assert again.exit_code == 0, "there may never have been one"


def test_new_photos_are_shown_from_the_preview_and_the_report_is_linked(project: Project):
    assert project.push(site="prod/site").exit_code == 0
    project.job.gallery.add(7)
    added = project.job.gallery.photos[-1]
    with folder_server(Path(project.job.runner.inputs["bucket"].removeprefix("file://"))) as online:
        ran = project.pull_request(
            "deploy", preview="auto", public_url=online, site="prod/site", report_file="report.html"
        )
        assert ran.exit_code == 0, ran.log
    (body,) = project.github.bodies()
    assert f'<img src="{online}/previews/pr-{NUMBER}/{added["files"]["thumb"]}?v=' in body
    assert f"`{added['id']}`" in body
    assert "In the preview" in body
    assert "[report with pictures](https://github.com/maker/wedding/actions/runs/102#artifacts)" in body


def test_a_run_that_has_sent_a_preview_does_not_call_itself_dry(project: Project):
    ran = preview(project)
    assert "is online and verified" in ran.log
    assert "no files were uploaded" not in ran.log


def test_the_plan_in_a_preview_is_the_reviewed_one(project: Project):
    assert preview(project).exit_code == 0
    project.merge()
    ran = project.push(plan_approval="require", site="prod/site")
    assert ran.exit_code == 0, ran.log


@pytest.mark.parametrize("command", ["deploy", "cleanup"])
@pytest.mark.parametrize("repository", [{"full_name": "guest/wedding"}, None])
def test_a_fork_gets_none(project: Project, command: str, repository: object):
    payload = {**from_repository(repository), "action": "closed" if command == "cleanup" else "opened"}
    bucket = Path(project.job.runner.inputs["bucket"].removeprefix("file://"))
    ran = project.pull_request(command, payload=payload, preview="auto", site="prod/site")
    assert ran.exit_code == (2 if command == "cleanup" else 0), "a fork is planned, where it can be, and that is all"
    assert ran.outputs["preview-url"] == ""
    assert project.github.deployments == {}
    assert [it for it in bucket.rglob("*") if it.is_file()] == []
    with_keys = {"access_key": "given", "secret_key": "by mistake"}
    refused = project.pull_request(command, payload=payload, preview="auto", site="prod/site", **with_keys)
    assert (refused.exit_code, refused.outputs["failure-reason"]) == (2, "config-invalid"), refused.log


def test_at_night_what_github_calls_closed_goes(project: Project):
    assert preview(project).exit_code == 0
    night = {"GITHUB_EVENT_NAME": "schedule", "GITHUB_REF": "refs/heads/main"}
    for state, left in (("open", 0), ("closed", 1)):
        project.github.states[NUMBER] = state
        ran = project.run("cleanup", night, {}, None, {})
        assert ran.exit_code == 0, ran.log
        assert f"{left} preview" in ran.outputs["message"]
