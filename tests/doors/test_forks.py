"""Pull requests of forks and of Dependabot get no secrets; pull_request_target gets too many."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from galleria_action.errors import StorageUnavailable
from galleria_action.storage.interface import WriteStore
from galleria_action.storage.settings import StoreSettings
from tests.doors.job import Job
from tests.doors.pull_requests import HEAD, NUMBER, ON_PULL_REQUEST, Project, from_repository, own_branch
from tests.doors.runner import Ran
from tests.fake_github import Trouble
from tests.report.rendered import Page
from tests.runner_grammar import commands
from tests.servers import folder_server

FORK = from_repository({"full_name": "guest/wedding"})
S3 = {"bucket": "photos", "endpoint": "https://s3.invalid", "site": ""}


@pytest.fixture
def public(project: Project) -> Iterator[str]:
    """The address of the project's gallery, which is online; a change is ahead, and the token may not write."""
    assert project.push(comment="off").exit_code == 0
    project.job.gallery.change(0)
    project.job.gallery.add(8)
    project.job.gallery.remove(1)
    project.github.may_write = set()
    with folder_server(project.job.workspace.parent / "bucket") as url:
        yield url


def comment_file(project: Project) -> tuple[str, dict[str, Any]]:
    workspace = project.job.workspace
    numbers = json.loads((workspace / "galleria-comment.json").read_text(encoding="utf-8"))
    return (workspace / "galleria-comment.md").read_text(encoding="utf-8"), numbers


def sure(ran: Ran) -> Ran:
    assert ran.exit_code == 0, ran.log
    assert (ran.outputs["success"], ran.outputs["dry-run"]) == ("true", "true")
    assert ran.outputs["files-uploaded"] == "0"
    return ran


@pytest.mark.parametrize("command", ["plan", "deploy"])
@pytest.mark.parametrize("repository", [{"full_name": "guest/wedding"}, None], ids=["fork", "deleted"])
def test_a_fork_is_planned_against_the_public_gallery(project: Project, public: str, repository: Any, command: str):
    payload = from_repository(repository)
    ran = sure(project.pull_request(command, payload=payload, **S3, **{"public-url": public}))
    assert (ran.outputs["photos-to-upload"], ran.outputs["photos-to-delete"]) == ("2", "1")
    assert "the pull request of a fork" in ran.result["warnings"][0]
    assert "was not listed" in ran.result["warnings"][0]
    body, numbers = comment_file(project)
    assert "\nPlan: 2 photos to upload, 1 photo to delete (" in body
    assert "The run of a fork wrote this" in body
    assert "was not listed" in body
    assert public.removeprefix("http://") in body
    assert numbers == {"pull_request": NUMBER, "head_sha": HEAD, "label": "", "id": numbers["id"]}
    assert "<!--" not in body, "no approval, whoever posts it"
    assert project.github.bodies() == []


def test_the_site_is_not_called_new(project: Project, public: str):
    """Only our own record knows what of it is online."""
    sure(project.pull_request(payload=FORK, **(S3 | {"site": "prod/site"}), **{"public-url": public}))
    assert "site file" not in comment_file(project)[0]


def test_the_files_lie_beside_the_plan_file(project: Project, public: str):
    inputs = {"public-url": public, "plan-file": "reports/plan.json"}
    sure(project.pull_request(payload=FORK, **S3, **inputs))
    assert (project.job.workspace / "reports/galleria-comment.md").exists()


def test_dependabot(project: Project, public: str):
    event = ON_PULL_REQUEST | {"GITHUB_ACTOR": "dependabot[bot]"}
    ran = sure(project.run("deploy", event, own_branch(), None, {**S3, "public-url": public}))
    assert "Dependabot" in ran.result["warnings"][0]


def test_a_token_that_may_write_after_all_writes(project: Project, public: str):
    project.github.may_write = {"comments"}
    sure(project.pull_request(payload=FORK, **S3, **{"public-url": public}))
    assert len(project.github.bodies()) == 1
    assert not (project.job.workspace / "galleria-comment.md").exists()


def test_neither_bucket_nor_address(project: Project):
    """Variables of the repository are empty in a fork's run, too."""
    ran = sure(project.pull_request("deploy", payload=FORK, bucket="", endpoint=""))
    assert "no public-url" in ran.result["warnings"][0]
    assert "gallery is valid" in ran.outputs["message"]
    assert not (project.job.workspace / "galleria-comment.md").exists(), "there is nothing to say"


def test_an_invalid_gallery_still_fails(project: Project):
    project.github.may_write = set()
    project.job.gallery.photos[0]["file_hash"] = "x"
    project.job.gallery.save()
    ran = project.pull_request(payload=FORK, bucket="")
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (3, "gallery-invalid")
    assert "Plan refused: the gallery is not as it should be" in comment_file(project)[0]


def test_the_guards_still_guard(project: Project, public: str):
    for _ in range(3):
        project.job.gallery.remove(0)
    ran = project.pull_request(payload=FORK, **S3, **{"public-url": public})
    assert ran.outputs["failure-reason"] == "empty-gallery"


def test_a_public_gallery_out_of_reach(project: Project):
    ran = sure(project.pull_request(payload=FORK, **S3, **{"public-url": "http://127.0.0.1:9"}))
    assert "validated, but not planned" in ran.result["warnings"][0]


def test_a_page_in_place_of_the_metadata(project: Project, public: str):
    (project.job.workspace.parent / "bucket/gallery-metadata.json").write_text("<html>Welcome</html>")
    ran = sure(project.pull_request(payload=FORK, **S3, **{"public-url": public}))
    assert "a web page lies in its place" in "".join(ran.result["warnings"])
    assert "not planned" in ran.outputs["message"], "and not as if nothing were online"


def test_nothing_online_yet(project: Project, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    with folder_server(tmp_path / "empty") as url:
        ran = sure(project.pull_request(payload=FORK, **S3, **{"public-url": url}))
    assert ran.outputs["photos-to-upload"] == "3"


def test_a_fork_with_keys_is_an_ordinary_run(project: Project):
    """A private repository may hand its secrets to forks; then they are used."""
    asked = []

    def opener(settings: StoreSettings) -> WriteStore:
        asked.append(settings)
        raise StorageUnavailable("the bucket was asked")

    project.job.runner.opener = opener
    ran = project.pull_request(payload=FORK, **S3, cors="skip", **{"access-key": "AKIA0000", "secret-key": "s" * 20})
    assert ran.outputs["failure-reason"] == "storage-unavailable"
    assert asked


def test_an_own_branch_without_keys_is_an_error(project: Project):
    ran = project.pull_request(**S3, cors="skip")
    assert ran.outputs["failure-reason"] == "credentials"


@pytest.mark.parametrize("payload", ["", "{broken", "[]", "null", '{"pull_request": 7}'])
def test_a_missing_or_broken_event_file_is_survived(project: Project, payload: str):
    """The ref still names the pull request; where it comes from is then unknown, so it is taken for a fork's."""
    project.github.may_write = set()
    ran = sure(project.pull_request(payload=payload, bucket="", comment="always"))
    assert comment_file(project)[1]["pull_request"] == NUMBER
    assert "the pull request of a fork" in ran.log


def test_hostile_public_metadata_stays_text(project: Project, public: str):
    online = project.job.workspace.parent / "bucket/gallery-metadata.json"
    document = json.loads(online.read_text(encoding="utf-8"))
    document["photos"][1]["id"] = "::error::x @maker --> ##[error]y"
    online.write_text(json.dumps(document), encoding="utf-8")
    ran = sure(project.pull_request(payload=FORK, **S3, **{"public-url": public}))
    assert "error" not in {command.name for command in commands(ran.log)}
    body, _ = comment_file(project)
    assert Page(body).codes[0].count("::error::x @maker --> ##[error]y") == 1
    assert "@maker" not in Page(body).loose_text


@pytest.mark.parametrize(("command", "inputs"), [("deploy", {}), ("cors", {"setup-cors": "true"})])
def test_pull_request_target_deploys_nothing(project: Project, command: str, inputs: dict[str, str]):
    ran = project.run(command, {"GITHUB_EVENT_NAME": "pull_request_target"}, FORK, None, inputs)
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (2, "config-invalid")
    assert "anybody's pull request" in ran.outputs["message"]
    assert "workflow_run" in ran.log
    assert not (project.job.workspace.parent / "bucket").exists()


def test_pull_request_target_may_plan(project: Project):
    ran = project.run("plan", {"GITHUB_EVENT_NAME": "pull_request_target"}, FORK, None, {})
    assert ran.exit_code == 0
    assert len(project.github.bodies()) == 1


@pytest.mark.parametrize("event", ["pull_request_target", "workflow_run"])
@pytest.mark.parametrize("command", ["plan", "verify", "cors"])
@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("endpoint", "https://elsewhere.example"),
        ("bucket", "somebody-elses"),
        ("provider", "minio"),
        ("region", "eu-1"),
        ("public-url", "https://elsewhere.example"),
    ],
)
def test_a_pull_request_does_not_decide_where_the_credentials_go(
    project: Project, event: str, command: str, option: str, value: str
):
    """The config file may be the pull request's, and the run has the repository's secrets."""
    asked = []
    project.job.runner.opener = asked.append
    project.job.runner.inputs.pop(option, None)
    (project.job.workspace / "galleria.yml").write_text(f"environments: {{live: {{{option}: {value}}}}}")
    payload = FORK if event == "pull_request_target" else workflow_run("pull_request", {"full_name": "guest/wedding"})
    keys = {"access-key": "AKIA0000", "secret-key": "s" * 20, "environment": "live"}
    ran = project.run(command, {"GITHUB_EVENT_NAME": event}, payload, None, keys)
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (2, "config-invalid")
    assert f"{option}: not from the config file" in ran.log
    assert "as an input" in ran.log
    assert not asked


def test_what_the_workflow_says_counts_more_than_the_config_file_on_pull_request_target(project: Project):
    (project.job.workspace / "galleria.yml").write_text("bucket: elsewhere\nmax-delete: 50%\n")
    ran = project.run("plan", {"GITHUB_EVENT_NAME": "pull_request_target"}, FORK, None, {})
    assert ran.exit_code == 0, ran.log


def workflow_run(event: str, repository: Any) -> dict[str, Any]:
    return {"workflow_run": {"event": event, "head_sha": HEAD, "head_repository": repository, "pull_requests": []}}


@pytest.mark.parametrize("repository", [{"full_name": "guest/wedding"}, None])
def test_workflow_run_after_a_forks_pull_request_deploys_nothing(project: Project, repository: Any):
    payload = workflow_run("pull_request", repository)
    ran = project.run("deploy", {"GITHUB_EVENT_NAME": "workflow_run"}, payload, None, {})
    assert ran.outputs["failure-reason"] == "config-invalid"


def test_workflow_run_after_a_push_deploys(project: Project):
    payload = workflow_run("push", {"full_name": "maker/wedding"})
    assert project.run("deploy", {"GITHUB_EVENT_NAME": "workflow_run"}, payload, None, {}).exit_code == 0


def test_thumbnails_that_are_online(project: Project, public: str):
    project.github.may_write = {"comments"}
    project.pull_request(**{"public-url": public})
    (body,) = project.github.bodies()
    changed = project.job.gallery.photos[0]
    assert f'<img src="{public}/{changed["files"]["thumb"]}" alt="" height="120">' in body
    assert body.count("<img") == 1, "nothing of a new photo can be online"
    assert "As they are online now" in body


def test_an_address_with_markup_shows_no_pictures(make_job, project: Project, public: str):
    project.github.may_write = {"comments"}
    project.pull_request(**{"public-url": f'{public}/">@maker'})
    assert "<img" not in project.github.bodies()[0]


def test_what_github_refuses_to_a_fork_is_no_warning(project: Project, public: str):
    project.github.troubles = [Trouble("POST", 403, body={"message": "Resource not accessible by integration"})]
    ran = sure(project.pull_request(payload=FORK, **S3, **{"public-url": public}))
    assert len([command for command in commands(ran.log) if command.name == "warning"]) == 1
    job: Job = project.job
    assert (job.workspace / "galleria-comment.md").exists()


# -- the config file may be the fork's ---------------------------------------------------------------------------------


def test_a_forks_config_file_says_not_what_the_runner_fetches(project: Project, public: str):
    (project.job.workspace / "galleria.yml").write_text(f"public-url: {public}\n")
    ran = sure(project.pull_request(payload=FORK, bucket=""))
    assert "was not planned" in ran.outputs["message"]
    assert "public-url: left aside" in " ".join(ran.result["warnings"])


@pytest.mark.parametrize("command", ["plan", "deploy"])
def test_a_forks_config_file_names_no_folder_to_write_to(project: Project, tmp_path: Path, command: str):
    (project.job.workspace / "galleria.yml").write_text(f"bucket: file://{tmp_path}/home\n")
    sure(project.pull_request(command, payload=FORK, bucket=""))
    assert not (tmp_path / "home").exists()


def test_a_fork_does_not_deploy_to_a_folder_that_the_workflow_names_either(project: Project):
    sure(project.pull_request("deploy", payload=FORK))
    assert not (project.job.workspace.parent / "bucket").exists()


def test_a_forks_config_file_does_not_get_the_keys_that_a_fork_was_given(project: Project):
    asked: list[StoreSettings] = []
    project.job.runner.opener = asked.append  # type: ignore[assignment]
    (project.job.workspace / "galleria.yml").write_text("endpoint: https://elsewhere.example\n")
    keys = {"access-key": "AKIA0000", "secret-key": "s" * 20}
    ran = project.pull_request(payload=FORK, bucket="photos", endpoint="", **keys)
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (2, "config-invalid")
    assert not asked


def test_a_fork_with_keys_does_not_deploy(project: Project):
    keys = {"access-key": "AKIA0000", "secret-key": "s" * 20}
    ran = project.pull_request("deploy", payload=FORK, **keys)
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (2, "config-invalid")
    assert not (project.job.workspace.parent / "bucket").exists()


def test_a_forks_config_file_does_not_loosen(project: Project, public: str):
    (project.job.workspace / "galleria.yml").write_text("allow-empty: true\nmax-delete: 100%\n")
    for _ in range(3):
        project.job.gallery.remove(0)
    ran = project.pull_request(payload=FORK, **S3, **{"public-url": public})
    assert ran.outputs["failure-reason"] == "empty-gallery"
    assert "allow-empty: 'true' in the config file would loosen the default" in " ".join(ran.result["warnings"])


def test_an_own_pull_request_is_planned_by_its_own_config_file_and_deploys_nothing(project: Project):
    bucket = project.job.workspace.parent / "elsewhere"
    (project.job.workspace / "galleria.yml").write_text(f"bucket: file://{bucket}\nmax-delete: 50%\n")
    ran = project.pull_request("plan", bucket="")
    assert ran.exit_code == 0, ran.log
    ran = project.pull_request("deploy", bucket="")
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (2, "config-invalid")
    assert "started by a pull request" in ran.outputs["message"]
    assert not bucket.exists()
