"""Commands of a pipeline: bounded, masked, stopped whole, and told nothing that they were not given."""

from __future__ import annotations

import os
import resource
import signal
import threading
import time
from pathlib import Path

import pytest

from galleria_action.deployment.stop import Stop
from galleria_action.pipeline.command import Shell
from galleria_action.pipeline.model import Outcome, Task

ENVIRON = {"PATH": os.environ["PATH"], "SECRET": "tr0ub4dor", "INPUT_SECRET-KEY": "tr0ub4dor"}


def ran(tmp_path: Path, command: str, stop: Stop | None = None, **env: str) -> Outcome:
    shell = Shell(tmp_path, ENVIRON, lambda text: text.replace("tr0ub4dor", "***"), patience=0.3)
    return shell.run(Task("it", run=command, env=env), stop or Stop())


def test_a_command_and_its_words(tmp_path: Path):
    outcome = ran(tmp_path, "echo one; echo two >&2; pwd")
    assert outcome.ok and outcome.log == ("one", "two", str(tmp_path.resolve()))


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("exit 3", "exit code 3"),
        ("no-such-program --now", "not found (127)"),
        ("kill -9 $$", "signal 9"),
        ("false\necho never", "exit code 1"),
    ],
)
def test_commands_that_fail(tmp_path: Path, command: str, told: str):
    outcome = ran(tmp_path, command)
    assert outcome.reason == "command-failed" and told in outcome.message
    assert "never" not in outcome.log


def test_secrets_reach_a_command_only_when_named(tmp_path: Path):
    outcome = ran(tmp_path, "env | sort")
    assert not any("SECRET" in line for line in outcome.log)
    outcome = ran(tmp_path, 'test "$TOKEN" = tr0ub4dor && echo "it is $TOKEN"', TOKEN="${SECRET}")
    assert outcome.ok and outcome.log == ("it is ***",)


def test_a_hundred_megabytes_are_read_and_not_kept(tmp_path: Path):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcome = ran(tmp_path, "head -c 85000000 /dev/zero; yes abcdefghij | head -c 15000000; echo; echo end")
    assert outcome.ok and outcome.log[-1] == "end"
    assert sum(map(len, outcome.log)) < 1_000_000 and any("lines left out" in line for line in outcome.log)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10


def test_one_that_ignores_its_signal_is_made_to_end_with_all_it_has_started(tmp_path: Path):
    stop = Stop()
    threading.Timer(0.3, stop.request, [signal.SIGTERM]).start()
    began = time.monotonic()
    outcome = ran(tmp_path, "trap '' TERM; (trap '' TERM; sleep 60) & echo $! > child; while :; do sleep 1; done", stop)
    assert outcome.reason == "cancelled" and time.monotonic() - began < 20
    child = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 5
    while Path(f"/proc/{child}").exists() and "Z" not in Path(f"/proc/{child}/stat").read_text().split()[2]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_one_that_leaves_something_behind_does_not_hold_the_run_up(tmp_path: Path):
    began = time.monotonic()
    assert ran(tmp_path, "sleep 60 & echo done").log == ("done",)
    assert time.monotonic() - began < 20
