"""Which commit is deployed, and who is asked whether one is an ancestor of another."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from galleria_action.ci.revision import Ancestry, head_of, revision
from galleria_action.deployment.made_by import MadeBy
from tests.fake_github import REPOSITORY, TOKEN, FakeGitHub, fake_github
from tests.gallery.test_git_index import git

SHA = "c" * 40
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="makes a history with git")


def commits(folder: Path, count: int) -> list[str]:
    folder.mkdir(exist_ok=True)
    git(folder, "init", "-q", "-b", "main")
    for number in range(count):
        git(folder, "commit", "-q", "--allow-empty", "-m", str(number))
    return git(folder, "log", "--reverse", "--format=%H").split()


def test_the_ci_names_the_commit_where_there_is_no_checkout(tmp_path: Path):
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_SHA": SHA, "GITHUB_REPOSITORY": "me/it", "GITHUB_RUN_ID": "12"}
    time = "1970-01-01T00:00:00+00:00"
    assert revision(environ, tmp_path, lambda: 0) == MadeBy(SHA, "me/it", 12, time, SHA)
    gitlab = {"CI_COMMIT_SHA": SHA, "CI_PROJECT_PATH": "me/it", "CI_PIPELINE_ID": "7"}
    assert revision(gitlab, tmp_path, lambda: 0) == MadeBy(SHA, "me/it", 7, time, SHA)
    assert revision({}, tmp_path, lambda: 0) is None
    assert revision({"CI_COMMIT_SHA": "$(reboot)"}, tmp_path, lambda: 0) is None


@needs_git
@pytest.mark.parametrize("how", ["branch", "packed", "detached", "worktree"])
def test_the_checkout_is_what_is_deployed(tmp_path: Path, how: str):
    folder = tmp_path / "it"
    first, last = commits(folder, 2)
    if how == "packed":
        git(folder, "pack-refs", "--all")
    elif how == "detached":
        git(folder, "checkout", "-q", first)
    elif how == "worktree":
        git(folder, "worktree", "add", "-q", "-b", "other", "../tree")
        folder = tmp_path / "tree"
    expected = first if how == "detached" else last
    assert head_of(folder) == expected
    found = revision({"CI_COMMIT_SHA": SHA}, folder, lambda: 0)
    assert found is not None
    assert (found.commit, found.asked_for) == (expected, SHA)


@pytest.mark.parametrize("head", ["", "ref: ../../secret", "ref: refs/heads/none", "ref: refs/\0", "x" * 40])
def test_a_folder_that_only_looks_like_a_checkout(tmp_path: Path, head: str):
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/HEAD").write_text(head)
    assert head_of(tmp_path) == ""
    (tmp_path / ".git/HEAD").unlink()
    os.mkfifo(tmp_path / ".git/HEAD")
    assert head_of(tmp_path) == ""


@needs_git
def test_git_is_asked_first(tmp_path: Path):
    folder = tmp_path / "it"
    first, last = commits(folder, 2)
    history = Ancestry({}, folder)
    assert history.is_ancestor(first, last) is True
    assert history.is_ancestor(last, first) is False
    assert history.is_ancestor(first, SHA) is None
    assert history.is_ancestor("--all", last) is None


@needs_git
def test_a_history_that_is_cut_off_does_not_prove_that_there_is_no_ancestor(tmp_path: Path):
    first, second, last = commits(tmp_path / "it", 3)
    git(tmp_path, "clone", "-q", "--depth", "2", f"file://{tmp_path}/it", "cut")
    git(tmp_path / "cut", "fetch", "-q", "--depth", "1", "origin", first)
    history = Ancestry({}, tmp_path / "cut")
    assert history.is_ancestor(second, last) is True
    assert history.is_ancestor(first, last) is None


def test_then_github(tmp_path: Path):
    with fake_github() as github:
        github.history = ["a" * 40, "b" * 40]
        asked = _ancestry(github, tmp_path)
        assert asked.is_ancestor("a" * 40, "b" * 40) is True
        assert asked.is_ancestor("b" * 40, "a" * 40) is False
        assert asked.is_ancestor("a" * 40, SHA) is None
        assert Ancestry(asked.environ, tmp_path).is_ancestor("a" * 40, "b" * 40) is None


def _ancestry(github: FakeGitHub, folder: Path) -> Ancestry:
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_API_URL": github.api, "GITHUB_REPOSITORY": REPOSITORY}
    return Ancestry(environ, folder, TOKEN)
