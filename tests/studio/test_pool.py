"""The pool: one bad photo costs one photo, nothing is left behind, and a defect of ours is not a damaged photo."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from galleria_action.errors import ConfigInvalid
from galleria_action.studio.pool import Lost, Stopped, run_all

CREW = Path(__file__).with_name("crew.py")


def run(*what: str, processes: int = 2, timeout: float = 30, stopped: Any = lambda: False) -> dict[int, Any]:
    work = [{"do": do, "number": number} for number, do in enumerate(what)]
    answers = run_all(work, stopped=stopped, processes=processes, timeout=timeout, program=CREW)
    return {int(asked["number"]): answer for asked, answer in answers}


def test_every_piece_of_work_is_answered_by_several_processes() -> None:
    answers = run(*["work"] * 40)
    assert sorted(answers) == list(range(40)) == [answers[number]["number"] for number in range(40)]
    assert len({answer["process"] for answer in answers.values()}) == 2


@pytest.mark.parametrize(
    ("fault", "told"),
    [("crash", "signal 11"), ("leave", "code 3"), ("hang", "took longer than 1 s"), ("flood", "was given up")],
)
def test_a_fault_costs_one_photo_only(fault: str, told: str) -> None:
    answers = run("work", fault, "work", "work", timeout=1 if fault == "hang" else 30)
    assert told in answers.pop(1).text
    assert {number: answer["number"] for number, answer in answers.items()} == {0: 0, 2: 2, 3: 3}


def test_a_terminal_s_ctrl_c_does_not_reach_a_process_that_is_just_starting() -> None:
    assert run("work")[0]["group"] != os.getpgrp()


def test_what_a_library_prints_is_not_an_answer() -> None:
    assert run("print")[0]["number"] == 0


def test_a_defect_of_ours_is_raised_with_its_traceback() -> None:
    with pytest.raises(RuntimeError, match=r"KeyError: 'a defect'"):
        run("work", "raise")


def test_a_wish_to_stop_ends_it_at_once_and_leaves_no_process() -> None:
    started = time.monotonic()
    seen: list[int] = []
    work = ({"do": "hang" if number else "work", "number": number} for number in range(4))
    with pytest.raises(Stopped):
        for _, answer in run_all(work, stopped=lambda: bool(seen), processes=2, program=CREW):
            assert not isinstance(answer, Lost)
            seen.append(answer["process"])
    assert time.monotonic() - started < 20
    assert seen and not children()


def test_an_iterator_that_is_dropped_leaves_no_process() -> None:
    answers = run_all(
        ({"do": "work", "number": number} for number in range(100)),
        stopped=lambda: False,
        processes=2,
        program=CREW,
    )
    next(answers)
    answers.close()  # type: ignore[attr-defined]
    assert not children()


def test_processes_that_cannot_start_say_what_is_missing() -> None:
    with pytest.raises(ConfigInvalid) as caught:
        list(run_all([{}], stopped=lambda: False, processes=1, program=CREW.with_name("nowhere.py")))
    assert "galleria-action[studio]" in str(caught.value.hint)


def test_processes_end_when_we_are_killed() -> None:
    code = (
        "import pathlib\nfrom galleria_action.studio.pool import run_all\n"
        "work = ({'do': 'work', 'number': n} for n in range(10**9))\n"
        f"for _, a in run_all(work, stopped=lambda: False, processes=2, program=pathlib.Path({str(CREW)!r})):\n"
        "    print(a['process'], flush=True)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment)
    assert parent.stdout is not None
    workers = {int(parent.stdout.readline()) for _ in range(200)}
    parent.kill()
    parent.stdout.close()
    parent.wait()
    until = time.monotonic() + 20
    while any(alive(worker) for worker in workers) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(alive(worker) for worker in workers)


def alive(process: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def children() -> list[int]:
    """Processes of the pool that this one has started."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(entry.read_text().rpartition(")")[2].split()[1])
            line = (entry.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if parent == os.getpid() and b"crew.py" in line:
            found.append(int(entry.parent.name))
    return found
