"""Progress as a person sees it, with a clock that the test turns."""

from __future__ import annotations

import re
import threading

import pytest

from galleria_action.report.progress import Ahead, open_progress

WORK = Ahead("Uploaded", 3_000, 1_100_000_000)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Terminal:
    """A screen that remembers what it has shown."""

    def __init__(self, columns: int = 80) -> None:
        self.columns = columns
        self.shown: list[str] = []

    def show(self, status: str) -> None:
        self.shown.append(status)


def run(work=WORK, style="auto", terminal=None):
    clock, lines = Clock(), []
    return clock, lines, open_progress(style, work, line=lines.append, screen=terminal, clock=clock)


def test_a_line_every_ten_seconds_and_one_at_the_end():
    clock, lines, progress = run(Ahead("Uploaded", 3_000, 1_100_000_000))
    with progress:
        for number in range(1_250):
            clock.now += 1 / 64
            progress.advance(343_750)
            assert len(lines) == (number + 1) // 640
    assert lines == [
        "Uploaded 640 of 3,000 files (220 MB of 1.1 GB), 22 MB/s, about 40 s left",
        "Uploaded 1,250 of 3,000 files (430 MB of 1.1 GB) in 20 s, 22 MB/s",
    ]


def test_a_short_run_says_only_how_it_ended():
    clock, lines, progress = run(Ahead("Checked", 1, 500))
    with progress:
        clock.now += 2
        progress.advance(500)
    assert lines == ["Checked 1 of 1 files (500 B of 500 B) in 2.0 s, 250 B/s"]


def test_the_end_is_told_when_the_work_fails():
    _, lines, progress = run()
    with pytest.raises(KeyError), progress:
        progress.advance(1)
        raise KeyError
    assert lines[0].startswith("Uploaded 1 of 3,000 files")


@pytest.mark.parametrize(("work", "style"), [(WORK, "off"), (Ahead("Uploaded", 0, 0), "auto")])
def test_silence_when_off_and_when_there_is_nothing_to_do(work, style):
    clock, lines, progress = run(work, style, Terminal())
    with progress:
        clock.now += 60
        progress.advance(1)
    assert lines == []


def test_no_time_and_no_bytes_divide_nothing():
    clock, lines, progress = run(Ahead("Uploaded", 2, 0))
    with progress:
        progress.advance(0)
        clock.now += 11
        progress.advance(0)
    assert lines == ["Uploaded 2 of 2 files (0 B of 0 B)", "Uploaded 2 of 2 files (0 B of 0 B) in 11 s"]


def test_a_terminal_gets_a_bar_that_goes_and_a_line_that_stays():
    terminal = Terminal()
    clock, lines, progress = run(terminal=terminal)
    with progress:
        for _ in range(3_000):
            clock.now += 0.01
            progress.advance(100_000)
    assert terminal.shown[0] == f"Uploaded 0 of 3,000 {'╌' * 40}   0%"
    assert re.fullmatch("Uploaded 2,99[0-9] of 3,000 ━{8}╌{21}  27%  10 MB/s  1 min 20 s", terminal.shown[-2])
    assert terminal.shown[-1] == ""
    assert len(terminal.shown) < 320, "ten times a second is enough for an eye"
    assert lines == ["Uploaded 3,000 of 3,000 files (300 MB of 1.1 GB) in 30 s, 10 MB/s"]


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 100, 200])
@pytest.mark.parametrize("work", [WORK, Ahead("Verified", 2_000_000, 7_000_000_000_000), Ahead("Uploaded", 3, 0)])
def test_the_bar_fits_into_the_line(columns: int, work: Ahead):
    terminal = Terminal(columns)
    clock, _, progress = run(work, terminal=terminal)
    with progress:
        for _ in range(100):
            clock.now += 3_601
            progress.advance(work.size // 101)
    assert len(terminal.shown) == 102
    assert all(len(line) < columns for line in terminal.shown)
    assert columns < 60 or any("%" in line for line in terminal.shown)


def test_a_straggler_does_not_draw_the_bar_anew():
    terminal = Terminal()
    clock, _, progress = run(terminal=terminal)
    with progress:
        pass
    clock.now += 60
    progress.advance(1)
    assert terminal.shown[-1] == ""


def test_many_threads_lose_no_file():
    _, lines, progress = run(Ahead("Uploaded", 4_000, 4_000))
    with progress:
        threads = [threading.Thread(target=lambda: [progress.advance(1) for _ in range(1_000)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert lines == ["Uploaded 4,000 of 4,000 files (4.0 kB of 4.0 kB) in 0.0 s"]
