"""Coroutines that say what they wait for, and the simple way to run one: wait for it right here.

What is written once as a coroutine can be asked by a thread that has nothing else to do (``run``), and many at once by
one thread (``loop``): a thread for each request costs more than the request of a small file.
"""

from __future__ import annotations

import select
import threading
from collections.abc import Awaitable, Callable, Coroutine, Generator
from types import coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from galleria_action.values import dataclass

if TYPE_CHECKING:
    import socket

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Line:
    """Until something can be done with ``line`` (``events`` as for ``select.poll``), ``seconds`` at most."""

    line: socket.socket
    events: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Work:
    """Until ``work`` has been done, which blocks: it waits for somebody else, or (``heavy``) keeps a core busy."""

    work: Callable[[], Any]
    heavy: bool


@dataclass(frozen=True, slots=True)
class Word:
    """Until somebody, in any thread, calls what ``ask`` was given."""

    ask: Callable[[Callable[[], None]], None]


Wait = Line | Work | Word
Task = Coroutine[Wait, Any, T]


@coroutine
def _waited(wait: Wait) -> Generator[Wait, Any, Any]:
    return (yield wait)


def readable(line: socket.socket, seconds: float) -> Awaitable[None]:
    """Wait until ``line`` has something to be read. Raises ``TimeoutError`` after ``seconds``."""
    return _waited(Line(line, select.POLLIN, seconds))


def writable(line: socket.socket, seconds: float, *, listening: bool = False) -> Awaitable[None]:
    """Wait until ``line`` takes something, or (``listening``) says something. Raises ``TimeoutError`` after
    ``seconds``."""
    return _waited(Line(line, select.POLLOUT | select.POLLIN if listening else select.POLLOUT, seconds))


def done(work: Callable[[], T], *, heavy: bool = False) -> Awaitable[T]:
    """The result of ``work``, which blocks. Raises what that raises."""
    return _waited(Work(work, heavy))


def told(ask: Callable[[Callable[[], None]], None]) -> Awaitable[None]:
    """Wait until somebody calls what ``ask`` is given here."""
    return _waited(Word(ask))


def run(task: Task[T]) -> T:
    """The result of ``task``, for a thread that has nothing else to do. Raises what that raises."""
    answer: Any = None
    error: BaseException | None = None
    try:
        while True:
            wait = task.throw(error) if error else task.send(answer)
            answer = error = None
            try:
                answer = _here(wait)
            except BaseException as raised:  # noqa: BLE001 - raised where it is waited for
                error = raised
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


def _here(wait: Wait) -> Any:
    if isinstance(wait, Work):
        return wait.work()
    if isinstance(wait, Word):
        word = threading.Event()
        wait.ask(word.set)
        word.wait()
        return None
    poll = select.poll()
    poll.register(wait.line, wait.events)
    if not poll.poll(wait.seconds * 1000):
        raise TimeoutError("nothing moves")
    return None
