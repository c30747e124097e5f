"""What a run tells on its way and where it writes: the plan before the upload, files beside it, pipes and devices."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from galleria_action import listeners
from galleria_action.ci.github.reviews import COMMENT_FILE, NUMBERS_FILE
from galleria_action.ci.gitlab import DOTENV_FILE
from galleria_action.usecases.parts.written import UNASKED
from galleria_action.usecases.tasks.pipeline import JUNIT_FILE
from tests.doors.conftest import Job
from tests.doors.pull_requests import Project, own_branch
from tests.doors.runner import ROOT
from tests.runner_grammar import commands

PLAIN = {"PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true"}


def terminal(job: Job, *args: str, redirect: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "entrypoint.py"), *args, "--bucket", job.runner.inputs["bucket"]]
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirect}', "sh", *command],
        cwd=job.workspace, env=PLAIN, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


# -- the plan ------------------------------------------------------------------------------------------------------


def test_the_plan_is_told_once_and_before_anything_is_sent(make_job):
    ran = make_job().runner.run("deploy")
    assert ran.exit_code == 0
    assert ran.log.count("Deployment Plan:") == 1
    assert ran.log.index("Deployment Plan:") < ran.log.index("::group::Deploy")
    assert ran.log.index("Photos to upload: 3") < ran.log.index("::group::Deploy")
    last = [line for line in ran.log.splitlines() if line][-1]
    assert last.startswith("Deployed: 3 photos uploaded (")


def test_a_refused_plan_is_told_all_the_same(make_job):
    job: Job = make_job()
    assert job.runner.run("deploy").exit_code == 0
    for _ in range(2):
        job.gallery.remove(0)
    ran = job.runner.run("deploy")
    assert ran.outputs["failure-reason"] == "delete-guard"
    assert ran.log.count("Deployment Plan:") == 1
    assert "Photos to delete: 2" in ran.log


def test_a_plan_file_that_cannot_be_written_keeps_no_gallery_offline(make_job):
    """A workspace may be mounted read-only."""
    job: Job = make_job()
    (job.workspace / "galleria-plan.json").mkdir()
    ran = job.runner.run("deploy")
    assert ran.exit_code == 0
    assert any("'galleria-plan.json' cannot be written" in warning for warning in ran.result["warnings"])
    assert ran.outputs["plan-file"] == ""
    ran = job.runner.run("plan", plan_file="galleria-plan.json")
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (2, "config-invalid")


@pytest.mark.parametrize("option", ["plan-file", "result-file", "checkpoint-file"])
@pytest.mark.parametrize(
    "path", ["../plan.json", ".git/hooks/post-checkout", ".GIT/config", "a/.git/b", ".github/workflows/x.yml", ".npmrc"]
)
def test_a_file_where_none_may_be_stops_before_anything_is_written(make_job, option: str, path: str):
    job: Job = make_job()
    ran = job.runner.run("deploy", **{option: path})
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (2, "config-invalid")
    assert f"{option}: {path!r}" in ran.log
    assert not (job.workspace.parent / "bucket/gallery-metadata.json").exists()
    assert not (job.workspace / path).exists()


# -- pipes and devices ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--plan-file", "--result-file"])
def test_a_pipe_is_written_to_and_stays_one(make_job, option: str):
    job: Job = make_job()
    pipe = job.workspace.parent / "pipe"
    os.mkfifo(pipe)
    heard: list[bytes] = []
    reader = threading.Thread(target=lambda: heard.append(pipe.read_bytes()), daemon=True)
    reader.start()
    done = terminal(job, "plan", option, str(pipe))
    reader.join(10)
    assert done.returncode == 0, done.stdout
    assert stat.S_ISFIFO(pipe.lstat().st_mode)
    assert json.loads(heard[0])["plan_id"]


def test_a_pipe_that_nobody_reads_holds_nobody_up(make_job):
    job: Job = make_job()
    pipe = job.workspace.parent / "pipe"
    os.mkfifo(pipe)
    assert terminal(job, "deploy", "--result-file", str(pipe)).returncode == 0
    assert stat.S_ISFIFO(pipe.lstat().st_mode)


def test_standard_output_can_be_named_as_a_file(make_job):
    done = terminal(make_job(), "plan", "--progress", "off", "--result-file", "/dev/stdout")
    assert done.returncode == 0
    assert '"success": true' in done.stdout
    assert Path("/dev/stdout").is_symlink()


def test_a_job_does_not_follow_a_link_to_a_device(make_job):
    job: Job = make_job()
    (job.workspace / "plan.json").symlink_to("/dev/null")
    ran = job.runner.run("plan", plan_file="plan.json")
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (2, "config-invalid")
    assert (job.workspace / "plan.json").is_symlink()


@pytest.mark.parametrize(("redirect", "code"), [(">/dev/full", 2), ("| head -c 10 >/dev/null; exit 0", 0), ("", 0)])
def test_a_result_that_was_asked_for_and_cannot_be_printed_is_a_failure(make_job, redirect: str, code: int):
    done = terminal(make_job(), "plan", "--json", redirect=redirect)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr


def test_the_result_can_be_printed_in_any_encoding(make_job, monkeypatch: pytest.MonkeyPatch):
    job: Job = make_job()
    monkeypatch.setitem(PLAIN, "PYTHONIOENCODING", "ascii")
    (job.site / "写真.html").write_text("x")
    assert json.loads(terminal(job, "deploy", "--json", "--site", "prod/site").stdout)["success"] is True


# -- where people look ---------------------------------------------------------------------------------------------


def test_an_empty_folder_is_told_as_one(tmp_path: Path, make_job):
    job: Job = make_job()
    empty = tmp_path / "empty"
    empty.mkdir()
    job.runner.workspace = empty
    ran = job.runner.run("validate")
    assert ran.exit_code == 3
    told = next(one.data for one in commands(ran.log) if one.name == "error")
    assert "actions/checkout" in told and "mount" in told
    (empty / "README.md").write_text("x")
    assert "Is the option source right" in job.runner.run("validate").log
    assert "Is the option metadata-file right" in job.runner.run("validate", metadata_file="other.json").log
    (empty / "gallery.json").write_text("{}", encoding="utf-8")
    assert "The option source names a file (gallery.json)" in job.runner.run("validate", source="gallery.json").log


@pytest.mark.parametrize("name", ["issue_comment", "pull_request_review", "pull_request_review_comment"])
def test_events_around_a_pull_request_say_why_there_is_no_comment(project: Project, name: str):
    event = {"GITHUB_EVENT_NAME": name, "GITHUB_REF": "refs/heads/main", "GITHUB_SHA": "c" * 40}
    ran = project.run("plan", event, own_branch(), None, {})
    assert ran.exit_code == 0
    assert ran.log.count(f"The event {name} shows no plan on the pull request") == 1
    assert project.github.bodies() == []


@pytest.mark.parametrize("orphaned", [False, True])
def test_what_to_do_fits_what_was_found(make_job, orphaned: bool):
    job: Job = make_job()
    assert job.runner.run("deploy").exit_code == 0
    bucket = job.workspace.parent / "bucket"
    (bucket / job.gallery.photos[0]["files"]["web"]).unlink()
    if orphaned:
        (bucket / job.gallery.photos[0]["files"]["full"]).with_name("stray.jpg").write_bytes(b"x")
    ran = job.runner.run("verify")
    assert ran.exit_code == 4
    assert "Deploy again" in ran.summary
    assert ("orphans: delete" in ran.summary) == orphaned


@pytest.mark.parametrize("args", [["deploy", "--quiet"], ["deploy", "--quiet", "--source", "nowhere"]])
def test_quiet_is_the_verdict_and_what_to_do(make_job, args: list[str]):
    done = terminal(make_job(), *args)
    lines = done.stdout.splitlines()
    if done.returncode == 0:
        assert len(lines) == 2
        assert lines[0].startswith("The gallery is online and verified")
    else:
        assert lines[0].startswith("Error loading gallery metadata")
        assert "What to do:" in lines
    assert lines[-1].endswith(" s)")


def test_a_rollback_that_only_brings_back_shows_no_table_without_rows(make_job):
    job: Job = make_job()
    assert job.runner.run("deploy").exit_code == 0
    job.gallery.change(0)
    assert job.runner.run("deploy").exit_code == 0
    ran = job.runner.run("rollback")
    assert ran.exit_code == 0 and "objects brought back" in ran.summary, ran.log
    assert "Planned" not in ran.summary


def test_reports_are_no_part_of_a_site_that_is_the_workspace(make_job):
    """The plan of a step before lies there, and this run's own is written while it looks at the site."""
    job = make_job()
    (job.workspace / "index.html").write_text("<h1>Wedding</h1>")
    written = {"report_file": "report.html", "metrics_file": "metrics.prom"}
    for command in ("plan", "deploy", "plan", "deploy"):
        ran = job.runner.run(command, site=".", **written)
        assert ran.exit_code == 0, ran.log
        pages = json.loads((job.workspace / "galleria-plan.json").read_text())["site"]["upload"]
        assert not {"galleria-plan.json", "galleria-result.json", *written.values()} & {str(it["key"]) for it in pages}


def test_every_report_that_is_written_unasked_is_known() -> None:
    named = {listeners.PLAN_FILE, listeners.RESULT_FILE, COMMENT_FILE, NUMBERS_FILE, DOTENV_FILE, JUNIT_FILE}
    assert named == {*UNASKED}
