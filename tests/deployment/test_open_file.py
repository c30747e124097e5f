"""A file that is too large to be held in memory: read to be hashed, and read once more to be sent."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from galleria_action.deployment.apply.upload import Uploader
from galleria_action.deployment.model import PhotoEdit, Reason, SourceFile, Upload
from galleria_action.deployment.outgoing.open_file import InMemory, OnDisk, OpenFile
from galleria_action.deployment.outgoing.prepare import (
    BEGINNING,
    WHOLE_UP_TO,
    Prepared,
    PreparePolicy,
    beginning_of,
    prepare,
)
from galleria_action.deployment.stop import Stop
from galleria_action.errors import GalleryInvalid
from galleria_action.fence.workspace import Found
from galleria_action.gallery.exif.edit import edit_exif
from galleria_action.gallery.local.files import LocalFile, local_file
from galleria_action.gallery.local.git_index import blob_id
from galleria_action.storage.interface import Body, Condition, Headers, Stretch
from tests.builders import photo_bytes
from tests.gallery.exif_photos import Block, with_block
from tests.reliability.memory import MemoryStore
from tests.storage.stores import JPEG

KEY = "full/a.jpg"
TIME = PhotoEdit("2024-08-12T14:03:22", 2)
WITHOUT_POSITION = PhotoEdit("2024-08-12T14:03:22", 2, strip_gps=True)


def large(beginning: bytes = b"", size: int = WHOLE_UP_TO + 1) -> bytes:
    """A photo that is not read whole. What follows a JPEG's beginning is not looked at."""
    return (beginning or photo_bytes(1)).ljust(size, b"\7")


def found(path: Path) -> LocalFile:
    return local_file(KEY, Found(str(path.resolve()), path.lstat()), "full")


def upload_of(path: Path, edit: PhotoEdit | None = TIME) -> Upload:
    file = found(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Upload(Reason.NEW, SourceFile(KEY, file, digest, JPEG), digest, "a", edit)


def prepared(upload: Upload, file: OpenFile | None = None) -> Prepared | None:
    room = memoryview(bytearray(beginning_of(upload)))
    return prepare(upload, file or OnDisk(upload.file.local), room, PreparePolicy(hash_check="off"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "a.jpg").write_bytes(large())
    return tmp_path / "a.jpg"


def test_a_file_is_read_from_its_beginning_and_from_behind(path: Path):
    content = path.read_bytes()
    for file in (OnDisk(found(path)), InMemory(content, b"")):
        room = bytearray(100)
        file.fill(memoryview(room))
        assert room == content[:100]
        behind = file.behind(100)
        assert (b"".join(map(bytes, behind.chunks())) if isinstance(behind, Stretch) else behind) == content[100:]


@pytest.mark.parametrize("wrong", ["shorter", "longer", "gone", "a link"])
def test_a_file_that_is_not_the_found_one_is_not_opened(path: Path, wrong: str):
    file = found(path)
    if wrong in ("shorter", "longer"):
        os.truncate(path, file.size + (1 if wrong == "longer" else -1))
    else:
        path.rename(path.with_name("other"))
    if wrong == "a link":
        path.symlink_to("other")
    with pytest.raises(GalleryInvalid):
        OnDisk(file)


def test_what_becomes_shorter_while_it_is_read_is_an_error(path: Path):
    file = OnDisk(found(path))
    behind = file.behind(1000)
    os.truncate(path, 900)
    with pytest.raises(GalleryInvalid, match="changed its size"):
        file.fill(memoryview(bytearray(1000)))
    with pytest.raises(GalleryInvalid, match="changed its size"):
        list(behind.chunks())


@pytest.mark.parametrize("edit", [TIME, None])
def test_a_large_photo_is_prepared_without_being_held_in_memory(path: Path, edit: PhotoEdit | None):
    content = path.read_bytes()
    wanted = edit_exif(content, TIME.timestamp, 2).data if edit else content
    ready = prepared(upload_of(path, edit))
    assert ready is not None
    assert sum(len(piece) for piece in ready.body.pieces if not isinstance(piece, Stretch)) < 2 * BEGINNING
    assert bytes(ready.body) == wanted
    assert ready.sha256 == hashlib.sha256(wanted).hexdigest()
    assert ready.source_blob == blob_id(content)


@pytest.mark.parametrize("edit", [TIME, None])
def test_what_gets_no_time_is_not_held_in_memory_either(tmp_path: Path, edit: PhotoEdit | None):
    """A film or a large PNG: its first bytes tell, and all of it would tell no more."""
    (tmp_path / "a.mp4").write_bytes(large(b"\0\0\0\x18ftypmp42"))
    ready = prepared(upload_of(tmp_path / "a.mp4", edit))
    assert ready is not None
    assert sum(len(piece) for piece in ready.body.pieces if not isinstance(piece, Stretch)) == BEGINNING
    assert bytes(ready.body) == (tmp_path / "a.mp4").read_bytes()
    assert bool(ready.exif_warnings) == bool(edit)


@pytest.mark.parametrize("size", [0, 1, WHOLE_UP_TO])
def test_a_small_file_is_read_whole(tmp_path: Path, size: int):
    (tmp_path / "a").write_bytes(bytes(size))
    upload = upload_of(tmp_path / "a", None)
    assert beginning_of(upload) == size
    ready = prepared(upload)
    assert ready is not None
    assert bytes(ready.body) == bytes(size)


def test_a_photo_whose_position_goes_is_read_whole(path: Path):
    """A position may stand anywhere in it."""
    assert beginning_of(upload_of(path, WITHOUT_POSITION)) == path.stat().st_size


def test_more_is_asked_for_where_the_beginning_does_not_tell(tmp_path: Path):
    """A colour profile of half a megabyte stands before the picture."""
    photo = with_block(Block().build())
    segment = b"\xff\xe2" + (65_000).to_bytes(2, "big") + bytes(64_998)
    (tmp_path / "a").write_bytes(large(photo[:2] + 9 * segment + photo[2:]))
    upload = upload_of(tmp_path / "a")
    assert prepared(upload) is None
    store = MemoryStore()
    uploader = Uploader(store, PreparePolicy(hash_check="off"), 4, Stop())
    uploader.upload([upload])
    assert store.objects[KEY].body == edit_exif((tmp_path / "a").read_bytes(), TIME.timestamp, 2).data
    assert uploader.send_again(upload).sha256 == uploader.done.entries[KEY].sha256


def test_what_git_vouches_for_is_not_hashed_once_more(path: Path, monkeypatch: pytest.MonkeyPatch):
    upload = upload_of(path)
    monkeypatch.setattr("galleria_action.deployment.outgoing.prepare.blob_digest", lambda *_: pytest.fail("hashed"))
    ready = prepared(replace(upload, file=replace(upload.file, blob="b1")))
    assert ready is not None
    assert ready.source_blob == "b1"


@pytest.mark.parametrize("blob", ["b1", "", None])
def test_what_may_have_changed_since_git_looked_is_hashed(path: Path, blob: str | None):
    upload = upload_of(path)
    if blob:
        os.utime(path, ns=(1, 1))  # the bytes are still those of the plan
    ready = prepared(replace(upload, file=replace(upload.file, blob=blob)))
    assert ready is not None
    assert ready.source_blob == blob_id(path.read_bytes())


class Meddler(MemoryStore):
    """A store that checks nothing, while somebody writes to the file that is sent to it."""

    def __init__(self, meddle: Callable[[], None]) -> None:
        super().__init__()
        self._meddle = meddle

    def put(self, key: str, body: Body, headers: Headers, condition: Condition | None = None) -> str:
        """Take what comes, whatever was hashed."""
        self._meddle()
        return super().put(key, bytes(body), headers, condition)


def test_what_was_written_to_while_it_was_sent_does_not_count_as_stored(path: Path):
    def overwrite() -> None:
        with path.open("r+b") as file:
            file.seek(-1, os.SEEK_END)
            file.write(b"\x08")

    uploader = Uploader(Meddler(overwrite), PreparePolicy(), 4, Stop())
    with pytest.raises(GalleryInvalid) as raised:
        uploader.upload([upload_of(path, None)])
    assert "a.jpg changed between the plan and the upload" in str(raised.value.findings[0])
    assert not uploader.done.entries


def test_what_was_only_touched_while_it_was_sent_does(path: Path):
    uploader = Uploader(Meddler(path.touch), PreparePolicy(), 4, Stop())
    uploader.upload([upload_of(path, None)])
    assert set(uploader.done.entries) == {KEY}


def test_what_became_shorter_while_it_was_sent_is_told(path: Path):
    uploader = Uploader(Meddler(lambda: os.truncate(path, BEGINNING + 5)), PreparePolicy(), 4, Stop())
    with pytest.raises(GalleryInvalid) as raised:
        uploader.upload([upload_of(path, None)])
    assert KEY in str(raised.value.findings[0])


@pytest.mark.parametrize("meanwhile", ["overwritten", "deleted"])
def test_what_is_not_any_more_as_it_was_listed_is_sent(path: Path, meanwhile: str):
    """A listing may be old by then; nothing but the ETag that it gave says that these bytes are there."""
    store, body = MemoryStore(), path.read_bytes()
    store.put(KEY, body, JPEG)
    listing = {it.key: it for it in store.list()}
    if meanwhile == "overwritten":
        store.put(KEY, bytes(len(body)), JPEG)
    else:
        store.delete([KEY])
    uploader = Uploader(store, PreparePolicy(), 4, Stop(), listing=listing)
    uploader.upload([upload_of(path, None)])
    assert store.objects[KEY].body == body
    assert uploader.done.skipped == 0
