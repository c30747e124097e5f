"""A repository with a pipeline in its config file."""

from __future__ import annotations

from pathlib import Path

import jsonschema

from galleria_action.schemas import load_schema
from tests.doors.job import Job
from tests.doors.runner import Ran

HEAD = "site: prod/site\n"
SMALL = """\
pipeline:
  stages:
    - name: test
      fail-fast: false
      tasks:
        - {name: validate, uses: validate}
        - {name: greet, run: "echo hello >> greeted; echo hello", needs: [validate]}
    - name: deploy
      tasks: [{name: put, uses: deploy}]
    - name: look
      on-failure: rollback
      tasks:
        - {name: probe, run: "test ! -e broken || { echo visitors see it broken; exit 1; }"}
        - {name: verify, uses: verify, needs: [probe]}
"""


class Repository:
    """A job with a config file, and what its pipeline did."""

    def __init__(self, job: Job) -> None:
        self.job, self.workspace, self.runner = job, job.workspace, job.runner

    def config(self, text: str) -> None:
        (self.workspace / "galleria.yml").write_text(HEAD + text, encoding="utf-8")

    def run(self, **inputs: str) -> Ran:
        return self.runner.run("pipeline", **{name.rstrip("_"): value for name, value in inputs.items()})

    def states(self, ran: Ran) -> dict[str, str]:
        found = ran.result["pipeline"]
        jsonschema.validate(found, load_schema("pipeline"))
        return {task["name"]: task["state"] for stage in found["stages"] for task in stage["tasks"]}

    def live(self) -> dict[str, bytes]:
        root = Path(self.runner.inputs["bucket"].removeprefix("file://"))
        files = {it.relative_to(root).as_posix(): it.read_bytes() for it in root.rglob("*") if it.is_file()}
        return {key: body for key, body in files.items() if not key.startswith(".galleria/")}


def task(text: str) -> str:
    """A pipeline of one stage; each line of ``text`` is a task."""
    return "pipeline:\n  stages:\n    - name: one\n      tasks:\n" + "".join(
        f"        - {it}\n" for it in text.split("\n")
    )
