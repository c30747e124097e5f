"""One thread for many tasks (``waiting``) that mostly wait for others: a loop asks which of them can go on.

Work that blocks is done by hands: a few for what keeps a core busy, as many as there are tasks for what waits. Nobody
waits for them at the end.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from galleria_action.hands import Hands
from galleria_action.net.waiting import Line, Task, Wait, Word, Work

#: how long a loop sleeps at most before it looks whether somebody's patience is over, or whether it shall stop
_LOOK_UP_SECONDS = 0.2


class Loop:
    """Runs tasks until they end. ``ended`` is told of each, with its defect if it had one: tasks handle themselves what
    they expect. Not for two threads at once."""

    def __init__(self, most: int, ended: Callable[[BaseException | None], None]) -> None:
        self._ended = ended
        self._ready: deque[tuple[Task[None], Any, BaseException | None]] = deque()
        self._lines: dict[int, tuple[Task[None], Line, float]] = {}
        self._poll = select.poll()
        self._tasks: set[Task[None]] = set()
        self._looked_up = 0.0
        self._blocking, self._heavy = Hands(most, "upload"), Hands(os.cpu_count() or 1, "prepare")
        self._ear, self._mouth = socket.socketpair()
        self._ear.setblocking(False)
        self._mouth.setblocking(False)
        self._poll.register(self._ear, select.POLLIN)

    def __len__(self) -> int:
        return len(self._tasks)

    def add(self, task: Task[None]) -> None:
        """Begin ``task`` with the next turn."""
        self._tasks.add(task)
        self._ready.append((task, None, None))

    def turn(self) -> None:
        """Wait for a moment until one can go on, and let all go on that can. Nobody waits after it: whoever has more
        tasks may add them now."""
        for number, _ in self._poll.poll(0 if self._ready else _LOOK_UP_SECONDS * 1000):
            if number == self._ear.fileno():
                self._listen()
            else:
                self._poll.unregister(number)
                self._ready.append((self._lines.pop(number)[0], None, None))
        self._end_patience()
        for _ in range(len(self._ready)):
            self._go_on(*self._ready.popleft())

    def close(self) -> None:
        """End what still runs, wherever it is: its connections are closed."""
        for task in list(self._tasks):
            task.close()
        self._tasks.clear()
        self._blocking.dismiss()
        self._heavy.dismiss()
        self._ear.close()
        self._mouth.close()

    def _go_on(self, task: Task[None], answer: Any, error: BaseException | None) -> None:
        try:
            wait = task.throw(error) if error else task.send(answer)
        except StopIteration:
            self._end(task, None)
        except BaseException as defect:  # noqa: BLE001 - told
            self._end(task, defect)
        else:
            self._wait(task, wait)

    def _end(self, task: Task[None], defect: BaseException | None) -> None:
        self._tasks.discard(task)
        self._ended(defect)

    def _wait(self, task: Task[None], wait: Wait) -> None:
        if isinstance(wait, Line):
            number = wait.line.fileno()
            self._lines[number] = task, wait, time.monotonic() + wait.seconds
            self._poll.register(number, wait.events)
        elif isinstance(wait, Word):
            wait.ask(lambda: self._tell(task, None, None))
        else:
            (self._heavy if wait.heavy else self._blocking).begin(self._work, task, wait)

    def _work(self, task: Task[None], wait: Work) -> None:
        try:
            answer = wait.work()
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            self._tell(task, None, error)
        else:
            self._tell(task, answer, None)

    def _tell(self, task: Task[None], answer: Any, error: BaseException | None) -> None:
        """From any thread: ``task`` can go on."""
        self._ready.append((task, answer, error))
        with suppress(OSError):  # told so often that it need not be told again, or closed
            self._mouth.send(b"!")

    def _listen(self) -> None:
        with suppress(BlockingIOError):
            self._ear.recv(4096)

    def _end_patience(self) -> None:
        """Look at all who wait, as often as a sleep without news ends, and not whenever one of them has some."""
        now = time.monotonic()
        if now - self._looked_up < _LOOK_UP_SECONDS:
            return
        self._looked_up = now
        for number, (task, _, deadline) in list(self._lines.items()):
            if deadline < now:
                del self._lines[number]
                self._poll.unregister(number)
                self._ready.append((task, None, TimeoutError("nothing moves")))
