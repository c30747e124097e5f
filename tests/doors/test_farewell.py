"""However a run ends, it is told: outputs, result and summary, and the exit code follows the work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from galleria_action.ending import with_outcome
from galleria_action.errors import Cancelled
from galleria_action.farewell import Farewell, Speech, within
from galleria_action.report.result import Tally
from tests.doors.conftest import Job
from tests.doors.runner import ROOT, Watched
from tests.runner_grammar import commands, read_outputs
from tests.s3 import ACCESS_KEY, BUCKET, SECRET_KEY, FakeS3
from tests.s3.wire import Request

#: when the runner sends SIGTERM after SIGINT
RUNNER_PATIENCE = 7.5


class Panic(BaseException):
    """What libraries written in other languages raise: it is not an ``Exception``."""


# -- who speaks ----------------------------------------------------------------------------------------------------


def test_only_the_first_reports():
    farewell, said = Farewell(), list[str]()
    farewell.prepare(Speech(lambda: said.append("stopping"), lambda error: said.append(error.message) or 130))
    farewell.stopping(1)
    assert farewell.say(Cancelled("stopped"), 1) == 130
    assert farewell.say(Cancelled("again"), 1) is None
    assert not farewell.take()
    assert said == ["stopping", "stopped"]


def test_a_run_that_reports_by_itself_is_not_spoken_for():
    farewell = Farewell()
    farewell.prepare(Speech(lambda: None, lambda _: pytest.fail("twice")))
    assert farewell.take()
    assert farewell.say(Cancelled("stopped"), 1) is None


def test_when_the_end_is_told_nobody_says_that_it_is_coming():
    farewell = Farewell()
    farewell.prepare(Speech(lambda: pytest.fail("too late"), lambda _: 130))
    assert farewell.take()
    farewell.stopping(1)


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("plan", "Stopped by SIGINT before the end. Nothing was written."),
        ("verify", "Stopped by SIGINT before the end. Nothing was written."),
        ("process", "Stopped by SIGINT."),
        ("deploy", "Stopped by SIGINT before the commit: the gallery that visitors see is as before."),
        ("an unknown one", "Stopped by SIGINT before the commit"),
    ],
)  # fmt: skip
def test_what_is_said_of_a_stop_fits_the_command(command: str, says: str):
    told = with_outcome(Cancelled("Stopped by SIGINT", signal_number=15), Tally(command, hide=str))
    again = with_outcome(Cancelled("Stopped by SIGINT again,", signal_number=2), Tally(command, hide=str))
    assert ",." not in again.message
    assert told.message.startswith(says) and told.hint == "Run again to finish."
    assert isinstance(told, Cancelled) and told.signal_number == 15


def test_before_a_run_can_be_spoken_for_nothing_is_said():
    farewell = Farewell()
    farewell.stopping(1)
    assert farewell.say(Cancelled("stopped"), 1) is None
    assert farewell.take(), "so the run still reports by itself"


def test_a_speech_that_hangs_or_breaks_holds_up_nobody():
    farewell, release = Farewell(), threading.Event()
    farewell.prepare(Speech(lambda: 1 // 0, lambda _: release.wait(60) or 130))
    began = time.monotonic()
    farewell.stopping(5)
    assert farewell.say(Cancelled("stopped"), 0.05) is None
    assert time.monotonic() - began < 4
    release.set()


def test_work_is_done_within_its_time():
    done = threading.Event()
    within(5, done.set)
    assert done.is_set()


# -- defects of libraries ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["plan", "deploy", "verify"])
def test_a_panic_ends_as_internal_and_is_reported_everywhere(make_job, command: str):
    job: Job = make_job()

    def panic(operation: str, key: str) -> None:
        raise Panic("called `Option::unwrap()` on a `None` value")

    job.runner.opener = panicking(job, panic)
    ran = job.runner.run(command)
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (1, "internal")
    assert "Panic: called `Option::unwrap()`" in ran.outputs["message"]
    assert ran.result["failure_reason"] == "internal"
    assert "internal" in ran.summary
    assert "Traceback" not in ran.log


def test_a_panic_while_uploading_commits_nothing(make_job):
    job: Job = make_job()

    def panic(operation: str, key: str) -> None:
        if operation == "put" and "/web/" in key:
            raise Panic("poisoned lock")

    job.runner.opener = panicking(job, panic)
    ran = job.runner.run("deploy")
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (1, "internal")
    assert ran.outputs["metadata-uploaded"] == "false"


def panicking(job: Job, panic):  # type: ignore[no-untyped-def]
    opener = job.runner.opener
    return lambda settings: Watched(opener(settings), panic)


# -- outputs that cannot be set ------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["validate", "plan", "deploy"])
def test_a_run_whose_outputs_cannot_be_set_has_failed(make_job, tmp_path: Path, command: str):
    """A green step without outputs would silently skip every later step that asks for them."""
    job: Job = make_job()
    job.runner.event["GITHUB_OUTPUT"] = str(tmp_path)
    ran = run_without_outputs(job, command)
    assert ran.returncode == 2
    (told,) = [one.data for one in commands(ran.stdout) if one.name == "error"]
    assert "could not be written" in told
    assert "run as root" in told
    assert "went well" in told
    result = json.loads((job.workspace / "galleria-result.json").read_text())
    assert (result["success"], result["failure_reason"]) == (False, "config-invalid")
    assert (tmp_path / "bucket/gallery-metadata.json").exists() == (command == "deploy"), "what was to be done is done"


def test_a_run_that_failed_keeps_its_own_reason(make_job, tmp_path: Path):
    job: Job = make_job()
    job.runner.event["GITHUB_OUTPUT"] = str(tmp_path)
    job.gallery.local_path(0, "web").unlink()
    ran = run_without_outputs(job, "plan")
    assert ran.returncode == 3
    assert any("run as root" in one.data for one in commands(ran.stdout) if one.name == "warning")


def test_a_summary_that_cannot_be_written_is_a_warning_with_the_remedy(make_job, tmp_path: Path):
    job: Job = make_job()
    job.runner.event["GITHUB_STEP_SUMMARY"] = str(tmp_path / "none/summary")
    ran = run_without_outputs(job, "plan")
    assert ran.returncode == 0
    assert any("run as root" in one.data for one in commands(ran.stdout) if one.name == "warning")


def run_without_outputs(job: Job, command: str) -> subprocess.CompletedProcess[str]:
    environ = job.runner.environment({"command": command}) | {"PATH": os.environ["PATH"]}
    return subprocess.run(
        [sys.executable, str(ROOT / "entrypoint.py")],
        env=environ, cwd=job.workspace, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


# -- streams -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", ">/dev/full", "2>/dev/full"])
def test_streams_that_nobody_reads_change_nothing(make_job, tmp_path: Path, closed: str):
    job: Job = make_job()
    line = f'exec "$@" {closed}'
    command = [sys.executable, str(ROOT / "entrypoint.py"), "deploy", "--bucket", job.runner.inputs["bucket"]]
    done = subprocess.run(
        ["sh", "-c", line, "sh", *command],
        env={"PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true"},
        cwd=job.workspace, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "bucket/gallery-metadata.json").exists()
    failed = subprocess.run(
        ["sh", "-c", line, "sh", *command, "--source", "nowhere"],
        env={"PATH": os.environ["PATH"]}, cwd=job.workspace, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert failed.returncode == 3, "the exit code follows the work"


# -- stopped while the storage hangs -------------------------------------------------------------------------------


@dataclass
class Stuck:
    """A deploy in a process of its own, stuck in a request."""

    process: subprocess.Popen[str]
    environ: dict[str, str]
    workspace: Path

    def end(self, *signals: signal.Signals) -> tuple[str, float]:
        """The log, and how long it took from the first signal on."""
        began = time.monotonic()
        for number in signals:
            self.process.send_signal(number)
            time.sleep(0.3)
        try:
            log = self.process.communicate(timeout=20)[0]
        finally:
            self.process.kill()
        return log, time.monotonic() - began

    @property
    def outputs(self) -> dict[str, str]:
        return read_outputs(Path(self.environ["GITHUB_OUTPUT"]).read_bytes())

    @property
    def summary(self) -> str:
        return Path(self.environ["GITHUB_STEP_SUMMARY"]).read_text(encoding="utf-8")


@pytest.fixture
def hanging(make_job, fake_s3: Callable[[], FakeS3]) -> Iterator[Callable[[str], Stuck]]:  # type: ignore[no-untyped-def]
    """Starts a deploy to a server that holds up every upload of a key with ``part`` in it."""
    release = threading.Event()

    def begin(part: str) -> Stuck:
        reached = threading.Event()

        def hold(request: Request) -> None:
            if request.method == "PUT" and part in request.key:
                reached.set()
                release.wait(30)

        job: Job = make_job()
        server = fake_s3()
        server.before = hold
        job.runner.inputs = {
            "bucket": BUCKET, "endpoint": server.url, "access-key": ACCESS_KEY, "secret-key": SECRET_KEY,
            "cors": "skip",
        }  # fmt: skip
        environ = job.runner.environment({"command": "deploy"}) | {"PATH": os.environ["PATH"]}
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "entrypoint.py")],
            env=environ, cwd=job.workspace, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert reached.wait(30)
        time.sleep(0.1)
        return Stuck(process, environ, job.workspace)

    yield begin
    release.set()


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("/full/", "before the commit: the gallery that visitors see is as before"),
        ("gallery-metadata.json", "during the commit, whose outcome could not be learnt"),
    ],
)
def test_a_run_that_hangs_is_reported_within_the_runners_patience(hanging: Callable[[str], Stuck], part, said):
    stuck = hanging(part)
    log, seconds = stuck.end(signal.SIGINT)
    assert stuck.process.returncode == 130
    assert seconds < RUNNER_PATIENCE
    assert said in log
    assert said in stuck.outputs["message"]
    assert stuck.outputs["failure-reason"] == "cancelled"
    assert json.loads((stuck.workspace / "galleria-result.json").read_text())["failure_reason"] == "cancelled"
    assert "Cancelled" in stuck.summary


def test_a_stop_is_answered_at_once_and_a_second_one_ends_it(hanging: Callable[[str], Stuck]):
    stuck = hanging("/full/")
    log, seconds = stuck.end(signal.SIGINT, signal.SIGTERM)
    assert stuck.process.returncode == 143
    assert seconds < 3
    assert "Stopping: finishing 3 uploads." in log
    assert stuck.outputs["failure-reason"] == "cancelled"
    assert "before the commit" in stuck.outputs["message"]
