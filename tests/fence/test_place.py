"""Files of a place: whole, owned by its owner, never outside or hidden, and never instead of a device."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from galleria_action.errors import ConfigInvalid
from galleria_action.fence import files
from galleria_action.fence.files import hand_over
from galleria_action.fence.place import Place, Unwritable

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def workspace(tmp_path):
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


def write_file(workspace: Path, path: str | Path, body: bytes) -> str:
    return Place(workspace, attended=False).write(Path(path), body)


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


# -- what nobody watches ---------------------------------------------------------------------------------------------

HIDDEN = [
    ".git/config", ".GIT/hooks/x", "a/.git/b", ".git", ".github/workflows/x.yml", ".npmrc", "a/.b/c.json",
    "link/x.json",
]  # fmt: skip


@pytest.mark.parametrize("path", HIDDEN)
@pytest.mark.parametrize("how", ["write", "read", "remove", "refusal"])
def test_what_is_hidden_is_left_alone_where_nobody_watches(workspace, path, how):
    (workspace / ".github").mkdir()
    (workspace / "link").symlink_to(".github")
    place = Place(workspace, attended=False)
    calls = {
        "write": lambda: place.write(Path(path), b"x"),
        "read": lambda: place.read(Path(path), 10),
        "remove": lambda: place.remove(Path(path)),
    }
    if how == "refusal":
        assert place.refusal(Path(path)) is not None
    else:
        with pytest.raises(ConfigInvalid, match=r"hidden|git's own"):
            calls[how]()
    assert sorted(entry.name for entry in workspace.rglob("*")) == [".github", "link"]


def test_on_a_terminal_the_folders_are_the_users_but_for_gits(workspace, tmp_path):
    place = Place(workspace)
    for path in (".hidden/a.json", "../beside.json", str(tmp_path / "else/where.json")):
        assert place.write(Path(path), b"x") == path
        assert place.read(Path(path), 10) == b"x"
        place.remove(Path(path))
        assert place.read(Path(path), 10) is None
    with pytest.raises(ConfigInvalid, match="git's own"):
        place.write(Path(".git/config"), b"x")


def test_a_workspace_below_a_hidden_folder_is_as_good_as_any(tmp_path):
    (tmp_path / ".cache").mkdir()
    assert write_file(tmp_path / ".cache", "a.json", b"x") == "a.json"


def test_reading_is_bounded_and_takes_plain_files_only(workspace):
    place = Place(workspace, attended=False)
    (workspace / "a.json").write_bytes(b"12345")
    assert place.read(Path("a.json"), 5) == b"12345"
    with pytest.raises(ConfigInvalid, match="larger than"):
        place.read(Path("a.json"), 4)
    os.mkfifo(workspace / "pipe")
    (workspace / "folder").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(ConfigInvalid):
            place.read(Path(name), 5)
        with pytest.raises(ConfigInvalid):
            place.remove(Path(name))
    (workspace / "link").symlink_to("a.json")
    assert place.read(Path("link"), 5) is None
    assert place.read(Path("no/where"), 5) is None
    place.remove(Path("no/where"))


def test_a_folder_that_becomes_a_link_meanwhile_leads_nobody_out(workspace, tmp_path):
    """Between looking and opening there is time."""
    (tmp_path / "outside").mkdir()
    (workspace / "a").symlink_to(tmp_path / "outside")
    with pytest.raises(OSError, match="directory"), files.reached(workspace, ["a"]):
        pass
    with pytest.raises(OSError, match="directory"), files.reached(workspace, ["a"], workspace.stat()):
        pass


# -- pipes, devices, streams -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("attended", [True, False])
def test_a_pipe_gets_all_of_it_and_stays_one(workspace, attended):
    body, heard = os.urandom(1 << 20), list[bytes]()
    os.mkfifo(workspace / "pipe")
    reader = threading.Thread(target=lambda: heard.append((workspace / "pipe").read_bytes()), daemon=True)
    reader.start()
    while Place(workspace, attended=attended).refusal(Path("pipe")) or not _written(workspace, attended, body):
        pass  # the reader is not there yet
    reader.join(10)
    assert heard == [body]
    assert stat.S_ISFIFO((workspace / "pipe").lstat().st_mode)


def _written(workspace: Path, attended: bool, body: bytes) -> bool:
    try:
        return bool(Place(workspace, attended=attended).write(Path("pipe"), body))
    except Unwritable as error:
        assert "No such device" in error.message
        return False


def test_a_reader_that_stops_reading_holds_nobody_up(workspace, monkeypatch):
    monkeypatch.setattr(files, "_PATIENCE_MILLISECONDS", 50)
    os.mkfifo(workspace / "pipe")
    reader = os.open(workspace / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(Unwritable, match="nobody reads it"):
            Place(workspace).write(Path("pipe"), b"x" * (1 << 20))
    finally:
        os.close(reader)


@pytest.mark.parametrize("attended", [True, False])
def test_a_device_stays_a_device(workspace, attended):
    place = Place(workspace, attended=attended)
    (workspace / "link").symlink_to("/dev/null")
    if attended:
        place.write(Path("link"), b"x")
        place.write(Path("/dev/null"), b"x")
    else:
        with pytest.raises(ConfigInvalid, match="link to a device"):
            place.write(Path("link"), b"x")
        with pytest.raises(ConfigInvalid, match="outside"):
            place.write(Path("/dev/null"), b"x")
    assert (workspace / "link").is_symlink()
    assert stat.S_ISCHR(Path("/dev/null").lstat().st_mode)


@as_root
def test_nobody_writes_to_a_disk(workspace):
    try:
        os.mknod(workspace / "disk", 0o600 | stat.S_IFBLK, os.makedev(7, 250))
    except PermissionError:
        pytest.skip("this container makes no devices")
    for attended in (True, False):
        with pytest.raises(Unwritable, match="it is a disk"):
            Place(workspace, attended=attended).write(Path("disk"), b"x")


@pytest.mark.parametrize("name", ["/dev/fd/{}", "/proc/self/fd/{}", "link"])
def test_a_stream_of_ours_is_written_on_and_not_anew(workspace, name):
    """Behind ``>file`` it is a plain file, to which the log is written as well."""
    with (workspace / "log").open("wb") as log:
        log.write(b"before;")
        log.flush()
        (workspace / "link").symlink_to(f"/dev/fd/{log.fileno()}")
        Place(workspace).write(Path(name.format(log.fileno())), b"report;")
        log.write(b"after")
    assert (workspace / "log").read_bytes() == b"before;report;after"
    assert (workspace / "link").is_symlink()


def test_a_link_of_the_system_is_not_replaced(workspace, monkeypatch):
    monkeypatch.setattr(files, "_OF_THE_SYSTEM", (str(workspace),))
    (workspace / "core").symlink_to("kcore")
    (workspace / "kcore").write_bytes(b"precious")
    with pytest.raises(Unwritable, match="never replaced"):
        Place(workspace).write(Path("core"), b"x")
    assert (workspace / "core").is_symlink()
    assert (workspace / "kcore").read_bytes() == b"precious"


# -- what others have made --------------------------------------------------------------------------------------------


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
