"""Pipelines for programs: the same as the command, by name."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from galleria_action.options.presets import Preset
from galleria_action.pipeline import DeploymentEnvironment, Pipeline, Stage, Task, execute_pipeline
from galleria_action.pipeline.model import State
from tests.builders import make_gallery


@pytest.fixture
def environment(tmp_path: Path) -> DeploymentEnvironment:
    make_gallery(tmp_path / "prod/pics", 2)
    return DeploymentEnvironment("staging", {"bucket": f"file://{tmp_path}/bucket"}, Preset.STAGING)


def test_the_presets_pipeline(environment: DeploymentEnvironment, tmp_path: Path):
    done = execute_pipeline(environment, workspace=tmp_path)
    assert done.success, done.message
    assert done.run
    states = {name: it.state for name, it in done.run.results.items()}
    assert states.pop("privacy") is State.FAILED, "the photos tell of a camera, which stops nothing"
    assert set(states.values()) == {State.SUCCEEDED}
    assert (tmp_path / "bucket/gallery-metadata.json").exists()


def test_one_of_its_own_in_a_thread(environment: DeploymentEnvironment, tmp_path: Path):
    pipeline = Pipeline((Stage("one", (Task("a", run="echo $X > said", env={"X": "${Y}"}),)),))
    done = asyncio.run(
        asyncio.to_thread(execute_pipeline, environment, pipeline, workspace=tmp_path, environ={"Y": "word"})
    )
    assert done.success, done.message
    assert (tmp_path / "said").read_text() == "word\n"


def test_what_goes_wrong_is_a_value(environment: DeploymentEnvironment, tmp_path: Path):
    circle = Pipeline((Stage("one", (Task("a", run="x", needs=("b",)), Task("b", run="x", needs=("a",)))),))
    wrong = execute_pipeline(environment, circle, workspace=tmp_path)
    assert wrong.error and wrong.error.code == "config-invalid" and wrong.run is None
    failed = execute_pipeline(environment, Pipeline((Stage("one", (Task("a", run="exit 3"),)),)), workspace=tmp_path)
    assert failed.error and (failed.error.code, failed.error.context["exit_code"]) == ("pipeline-failed", 17)
    assert failed.run and failed.run.results["a"].state is State.FAILED
