"""The container as a plugin of Woodpecker or Drone."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from galleria_action.ci.detect import detect
from galleria_action.ci.occasion import Cause, Whose
from galleria_action.ci.woodpecker import Woodpecker
from galleria_action.cli.parse import parse
from galleria_action.deployment.stop import Stop
from galleria_action.options import resolve
from galleria_action.options.origin import texts
from galleria_action.run import World, run
from tests.builders import make_gallery

NOWHERE = Path("/nowhere")


def options(**environ: str):
    found = parse([], environ, NOWHERE)
    return resolve(found.command, texts(found.given))


@pytest.mark.parametrize("name", ["PLUGIN_MAX_DELETE", "PLUGIN_MAX-DELETE"])
def test_a_setting_arrives_however_the_ci_writes_hyphens(name: str):
    assert options(PLUGIN_BUCKET="gallery", **{name: "7"}).guards.max_delete.amount == 7


def test_a_setting_stands_where_an_input_stands():
    below = {"PLUGIN_BUCKET": "gallery", "GALLERIA_CONCURRENCY": "3", "PLUGIN_CONCURRENCY": "2"}
    assert options(**below).upload.concurrency == 2
    assert options(**below, INPUT_CONCURRENCY="1").upload.concurrency == 1
    found = parse(["plan", "--concurrency", "9"], below, NOWHERE)
    assert resolve(found.command, texts(found.given)).upload.concurrency == 9


def test_a_plugin_deploys_unless_it_is_told_otherwise_and_a_shell_never_does():
    assert parse([], {"PLUGIN_BUCKET": "gallery"}, NOWHERE).command == "deploy"
    assert parse([], {"PLUGIN_COMMAND": "verify"}, NOWHERE).command == "verify"
    assert parse(["plan"], {"PLUGIN_COMMAND": "verify"}, NOWHERE).command == "plan"
    assert parse([], {"CI": "woodpecker"}, NOWHERE).exit_code == 2


def test_a_plugin_is_recognised_by_its_settings(tmp_path: Path):
    assert isinstance(detect({"CI": "woodpecker", "PLUGIN_BUCKET": "x"}, io.StringIO(), tmp_path), Woodpecker)
    assert isinstance(detect({"CI": "woodpecker"}, io.StringIO(), tmp_path), Woodpecker)
    assert not isinstance(detect({"CI": "true"}, io.StringIO(), tmp_path), Woodpecker)


def test_a_whole_deploy(tmp_path: Path):
    make_gallery(tmp_path / "workspace/prod/pics", 2)
    log = io.StringIO()
    environ = {
        "CI": "woodpecker",
        "CI_PIPELINE_EVENT": "push",
        "PLUGIN_BUCKET": f"file://{tmp_path}/bucket",
        "PLUGIN_SECRET_KEY": "a-secret-key",
        "PLUGIN_ACCESS_KEY": "an-access-key",
    }
    assert run([], World(environ, tmp_path / "workspace", log, log, Stop())) == 0, log.getvalue()
    assert (tmp_path / "bucket/gallery-metadata.json").exists()
    assert (tmp_path / "workspace/galleria-result.json").exists()
    assert "a-secret-key" not in log.getvalue()
    assert "::" not in log.getvalue()


@pytest.mark.parametrize("name", ["CI_PIPELINE_EVENT", "DRONE_BUILD_EVENT"])
@pytest.mark.parametrize(
    ("event", "cause"),
    [
        ("push", Cause.PUSH), ("tag", Cause.TAG), ("release", Cause.RELEASE), ("cron", Cause.SCHEDULE),
        ("manual", Cause.DISPATCH), ("custom", Cause.DISPATCH), ("pull_request", Cause.PULL_REQUEST),
        ("pull_request_closed", Cause.PULL_REQUEST), ("promote", Cause.OTHER), ("rollback", Cause.OTHER),
        ("deployment", Cause.OTHER), ("tomorrow's", Cause.OTHER), ("", Cause.OTHER),
    ],
)  # fmt: skip
def test_what_started_the_pipeline(tmp_path: Path, name: str, event: str, cause: Cause):
    found = detect({"PLUGIN_BUCKET": "x", name: event}, io.StringIO(), tmp_path).occasion
    assert found.cause is cause
    assert (found.whose is Whose.OURS) == (cause is not Cause.PULL_REQUEST)


def test_names_that_do_not_agree_are_not_believed(tmp_path: Path):
    environ = {"CI": "woodpecker", "CI_PIPELINE_EVENT": "push", "DRONE_BUILD_EVENT": "pull_request"}
    assert detect(environ, io.StringIO(), tmp_path).occasion.cause is Cause.OTHER


@pytest.mark.parametrize("name", ["CI_COMMIT_REF", "DRONE_COMMIT_REF"])
@pytest.mark.parametrize("ref", ["refs/pull/4/head", "refs/pull-requests/4/from", "refs/merge-requests/4/head"])
def test_the_ref_of_a_pull_request_is_one_whatever_started_it(tmp_path: Path, name: str, ref: str):
    environ = {"CI": "woodpecker", "CI_PIPELINE_EVENT": "manual", name: ref}
    assert detect(environ, io.StringIO(), tmp_path).occasion.cause is Cause.PULL_REQUEST
    assert detect(environ | {name: "refs/heads/pull"}, io.StringIO(), tmp_path).occasion.cause is Cause.DISPATCH


@pytest.mark.parametrize("name", ["CI_COMMIT_PULL_REQUEST", "DRONE_PULL_REQUEST"])
def test_a_pull_request_is_one_whatever_else_is_said(tmp_path: Path, name: str):
    environ = {"CI": "woodpecker", "CI_PIPELINE_EVENT": "push", name: "4"}
    assert detect(environ, io.StringIO(), tmp_path).occasion.cause is Cause.PULL_REQUEST
