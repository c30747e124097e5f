"""``.github/workflows/e2e.yml`` before GitHub runs it: its own steps and asserts, on a server of this machine.

What stands in: an S3 server for the service container, and small commands for ``aws``, ``jq`` and ``curl``, which are
on GitHub's machines.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import moto_backend
from tests.runner.container import ROOT, RUNNER_UID, Job, Step

pytestmark = pytest.mark.container

_AWS = """#!{python}
import sys
import boto3
_, _, service, command, place, *rest = sys.argv[1:]
assert service == "s3"
bucket, _, key = place.removeprefix("s3://").partition("/")
client = boto3.client("s3", endpoint_url="{endpoint}", region_name="us-east-1")
if command == "mb":
    client.create_bucket(Bucket=bucket)
elif command == "rm":
    client.delete_object(Bucket=bucket, Key=key)
else:
    for found in client.list_objects_v2(Bucket=bucket, Prefix=key).get("Contents", []):
        print(found["LastModified"], found["Size"], found["Key"])
"""
#: knows paths such as .photos[2].files.web
_JQ = """#!{python}
import json, re, sys
value = json.load(open(sys.argv[3]))
for name, index in re.findall(r"\\.(\\w+)|\\[(\\d+)\\]", sys.argv[2]):
    value = value[name] if name else value[int(index)]
print(value)
"""
_CURL = "#!/bin/sh\nexit 0\n"


@dataclass
class Workflow:
    """The job of the workflow, step by step."""

    job: Job
    endpoint: str
    outcomes: dict[str, Step] = field(default_factory=dict)

    def run(self, definition: dict[str, Any]) -> list[str]:
        """Run all its steps; the names of those that were run."""
        env = {name: str(value) for name, value in definition["env"].items()} | {"GALLERIA_ENDPOINT": self.endpoint}
        done = []
        for step in definition["steps"]:
            if step.get("uses") == "./":
                self._action(step, env)
            elif "run" in step and "pip install" not in step["run"]:
                self._script(step, env)
            else:
                continue
            done.append(step.get("id") or step["name"])
        return done

    def _action(self, step: dict[str, Any], env: dict[str, str]) -> None:
        self.job.inputs = {name: self._text(value) for name, value in step["with"].items()}
        ran = self.outcomes[step["id"]] = self.job.run(env)
        assert ran.exit_code == 0 or step.get("continue-on-error"), ran.log

    def _script(self, step: dict[str, Any], env: dict[str, str]) -> None:
        own = {name: self._text(value) for name, value in step.get("env", {}).items()}
        path = f"{self.job.folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.job.workspace,
            env=env | own | {"PATH": path, "PYTHONPATH": str(ROOT)},
            # that the runner's user owns it, only that user can tell; it may not be able to start our Python
            user=RUNNER_UID if os.geteuid() == 0 and "stat -c" in step["run"] else None,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{step.get('name')}: {own} {done.stdout} {done.stderr}"

    def _text(self, value: Any) -> str:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return re.sub(r"\$\{\{ steps\.([\w-]+)\.([\w.-]+) \}\}", lambda found: self._known(*found.groups()), text)

    def _known(self, step: str, what: str) -> str:
        ran = self.outcomes[step]
        if what == "outcome":
            return "failure" if ran.exit_code else "success"
        return ran.outputs[what.removeprefix("outputs.")]


def test_every_step_does_what_the_workflow_expects(make_job: Callable[..., Job], moto: str):
    definition = yaml.safe_load((ROOT / ".github/workflows/e2e.yml").read_text(encoding="utf-8"))["jobs"]["minio"]
    job = make_job()
    shutil.rmtree(job.workspace / "prod")
    (job.folder / "bin").mkdir()
    for name, text in (("aws", _AWS), ("jq", _JQ), ("curl", _CURL)):
        command = job.folder / "bin" / name
        command.write_text(text.format(python=sys.executable, endpoint=moto), encoding="utf-8")
        command.chmod(0o755)
    try:
        done = Workflow(job, moto).run(definition)
    finally:
        moto_backend().buckets.pop(definition["env"]["GALLERIA_BUCKET"], None)
    assert done[1:3] == ["plan", "The plan is complete, and nothing was written"]
    assert len(done) == 14
