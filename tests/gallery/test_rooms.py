"""What the bytes of files wait in: bounded, lent again, and never to two at once."""

from __future__ import annotations

import time

import pytest

from galleria_action.gallery.local.rooms import Rooms
from galleria_action.net.loop import Loop
from galleria_action.net.waiting import done, told

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
