"""Files in the workspace: whole, owned by its owner, and never outside."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from galleria_action.ci.workspace import hand_over, write_file
from galleria_action.errors import ConfigInvalid

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def workspace(tmp_path):
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


def test_the_file_is_written_and_its_path_told_from_the_workspace(workspace):
    assert write_file(workspace, "a.json", b"1") == "a.json"
    assert write_file(workspace, "deep/er/a.json", b"2") == "deep/er/a.json"
    assert write_file(workspace, workspace / "b.json", b"3") == "b.json"
    assert (workspace / "deep/er/a.json").read_bytes() == b"2"


def test_it_replaces_what_was_there_and_leaves_nothing_else(workspace):
    write_file(workspace, "a.json", b"old")
    write_file(workspace, "a.json", b"new")
    assert [(path.name, path.read_bytes()) for path in workspace.iterdir()] == [("a.json", b"new")]
    assert (workspace / "a.json").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    "path", ["../a.json", "/etc/galleria-test.json", "sub/../../a.json", ".", "..", "sub/..", "a\0b"]
)
def test_paths_that_lead_out_are_refused(workspace, tmp_path, path):
    with pytest.raises(ConfigInvalid):
        write_file(workspace, path, b"x")
    assert [entry.name for entry in tmp_path.iterdir()] == ["workspace"]


def test_a_folder_that_is_a_symlink_out_is_refused(workspace, tmp_path):
    (tmp_path / "outside").mkdir()
    (workspace / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(ConfigInvalid, match="outside of the workspace"):
        write_file(workspace, "link/a.json", b"x")
    with pytest.raises(ConfigInvalid, match="outside of the workspace"):
        write_file(workspace, "link/new/a.json", b"x")
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_file_that_is_a_symlink_is_replaced_and_not_followed(workspace, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("precious")
    (workspace / "a.json").symlink_to(secret)
    write_file(workspace, "a.json", b"x")
    assert secret.read_text() == "precious"
    assert not (workspace / "a.json").is_symlink()


def test_symlinks_inside_and_to_the_workspace_are_fine(workspace, tmp_path):
    (workspace / "real").mkdir()
    (workspace / "link").symlink_to("real")
    (tmp_path / "alias").symlink_to(workspace)
    assert write_file(tmp_path / "alias", "link/a.json", b"x") == "real/a.json"
    assert write_file(tmp_path / "alias", tmp_path / "alias" / "b.json", b"x") == "b.json"


def test_loops_and_folders_in_the_way_end_in_words(workspace):
    (workspace / "loop").symlink_to("loop")
    (workspace / "folder").mkdir()
    for path in ("loop/a.json", "folder", "x" * 300):
        with pytest.raises(ConfigInvalid, match="cannot be written"):
            write_file(workspace, path, b"x")
    assert sorted(entry.name for entry in workspace.iterdir()) == ["folder", "loop"]


@as_root
def test_files_and_new_folders_get_the_owner_of_the_workspace(workspace):
    os.chown(workspace, 1001, 1002)
    write_file(workspace, "new/er/a.json", b"x")
    for name in ("new", "new/er", "new/er/a.json"):
        found = (workspace / name).stat()
        assert (found.st_uid, found.st_gid) == (1001, 1002), name


@as_root
def test_folders_that_were_there_keep_their_owner(workspace):
    (workspace / "kept").mkdir()
    os.chown(workspace, 1001, 1002)
    write_file(workspace, "kept/a.json", b"x")
    assert (workspace / "kept").stat().st_uid == 0


@as_root
def test_what_was_made_is_handed_over_and_nothing_else(tmp_path: Path):
    workspace, elsewhere = tmp_path / "workspace", tmp_path / "elsewhere"
    (workspace / "prod/pics/full").mkdir(parents=True)
    elsewhere.mkdir()
    (elsewhere / "secret").write_text("root's")
    (workspace / "prod/pics/full/a.jpg").write_text("a")
    (workspace / "prod/pics/full/theirs").write_text("b")
    os.chown(workspace / "prod/pics/full/theirs", 1003, 1003)
    (workspace / "prod/pics/link").symlink_to(elsewhere)
    os.chown(workspace, 1001, 1002)
    hand_over(workspace, workspace / "prod/pics")
    owners = {path.relative_to(workspace).as_posix(): path.lstat().st_uid for path in workspace.rglob("*")}
    assert owners == {
        "prod": 1001, "prod/pics": 1001, "prod/pics/full": 1001, "prod/pics/full/a.jpg": 1001, "prod/pics/link": 1001,
        "prod/pics/full/theirs": 1003,
    }  # fmt: skip
    assert {path.stat().st_uid for path in (elsewhere, elsewhere / "secret", tmp_path)} == {0}


@as_root
def test_a_workspace_of_root_stays_roots(tmp_path: Path):
    (tmp_path / "prod").mkdir()
    hand_over(tmp_path, tmp_path / "prod")
    assert (tmp_path / "prod").stat().st_uid == 0
