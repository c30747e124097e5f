"""The action in its container, run as GitHub's runner runs it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import pytest

from tests.builders import make_gallery
from tests.conftest import moto_backend
from tests.runner.container import ACTION, RUNNER_UID, Job, Step
from tests.runner_grammar import commands
from tests.servers import SECRET_KEY

pytestmark = pytest.mark.container
OUTPUTS = set(ACTION["outputs"])


def stored(job: Job) -> dict[str, bytes]:
    """What is in the job's bucket."""
    bucket = moto_backend().buckets[job.inputs["bucket"]]
    return {name: key.value for name, key in bucket.keys.items()}


def annotations(step: Step, level: str) -> list[str]:
    return [command.data for command in commands(step.log) if command.name == level]


def test_plan_deploy_plan_verify(job: Job):
    job.inputs["max-delete"] = "1"
    job.inputs["command"] = "plan"
    planned = job.run()
    assert planned.exit_code == 0, planned.log
    assert planned.outputs.keys() == OUTPUTS
    assert (planned.outputs["photos-to-upload"], planned.outputs["dry-run"]) == ("3", "true")
    assert json.loads((job.workspace / planned.outputs["plan-file"]).read_text())["plan_id"]
    assert not stored(job)

    job.inputs["command"] = ""  # as a workflow leaves it out: deploy
    deployed = job.run()
    assert deployed.exit_code == 0, deployed.log
    assert (deployed.outputs["consistent"], deployed.outputs["photos-uploaded"]) == ("true", "3")
    assert deployed.outputs["plan-id"] == planned.outputs["plan-id"]
    assert "Wedding" in stored(job)["index.html"].decode()
    assert deployed.summary.startswith("## ✅ Deployed: 3 photos uploaded\n")

    job.inputs["command"] = "plan"
    assert job.run().outputs["changed"] == "false"

    lost = next(key for key in stored(job) if key.startswith("photos/web/"))
    del moto_backend().buckets[job.inputs["bucket"]].keys[lost]
    job.inputs["command"] = "verify"
    broken = job.run()
    assert (broken.exit_code, broken.outputs["failure-reason"]) == (4, "verify-failed")
    assert broken.outputs.keys() == OUTPUTS
    assert any(lost in text for text in annotations(broken, "error"))


def test_an_input_with_a_hyphen_in_its_name_arrives(job: Job):
    assert job.run().exit_code == 0
    make_gallery(job.workspace / "prod/other", 2)
    job.inputs |= {"source": "prod/other", "max-delete": "0"}
    refused = job.run()
    assert (refused.exit_code, refused.outputs["failure-reason"]) == (7, "delete-guard")
    assert refused.outputs["photos-to-delete"] == "1"


def test_what_it_leaves_belongs_to_the_owner_of_the_workspace(job: Job):
    job.inputs |= {"plan-file": "reports/a/plan.json", "checkpoint-file": "state/checkpoint.json"}
    assert job.run().exit_code == 0
    written = [path for path in job.workspace.rglob("*") if "prod" not in path.parts]
    names = {path.relative_to(job.workspace).as_posix() for path in written}
    assert {"reports/a/plan.json", "galleria-result.json"} <= names
    owner = RUNNER_UID if os.geteuid() == 0 else os.geteuid()
    assert {path: path.lstat().st_uid for path in written} == dict.fromkeys(written, owner)
    assert {path.lstat().st_uid for path in job.commands.iterdir()} == {owner}
    assert not list((job.temp / "_github_home").iterdir())


def test_every_mistake_is_an_annotation_on_its_line(job: Job):
    path = job.workspace / "prod/pics/gallery-metadata.json"
    text = path.read_text().replace('"id": "', '"id": "::error::x ', 1)
    path.write_text(text.replace("photos/full/", "../full/", 1))
    job.inputs["command"] = "validate"
    step = job.run()
    assert (step.exit_code, step.outputs["failure-reason"]) == (3, "gallery-invalid")
    found = [command for command in commands(step.log) if command.name == "error"]
    placed = [command.properties for command in found if command.properties]
    # relative to the checkout, where the runner looks for it, not to the container
    assert {place["file"] for place in placed} == {"prod/pics/gallery-metadata.json"}
    line = next(n for n, row in enumerate(path.read_text().splitlines(), 1) if "../full/" in row)
    assert str(line) in {place["line"] for place in placed}
    assert not any(command.data.startswith("x ") for command in found)


def test_secrets_are_masked_before_anything_else_is_said(job: Job):
    step = job.run()
    before, _, after = step.log.partition(SECRET_KEY)
    assert before.endswith("::add-mask::") and "Plan" not in before
    assert SECRET_KEY not in after.replace(f"::add-mask::{SECRET_KEY}", "")
    assert SECRET_KEY not in step.summary + json.dumps(step.outputs)
    assert SECRET_KEY not in (job.workspace / "galleria-result.json").read_text()


def test_variables_of_the_runners_machine_do_not_reach_the_interpreter(job: Job):
    job.inputs["command"] = "validate"
    (job.workspace / "click.py").write_text("raise SystemExit(99)")
    nonsense = {"PATH": "/nonsense", "PYTHONHOME": "/nonsense", "PYTHONPATH": "/github/workspace"}
    assert job.run(nonsense).exit_code == 0


def test_several_galleries_in_one_workspace(make_job: Callable[..., Job]):
    job = make_job()
    make_gallery(job.workspace / "second/pics", 2)
    assert job.run().outputs["photos-uploaded"] == "3"
    job.inputs |= {"source": "second/pics", "prefix": "second", "label": "second", "site": ""}
    assert job.run().outputs["photos-uploaded"] == "2"
    assert {"gallery-metadata.json", "second/gallery-metadata.json"} <= stored(job).keys()


def test_the_first_line_comes_within_half_a_second(job: Job):
    """From `docker run` to the first line that the runner sees; the best of a few, for a machine that others use."""
    job.inputs["command"] = "validate"
    best = min(_until(0.5, lambda: job.run().first_line_after))
    print(f"first line after {best:.2f} s")
    assert best < 0.5


def _until(enough: float, measure: Callable[[], float]) -> list[float]:
    measured = [measure()]
    while measured[-1] >= enough and len(measured) < 12:
        measured.append(measure())
    return measured
