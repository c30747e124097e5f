"""Many tasks in one thread, and one task in a thread of its own: both wait for the same things, to the same end."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from galleria_action.net.answer import Reader, Response
from galleria_action.net.loop import Loop
from galleria_action.net.waiting import Task, done, readable, run, told, writable

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
Runner = Callable[[Task[object]], object]


def in_a_loop(task: Task[object]) -> object:
    results: list[object] = []
    defects: list[BaseException | None] = []

    async def noted() -> None:
        results.append(await task)

    loop, began = Loop(4, defects.append), time.monotonic()
    loop.add(noted())
    while len(loop):
        loop.turn()
        assert time.monotonic() - began < 5, "it waits for ever"
    loop.close()
    if defects[0]:
        raise defects[0]
    return results[0]


@pytest.fixture(params=[run, in_a_loop], ids=["alone", "in a loop"])
def runner(request: pytest.FixtureRequest) -> Runner:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def line() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield ours, theirs


def test_work_is_done_and_what_it_raises_is_raised(runner: Runner) -> None:
    async def task() -> object:
        with pytest.raises(ZeroDivisionError):
            await done(lambda: 1 // 0)
        return await done(lambda: 6 * 7, heavy=True)

    assert runner(task()) == 42


def test_a_word_from_another_thread(runner: Runner) -> None:
    async def task() -> object:
        await told(lambda word: threading.Timer(0.01, word).start())
        return "told"

    assert runner(task()) == "told"


def test_a_line_that_has_something_to_say(runner: Runner, line: tuple[socket.socket, socket.socket]) -> None:
    async def task() -> object:
        threading.Timer(0.01, lambda: line[1].send(b"hello")).start()
        await readable(line[0], 5)
        return line[0].recv(5)

    assert runner(task()) == b"hello"


def test_a_line_that_says_nothing_is_given_up(runner: Runner, line: tuple[socket.socket, socket.socket]) -> None:
    async def task() -> object:
        with pytest.raises(TimeoutError):
            await readable(line[0], 0.05)
        return "given up"

    assert runner(task()) == "given up"


@pytest.mark.timeout(10)
def test_a_line_that_takes_nothing_is_given_up(runner: Runner, line: tuple[socket.socket, socket.socket]) -> None:
    async def task() -> object:
        with pytest.raises(BlockingIOError):
            while True:
                line[0].send(bytes(100_000))
        with pytest.raises(TimeoutError):
            await writable(line[0], 0.05)
        return "given up"

    assert runner(task()) == "given up"


def test_whoever_listens_while_he_sends_hears_a_refusal(
    runner: Runner, line: tuple[socket.socket, socket.socket]
) -> None:
    async def task() -> object:
        with pytest.raises(BlockingIOError):
            while True:
                line[0].send(bytes(100_000))
        line[1].send(b"no")
        await writable(line[0], 5, listening=True)
        return line[0].recv(2)

    assert runner(task()) == b"no"


def test_one_that_waits_holds_nobody_up() -> None:
    order: list[str] = []

    async def slow() -> None:
        await done(lambda: time.sleep(0.05))
        order.append("slow")

    async def fast() -> None:
        order.append("fast")

    loop = Loop(4, lambda _: None)
    loop.add(slow())
    loop.add(fast())
    while len(loop):
        loop.turn()
    loop.close()
    assert order == ["fast", "slow"]


def test_a_loop_that_is_closed_ends_its_tasks() -> None:
    ended: list[bool] = []

    async def waits() -> None:
        try:
            await told(lambda _: None)
        finally:
            ended.append(True)

    loop = Loop(4, lambda _: None)
    loop.add(waits())
    loop.turn()
    loop.close()
    assert ended == [True]


def answered(raw: bytes, method: str = "GET", most: int = 100) -> tuple[Response, bool]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.sendall(raw)
        theirs.shutdown(socket.SHUT_WR)
        answer = Reader(ours, seconds=5)
        return run(answer.response(method, most)), answer.whole


@pytest.mark.parametrize(
    ("raw", "body", "whole"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", b"abc", True),
        (b"HTTP/1.1 200\nContent-Length: 3\n\nabc", b"abc", True),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"", True),
        (CHUNKED + b"2\r\nab\r\n1;x=y\r\nc\r\n0\r\nX: y\r\n\r\n", b"abc", True),
        (b"HTTP/1.1 200 OK\r\n\r\nabc", b"abc", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", b"abc", False),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc", b"abc", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd", b"abc", False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n" + bytes(200), bytes(101), False),
    ],
)  # fmt: skip
def test_answers(raw: bytes, body: bytes, whole: bool) -> None:
    response, can_be_used_again = answered(raw)
    assert (response.body, can_be_used_again) == (body, whole)


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"HTTP/1.1 200 OK\r\nContent-Le", b"SSH-2.0-OpenSSH\r\n", b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
        CHUNKED + b"5\r\nabc",
        CHUNKED + b"no\r\n",
        CHUNKED + b"1\r\nabc\r\n0\r\n\r\n",
    ],
)  # fmt: skip
def test_answers_that_are_none(raw: bytes) -> None:
    from galleria_action.storage.s3.wire import LINE_FAILURES

    with pytest.raises(LINE_FAILURES):
        answered(raw)


def test_an_answer_to_head_has_no_body() -> None:
    response, whole = answered(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "HEAD")
    assert (response.body, response.size, whole) == (b"", 3, True)


def test_headers_go_on_and_the_last_counts() -> None:
    response, _ = answered(b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nY: 1\r\nY: 2\r\nContent-Length: 0\r\n\r\n")
    assert (response.headers["x"], response.headers["y"]) == ("a b", "2")
