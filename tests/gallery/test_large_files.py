"""Files that one upload cannot hold, or this machine's memory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from galleria_action.errors import GalleryInvalid
from galleria_action.fence.workspace import Workspace
from galleria_action.gallery.local.files import LARGEST, local_file, read_file
from galleria_action.gallery.local.walk import walk_photos, walk_site


def hole(path: Path, size: int) -> None:
    """A file of ``size`` bytes that takes no room."""
    with path.open("wb") as file:
        file.truncate(size)


def test_more_than_one_upload_takes_is_named_before_anything_is_read(tmp_path: Path) -> None:
    hole(tmp_path / "wedding.mp4", LARGEST + 1)
    hole(tmp_path / "short.mp4", LARGEST)
    for walk in (walk_photos, walk_site):
        with pytest.raises(GalleryInvalid) as caught:
            walk(tmp_path, Workspace(tmp_path))
        (finding,) = caught.value.findings
        assert "wedding.mp4" in finding.message
        assert "5.0 GiB; S3 takes at most 5 GiB in one upload" in finding.message


def test_what_does_not_fit_into_the_memory_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hole(tmp_path / "wedding.mp4", 3 << 30)
    fence = Workspace(tmp_path)
    found = local_file("photos/wedding.mp4", fence.find(str(tmp_path / "wedding.mp4")))

    def no_room(descriptor: int, size: int) -> bytes:
        raise MemoryError

    monkeypatch.setattr(os, "read", no_room)
    with pytest.raises(GalleryInvalid, match=r"wedding\.mp4.*3\.0 GiB.*memory"):
        read_file(found)
