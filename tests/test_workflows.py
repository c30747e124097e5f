"""Workflows, examples and the files of other CIs: what they name exists, and what they run works."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner

from galleria_action.options import BY_NAME, SECRETS
from tests.report.rendered import Page

ROOT = Path(__file__).parents[1]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
PROCESS = yaml.safe_load((ROOT / "process/action.yml").read_text(encoding="utf-8"))
OWN = re.compile(r"(?:\./|(?:https://github\.com/)?galleria-action/galleria-action(?:/process)?@v1)")
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
EXAMPLES = sorted((ROOT / "examples").glob("*.yml"))
PAGE = (ROOT / "docs/other-cis.md").read_text(encoding="utf-8")

each_file = pytest.mark.parametrize("path", [*WORKFLOWS, *EXAMPLES], ids=lambda path: f"{path.parent.name}/{path.name}")


def load(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document


def jobs(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["jobs"]
    return found


def steps(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for job in jobs(document).values():
        yield from job.get("steps", [])


def own_steps(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for step in steps(document) if OWN.fullmatch(step.get("uses", ""))]


def action_of(step: dict[str, Any]) -> dict[str, Any]:
    """What the step's action says of itself."""
    return PROCESS if "/process@" in step["uses"] else ACTION


def block(heading: str) -> str:
    """The YAML file on the page of other CIs under ``heading``."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    (found,) = re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)
    return str(found)


def script(path: str, job: str, step: str) -> str:
    """The shell script of a step, by its id or name."""
    for one in jobs(load(ROOT / path))[job]["steps"]:
        if step in (one.get("id"), one.get("name")):
            return str(one["run"])
    raise AssertionError(f"no step {step!r}")


def shell(text: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a script as the runner does."""
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text]
    path = f"{folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(command, cwd=folder, env={"PATH": path, **env}, text=True, capture_output=True, check=False)


# -- what holds for every workflow -----------------------------------------------------------------------------------


def test_there_are_workflows_and_examples():
    assert {path.stem for path in WORKFLOWS} >= {"ci", "e2e", "release", "codeql", "zizmor", "image-scan"}
    assert len(EXAMPLES) >= 9


@each_file
def test_nobody_elses_code_can_change_under_it(path: Path):
    for line in path.read_text(encoding="utf-8").splitlines():
        if (uses := re.search(r"\buses: (\S+)(.*)", line)) and not OWN.match(uses[1]):
            assert re.fullmatch(r"[\w/.-]+@[0-9a-f]{40}", uses[1]), line
            assert re.fullmatch(r" # v\d+\.\d+\.\d+(?: .*)?", uses[2]), line
        if image := re.search(r"^ +image: (\S*/\S+:\S+)", line):
            assert re.search(r"@sha256:[0-9a-f]{64}$", image[1]), line


@each_file
def test_it_may_do_no_more_than_it_says_for_no_longer_than_it_needs(path: Path):
    document = load(path)
    assert document["permissions"] == {}
    for job in jobs(document).values():
        assert job["permissions"]
        assert "uses" in job or 0 < job["timeout-minutes"] <= 120
    for step in steps(document):
        if "actions/checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False


@each_file
def test_inputs_and_outputs_exist_and_secrets_are_where_they_are_masked(path: Path):
    document = load(path)
    for step in own_steps(document):
        given = step.get("with", {})
        assert given.keys() <= action_of(step)["inputs"].keys()
        assert {name for name, value in given.items() if "secrets." in str(value)} <= set(SECRETS)
    text = path.read_text(encoding="utf-8")
    ours = {step["id"]: action_of(step) for step in own_steps(document) if "id" in step}
    named = {step["id"] for step in steps(document) if "id" in step}
    for step_id, output in re.findall(r"steps\.([\w-]+)\.outputs\.([\w-]+)", text):
        assert step_id in named
        assert step_id not in ours or output in ours[step_id]["outputs"]
    for name in re.findall(r"\bGALLERIA_[A-Z_]+", text):
        assert any(name in option.environment_names for option in BY_NAME.values()), name


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_says_what_it_is_for_and_uses_the_action(path: Path):
    assert path.read_text(encoding="utf-8").startswith("# ")
    assert own_steps(load(path)) or path.name == "fork-comment.yml"


def test_the_examples_for_forks_belong_together():
    plan, comment = load(ROOT / "examples/plan.yml"), load(ROOT / "examples/fork-comment.yml")
    assert comment[True]["workflow_run"]["workflows"] == [plan["name"]]  # YAML 1.1 takes `on` for true
    (upload,) = [step for step in steps(plan) if "upload-artifact" in step.get("uses", "")]
    (download,) = [step for step in steps(comment) if "download-artifact" in step.get("uses", "")]
    assert upload["with"]["name"] == download["with"]["name"]
    assert upload["with"]["path"] in script("examples/fork-comment.yml", "comment", "Create or update the comment")


# -- what they run ---------------------------------------------------------------------------------------------------


def test_the_release_names_its_image_by_digest(tmp_path: Path):
    text = script(".github/workflows/release.yml", "commit", "pin")
    (tmp_path / "process").mkdir()
    for name in ("action.yml", "process/action.yml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    image, digest, second = "ghcr.io/galleria-action/galleria-action", f"sha256:{'a' * 64}", f"sha256:{'c' * 64}"
    assert shell(text, tmp_path, IMAGE=image, DIGEST=digest, DIGEST_PROCESS=second).returncode == 0
    changed = yaml.safe_load((tmp_path / "action.yml").read_text())
    assert changed == {**ACTION, "runs": {"using": "docker", "image": f"docker://{image}@{digest}"}}
    runs = {**PROCESS["runs"], "image": f"docker://{image}/process@{second}"}
    assert yaml.safe_load((tmp_path / "process/action.yml").read_text()) == {**PROCESS, "runs": runs}
    # a second time there is nothing to replace, and a digest that is none is none
    assert shell(text, tmp_path, IMAGE=image, DIGEST=f"sha256:{'b' * 64}", DIGEST_PROCESS=second).returncode != 0
    assert shell(text, tmp_path, IMAGE=image, DIGEST="latest", DIGEST_PROCESS=second).returncode != 0


def test_the_action_process_is_built_from_the_root_and_begins_with_its_command():
    runs = PROCESS["runs"]
    assert (ROOT / "process" / runs["image"]).resolve() == ROOT / "Dockerfile.process"
    assert runs["args"] == ["${{ inputs.command }}"]
    assert PROCESS["inputs"]["command"]["default"] == "process"
    copied = re.findall(r"^COPY (?!--)(.*) \S+$", (ROOT / "Dockerfile.process").read_text(), re.MULTILINE)
    sent = (ROOT / ".dockerignore").read_text().split()
    assert all(f"!{name}" in sent for line in copied for name in line.split())


def test_the_release_has_the_notes_of_its_version(tmp_path: Path):
    text = script(".github/workflows/release.yml", "publish", "notes")
    changelog = "# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2026-01-01\n\n- New.\n\n## [1.1.0]\n\n- Old.\n"
    (tmp_path / "CHANGELOG.md").write_text(changelog)
    assert shell(text, tmp_path, VERSION="1.2.0").returncode == 0
    assert (tmp_path / "notes.md").read_text().strip() == "- New."
    assert shell(text, tmp_path, VERSION="1.3.0").returncode != 0


def test_the_release_is_of_the_version_in_the_sources(tmp_path: Path):
    text = script(
        ".github/workflows/release.yml", "image", "The version is the one in the sources, and in the changelog"
    )
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text("## [1.2.0] - 2026-01-01\n")
    assert shell(text, tmp_path, VERSION="1.2.0", REF="refs/heads/main").returncode == 0
    for version, ref in [("1.2.0", "refs/heads/other"), ("1.2.1", "refs/heads/main"), ("1.2", "refs/heads/main")]:
        assert shell(text, tmp_path, VERSION=version, REF=ref).returncode != 0


#: GitHub's command line: it knows one open pull request, writes down what it is asked, and has ``comments``
_GH = """#!/usr/bin/env bash
printf '%s\\n' "$*" >>calls
case "$*" in
*/pulls*) [ "$SHA" = {sha} ] && echo 5 || true ;;
*/comments*--jq*) cat comments ;;
esac
"""


@pytest.mark.parametrize(("existing", "expected"), [("", "POST repos/o/r/issues/5/comments"), ("77\n", "comments/77")])
def test_the_comment_on_a_forks_pull_request(tmp_path: Path, existing: str, expected: str):
    text = script("examples/fork-comment.yml", "comment", "Create or update the comment")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/gh").write_text(_GH.format(sha="c" * 40))
    (tmp_path / "bin/gh").chmod(0o755)
    (tmp_path / "comments").write_text(existing)
    hostile = b"".join([
        b"## Planned\n\xff ok @all\r\n<!-- galleria-action {} -->\n[sign in](https://evil.example)\n",
        b"![](https://evil.example/p.png)\n<img src=x>\n# 1 \n```\n  ```\nout of it ````` x\n",
        b"\xe2\x80\xaereversed\x1b[31m\x00\n[a]: https://evil.example\n", b"@" * 10_000, b"x" * 100_000,
    ])  # fmt: skip
    (tmp_path / "galleria-comment.md").write_bytes(hostile)
    env = {"REPOSITORY": "o/r", "OWNER": "fork", "BRANCH": "$(touch owned)", "SHA": "c" * 40}
    done = shell(text, tmp_path, **env)
    assert done.returncode == 0, done.stderr
    assert expected in (tmp_path / "calls").read_text().splitlines()[-1]
    comment = (tmp_path / "comment.md").read_text(encoding="utf-8")
    assert comment.startswith("<!-- gallery plan of a fork -->\n> [!WARNING]\n> The run of a fork wrote")
    assert comment.count("<!--") == 1 and len(comment) < 65_536
    page = Page(comment)
    assert set(page.tags) == {"blockquote", "p", "pre", "code"}
    assert "Nothing of it was checked" in page.loose_text
    assert "evil" not in page.loose_text and "## Planned\n ok" in page.codes[0]
    assert "x" * 100 in page.codes[0] and comment.endswith("\n```\n"), "nothing gets out of it"
    assert "@all" not in comment and "](http" not in comment and "\u202e" not in comment and "\x1b" not in comment
    assert not (tmp_path / "owned").exists()
    (tmp_path / "calls").unlink()
    assert shell(text, tmp_path, **env | {"SHA": "d" * 40}).returncode == 0
    assert "PATCH" not in (tmp_path / "calls").read_text() and "POST" not in (tmp_path / "calls").read_text()


# -- other CIs -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "schema"),
    [
        ("Woodpecker", "woodpecker-ci"),
        ("Drone", "drone-ci"),
        ("GitLab", "gitlab-ci"),
        ("Forgejo and Gitea", "github-workflows"),
    ],
)
def test_the_file_of_another_ci_is_one(heading: str, schema: str, tmp_path: Path):
    (tmp_path / "file.yml").write_text(block(heading), encoding="utf-8")
    done = CliRunner().invoke(check_jsonschema, ["--builtin-schema", f"vendor.{schema}", str(tmp_path / "file.yml")])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("heading", ["Woodpecker", "Drone"])
def test_the_settings_of_a_plugin_are_options(heading: str):
    settings = yaml.safe_load(block(heading))["steps"][0]["settings"]
    assert {name.replace("_", "-") for name in settings} <= BY_NAME.keys()
    assert {name.replace("_", "-") for name, value in settings.items() if isinstance(value, dict)} <= set(SECRETS)


def test_the_variables_and_outputs_on_gitlab_exist():
    document = yaml.safe_load(block("GitLab"))
    names = {name for option in BY_NAME.values() for name in option.environment_names}
    assert document["variables"].keys() <= names
    outputs = {f"GALLERIA_OUTPUT_{name.upper().replace('-', '_')}" for name in ACTION["outputs"]}
    assert set(re.findall(r"GALLERIA_OUTPUT_[A-Z_]*[A-Z]", PAGE)) <= outputs


def test_the_page_says_which_outputs_gitlab_does_not_get():
    from galleria_action.ci.gitlab import _LEFT_OUT, _MOST_VARIABLES

    assert len(ACTION["outputs"]) - len(_LEFT_OUT) <= _MOST_VARIABLES
    section = PAGE.split("## GitLab\n")[1].split("## ")[0]
    assert all(f"`{name}`" in section for name in _LEFT_OUT)


def test_the_workflow_for_forgejo_uses_inputs_that_exist():
    (step,) = own_steps(yaml.safe_load(block("Forgejo and Gitea")))
    assert step["with"].keys() <= ACTION["inputs"].keys()
