"""Real signals to a real process, at random moments of a deploy to a real server."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from tests.doors.conftest import Job, make_job
from tests.doors.runner import ROOT
from tests.doors.test_sequence import ok, store_of
from tests.reliability.scenes import METADATA_KEY, State, check_nothing_deleted, check_whole, state_of

__all__ = ("make_job",)  # a fixture of another folder

#: the runner sends SIGTERM so many seconds after SIGINT
RUNNER_PATIENCE = 7.5


def start(job: Job, **inputs: str) -> subprocess.Popen[str]:
    environ = job.runner.environment({"command": "deploy", "max-delete": "100%", "concurrency": "4", **inputs})
    return subprocess.Popen(
        [sys.executable, str(ROOT / "entrypoint.py")],
        env=environ | {"PATH": os.environ["PATH"]},
        cwd=job.workspace,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ended(process: subprocess.Popen[str], patience: float) -> str:
    try:
        return process.communicate(timeout=patience)[0]
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def live(make_job) -> tuple[Job, State, State]:
    """A job whose gallery of 90 files is online and has changed since, with the bucket before and after."""
    job = make_job("s3", photos=30)
    ok(job.runner.run("deploy"))
    before = state_of(store_of(job))
    for index in range(12):
        job.gallery.change(index)
    for _ in range(5):
        job.gallery.remove(20)
    for number in range(100, 112):
        job.gallery.add(number)
    after = dict(before)
    for index, photo in enumerate(job.gallery.photos):
        for variant, key in photo["files"].items():
            after[key] = (job.gallery.local_path(index, variant).read_bytes(), before[next(iter(before))][1])
    after[METADATA_KEY] = (job.gallery.raw, before[METADATA_KEY][1])
    return job, before, after


def strike(live: tuple[Job, State, State], number: signal.Signals, moment: float) -> str:
    """Send a signal at ``moment`` (0: at once, 1: about when an undisturbed run ends); then all promises hold."""
    job, before, after = live
    process = start(job)
    time.sleep(0.25 + moment * 1.25)
    process.send_signal(number)
    log = ended(process, RUNNER_PATIENCE)
    assert process.returncode in (128 + number, -number, 0), log
    assert "Traceback" not in log
    time.sleep(0.05)
    now = state_of(store_of(job))
    check_whole(bodies(now), bodies(before), bodies(after))
    if now[METADATA_KEY] == before[METADATA_KEY]:
        check_nothing_deleted(now, before)
        assert "after the commit" not in log
    elif process.returncode == 128 + number:
        assert "after the commit" in log
    ok(job.runner.run("deploy", max_delete="100%"))
    ok(job.runner.run("verify", verify="deep"))
    final = bodies(state_of(store_of(job)))
    kept = {key for photo in job.gallery.photos for key in photo["files"].values()} | {METADATA_KEY}
    assert {key: final[key] for key in kept} == {key: bodies(after)[key] for key in kept}
    return log


def bodies(state: State) -> State:
    return {key: (body, None) for key, (body, _) in state.items()}


SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_in_the_middle(live: tuple[Job, State, State], number: signal.Signals):
    strike(live, number, 0.5)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_signal_at_a_random_moment(live: tuple[Job, State, State], number: signal.Signals, seed: int):
    strike(live, number, random.Random(f"{number}-{seed}").random())


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_server_that_never_answers_does_not_hold_up_the_end(make_job, number: signal.Signals):
    """The run is stuck inside of a request; it is over before the runner loses its patience."""
    job = make_job("s3")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        held: list[socket.socket] = []
        threading.Thread(target=lambda: hold(silent, held), daemon=True).start()
        process = start(job, endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}")
        deadline = time.monotonic() + 20
        while not held and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(number)
        sent = time.monotonic()
        ended(process, 20)
        assert time.monotonic() - sent < RUNNER_PATIENCE
        assert process.returncode == 128 + number
        for connection in held:
            connection.close()


def hold(server: socket.socket, held: list[socket.socket]) -> None:
    while True:
        try:
            held.append(server.accept()[0])
        except OSError:
            return


def test_a_second_signal_ends_at_once(make_job):
    job = make_job("s3")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        process = start(job, endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}")
        connection, _ = silent.accept()
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        sent = time.monotonic()
        ended(process, 5)
        assert time.monotonic() - sent < 2
        assert process.returncode == 143
        connection.close()
