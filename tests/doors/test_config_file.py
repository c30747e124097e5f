"""``galleria.yml``: what it may hold, and that it cannot harm whoever reads it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galleria_action.cli.config import Config, read_config
from tests.doors.test_options import BUCKET, options, problems


def config_problems(tmp_path: Path, text: str | bytes, *args: str) -> str:
    (tmp_path / "galleria.yml").write_bytes(text.encode() if isinstance(text, str) else text)
    return problems(["plan", *args], BUCKET, tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [", "galleria.yml:1: not valid YAML"),
        ("source: a\nsource: b\n", "galleria.yml:2: 'source' is given twice"),
        ("- source\n", "galleria.yml:1: the file must hold options as"),
        ("concurrency: many\n", "galleria.yml:1: concurrency: 'many' is not a whole number"),
        ("concurrency: 1.5\n", "galleria.yml:1: concurrency: 1.5 is not a whole number"),
        ("site: [a, b]\n", "galleria.yml:1: site: a list is not a text"),
        ("verify:\n", "galleria.yml:1: verify: it has no value"),
        ("bucket:\n", "galleria.yml:1: bucket: it has no value; give it one, or take the line out"),
        ("source: 2024-01-01\n", "galleria.yml:1: source: 2024-01-01 is not a text"),
        ("environments: [a]\n", "galleria.yml:1: environments: a list is not a section of `name: value` lines"),
        ("progress: on\n", "galleria.yml:1: progress: true is not one of auto, off"),
        ("concurrency: " + "9" * 5000, "galleria.yml: not valid YAML: a number in it is too long"),
        (
            "environments:\n  live:\n    bukket: x\n",
            "galleria.yml:3: 'bukket' is not an option of this file; is 'bucket'",
        ),
        ("a: &a [*a]\n", "galleria.yml:1: anchors (&) and aliases (*) are not understood"),
        ("x: !!python/object/apply:os.system [ls]\n", "galleria.yml:1: not valid YAML"),
        (b"\xff\xfe\x00", "cannot be read"),
        ("site: " + "a" * (1 << 16), "larger than 64 KiB"),
        ("[" * 5000, "galleria.yml:1: nested more than 10 deep"),
    ],
)
def test_mistakes_in_the_file_are_told_with_their_line(tmp_path: Path, text: str | bytes, expected: str):
    assert expected in config_problems(tmp_path, text)


def test_an_environment_that_is_not_there(tmp_path: Path):
    text = config_problems(tmp_path, "environments: {live: {}, test: {}}\n", "--environment", "prod")
    assert "environment: 'prod' is not a section of galleria.yml; it has 'live', 'test'" in text
    assert "which does not exist" in problems(["plan", "--environment", "prod"], BUCKET, Path("/nowhere"))
    assert "config: 'other.yml' does not exist" in problems(["plan", "--config", "other.yml"], BUCKET, tmp_path)


def test_a_file_of_nearly_the_right_name_is_not_passed_over(tmp_path: Path):
    (tmp_path / "galleria.yaml").write_text("strip-gps: true\n", encoding="utf-8")
    assert "galleria.yaml is not read, because the file is called galleria.yml" in problems(["plan"], BUCKET, tmp_path)
    assert options(["plan", "--config", "galleria.yaml"], BUCKET, tmp_path).gallery.strip_gps == "true"
    (tmp_path / "galleria.yml").touch()
    assert options(["plan"], BUCKET, tmp_path).gallery.strip_gps == "false"


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "verify: off\ncomment: off\nmax-delete: 25%\nforce: false\n"])
def test_files_that_are_fine(tmp_path: Path, text: str):
    (tmp_path / "galleria.yml").write_text(text, encoding="utf-8")
    found = options(["plan"], BUCKET, tmp_path)
    assert found.checks.verify == ("off" if text.startswith("verify") else "list")


# -- hostile files -----------------------------------------------------------------------------------------------------


def read(tmp_path: Path, text: str) -> Config:
    (tmp_path / "galleria.yml").write_text(text, encoding="utf-8")
    return read_config(tmp_path, None, None)


_EXPLODING = "x0: &x0 [lol, lol]\n" + "".join(f"x{i}: &x{i} [{', '.join([f'*x{i - 1}'] * 9)}]\n" for i in range(1, 30))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (_EXPLODING, "anchors (&) and aliases (*)"),
        ("base: &base {bucket: a}\nenvironments: {live: {<<: *base}}", "anchors (&) and aliases (*)"),
        ("site: &unused a", "anchors (&) and aliases (*)"),
        ("a: " * 1 + "{a: " * 20 + "}" * 20, "nested more than 10 deep"),
        ("\n".join("- " * depth for depth in range(1, 40)), "nested more than 10 deep"),
        ("environments: {" + ", ".join(f"e{i}: {{}}" for i in range(4000)) + "}", "more than 5,000 parts"),
        ("concurrency: " + "9" * 5000, "galleria.yml: not valid YAML"),
        ("label: 9999-99-99", "galleria.yml: not valid YAML"),
        ("? [a, b]\n: c", "not valid YAML"),
    ],
)
def test_what_could_grow_is_refused_before_it_is_built(tmp_path: Path, text: str, expected: str):
    (problem,) = read(tmp_path, text).problems
    assert expected in str(problem)
    assert len(str(problem)) < 300


@given(
    st.lists(
        st.sampled_from(["a", ": ", "- ", "[", "]", "{", "}", ", ", "\n", " ", "&a ", "*a", "|", "'", '"', "!!", "? "])
    )
)
@settings(deadline=None)
def test_no_text_is_more_than_findings(tmp_path_factory: pytest.TempPathFactory, pieces: list[str]):
    found = read(tmp_path_factory.getbasetemp(), "".join(pieces))
    assert all(len(str(problem)) < 500 for problem in found.problems)


@pytest.mark.parametrize("piece", ["{a: ", "[", "- ", "a: b\n", "'", "? ", "a: 'b\n", "# x\n", "a" * 60 + ": 1\n"])
def test_the_time_to_read_grows_no_faster_than_the_file(tmp_path: Path, piece: str):
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            read(tmp_path, text)
            best = min(best, time.process_time() - start)
        return best

    read(tmp_path, "")  # what is loaded once
    assert seconds(32_000) < 4 * 2.5 * max(seconds(8_000), 0.005)


@pytest.mark.parametrize("target", ["../outside.yml", ".git/config", "/etc/passwd"])
def test_a_link_to_something_that_is_not_the_workspaces_is_not_followed(tmp_path: Path, target: str):
    workspace = tmp_path / "workspace"
    (workspace / ".git").mkdir(parents=True)
    for file in (tmp_path / "outside.yml", workspace / ".git/config"):
        file.write_text("secret-of-somebody: 1\n", encoding="utf-8")
    (workspace / "galleria.yml").symlink_to(target)
    found = read_config(workspace, None, None)
    assert "a link that leads out of the workspace, or to something hidden" in str(found.problems)
    assert "secret-of-somebody" not in str(found.problems)


def test_a_link_inside_of_the_workspace_and_a_file_that_was_named_are_read(tmp_path: Path):
    (tmp_path / "workspace/config").mkdir(parents=True)
    for file in (tmp_path / "workspace/config/gallery.yml", tmp_path / "mine.yml"):
        file.write_text("label: mine\n", encoding="utf-8")
    (tmp_path / "workspace/galleria.yml").symlink_to("config/gallery.yml")
    for path in (None, "../mine.yml", str(tmp_path / "mine.yml")):
        assert read_config(tmp_path / "workspace", path, None) == Config({"label": "mine"})


def test_what_is_right_counts_beside_what_is_wrong(tmp_path: Path):
    found = read(tmp_path, "bucket: gallery\norphans: sometimes\nsiet: x\n")
    assert found.values == {"bucket": "gallery"}
    assert len(found.problems) == 2


def test_what_only_the_workflow_says(tmp_path: Path):
    found = read(tmp_path, f"approved-plan: {'a' * 64}\nshard: 1/2\n")
    assert found.values == {}
    assert all("said by the workflow or the command line only" in str(problem) for problem in found.problems)
