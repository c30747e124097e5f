"""A push deploys what its pull request has shown: ``plan-approval``, and the deployment on the repository's page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from galleria_action.ci.reviews.marker import read_marker
from galleria_action.deployment.fingerprint import fingerprints
from galleria_action.deployment.state.begun import BEGUN_KEY, begun_document
from tests.builders import Gallery
from tests.doors.pull_requests import MERGED, NUMBER, Project
from tests.doors.runner import Watched
from tests.fake_github import REFUSED, TOKEN, Trouble
from tests.report import examples
from tests.runner_grammar import commands


@pytest.fixture
def reviewed(project: Project) -> Project:
    """A project whose gallery is online, with a reviewed and merged change: one photo more, one less."""
    assert project.push(comment="off").exit_code == 0
    project.job.gallery.remove(0)
    project.job.gallery.add(8)
    assert project.pull_request().exit_code == 0
    project.merge()
    return project


def online(project: Project) -> bytes:
    bucket = project.job.workspace.parent / "bucket"
    return (bucket / "gallery-metadata.json").read_bytes()


def test_the_reviewed_plan_is_deployed(reviewed: Project):
    ran = reviewed.push(plan_approval="require")
    assert ran.exit_code == 0, ran.log
    assert f"The plan is the approved one: https://github.com/maker/wedding/pull/{NUMBER}#issuecomment" in ran.log


def test_another_plan_stops_and_says_what_differs(reviewed: Project):
    before = online(reviewed)
    reviewed.job.gallery.add(9)
    ran = reviewed.push(plan_approval="require")
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (9, "plan-changed")
    assert online(reviewed) == before
    findings = [finding["message"] for finding in ran.result["findings"]]
    added: Gallery = reviewed.job.gallery
    for key in added.photos[-1]["files"].values():
        assert f"differs from the approved plan: {key}" in findings
    assert "differs from the approved plan: gallery-metadata.json" in findings
    assert len(findings) == 4
    assert "Deploy refused: the plan is not the approved one" in reviewed.github.bodies()[0]


def test_what_was_refused_can_be_deployed_once_it_is_as_reviewed(reviewed: Project):
    reviewed.job.gallery.add(9)
    assert reviewed.push(plan_approval="require").exit_code == 9
    reviewed.job.gallery.remove(len(reviewed.job.gallery.photos) - 1)
    assert reviewed.push(plan_approval="require").exit_code == 0


def test_warn_says_so_and_deploys(reviewed: Project):
    reviewed.job.gallery.add(9)
    ran = reviewed.push(plan_approval="warn")
    assert ran.exit_code == 0
    assert any("not the approved one" in text for text in ran.result["warnings"])


def test_off_asks_nobody(reviewed: Project):
    reviewed.job.gallery.add(9)
    reviewed.github.requests.clear()
    assert reviewed.push(comment="off").exit_code == 0
    assert reviewed.github.requests == []


def interrupted(project: Project, at: str, **inputs: str) -> None:
    """A deploy whose first request to ``at`` (an operation and how the key begins) and all after it fail."""
    operation, _, start = at.partition(" ")

    def fail(asked: str, key: str) -> None:
        if asked == operation and key.startswith(start):
            raise OSError("connection lost")

    runner, opener = project.job.runner, project.job.runner.opener
    runner.opener = lambda settings: Watched(opener(settings), fail)
    assert project.push(**inputs).exit_code not in (0, 9)
    runner.opener = opener


#: before anything was written, among the uploads, before the commit, after it
ENDS = ["put photos/", "put .galleria/manifest.json", "put gallery-metadata.json", "delete photos/"]


@pytest.mark.parametrize("at", ENDS)
def test_what_an_interrupted_deploy_has_left_is_approved_where_the_bucket_proves_it(reviewed: Project, at: str):
    (reviewed.job.site / "new.html").write_text("<p>new")
    reviewed.github.comments.clear()
    assert reviewed.pull_request().exit_code == 0
    interrupted(reviewed, at, plan_approval="require")
    ran = reviewed.push(plan_approval="require")
    assert ran.exit_code == 0, ran.log
    assert not (reviewed.job.workspace.parent / "bucket" / BEGUN_KEY).exists()
    assert reviewed.push("plan").outputs["changed"] == "false"


@pytest.mark.parametrize("at", ENDS)
def test_what_is_left_of_a_plan_that_was_given_by_its_id_is_approved_as_well(project: Project, at: str):
    assert project.push(comment="off").exit_code == 0
    project.job.gallery.remove(0)
    project.job.gallery.add(8)
    plan_id = project.push("plan").outputs["plan-id"]
    interrupted(project, at, approved_plan=plan_id)
    assert project.push(approved_plan=plan_id).exit_code == 0


def nothing_proves_it(bucket: Path) -> None:
    (bucket / BEGUN_KEY).unlink()


def another_plan_had_begun(bucket: Path) -> None:
    (bucket / BEGUN_KEY).write_bytes(begun_document(examples.mixed_plan()))


def it_was_another_gallery(bucket: Path) -> None:
    """What lies there was changed since, by somebody who keeps no record of it."""
    document = bucket / "gallery-metadata.json"
    document.write_bytes(document.read_bytes() + b"\n")


@pytest.mark.parametrize("spoil", [nothing_proves_it, another_plan_had_begun, it_was_another_gallery])
@pytest.mark.parametrize("how", ["plan_approval", "approved_plan"])
def test_a_part_alone_is_another_plan(reviewed: Project, spoil: Callable[[Path], None], how: str):
    plan_id = reviewed.push("plan").outputs["plan-id"]
    inputs = {how: "require" if how == "plan_approval" else plan_id}
    interrupted(reviewed, "delete photos/", **inputs)
    spoil(reviewed.job.workspace.parent / "bucket")
    before = online(reviewed)
    ran = reviewed.push(**inputs)
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (9, "plan-changed")
    assert online(reviewed) == before
    planned = reviewed.push("plan")
    assert reviewed.push(approved_plan=planned.outputs["plan-id"]).exit_code == 0


def test_a_deploy_in_between_ends_what_had_begun(reviewed: Project):
    """Its plan was another; after it, nothing that is left of the approved one is approved any more."""
    interrupted(reviewed, "delete photos/", plan_approval="require")
    bucket = reviewed.job.workspace.parent / "bucket"
    assert (bucket / BEGUN_KEY).exists()
    assert reviewed.push(comment="off", max_delete="100%").exit_code == 0
    assert not (bucket / BEGUN_KEY).exists()


def test_digests_are_whole():
    """256 bits are 43 characters of base64."""
    for shown in fingerprints(examples.mixed_plan()):
        assert {len(digest) for digest in shown.entries.values()} == {43}


def test_an_edited_comment_is_never_sealed_again_with_its_plan(reviewed: Project):
    """A run that does not ask for approval tells its status in the comment, and must not make it worth believing."""
    edited(reviewed)
    photo = reviewed.job.gallery.local_path(0, "full")
    content = photo.read_bytes()
    photo.unlink()
    assert reviewed.push().exit_code == 3
    photo.write_bytes(content)
    marker = read_marker(reviewed.github.bodies()[0])
    assert marker and marker.plan == ""
    assert reviewed.push(plan_approval="require").outputs["failure-reason"] == "plan-changed"


def test_a_failed_deploy_leaves_the_reviewed_plan_in_sight(reviewed: Project):
    key = reviewed.job.gallery.local_path(0, "full")
    bytes_before = key.read_bytes()
    key.unlink()
    assert reviewed.push(plan_approval="require").exit_code == 3
    key.write_bytes(bytes_before)
    assert "Reviewed: plan" in reviewed.github.bodies()[0]
    assert reviewed.push(plan_approval="require").exit_code == 0


def test_nothing_to_do_needs_no_approval(project: Project):
    assert project.push(comment="off").exit_code == 0
    project.github.requests.clear()
    assert project.push(plan_approval="require", comment="off").exit_code == 0
    assert project.github.requests == []


def test_an_explicit_id_needs_no_pull_request(project: Project):
    planned = project.push("plan")
    ran = project.push(plan_approval="require", approved_plan=planned.outputs["plan-id"])
    assert ran.exit_code == 0


def unmerged(project: Project) -> None:
    project.github.pulls.clear()


def from_a_fork(project: Project) -> None:
    project.github.pulls.clear()
    project.merge(head="mallory/wedding")


def from_a_fork_that_is_gone(project: Project) -> None:
    project.github.pulls.clear()
    project.merge(head=None)


def without_comment(project: Project) -> None:
    project.github.comments.clear()


def comment_of_somebody_else(project: Project) -> None:
    project.github.comments[NUMBER][0]["user"] = {"login": "mallory"}


def pushed_after_the_plan(project: Project) -> None:
    """A later push whose run was left out (``[skip ci]``) is merged, too."""
    project.github.pulls.clear()
    project.merge(sha="e5" * 20)


def merged_as_another_commit(project: Project) -> None:
    """GitHub names every pull request that contains the commit."""
    project.github.pulls[MERGED][0]["merge_commit_sha"] = "f6" * 20


def of_nobody_knows_what(project: Project) -> None:
    project.github.pulls[MERGED][0]["head"]["sha"] = None


def only_the_line(project: Project) -> None:
    (comment,) = project.github.comments[NUMBER]
    comment["body"] = comment["body"].rpartition("\n")[2]


def edited(project: Project) -> None:
    (comment,) = project.github.comments[NUMBER]
    comment["body"] = comment["body"].replace("1 photo to delete", "0 photos to delete")


def of_an_older_version(project: Project) -> None:
    (comment,) = project.github.comments[NUMBER]
    comment["body"] = comment["body"].replace('{"v":2,', '{"v":1,')


def refused(project: Project) -> None:
    project.github.troubles = [Trouble("GET .*/pulls", 403, body=REFUSED)]


def out_of_order(project: Project) -> None:
    project.github.troubles = [Trouble("GET .*/pulls", 429, {"Retry-After": "3600"})]


def without_token(project: Project) -> None:
    project.job.runner.inputs["github-token"] = ""
    project.github.logins.clear()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (unmerged, "No merged pull request was found"),
        (from_a_fork, "comes from a fork"),
        (from_a_fork_that_is_gone, "comes from a fork"),
        (without_comment, "has no comment with a plan of this gallery"),
        (comment_of_somebody_else, "has no comment with a plan of this gallery"),
        (pushed_after_the_plan, "something was pushed after it"),
        (merged_as_another_commit, "No merged pull request was found"),
        (of_nobody_knows_what, "merged was an unknown commit"),
        (only_the_line, "is not as this action left it"),
        (edited, "is not as this action left it"),
        (of_an_older_version, "is not as this action left it"),
        (refused, "Resource not accessible by integration"),
        (out_of_order, "GitHub says 429"),
        (without_token, "GitHub says 401"),
    ],
)
def test_what_is_not_known_to_be_approved_is_not_deployed(reviewed: Project, spoil, said: str):
    before = online(reviewed)
    spoil(reviewed)
    ran = reviewed.push(plan_approval="require")
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (9, "plan-changed")
    assert said in ran.outputs["message"]
    assert online(reviewed) == before
    assert ran.result["files_uploaded"] == 0


def test_the_pull_request_merged_as_this_commit_comes_first(reviewed: Project):
    reviewed.github.pulls[MERGED].insert(0, {**reviewed.github.pulls[MERGED][0], "number": 99, "merge_commit_sha": "x"})
    reviewed.github.pulls[MERGED].insert(0, {"number": 98, "merged_at": None})
    assert reviewed.push(plan_approval="require").exit_code == 0


def test_a_deployment_from_begin_to_end(project: Project):
    ran = project.push(**{"environment-url": "https://photos.example.org/wedding/", "label": "wedding"})
    assert ran.exit_code == 0
    (deployment,) = project.github.deployments.values()
    assert (deployment["ref"], deployment["environment"]) == (MERGED, "gallery/wedding")
    assert [one["state"] for one in deployment["statuses"]] == ["in_progress", "success"]
    assert {one["environment_url"] for one in deployment["statuses"]} == {"https://photos.example.org/wedding"}
    assert all(one["log_url"].endswith("/actions/runs/101/attempts/1") for one in deployment["statuses"])


def test_a_deployment_that_fails(project: Project):
    project.job.gallery.photos[0]["file_hash"] = "0" * 64
    project.job.gallery.save()
    assert project.push(**{"public-url": "https://photos.example.org"}).exit_code == 3
    (deployment,) = project.github.deployments.values()
    assert [one["state"] for one in deployment["statuses"]] == ["in_progress", "failure"]


def test_no_deployment_without_an_address_or_anything_to_deploy(project: Project):
    assert project.push().exit_code == 0
    assert project.push(**{"environment-url": "https://photos.example.org"}).exit_code == 0
    assert project.pull_request(**{"environment-url": "https://photos.example.org"}).exit_code == 0
    assert project.github.deployments == {}


@pytest.mark.parametrize(("option", "warns"), [("environment-url", True), ("public-url", False)])
def test_a_deployment_without_permission(project: Project, option: str, warns: bool):
    project.github.may_write = {"comments"}
    ran = project.push(**{option: "https://photos.example.org"})
    assert ran.exit_code == 0
    assert "deployments: write" in ran.log
    told = [command.data for command in commands(ran.log) if command.name == "warning"]
    assert any("deployments: write" in text for text in told) == warns


def test_a_pull_request_deploys_nothing_and_says_so_to_its_reviewers(project: Project):
    ran = project.pull_request("deploy", **{"environment-url": "https://preview.example.org"})
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (2, "config-invalid")
    assert project.github.deployments == {}
    assert "Nothing is deployed here" in project.github.bodies()[0]
    assert {request.authorization for request in project.github.requests} == {f"Bearer {TOKEN}"}
