"""``pipeline``: from the config file to tasks that are done, kept, shown and gone on with."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from galleria_action.deployment.stop import Stop
from galleria_action.schemas import load_schema
from tests.doors.pipelines import SMALL, Repository, task
from tests.doors.pull_requests import Project


def test_a_pipeline_is_run_kept_and_shown(repository: Repository):
    repository.config(SMALL)
    ran = repository.run()
    assert ran.exit_code == 0, ran.log
    assert set(repository.states(ran).values()) == {"succeeded"}
    assert ran.outputs["pipeline-id"] in ran.outputs["message"]
    assert "hello" in ran.log
    assert "```mermaid" in ran.summary and "| `test` | `greet` | succeeded" in ran.summary
    junit = ET.parse(repository.workspace / "galleria-pipeline.xml").getroot()
    assert [it.get("name") for it in junit.iter("testcase")] == ["validate", "greet", "put", "probe", "verify"]
    kept = repository.workspace.parent / "bucket/.galleria/pipelines" / f"{ran.outputs['pipeline-id']}.json"
    jsonschema.validate(json.loads(kept.read_text(encoding="utf-8")), load_schema("pipeline"))
    history = repository.runner.run("history").result["releases"]
    assert history[0]["who"]["pipeline"] == ran.outputs["pipeline-id"]
    assert history[0]["id"] == ran.result["pipeline"]["release"] == ran.outputs["release-id"]


def test_what_fails_after_a_deploy_takes_it_back(repository: Repository):
    repository.config(SMALL)
    assert repository.run().exit_code == 0
    before = repository.live()
    repository.job.gallery.change(0)
    (repository.workspace / "broken").touch()
    ran = repository.run()
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (17, "pipeline-failed"), ran.log
    assert "visitors see it broken" in ran.log and "was taken back" in ran.log
    assert repository.states(ran)["verify"] == "skipped"
    assert repository.live() == before


def test_what_was_done_is_not_done_again_where_its_inputs_are_the_same(repository: Repository):
    repository.config(SMALL)
    (repository.workspace / "broken").touch()
    ran = repository.run()
    assert ran.exit_code == 17, ran.log
    (repository.workspace / "broken").unlink()
    on = repository.run(continue_=ran.outputs["pipeline-id"])
    assert on.exit_code == 0, on.log
    assert on.outputs["pipeline-id"] == ran.outputs["pipeline-id"]
    assert (repository.workspace / "greeted").read_text() == "hello\n"
    kept = {task["name"] for stage in on.result["pipeline"]["stages"] for task in stage["tasks"] if task["kept"]}
    assert {"validate", "greet"} <= kept
    repository.job.gallery.change(0)
    again = repository.run(continue_=ran.outputs["pipeline-id"])
    assert again.exit_code == 0, again.log
    assert (repository.workspace / "greeted").read_text() == "hello\nhello\n"


def test_a_stage_asks_for_a_person(repository: Repository):
    repository.config(SMALL.replace("- name: deploy\n", "- name: deploy\n      approve: true\n"))
    ran = repository.run()
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (16, "approval-needed"), ran.log
    assert ran.result["pipeline"]["waiting"] == "deploy" and not repository.live()
    on = repository.run(continue_=ran.outputs["pipeline-id"])
    assert on.exit_code == 0, on.log
    assert repository.live()


def test_only_some_of_it(repository: Repository):
    repository.config(SMALL)
    ran = repository.run(only="validate, deploy")
    assert ran.exit_code == 0, ran.log
    done = {name for name, state in repository.states(ran).items() if state == "succeeded"}
    assert done == {"validate", "put"}
    late = repository.run(**{"from-stage": "look"})
    assert {name for name, state in repository.states(late).items() if state == "succeeded"} == {"probe", "verify"}
    for inputs, told in (({"only": "nothing"}, "neither a stage nor a task"), ({"from-stage": "x"}, "is not a stage")):
        wrong = repository.runner.run("pipeline", **inputs)
        assert wrong.exit_code == 2 and told in wrong.log


def test_a_dry_run_shows_and_does_nothing(repository: Repository):
    repository.config(SMALL)
    ran = repository.run(**{"dry-run": "true"})
    assert ran.exit_code == 0, ran.log
    assert "greet: runs echo hello" in ran.log and "after validate" in ran.log
    assert not (repository.workspace / "greeted").exists() and not repository.live()


@pytest.mark.parametrize("preset", ["development", "testing", "staging", "production"])
def test_each_preset_has_a_pipeline(repository: Repository, preset: str):
    ran = repository.run(preset=preset)
    assert ran.exit_code == 0, ran.log
    states = repository.states(ran)
    assert states.pop("privacy", "failed") == "failed", "the photos tell of a camera, which stops nothing"
    assert set(states.values()) == {"succeeded"}, ran.log
    excused = "privacy" in repository.states(ran)
    assert ("The pipeline went well but for privacy: " in ran.log) is excused
    assert ("privacy failed, which stops nothing: " in "".join(ran.result["warnings"])) is excused
    assert [it["name"] for it in ran.result["pipeline"]["stages"]] == [
        "preparation", "testing", "build", "deployment", "verification",
    ]  # fmt: skip


def test_what_several_tasks_warn_of_is_one_warning(repository: Repository):
    (repository.workspace / "prod/site").mkdir(exist_ok=True)
    (repository.workspace / "prod/site/index.html").write_text("<img src=logo.png>", encoding="utf-8")
    ran = repository.run(preset="development", site="prod/site")
    assert ran.exit_code == 0, ran.log
    assert [it for it in ran.result["warnings"] if "logo.png" in it] == ran.result["warnings"][:1]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            task("{name: a, uses: validate, needs: [b]}\n{name: b, uses: validate, needs: [a]}"),
            "galleria.yml:5: .*circle",
        ),
        (task("{name: a, uses: validate, needs: [x]}"), "galleria.yml:6: .*'a' needs 'x'"),
        (task("{name: a, uses: valdate}"), "galleria.yml:6: .*is 'validate' meant"),
        (task("{name: a, uses: validate}\n{name: a, uses: verify}"), "galleria.yml:7: .*two tasks 'a'"),
        (task("{name: a, run: x, if: import os}"), "galleria.yml:6: .*if: 'import os' is none of"),
        (task("{name: a, uses: budgets, with: {wep: 1}}"), "galleria.yml:6: .*takes no setting 'wep'"),
        (task("{name: a, run: x, tiemout: 3}"), "galleria.yml:6: .*tiemout"),
        (task("{name: a, uses: validate, run: x}"), "galleria.yml:6"),
        (task("{name: 'a\"]; b', run: x}"), "galleria.yml:6"),
        ("pipeline: {stages: []}\n", "galleria.yml:2"),
        ("pipelin: {}\n", "is 'pipeline' meant"),
        (task("{name: a, run: 'echo $X', env: {X: '${NOT_THERE}'}}"), "NOT_THERE is not set here"),
    ],
)
def test_mistakes_are_told_with_their_line_before_anything_runs(repository: Repository, text: str, told: str):
    import re

    repository.config(text)
    ran = repository.run()
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (2, "config-invalid"), ran.log
    assert re.search(told, ran.log), ran.log
    assert not repository.live()


def test_commands_of_anybodys_file_are_not_run(repository: Repository):
    repository.config(task("{name: a, run: touch ran}"))
    for event in ("pull_request_target", "issue_comment", "something_new"):
        repository.runner.event = {"GITHUB_EVENT_NAME": event}
        for inputs in ({}, {"dry-run": "true"}):
            ran = repository.run(**inputs)
            assert ran.exit_code == 2, ran.log
    assert not (repository.workspace / "ran").exists()


def test_a_pull_request_is_shown_its_pipeline_and_runs_none(project: Project):
    repository = Repository(project.job)
    ran = project.pull_request("pipeline", preset="staging")
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (2, "config-invalid"), ran.log
    assert "Nothing is deployed here" in ran.log and not repository.live()
    shown = project.pull_request("pipeline", preset="staging", dry_run="true")
    assert shown.exit_code == 0 and "deploy: uses deploy" in shown.log, shown.log
    repository.config(task("{name: a, run: touch ran}"))
    assert project.pull_request("pipeline", dry_run="true").exit_code == 2
    assert not repository.live() and not (repository.workspace / "ran").exists()


def test_a_secret_in_the_output_of_a_command_is_masked(repository: Repository):
    repository.config(
        task(
            "{name: a, run: 'echo it is $K', env: {K: '${INPUT_GITHUB-TOKEN}'}}".replace("INPUT_GITHUB-TOKEN", "TOKEN")
        )
    )
    repository.runner.event = {"TOKEN": "gh-s3cr3t-t0ken"}
    ran = repository.runner.run("pipeline", **{"github-token": "gh-s3cr3t-t0ken", "comment": "off"})
    assert ran.exit_code == 0, ran.log
    everything = ran.log.replace("::add-mask::gh-s3cr3t-t0ken", "") + json.dumps(ran.result)
    everything += (repository.workspace / "galleria-pipeline.xml").read_text(encoding="utf-8")
    assert "gh-s3cr3t-t0ken" not in everything and "it is ***" in ran.log


def test_a_stop_ends_the_run_and_says_so(repository: Repository):
    repository.config(task("{name: a, run: 'touch began; sleep 30'}\n{name: b, uses: verify, needs: [a]}"))
    stop = Stop()
    import threading

    def watch() -> None:
        while not (repository.workspace / "began").exists():
            stop.pause(0.05)
        stop.request(15)

    threading.Thread(target=watch, daemon=True).start()
    ran: Any = repository.runner.run("pipeline", stop)
    assert ran.exit_code == 143, ran.log
    assert repository.states(ran) == {"a": "cancelled", "b": "cancelled"}


# -- all the way -----------------------------------------------------------------------------------------------------

STAGES = """\
environments:
  development: {{preset: development, bucket: "file://{0}/development"}}
  testing: {{preset: testing, bucket: "file://{0}/testing"}}
  staging:
    preset: staging
    bucket: "file://{0}/staging"
    pipeline:
      stages:
        - name: deployment
          on-failure: rollback
          tasks:
            - {{name: deploy, uses: deploy}}
            - {{name: look, run: "! grep -q broken {0}/staging/index.html", needs: [deploy]}}
  production:
    preset: production
    bucket: "file://{0}/production"
    from: staging
    max-delete: 50%
"""


def test_one_gallery_through_all_environments(repository: Repository, tmp_path: Path):
    repository.config(STAGES.format(tmp_path))
    del repository.runner.inputs["bucket"], repository.runner.inputs["site"]

    def shown(name: str) -> dict[str, bytes]:
        root = tmp_path / name
        files = {it.relative_to(root).as_posix(): it.read_bytes() for it in root.rglob("*") if it.is_file()}
        return {key: body for key, body in files.items() if not key.startswith((".galleria/", "slots/"))}

    for name in ("development", "testing", "staging", "production"):
        ran = repository.run(environment=name)
        assert ran.exit_code == 0, ran.log
    assert shown("production") == shown("staging") != {}
    before = shown("production")
    repository.job.gallery.change(0)
    (repository.job.site / "index.html").write_text("<h1>broken</h1>", encoding="utf-8")
    ran = repository.run(environment="staging")
    assert ran.exit_code == 17 and "was taken back" in ran.log, ran.log
    assert shown("staging") == before
    onward = repository.run(environment="production")
    assert onward.exit_code == 0 and onward.outputs["changed"] == "false", onward.log
    assert shown("production") == before
    (repository.job.site / "index.html").write_text("<h1>mended</h1>", encoding="utf-8")
    assert repository.run(environment="staging").exit_code == 0
    assert repository.run(environment="production").exit_code == 0
    assert shown("production") == shown("staging") != before


def test_what_is_kept_of_a_run_holds_no_secret(repository: Repository):
    """Whatever a task of ours repeats: what goes to the state, the result and JUnit's file is masked."""
    secret = "no-such-environment-s3cr3t"
    repository.config(task("{name: put, uses: deploy}"))
    ran = repository.runner.run("pipeline", **{"github-token": secret, "comment": "off", "source": f"prod/{secret}"})
    assert ran.exit_code == 17, ran.log
    folder = repository.workspace.parent / "bucket/.galleria/pipelines"
    kept = [it.read_text(encoding="utf-8") for it in folder.glob("*.json")]
    junit = (repository.workspace / "galleria-pipeline.xml").read_text(encoding="utf-8")
    assert kept and secret not in "".join(kept) + junit + json.dumps(ran.result["pipeline"])
