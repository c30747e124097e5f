"""What git's index tells of files without reading them, and that it tells nothing where it could be wrong."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galleria_action.fence.workspace import Found
from galleria_action.gallery.local import git_index
from galleria_action.gallery.local.files import LocalFiles, local_file
from galleria_action.gallery.local.git_index import blob_id, pointer_blob_id, tracked

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="makes checkouts with git")

NAMES = [f"prod/pics/full/{'long-name-' * (number % 5)}{number}.jpg" for number in range(40)]


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "protocol.file.allow=always", *arguments]
    environ = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, env=environ).stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with some files, written clearly before its index."""
    folder = Path(os.path.realpath(tmp_path)) / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    for number, name in enumerate(NAMES):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"photo %d" % number)
    settle(folder)
    return folder


def settle(folder: Path, *paths: str) -> None:
    time.sleep(0.02)
    git(folder, "add", *(paths or ["."]))
    time.sleep(0.02)
    git(folder, "update-index", "--refresh")


def many(*paths: Path) -> LocalFiles:
    return LocalFiles(local_file(f"key/{at}", Found(str(path), path.lstat())) for at, path in enumerate(paths))


def known_of(files: LocalFiles) -> dict[int, str]:
    """By row git's id of each file that git tracks; empty where it may have changed."""
    (found,) = tracked([files])
    return dict.fromkeys(found.doubtful, "") | dict(zip(found.rows, map(bytes.hex, found.ids()), strict=True))


def known(path: Path) -> str | None:
    return known_of(many(path)).get(0)


@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_every_version_tells_the_content_of_every_file(checkout: Path, version: str):
    git(checkout, "update-index", "--index-version", version)
    if version == "3":  # only with an entry that needs it
        (checkout / "later").write_bytes(b"")
        git(checkout, "add", "--intent-to-add", "later")
    paths = [checkout / name for name in NAMES]
    assert known_of(many(*paths)) == {row: blob_id(path.read_bytes()) for row, path in enumerate(paths)}
    assert known(checkout / "prod") is None


def test_a_changed_file_is_not_vouched_for(checkout: Path):
    path = checkout / NAMES[0]
    before = path.stat()
    path.write_bytes(b"PHOTO 0")
    assert known(path) == ""
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # as tools do that keep the time; ctime tells
    assert known(path) == ""


def test_a_file_as_young_as_the_index_may_have_changed_without_a_trace(checkout: Path):
    path = checkout / NAMES[0]
    index = checkout / ".git/index"
    os.utime(index, ns=(path.stat().st_mtime_ns, path.stat().st_mtime_ns))
    assert known(path) == ""


@pytest.mark.parametrize("seconds", [-5, 0, 1 << 31])
def test_times_beyond_32_bits_are_cut_as_git_cuts_them(checkout: Path, seconds: int):
    path = checkout / NAMES[0]
    os.utime(path, (seconds, seconds))
    settle(checkout)
    os.utime(checkout / ".git/index", (1 << 32, 1 << 32))
    assert known(path) == blob_id(path.read_bytes())


def test_what_git_does_not_track_is_unknown(checkout: Path):
    (checkout / "new.jpg").write_bytes(b"new")
    assert known(checkout / "new.jpg") is None
    (checkout.parent / "outside.jpg").write_bytes(b"new")
    assert known(checkout.parent / "outside.jpg") is None


def test_what_is_to_be_added_later_and_what_is_in_conflict_are_unknown(checkout: Path):
    (checkout / "later.jpg").write_bytes(b"later")
    git(checkout, "add", "--intent-to-add", "later.jpg")
    assert known(checkout / "later.jpg") is None
    git(checkout, "commit", "-qm", "one")
    git(checkout, "checkout", "-q", "-b", "other")
    for branch, content in (("other", b"one"), ("-", b"two")):
        git(checkout, "checkout", "-q", branch) if branch == "-" else None
        (checkout / NAMES[0]).write_bytes(content)
        git(checkout, "commit", "-qam", branch)
    with pytest.raises(subprocess.CalledProcessError):
        git(checkout, "merge", "other")
    assert known(checkout / NAMES[0]) is None


def test_worktrees_and_submodules(checkout: Path):
    git(checkout, "commit", "-qm", "one")
    worktree = checkout.parent / "worktree"
    git(checkout, "worktree", "add", "-q", str(worktree))
    time.sleep(0.02)
    git(worktree, "update-index", "--refresh")
    git(checkout, "submodule", "--quiet", "add", str(checkout), "photos")
    for path in (worktree / NAMES[1], checkout / "photos" / NAMES[1]):
        found = known(path)
        assert found in ("", blob_id(path.read_bytes()))


@pytest.mark.parametrize("how", ["split", "sha256", "damaged", "pipe", "huge", "pointless"])
def test_what_is_not_understood_tells_nothing(checkout: Path, how: str, monkeypatch: pytest.MonkeyPatch):
    index = checkout / ".git/index"
    if how == "split":
        git(checkout, "update-index", "--split-index")
    elif how == "sha256":
        with (checkout / ".git/config").open("a") as file:
            file.write("[extensions]\n\tobjectFormat = sha256\n")
    elif how == "damaged":
        index.write_bytes(index.read_bytes()[:-30] + bytes(30)[:10] + index.read_bytes()[-20:])
    elif how == "pipe":
        index.unlink()
        os.mkfifo(index)
    elif how == "huge":
        monkeypatch.setattr("galleria_action.gallery.local.git_index._LARGEST_INDEX", 100)
    else:
        shutil.rmtree(checkout / ".git")
        (checkout / ".git").write_text("gitdir: nowhere\n")
    assert known(checkout / NAMES[0]) is None


def test_names_that_grow_without_end_are_refused(tmp_path: Path):
    """Version 4 lets each name repeat the one before: few bytes could fill any memory."""
    entry = bytes(24) + (0o100644).to_bytes(4) + bytes(12) + bytes(20) + bytes(2) + b"\0" + b"a" * 1000 + b"\0"
    body = b"DIRC" + (4).to_bytes(4) + (100).to_bytes(4) + entry * 100
    git_folder = Path(os.path.realpath(tmp_path)) / ".git"
    git_folder.mkdir()
    (git_folder / "index").write_bytes(body + hashlib.sha1(body).digest())
    path = git_folder.parent / ("a" * 200)
    path.write_bytes(b"")
    assert known(path) is None


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=8), st.booleans())
def test_no_bytes_make_it_fail(tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]], signed: bool):
    folder = Path(os.path.realpath(tmp_path_factory.getbasetemp())) / "hostile"
    if not folder.exists():
        folder.mkdir()
        git(folder, "init", "-q")
        (folder / "a.jpg").write_bytes(b"a")
        git(folder, "add", ".")
        git(folder, "update-index", "--index-version", "4")
        (folder / "sound").write_bytes((folder / ".git/index").read_bytes())
    raw = bytearray((folder / "sound").read_bytes())
    for at, value in changes:
        raw[at % len(raw)] = value
    if signed:
        raw[-20:] = hashlib.sha1(raw[:-20]).digest()
    (folder / ".git/index").write_bytes(raw)
    found = known(folder / "a.jpg")
    assert found is None or len(found) in (0, 40)


# -- many files at once --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["2", "4"])
@pytest.mark.parametrize("piece", [220, 1 << 20])
def test_all_at_once_are_told_what_each_would_be(
    checkout: Path, version: str, piece: int, monkeypatch: pytest.MonkeyPatch
):
    for name in ("prod/pics/full/-", "prod/pics/full-1/a", "prod/pics/full/1/a", "prod/pics/full/ä\udcff", "z", "new"):
        path = checkout / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode("utf-8", "surrogateescape"))
    settle(checkout, "prod", "z")
    git(checkout, "update-index", "--index-version", version)
    (checkout / NAMES[3]).write_bytes(b"changed")
    outside = checkout.parent / "outside.jpg"
    outside.write_bytes(b"")
    paths = [path for path in checkout.rglob("*") if path.is_file() and ".git" not in path.parts]
    # one of them twice, one that lies elsewhere, and in no order
    files = many(*sorted([*paths, checkout / NAMES[0], outside], key=lambda path: hashlib.sha1(bytes(path)).digest()))
    monkeypatch.setattr(git_index, "_PIECE", piece)
    monkeypatch.setattr(git_index, "_LONGEST_ENTRY", 200)
    one_by_one = {row: known(file.path) for row, file in enumerate(files)}
    assert list(one_by_one.values()).count(None) == 2
    assert list(one_by_one.values()).count("") == 1
    assert known_of(files) == {row: blob for row, blob in one_by_one.items() if blob is not None}


@settings(max_examples=25, deadline=None)
@given(
    st.dictionaries(
        st.text("ab-.é/", min_size=1, max_size=70).filter(lambda it: all(part.strip(".") for part in it.split("/"))),
        st.sampled_from(["file", "file", "program", "link", "conflict", "skipped", "later", "changed", "new"]),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from(["2", "4"]),
    st.sampled_from([250, 1 << 18]),
)
def test_what_is_told_is_what_git_tells(
    tmp_path_factory: pytest.TempPathFactory, kinds: dict[str, str], version: str, piece: int
):
    folder = Path(os.path.realpath(tmp_path_factory.mktemp("any")))
    git(folder, "init", "-q")
    kinds = {name: kind for name, kind in kinds.items() if not any(f"{name}/" == it[: len(name) + 1] for it in kinds)}
    for name, kind in kinds.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to("nowhere") if kind == "link" else path.write_bytes(name.encode())
        if kind == "program":
            path.chmod(0o755)
        os.utime(path, (1, 1), follow_symlinks=False)

    def of(*some: str) -> list[str]:
        return [f"./{name}" for name, kind in kinds.items() if kind in some]

    def tell(*arguments: str) -> None:
        if arguments[-1] != "--":
            git(folder, *arguments)

    tell(
        "update-index", "--add", "--index-version", version, "--", *of("file", "program", "link", "skipped", "changed")
    )
    tell("update-index", "--skip-worktree", "--", *of("skipped"))
    tell("add", "--intent-to-add", "--", *of("later"))
    staged = "".join(f"100644 {blob_id(b'')} {stage}\t{name[2:]}\n" for name in of("conflict") for stage in (1, 2, 3))
    subprocess.run(["git", "update-index", "--index-info"], cwd=folder, input=staged.encode(), check=True)
    for name in of("changed"):
        (folder / name).write_bytes(b"other")
    lines = [line.split("\t") for line in git(folder, "ls-files", "--stage", "-z").split("\0")[:-1]]
    told = {name: about.split() for about, name in lines}
    expected = {
        name: "" if kinds[name] == "changed" else blob
        for name, (mode, blob, stage) in told.items()
        if (mode, stage) in (("100644", "0"), ("100755", "0")) and kinds[name] != "later"
    }
    names = sorted((name for name, kind in kinds.items() if kind != "link"), reverse=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(git_index, "_PIECE", piece)
        patch.setattr(git_index, "_LONGEST_ENTRY", 240)
        known = known_of(many(*(folder / name for name in names)))
    assert {names[row]: blob for row, blob in known.items()} == expected


@pytest.mark.parametrize("cut", [0, 1, 30, 500])
def test_an_index_that_is_not_whole_tells_nothing_of_any(checkout: Path, cut: int):
    index, files = checkout / ".git/index", many(*(checkout / name for name in NAMES))
    assert len(known_of(files)) == len(NAMES)
    raw = index.read_bytes()
    index.write_bytes(raw[: len(raw) - cut] if cut else raw[:-30] + bytes(10) + raw[-20:])
    os.utime(index)
    assert known_of(files) == {}


def test_the_id_of_a_pointer_is_that_of_its_text():
    sha256 = hashlib.sha256(b"photo").hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize 5\n"
    assert pointer_blob_id(sha256, 5) == blob_id(pointer.encode())


def test_paths_that_are_not_in_order_tell_nothing(checkout: Path):
    """git refuses such an index, too."""
    index, files = checkout / ".git/index", many(*(checkout / name for name in NAMES))
    raw = index.read_bytes()[:-20].replace(b"/0.jpg", b"/z.jpg")
    index.write_bytes(raw + hashlib.sha1(raw).digest())
    assert known_of(files) == {}


def test_each_index_is_read_once_for_all(checkout: Path, monkeypatch: pytest.MonkeyPatch):
    opened: list[Path] = []
    real = git_index._opened
    monkeypatch.setattr(git_index, "_opened", lambda path: (opened.append(path), real(path))[1])
    first, second = (many(*(checkout / name for name in NAMES[at::2])) for at in (0, 1))
    assert [len(its.rows) for its in tracked([first, second])] == [20, 20]
    assert opened == [checkout / ".git/index"]
