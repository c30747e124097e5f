"""The comment on a pull request, from the plan to the deploy, through the action's own door."""

from __future__ import annotations

import re

import pytest

from galleria_action.ci.reviews.marker import read_marker
from tests.doors.conftest import Job
from tests.doors.pull_requests import HEAD, MERGED, NUMBER, Project
from tests.fake_github import REFUSED, TOKEN, Trouble, fake_github
from tests.runner_grammar import commands

WRITES = r"^(POST|PATCH|DELETE) (?!.*graphql)"


def only(project: Project) -> str:
    """The one comment there is."""
    (body,) = project.github.bodies()
    return body


def status(body: str) -> str:
    return body.split("\n\n")[-2]


def warnings(log: str) -> list[str]:
    return [command.data for command in commands(log) if command.name == "warning"]


def test_planned_then_deploying_then_deployed(project: Project):
    planned = project.pull_request()
    body = only(project)
    assert planned.exit_code == 0, planned.log
    assert body.startswith("## 📋 Plan: 3 photos to upload, 2 site files to upload")
    assert f"`{project.job.gallery.photos[0]['id']}` | new | full" in body
    assert planned.outputs["plan-id"] in body
    assert "📋 planned by [this run](https://github.com/maker/wedding/actions/runs/101/attempts/1)" in status(body)
    assert HEAD[:7] in status(body)
    seen = []
    project.github.on_request = lambda method, path: seen.append(status(only(project)))
    project.merge()
    deployed = project.push()
    assert deployed.exit_code == 0, deployed.log
    assert any("🚚 deploying by [this run](https://github.com/maker/wedding/actions/runs/102/" in one for one in seen)
    assert only(project).startswith("## ✅ Deployed: 3 photos uploaded")
    assert "✅ deployed" in status(only(project))
    assert MERGED[:7] in status(only(project))
    marker = read_marker(only(project))
    assert marker
    assert (marker.plan, marker.head, marker.run) == (planned.outputs["plan-id"], HEAD, (102, 1))


def test_a_second_plan_updates_the_comment(project: Project):
    project.pull_request()
    project.job.gallery.add(7)
    project.pull_request()
    assert "4 photos to upload" in only(project)


def test_a_failed_deploy_says_so_and_keeps_the_reviewed_plan(project: Project):
    planned = project.pull_request()
    project.merge()
    project.job.gallery.local_path(0, "full").write_bytes(b"other bytes")
    assert project.push().exit_code == 3
    assert "❌ failed" in status(only(project))
    marker = read_marker(only(project))
    assert marker
    assert marker.plan == planned.outputs["plan-id"]


@pytest.mark.parametrize(("mode", "comments"), [("changes", 0), ("always", 1), ("off", 0)])
def test_modes_when_nothing_changes(project: Project, mode: str, comments: int):
    assert project.push(comment="off").exit_code == 0
    ran = project.pull_request(comment=mode)
    assert ran.outputs["changed"] == "false"
    assert len(project.github.bodies()) == comments
    assert mode != "off" or project.github.requests == []


def test_a_comment_that_is_there_is_updated_even_if_nothing_changes(project: Project):
    project.pull_request()
    assert project.push(comment="off").exit_code == 0
    project.pull_request()
    assert "nothing to do" in only(project)


def test_off_is_off(project: Project):
    project.pull_request(comment="off")
    assert project.github.requests == []


def test_guard_and_validation_findings_are_in_the_comment(project: Project):
    assert project.push(comment="off").exit_code == 0
    for _ in range(3):
        project.job.gallery.remove(0)
    project.pull_request()
    assert "Plan refused: the gallery has no photos" in only(project)
    assert "allow-empty: true" in only(project)
    assert "❌ failed" in status(only(project))
    assert read_marker(only(project)).plan == "", "a refused plan approves nothing"  # type: ignore[union-attr]
    project.job.gallery.document["photos"] = [{"id": "x"}]
    project.job.gallery.save()
    project.pull_request()
    assert "Plan refused: the gallery is not as it should be" in only(project)
    assert "prod/pics/gallery-metadata.json:" in only(project)


def test_deletes_are_spelled_out(project: Project):
    assert project.push(comment="off").exit_code == 0
    gone = project.job.gallery.photos[1]
    project.job.gallery.remove(1)
    project.pull_request()
    assert f"| `{gone['id']}` | removed |" in only(project)
    for key in gone["files"].values():
        assert f"`{key}`" in only(project)


def test_two_galleries_have_two_comments(project: Project):
    for label in ("", "wedding", "", "wedding"):
        project.pull_request(label=label)
    project.pull_request(prefix="elsewhere")
    assert len(project.github.bodies()) == 3
    assert "· `wedding`" in project.github.bodies()[1]


def test_found_on_a_later_page_among_others_comments(project: Project):
    project.github.page = 2
    for number in range(5):
        project.github.comment(NUMBER, f"nice {number}", author=["somebody", None][number % 2])
    project.pull_request()
    project.github.comment(NUMBER, "later", author="somebody")
    project.pull_request()
    assert len(project.github.bodies()) == 7
    assert len([body for body in project.github.bodies() if read_marker(body)]) == 1


def test_a_forged_comment_of_somebody_else_is_not_touched(project: Project):
    project.pull_request()
    ours = project.github.comments[NUMBER].pop()
    forged = project.github.comment(NUMBER, ours["body"], author="mallory")
    project.pull_request()
    assert forged["body"] == ours["body"]
    assert len(project.github.bodies()) == 2


@pytest.mark.parametrize("login", ["github-actions[bot]", "my-app[bot]", "maker"])
def test_own_author_in_every_way_a_token_can_say_it(project: Project, login: str):
    project.github.logins[TOKEN] = login
    project.github.knows_viewer = login != "github-actions[bot]"
    project.pull_request()
    project.pull_request()
    assert len(project.github.bodies()) == 1


def test_an_older_run_never_overwrites_a_newer_one(project: Project):
    project.pull_request(run=500)
    before = only(project)
    late = project.pull_request(run=499)
    assert late.exit_code == 0
    assert only(project) == before
    assert "a newer run has written it" in late.log


def test_two_runs_at_once_leave_one_comment(project: Project):
    """Another run writes its comment between our look and our own."""
    project.pull_request()
    theirs = project.github.comments.pop(NUMBER)[0]["body"].replace('"run":[101,1]', '"run":[100,1]')
    raced = []

    def race(method: str, path: str) -> None:
        if method == "POST" and path.endswith("/comments") and not raced:
            raced.append(project.github.comment(NUMBER, theirs))

    project.github.on_request = race
    project.pull_request()
    assert raced
    assert read_marker(only(project)).run == (102, 1)  # type: ignore[union-attr]


def test_an_answer_that_gets_lost_makes_no_second_comment(project: Project):
    project.github.troubles = [Trouble(r"POST .*/comments", 502, times=1, effect=True)]
    ran = project.pull_request()
    assert ran.exit_code == 0
    assert len(project.github.bodies()) == 1
    assert warnings(ran.log) == []


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble("GET .*/comments", 502, times=1),
        Trouble("POST .*/comments", 429, {"Retry-After": "1"}, times=1),
        Trouble("POST .*/comments", 403, {"Retry-After": "0"}, {"message": "secondary rate limit"}, times=1),
    ],
    ids=lambda trouble: str(trouble.status),
)
def test_passing_trouble_passes(project: Project, trouble: Trouble):
    project.github.troubles = [trouble]
    ran = project.pull_request()
    assert warnings(ran.log) == []
    assert len(project.github.bodies()) == 1


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (Trouble(".", 403, body=REFUSED), "pull-requests: write"),
        (Trouble(".", 404, body={"message": "Not Found"}), "pull-requests: write"),
        (Trouble(".", 401, body={"message": "Bad credentials"}), "Bad credentials"),
        (Trouble("POST .*/comments", 422, body={"message": "no", "errors": ["::error::x"]}), "could not be written"),
        (Trouble(".", 429, {"Retry-After": "3600"}), "could not be written: GitHub says 429"),
        (Trouble(".", 403, {"Retry-After": "3600"}, {"message": "rate limit"}), "GitHub says 403 rate limit"),
        (Trouble(".", 200, body=b"<html>"), "not JSON"),
        (Trouble(".", 200, body={"x": 1}), "not a list"),
        (Trouble(".", 200, body=[1, None, {"id": "x"}]), "not a comment"),
        (Trouble(".", 302, {"Location": "https://evil.example/x"}), "another host"),
        (Trouble("GET", 200, {"Link": '<https://evil.example/2>; rel="next"'}, []), "another host"),
    ],
)
def test_a_comment_that_cannot_be_written_is_a_warning(project: Project, trouble: Trouble, said: str):
    project.github.troubles = [trouble]
    ran = project.pull_request()
    assert ran.exit_code == 0
    assert ran.outputs["success"] == "true"
    (text,) = warnings(ran.log)
    assert said in text
    assert said in "".join(ran.result["warnings"])
    assert {command.name for command in commands(ran.log)} <= {"add-mask", "group", "endgroup", "warning"}


def test_no_deploy_fails_for_want_of_permission(project: Project):
    project.pull_request()
    project.merge()
    project.github.may_write = set()
    ran = project.push()
    assert (ran.exit_code, ran.outputs["consistent"]) == (0, "true")
    assert any("pull-requests: write" in text for text in warnings(ran.log))


def test_a_deploy_in_a_repository_without_comments_is_quiet(project: Project):
    project.github.troubles = [Trouble(".", 403, body=REFUSED)]
    ran = project.push()
    assert ran.exit_code == 0
    assert warnings(ran.log) == []
    assert "pull-requests: write" in ran.log


def test_github_out_of_reach(project: Project):
    project.github.api = "http://127.0.0.1:9"
    ran = project.pull_request()
    assert ran.exit_code == 0
    assert "cannot be reached" in "".join(warnings(ran.log))


def test_the_token_goes_to_github_only(project: Project):
    with fake_github() as other:
        project.github.troubles = [
            Trouble("GET", 200, {"Link": f'<{other.url}/repos/x>; rel="next"'}, [], times=1),
            Trouble("GET", 307, {"Location": f"{other.url}/repos/x"}),
        ]
        project.pull_request()
        project.pull_request()
        assert other.requests == []
    assert {request.authorization for request in project.github.requests} == {f"Bearer {TOKEN}"}


def test_a_renamed_repository_is_followed(project: Project):
    project.github.troubles = [
        Trouble("GET .*/comments", 301, {"Location": f"/repos/{'maker/wedding'}/issues/{NUMBER}/comments"}, times=1)
    ]
    project.pull_request()
    assert len(project.github.bodies()) == 1


def test_enterprise_server(project: Project):
    with fake_github("/api/v3") as enterprise:
        project.github = enterprise
        enterprise.logins[TOKEN] = "an-app[bot]"
        project.pull_request()
        project.pull_request()
        assert len(enterprise.bodies()) == 1
        assert enterprise.asked("POST /api/graphql")
        assert all(request.path.startswith(("/api/v3/", "/api/graphql")) for request in enterprise.requests)


def test_no_secret_reaches_the_comment(project: Project):
    """The API does not pass the runner, which would black them out."""
    secret = "AKIASECRETSECRET"
    metadata = project.job.gallery
    metadata.photos[0]["id"] = f"photo {secret}"
    metadata.save()
    project.pull_request(**{"session-token": secret})
    assert "photo ***" in only(project)
    assert all(secret not in str(request.body) for request in project.github.requests)
    assert all(TOKEN not in str(request.body) for request in project.github.requests)


def test_hostile_names_stay_text(project: Project):
    project.job.gallery.photos[0]["id"] = "--><img src=x> @maker ::error::x"
    project.job.gallery.save()
    project.pull_request()
    body = only(project)
    assert body.count("-->") == 2, "in its code span and at the end of the marker"
    assert re.search(r"`--><img src=x> @maker ::error::x`", body)
    project.pull_request()
    assert len(project.github.bodies()) == 1


def test_a_nightly_plan_leaves_the_reviewed_one_alone(project: Project):
    project.pull_request()
    project.merge()
    before = only(project)
    project.push("plan")
    assert only(project) == before


def test_without_a_token_nothing_is_asked(project: Project):
    ran = project.pull_request(**{"github-token": ""})
    assert ran.exit_code == 0
    assert project.github.requests == []


def test_a_cancelled_deploy_is_told(project: Project):
    from galleria_action.deployment.stop import Stop

    project.pull_request()
    project.merge()
    stop = Stop()
    project.github.on_request = lambda method, path: stop.request(15) if method == "PATCH" else None
    runner: Job = project.job
    original = runner.runner.run
    runner.runner.run = lambda command, **inputs: original(command, stop, **inputs)  # type: ignore[method-assign,assignment]
    ran = project.push()
    assert ran.outputs["failure-reason"] == "cancelled"
    assert "🛑 cancelled" in status(only(project))


def test_through_a_process_of_its_own(project: Project, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(project.job.runner, "run", project.job.runner.process)
    assert project.pull_request().exit_code == 0
    project.merge()
    ran = project.push(plan_approval="require")
    assert ran.exit_code == 0, ran.log
    assert only(project).startswith("## ✅ Deployed")
