"""The container as a plugin of Woodpecker or Drone."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from galleria_action.ci.detect import detect
from galleria_action.ci.woodpecker import Woodpecker
from galleria_action.cli.parse import parse
from galleria_action.deployment.stop import Stop
from galleria_action.options import resolve
from galleria_action.run import World, run
from tests.builders import make_gallery

NOWHERE = Path("/nowhere")


def options(**environ: str):
    found = parse([], environ, NOWHERE)
    return resolve(found.command, found.values, found.problems)


@pytest.mark.parametrize("name", ["PLUGIN_MAX_DELETE", "PLUGIN_MAX-DELETE"])
def test_a_setting_arrives_however_the_ci_writes_hyphens(name: str):
    assert options(PLUGIN_BUCKET="gallery", **{name: "7"}).guards.max_delete.amount == 7


def test_a_setting_stands_where_an_input_stands():
    below = {"PLUGIN_BUCKET": "gallery", "GALLERIA_CONCURRENCY": "3", "PLUGIN_CONCURRENCY": "2"}
    assert options(**below).upload.concurrency == 2
    assert options(**below, INPUT_CONCURRENCY="1").upload.concurrency == 1
    found = parse(["plan", "--concurrency", "9"], below, NOWHERE)
    assert resolve(found.command, found.values, []).upload.concurrency == 9


def test_a_plugin_deploys_unless_it_is_told_otherwise_and_a_shell_never_does():
    assert parse([], {"PLUGIN_BUCKET": "gallery"}, NOWHERE).command == "deploy"
    assert parse([], {"PLUGIN_COMMAND": "verify"}, NOWHERE).command == "verify"
    assert parse(["plan"], {"PLUGIN_COMMAND": "verify"}, NOWHERE).command == "plan"
    with pytest.raises(BaseException) as ended:
        parse([], {"CI": "woodpecker"}, NOWHERE)
    assert getattr(ended.value, "exit_code", None) == 2


def test_a_plugin_is_recognised_by_its_settings(tmp_path: Path):
    assert isinstance(detect({"CI": "woodpecker", "PLUGIN_BUCKET": "x"}, io.StringIO(), tmp_path), Woodpecker)
    assert not isinstance(detect({"CI": "woodpecker"}, io.StringIO(), tmp_path), Woodpecker)


def test_a_whole_deploy(tmp_path: Path):
    make_gallery(tmp_path / "workspace/prod/pics", 2)
    log = io.StringIO()
    environ = {
        "CI": "woodpecker",
        "PLUGIN_BUCKET": f"file://{tmp_path}/bucket",
        "PLUGIN_SECRET_KEY": "a-secret-key",
        "PLUGIN_ACCESS_KEY": "an-access-key",
    }
    assert run([], World(environ, tmp_path / "workspace", log, log, Stop())) == 0, log.getvalue()
    assert (tmp_path / "bucket/gallery-metadata.json").exists()
    assert (tmp_path / "workspace/galleria-result.json").exists()
    assert "a-secret-key" not in log.getvalue()
    assert "::" not in log.getvalue()
