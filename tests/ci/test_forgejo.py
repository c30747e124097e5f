"""Forgejo and Gitea Actions: GitHub's protocol, another server."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from galleria_action.ci.detect import detect
from galleria_action.ci.forgejo import ForgejoActions
from galleria_action.deployment.stop import Stop
from galleria_action.run import World, run
from tests.builders import make_gallery
from tests.ci.fake_forge import Forge, serving
from tests.runner_grammar import commands, read_outputs

TOKEN = "forgejo-job-token"


@pytest.fixture
def forge() -> Iterator[Forge]:
    with serving(Forge({TOKEN: "forgejo-actions"}, "login")) as forge:
        yield forge


def job(folder: Path, forge: Forge, number: int, command: str, **environ: str) -> tuple[int, str]:
    event = folder.parent / "event.json"
    here = {"number": 3, "head": {"sha": "c" * 40, "repo": {"full_name": "me/wedding"}}}
    event.write_text(json.dumps({"pull_request": here}), encoding="utf-8")
    (folder.parent / "output").write_text("")
    variables = {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITEA_ACTIONS": "true",
        "FORGEJO_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(folder),
        "GITHUB_OUTPUT": str(folder.parent / "output"),
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REPOSITORY": "me/wedding",
        "GITHUB_SERVER_URL": forge.url,
        "GITHUB_API_URL": f"{forge.url}/api/v1",
        "GITHUB_RUN_ID": str(number),
        "INPUT_COMMAND": command,
        "INPUT_BUCKET": f"file://{folder.parent}/bucket",
        "INPUT_GITHUB-TOKEN": TOKEN,
    }
    log = io.StringIO()
    return run([], World({**variables, **environ}, folder, log, log, Stop())), log.getvalue()


@pytest.mark.parametrize("name", ["FORGEJO_ACTIONS", "GITEA_ACTIONS"])
def test_they_are_recognised(tmp_path: Path, name: str):
    assert isinstance(detect({"GITHUB_ACTIONS": "true", name: "true"}, io.StringIO(), tmp_path), ForgejoActions)


@pytest.mark.parametrize("may_ask_who", [True, False])
def test_one_comment_on_their_own_server(tmp_path: Path, forge: Forge, may_ask_who: bool):
    forge.may_ask_who = may_ask_who
    gallery = make_gallery(tmp_path / "workspace/prod/pics", 2)
    forge.add("somebody", "nice")
    code, log = job(tmp_path / "workspace", forge, 1, "plan")
    assert code == 0, log
    assert read_outputs((tmp_path / "output").read_bytes())["photos-to-upload"] == "2"
    gallery.add(9)
    assert job(tmp_path / "workspace", forge, 2, "plan")[0] == 0
    ours = [one["body"] for one in forge.comments if one["user"]["login"] == "forgejo-actions"]
    assert len(ours) == 1 and "3 photos" in ours[0]
    assert not any("graphql" in asked for asked in forge.asked)


def test_a_push_finds_its_pull_request_and_asks_for_no_deployment(tmp_path: Path, forge: Forge):
    make_gallery(tmp_path / "workspace/prod/pics", 2)
    job(tmp_path / "workspace", forge, 1, "plan")
    forge.merged_pull = {"number": 3, "merged": True, "head": {"sha": "c" * 40, "repo": {"full_name": "me/wedding"}}}
    push = {"GITHUB_EVENT_NAME": "push", "GITHUB_SHA": "d" * 40, "INPUT_ENVIRONMENT-URL": "https://photos.example"}
    code, log = job(tmp_path / "workspace", forge, 2, "deploy", **push)
    assert code == 0, log
    assert not [command for command in commands(log) if command.name == "warning"]
    assert "deployed" in forge.comments[0]["body"]
    assert not any("deployments" in asked for asked in forge.asked)


@pytest.mark.parametrize(("runner", "server"), [("", "Forgejo"), ("false", "Gitea")])
def test_a_refusal_is_told_by_the_name_of_the_server(tmp_path: Path, forge: Forge, runner: str, server: str):
    make_gallery(tmp_path / "workspace/prod/pics", 2)
    forge.people = {}
    environ = {"FORGEJO_ACTIONS": runner} if runner else {}
    code, log = job(tmp_path / "workspace", forge, 1, "plan", **environ)
    assert code == 0, log
    (warning,) = [command.data for command in commands(log) if command.name == "warning"]
    assert f"{server} says 401" in warning
    assert "GitHub" not in warning
