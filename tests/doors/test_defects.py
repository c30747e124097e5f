"""Defects of ours with debug logging: told with their traceback, wherever they happen."""

from __future__ import annotations

from collections.abc import Callable
from unittest.mock import Mock

import pytest

from tests.doors.conftest import Job
from tests.doors.test_failures import interfere, raising


@pytest.fixture
def job(make_job: Callable[..., Job]) -> Job:
    return make_job("folder")


def test_internal_with_debug_logging_has_its_traceback(job: Job):
    job.runner.event["GALLERIA_DEBUG"] = "1"
    interfere(job, raising(RuntimeError("unforeseen"), "get"))
    ran = job.runner.run("plan")
    assert (ran.exit_code, "Traceback" in ran.log) == (1, True)


@pytest.mark.parametrize("debug", [True, False])
def test_a_defect_while_reviewers_are_told_changes_nothing(job: Job, debug: bool, monkeypatch: pytest.MonkeyPatch):
    reviews = Mock(finished=Mock(side_effect=RuntimeError("unforeseen")))
    monkeypatch.setattr("galleria_action.run._reviews", lambda *_: reviews)
    job.runner.event |= {"GALLERIA_DEBUG": "1"} if debug else {}
    ran = job.runner.run("plan")
    assert ran.exit_code == 0
    assert "RuntimeError: unforeseen" in "".join(ran.result["warnings"]) + ran.log
    assert ("Traceback" in ran.log) is debug
