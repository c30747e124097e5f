"""A store that cannot write, and one that remembers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from galleria_action.storage.folder_store import FolderStore
from galleria_action.storage.interface import WHOLE, Headers, Part, Target
from galleria_action.storage.wrappers import ReadOnlyStore, RecordingStore

TEXT = Headers("text/plain")


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(Target("file://", str(tmp_path)))


def test_read_only_has_nothing_that_writes(store: FolderStore) -> None:
    wrapped = ReadOnlyStore(RecordingStore(store))
    public = [name for name in dir(wrapped) if not name.startswith("_")]
    assert public == ["get", "head", "list"]
    for name in ("put", "copy", "delete", "store", "_store", "inner", "wrapped"):
        assert not hasattr(wrapped, name)
    with pytest.raises(AttributeError):
        wrapped.put = store.put  # type: ignore[attr-defined]


def test_recording_keeps_the_order(store: FolderStore) -> None:
    recording = RecordingStore(store)
    recording.put("a", b"", TEXT)
    recording.copy("a", "b")
    recording.get("a")
    recording.head("b")
    list(recording.list("p"))
    recording.delete(iter(["a", "b"]))
    assert recording.calls == (
        ("put", "a"),
        ("copy", "b"),
        ("get", "a"),
        ("head", "b"),
        ("list", "p"),
        ("delete", "a"),
        ("delete", "b"),
    )
    assert recording.counts() == {"put": 1, "copy": 1, "get": 1, "head": 1, "list": 1, "delete": 2}


def test_failed_calls_are_recorded_too(store: FolderStore) -> None:
    recording = RecordingStore(store)
    with pytest.raises(Exception, match="cannot be a file"):
        recording.put("../a", b"", TEXT)
    assert recording.calls == (("put", "../a"),)


@pytest.mark.parametrize(("objects", "pages"), [(0, 1), (1, 1), (1000, 1), (1001, 2), (2500, 3)])
def test_listing_counts_pages(objects: int, pages: int) -> None:
    class Many(FolderStore):
        def list(self, prefix: str = "", part: Part = WHOLE):  # type: ignore[no-untyped-def]
            return iter(range(objects))

    recording = RecordingStore(Many(Target("file://", "/nowhere")))
    assert len(list(recording.list())) == objects
    assert recording.counts() == {"list": pages}


def test_recording_from_many_threads(store: FolderStore) -> None:
    recording = RecordingStore(store)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: recording.head(str(number)), range(2000)))
    assert recording.counts() == {"head": 2000}
    assert {key for _, key in recording.calls} == {str(number) for number in range(2000)}
