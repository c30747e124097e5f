"""What the bytes of files wait in: bounded, lent again, and never to two at once."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from galleria_action.errors import GalleryInvalid
from galleria_action.fence.workspace import Found
from galleria_action.gallery.local.files import LocalFile, local_file, read_into
from galleria_action.gallery.local.git_index import Blobs, blob_id
from galleria_action.gallery.local.rooms import Rooms
from galleria_action.net.loop import Loop
from galleria_action.net.waiting import done, told
from tests.gallery.test_git_index import git, settle

MEGABYTE = 1 << 20


def test_what_is_given_back_is_lent_again():
    rooms = Rooms(4 * MEGABYTE)
    room = rooms.lent(MEGABYTE)
    room[:3] = b"one"
    rooms.give_back(room)
    room = rooms.lent(MEGABYTE - 5)
    assert len(room) == MEGABYTE - 5
    assert bytes(room[:3]) == b"one"


def test_two_rooms_at_once_are_two():
    rooms = Rooms(4 * MEGABYTE)
    rooms.give_back(rooms.lent(MEGABYTE))
    one, other = rooms.lent(MEGABYTE), rooms.lent(MEGABYTE)
    one[0], other[0] = 1, 2
    assert one[0] == 1


@pytest.mark.parametrize("size", [0, 1, 100_000, 9 * MEGABYTE])
def test_any_size_is_lent(size: int):
    assert len(Rooms(4 * MEGABYTE).lent(size)) == size


def test_no_more_is_lent_at_once_than_the_limit():
    rooms, lent, most = Rooms(4 * MEGABYTE), 0, 0

    async def borrow(size: int) -> None:
        nonlocal lent, most
        while (room := rooms.lent(size)) is None:
            await told(rooms.tell)
        lent, most = lent + size, max(most, lent + size)
        await done(lambda: time.sleep(0.001))
        lent -= size
        rooms.give_back(room)

    defects: list[BaseException | None] = []
    loop = Loop(20, defects.append)
    for number in range(60):
        loop.add(borrow((number % 4 + 1) * MEGABYTE // 2))
    while len(loop):
        loop.turn()
    loop.close()
    assert defects == [None] * 60
    assert 2 * MEGABYTE < most <= 4 * MEGABYTE
    assert rooms.made <= 4 * MEGABYTE


def local(path: Path, key: str = "full/a.jpg") -> LocalFile:
    return local_file(key, Found(str(path.resolve()), path.lstat()), "full")


def test_a_file_fills_its_room(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"photo")
    room, found = bytearray(5), local(tmp_path / "a")
    assert read_into(found, memoryview(room))
    assert room == b"photo"
    (tmp_path / "a").write_bytes(b"other")
    assert not read_into(found, memoryview(room))
    assert room == b"other"


def test_a_file_that_became_shorter_is_an_error(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"photo")
    found = local(tmp_path / "a")
    (tmp_path / "a").write_bytes(b"pho")
    with pytest.raises(GalleryInvalid, match="changed its size"):
        read_into(found, memoryview(bytearray(5)))


def test_the_id_of_a_file_outside_of_a_checkout_is_worked_out(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"photo")
    assert Blobs().id_of(local(tmp_path / "a"), memoryview(b"photo"), left_alone=True) == blob_id(b"photo")


def test_what_git_vouches_for_is_not_hashed_once_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "a"
    path.write_bytes(b"photo")
    git(tmp_path, "init", "-q")
    settle(tmp_path, "a")
    monkeypatch.setattr("galleria_action.gallery.local.git_index.blob_id", lambda _: pytest.fail("hashed"))
    assert Blobs().id_of(local(path), memoryview(b"photo"), left_alone=True) == blob_id(b"photo")


def test_what_changed_since_git_looked_is_hashed(tmp_path: Path):
    path = tmp_path / "a"
    path.write_bytes(b"photo")
    git(tmp_path, "init", "-q")
    settle(tmp_path, "a")
    found = local(path)
    path.write_bytes(b"other")
    assert Blobs().id_of(local(path), memoryview(b"other"), left_alone=True) == blob_id(b"other")
    assert Blobs().id_of(found, memoryview(b"other"), left_alone=False) == blob_id(b"other")
