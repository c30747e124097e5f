"""What is special about a folder as bucket."""

from __future__ import annotations

import errno
import hashlib
import os
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from galleria_action.errors import PermissionRefused, StorageUnavailable
from galleria_action.storage.folder_store import FolderStore
from galleria_action.storage.interface import (
    ConditionUnsupported,
    Headers,
    IfAbsent,
    IfSeen,
    PreconditionFailed,
    Target,
)

TEXT = Headers("text/plain")


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(Target("file://", str(tmp_path / "bucket"), "gal/"))


@pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "./a", "a/./b", "../a", "a/../../b", "a\0b", "a\ud800"])
def test_keys_that_are_no_files(store: FolderStore, key: str, tmp_path: Path) -> None:
    for use in (store.get, store.head, lambda key: store.put(key, b"x", TEXT)):
        with pytest.raises(PermissionRefused, match="cannot be a file"):
            use(key)
    assert list(store.delete([key])) == [key]
    assert not (tmp_path / "bucket").exists()


def test_links_do_not_lead_out(store: FolderStore, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    (tmp_path / "bucket/gal").mkdir(parents=True)
    (tmp_path / "bucket/gal/link").symlink_to(outside)
    for use in (store.get, store.head, lambda key: store.put(key, b"x", TEXT)):
        with pytest.raises(PermissionRefused, match="leads out"):
            use("link/secret")
    assert "leads out" in store.delete(["link/secret"])["link/secret"]
    assert [path.read_text() for path in outside.iterdir()] == ["secret"]
    assert list(store.list()) == []


def test_a_linked_file_is_replaced_not_written_through(store: FolderStore, tmp_path: Path) -> None:
    store.put("b", b"", TEXT)
    target = tmp_path / "target"
    target.write_text("old")
    (tmp_path / "bucket/gal/a").symlink_to(target)
    store.put("a", b"new", TEXT)
    assert target.read_text() == "old"
    assert store.get("a").body == b"new"  # type: ignore[union-attr]


def test_only_whole_files_are_listed(store: FolderStore, tmp_path: Path) -> None:
    store.put("a", b"x", TEXT)
    folder = tmp_path / "bucket/gal"
    (folder / ".galleria-unfinished-abc").write_text("half")
    (folder / "dead").symlink_to("nowhere")
    os.mkfifo(folder / "fifo")
    (folder / "empty folder").mkdir()
    (folder / os.fsdecode(b"\xff.jpg")).write_text("")
    assert [info.key for info in store.list()] == ["a"]
    assert store.head("fifo") is None


def test_no_unfinished_files_remain(store: FolderStore, tmp_path: Path) -> None:
    store.put("a", b"x", TEXT)
    with pytest.raises(PreconditionFailed):
        store.put("a", b"y", TEXT, IfAbsent())
    assert sorted(path.name for path in (tmp_path / "bucket/gal").iterdir()) == ["a"]


def test_what_killed_runs_left_is_removed_with_the_first_write(store: FolderStore, tmp_path: Path) -> None:
    folder, outside = tmp_path / "bucket/gal/photos", tmp_path / "outside"
    folder.mkdir(parents=True)
    outside.mkdir()
    name = ".galleria-unfinished-"

    def leave(path: Path, hours: float) -> Path:
        path.write_text("half")
        os.utime(path, (time.time() - hours * 3600,) * 2)
        return path

    stale = [leave(folder / f"{name}a_b1c2d3", 1.1), leave(folder.parent / f"{name}zzzzzzzz", 100)]
    kept = [
        leave(folder / f"{name}youngone", 0.9),
        leave(folder / f"{name}foreign", 100),
        leave(folder / f"{name}a_b1c2d3.jpg", 100),
        leave(folder / "a_b1c2d3", 100),
        leave(outside / f"{name}a_b1c2d3", 100),
        leave(tmp_path / "bucket" / f"{name}beside00", 100),  # not in this target
    ]
    linked = folder / f"{name}linked00"
    linked.symlink_to(kept[4])
    os.utime(linked, (0, 0), follow_symlinks=False)
    (folder / f"{name}folder00").mkdir()
    (folder / "way-out").symlink_to(outside)
    list(store.list())
    assert store.get("a") is None
    assert all(path.exists() for path in stale), "reading removes nothing"
    store.put("a", b"x", TEXT)
    assert not any(path.exists() for path in stale)
    assert all(path.exists() for path in kept)
    assert linked.is_symlink()
    assert (folder / f"{name}folder00").is_dir()


def test_what_cannot_be_removed_does_not_hinder(store: FolderStore, tmp_path: Path, monkeypatch) -> None:
    left = tmp_path / "bucket/gal/.galleria-unfinished-a_b1c2d3"
    left.parent.mkdir(parents=True)
    left.write_text("half")
    os.utime(left, (0, 0))

    def refuse(path: Path, **_: object) -> None:
        if path == left:
            raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    assert store.put("a", b"x", TEXT)


def test_file_and_folder_of_one_name(store: FolderStore) -> None:
    store.put("a", b"x", TEXT)
    store.put("b/c", b"x", TEXT)
    for key in ("a/b", "b"):
        with pytest.raises(StorageUnavailable, match="a file and a folder of the same name"):
            store.put(key, b"y", TEXT)
    with pytest.raises((StorageUnavailable, PreconditionFailed)):
        store.put("b", b"y", TEXT, IfAbsent())


def test_etag_follows_the_bytes(store: FolderStore, tmp_path: Path) -> None:
    store.put("a", b"first", TEXT)
    path = tmp_path / "bucket/gal/a"
    before = path.stat()
    path.write_bytes(b"other")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert store.head("a").etag == hashlib.md5(b"other").hexdigest()  # type: ignore[union-attr]
    assert [info.etag for info in store.list()] == [hashlib.md5(b"other").hexdigest()]


def test_one_of_many_creates(store: FolderStore) -> None:
    def create(number: int) -> bool:
        try:
            store.put("a", b"%d" % number, TEXT, IfAbsent())
        except PreconditionFailed:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(create, range(64))) == 1


def test_readers_see_old_or_new_never_half(store: FolderStore) -> None:
    bodies = {bytes([number]) * 200_000 for number in range(4)}
    store.put("a", min(bodies), TEXT)
    with ThreadPoolExecutor(2) as pool:
        writing = pool.submit(lambda: [store.put("a", body, TEXT) for body in sorted(bodies) * 10])
        seen = set()
        while not writing.done():
            seen.add(store.get("a").body)  # type: ignore[union-attr]
    assert seen <= bodies


def test_what_the_system_refuses(store: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    store.put("a", b"x", TEXT)
    monkeypatch.setattr(Path, "unlink", refuse)
    assert store.delete(["a"]) == {"a": "Permission denied"}
    monkeypatch.undo()
    monkeypatch.setattr("tempfile.mkstemp", refuse)
    with pytest.raises(PermissionRefused, match="does not permit"):
        store.put("a", b"y", TEXT)
    monkeypatch.undo()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkstemp", full)
    with pytest.raises(StorageUnavailable, match="No space left"):
        store.put("a", b"y", TEXT)
    assert store.get("a").body == b"x"  # type: ignore[union-attr]


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = FolderStore(Target("file://", str(tmp_path / "file")))
    assert store.get("a") is None
    with pytest.raises(StorageUnavailable):
        store.put("a", b"x", TEXT)
    with pytest.raises(StorageUnavailable):
        list(store.list())


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOSYS, errno.ENOTSUP])
def test_a_file_system_without_hard_links(store: FolderStore, tmp_path: Path, monkeypatch, number: int) -> None:
    """FAT and exFAT have none; what is created there is looked for right before, as on an S3 without conditions."""

    def refuse(*_: object) -> None:
        raise OSError(number, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    with pytest.raises(ConditionUnsupported):
        store.put("a", b"x", TEXT, IfAbsent())
    assert list(store.list()) == []
    assert not list((tmp_path / "bucket/gal").iterdir())
    store.put("a", b"x", TEXT, IfSeen(None))
    with pytest.raises(PreconditionFailed):
        store.put("a", b"y", TEXT, IfSeen(None))


def test_a_listing_takes_little_memory_for_each_file(tmp_path: Path) -> None:
    """A path as text; as ``Path`` each took some kilobytes, most of a gigabyte for a large gallery."""
    for folder in range(10):
        (tmp_path / f"photos-{folder}").mkdir()
        for number in range(500):
            (tmp_path / f"photos-{folder}" / f"{number:05}.jpg").touch()
    store = FolderStore(Target("file://", str(tmp_path)))
    tracemalloc.start()
    try:
        listed = {info.key: info for info in store.list()}
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(listed) == 5000
    assert taken / len(listed) < 1500


def test_a_listing_of_a_part_looks_nowhere_else(tmp_path: Path) -> None:
    for name in ("photos/full/a.jpg", "photos/fuller/b.jpg", "other/c.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "secret").mkdir(mode=0)
    store = FolderStore(Target("file://", str(tmp_path)))
    assert [info.key for info in store.list("photos/full")] == ["photos/full/a.jpg", "photos/fuller/b.jpg"]
    assert [info.key for info in store.list("photos/full/")] == ["photos/full/a.jpg"]
