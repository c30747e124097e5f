"""A cancelled step: SIGINT, after 7.5 s SIGTERM, 2.5 s later the end, whether we are ready or not."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from tests.conftest import moto_backend
from tests.runner.container import SIGTERM_AFTER, Job
from tests.runner.test_action import stored
from tests.servers import moto_server

pytestmark = pytest.mark.container


class Traffic:
    """Holds up every upload of a photo: for ``seconds``, or until ``release``."""

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self.arrived, self.release = threading.Event(), threading.Event()

    def __call__(self, method: str, path: str) -> None:
        if method == "PUT" and "/photos/" in path:
            self.arrived.set()
            self.release.wait(self.seconds)

    def flows(self, line: str) -> bool:
        """Whether ``line`` is followed by the first upload, which is then on its way."""
        return line.startswith("::group::Deploy") and self.arrived.wait(30)


def test_uploads_in_flight_are_finished_and_the_next_run_does_the_rest(make_job: Callable[..., Job]):
    job = make_job(photos=12)
    traffic, usual = Traffic(0.5), job.inputs["endpoint"]
    with moto_server(traffic) as url:
        job.inputs |= {"endpoint": url, "concurrency": "2"}
        step = job.run(cancel_at=traffic.flows)
    assert step.exit_code == 130, step.log
    assert step.outputs["failure-reason"] == "cancelled"
    assert "before the commit" in step.outputs["message"]
    assert step.stopped_after is not None and step.stopped_after < 3
    there = stored(job)
    assert "gallery-metadata.json" not in there
    assert 0 < len([key for key in there if key.startswith("photos/")]) < 36

    job.inputs["endpoint"] = usual
    again = job.run()
    assert again.exit_code == 0, again.log
    assert int(again.outputs["files-skipped"]) > 0
    assert again.outputs["consistent"] == "true"


def test_a_request_that_hangs_does_not_outlast_the_runners_patience(make_job: Callable[..., Job]):
    job = make_job(photos=12)
    traffic = Traffic(None)
    with moto_server(traffic) as url:
        job.inputs |= {"endpoint": url, "concurrency": "2"}
        try:
            step = job.run(cancel_at=traffic.flows)
        finally:
            traffic.release.set()
    assert step.exit_code == 130, step.log
    assert step.stopped_after is not None and step.stopped_after < SIGTERM_AFTER
    assert "gallery-metadata.json" not in moto_backend().buckets[job.inputs["bucket"]].keys
