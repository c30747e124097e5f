"""What is never part of a gallery, at both ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from galleria_action.deployment.remote.reading import list_target
from galleria_action.fence.workspace import Workspace
from galleria_action.gallery.local.walk import walk_photos
from galleria_action.leftovers import is_folder_marker, is_leftover
from galleria_action.storage.folder_store import FolderStore
from galleria_action.storage.interface import Headers, Target
from tests.reliability.memory import MemoryStore

BINS = [
    "@eaDir/a.jpg/SYNOPHOTO_THUMB_XL.jpg", "#recycle/thrown-away.jpg", "@Recycle/thrown-away.jpg",
    "$RECYCLE.BIN/S-1-5/thrown-away.jpg", "lost+found/1.jpg", "System Volume Information/x.jpg", "__MACOSX/a.jpg",
    "album/@eaDir/b.jpg", "Icon\r", "Thumbs.db", "desktop.ini",
]  # fmt: skip
HIDDEN = [".DS_Store", "album/._a.jpg", ".Trash-1000/files/a.jpg", ".@__thumb/a.jpg", ".Spotlight-V100/store.db"]
OURS = ["a.jpg", "album/b.jpg", "recycle/c.jpg", "lost/d.jpg", "eaDir/e.jpg", "Icon.jpg", "trash/f.jpg"]


def tree(folder: Path, names: list[str]) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"\xff\xd8\xff\xd9")


def test_nothing_of_it_is_published(tmp_path: Path) -> None:
    tree(tmp_path, [*OURS, *BINS, *HIDDEN])
    walk = walk_photos(tmp_path, Workspace(tmp_path))
    assert [file.key for file in walk.files] == sorted(f"photos/{name}" for name in OURS)
    assert "@eaDir/" in walk.skipped
    assert "#recycle/" in walk.skipped


def test_nothing_of_it_is_an_object_of_a_folder(tmp_path: Path) -> None:
    tree(tmp_path, [*OURS, *BINS, *HIDDEN, ".galleria/manifest.json", ".well-known/security.txt"])
    store = FolderStore(Target("file://", str(tmp_path)))
    assert {info.key for info in store.list()} == {*OURS, ".galleria/manifest.json", ".well-known/security.txt"}
    assert store.head("Thumbs.db") is not None, "who names it gets it"


@pytest.mark.parametrize("name", ["a.jpg", "Icon", "recycle", "eaDir", "trash", "thumbs", "lost", "found", "._"[:1]])
def test_others_are_none(name: str) -> None:
    assert not is_leftover(name, folder=False)
    assert not is_leftover(name, folder=True)


@pytest.mark.parametrize(
    ("key", "size", "marker"),
    [
        ("photos/", 0, True), ("photos/full/", 0, True), ("/", 0, True), ("photos/.bzEmpty", 0, True),
        ("x/.emptyFolderPlaceholder", 0, True), ("photos_$folder$", 0, True), ("photos/", 1, False),
        ("photos/.bzEmpty", 5, False), ("photos/a.jpg", 0, False), ("bzEmpty", 0, False),
    ],
)  # fmt: skip
def test_markers_of_folders(key: str, size: int, marker: bool) -> None:
    assert is_folder_marker(key, size) is marker


def test_markers_are_not_objects_of_a_target() -> None:
    store = MemoryStore()
    for key in ("photos/", "photos/full/", "photos/.bzEmpty", "photos/full/a.jpg"):
        store.put(key, b"", Headers("image/jpeg"))
    store.put("photos/web/", b"not empty", Headers("image/jpeg"))
    assert set(list_target(store)) == {"photos/full/a.jpg", "photos/web/"}
