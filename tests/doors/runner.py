"""Runs the action the way GitHub's runner does: inputs in the environment, files for outputs and summary."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from galleria_action.deployment.stop import Stop
from galleria_action.run import World, run
from galleria_action.storage.interface import (
    DOCUMENT,
    Body,
    Condition,
    Headers,
    ObjectHead,
    StoredObject,
    Target,
    WriteStore,
)
from galleria_action.storage.opening import open_store
from galleria_action.storage.settings import StoreSettings
from galleria_action.storage.wrappers import RecordingStore
from tests.runner_grammar import read_outputs
from tests.servers import ACCESS_KEY, SECRET_KEY

ROOT = Path(__file__).parents[2]


#: every output of the contract
OUTPUTS = frozenset({
    "success", "dry-run", "changed", "mode", "plan-id", "plan-file", "shards", "result-file", "report-file",
    "photos-to-upload",
    "photos-to-delete", "photos-unchanged", "photos-with-position",
    "bytes-to-upload", "photos-uploaded", "photos-deleted", "files-uploaded",
    "files-skipped", "bytes-uploaded", "metadata-uploaded", "consistent", "missing-files", "orphaned-files",
    "mismatched-files", "duplicates", "release-id", "previous-release", "preview-url", "purge-owed", "probe",
    "pipeline-id", "url", "failure-reason", "message",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run left for the runner to read."""

    exit_code: int
    log: str
    outputs: dict[str, str]
    summary: str
    result: dict[str, Any]


@dataclass
class Runner:
    """A job with a workspace, one target and inputs that stay the same over its steps."""

    workspace: Path
    inputs: dict[str, str]
    opener: Callable[[StoreSettings], WriteStore] = open_store
    step: int = 0
    #: more of the environment: what started the run, and where GitHub's API is
    event: dict[str, str] = field(default_factory=dict)

    def environment(self, inputs: dict[str, str]) -> dict[str, str]:
        """What the runner passes into a container, and nothing of this machine's own AWS configuration."""
        self.step += 1
        commands = self.workspace.parent / f"{self.workspace.name}-file_commands-{self.step}"
        commands.mkdir()
        (commands / "output").touch()
        (commands / "summary").touch()
        given = {f"INPUT_{name.upper()}": value for name, value in (self.inputs | inputs).items()}
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": "push",
            "CI": "true",
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_OUTPUT": str(commands / "output"),
            "GITHUB_STEP_SUMMARY": str(commands / "summary"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            **self.event,
            **given,
        }

    def process(self, command: str, **inputs: str) -> Ran:
        """Run ``entrypoint.py`` as a process of its own."""
        environ = self.environment({"command": command} | _names(inputs))
        done = subprocess.run(
            [sys.executable, str(ROOT / "entrypoint.py")],
            env=environ | {"PATH": os.environ["PATH"]},
            cwd=self.workspace,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        return self._ran(done.returncode, done.stdout, environ)

    def run(self, command: str, stop: Stop | None = None, **inputs: str) -> Ran:
        """The same inside this process, with ``opener`` for the storage."""
        environ = self.environment({"command": command} | _names(inputs))
        log = io.StringIO()
        world = World(environ, self.workspace, log, log, stop or Stop(), self.opener)
        return self._ran(run([], world), log.getvalue(), environ)

    def _ran(self, exit_code: int, log: str, environ: dict[str, str]) -> Ran:
        written = self.workspace / "galleria-result.json"
        result = json.loads(written.read_text(encoding="utf-8")) if written.exists() else {}
        written.unlink(missing_ok=True)
        return Ran(
            exit_code,
            log,
            read_outputs(Path(environ["GITHUB_OUTPUT"]).read_bytes()),
            Path(environ["GITHUB_STEP_SUMMARY"]).read_text(encoding="utf-8"),
            result,
        )


def _names(inputs: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in inputs.items()}


def s3_inputs(settings: StoreSettings) -> dict[str, str]:
    """The inputs for a bucket on the test server."""
    return {
        "bucket": settings.target.bucket,
        "prefix": settings.target.prefix,
        "endpoint": settings.target.endpoint or "",
        "access-key": ACCESS_KEY,
        "secret-key": SECRET_KEY,
        "cors": "skip",
    }


class Watched(RecordingStore):
    """A recording store that asks ``before(operation, key)`` first, which may raise or interfere.

    ``writes`` are the mutating requests that succeeded, in order: a conditional write that the store refuses to try
    is not one.
    """

    def __init__(self, store: WriteStore, before: Callable[[str, str], None]) -> None:
        super().__init__(store)
        self.writes: list[tuple[str, str]] = []
        self._before = before

    def get(self, key: str, most: int = DOCUMENT) -> StoredObject | None:
        self._before("get", key)
        return super().get(key, most)

    def head(self, key: str) -> ObjectHead | None:
        self._before("head", key)
        return super().head(key)

    def put(self, key: str, body: bytes, headers: Headers, condition: Condition | None = None) -> str:
        self._before("put", key)
        etag = super().put(key, body, headers, condition)
        self.writes.append(("put", key))
        return etag

    async def put_later(self, key: str, body: Body, headers: Headers) -> str:
        self._before("put", key)
        etag = await super().put_later(key, body, headers)
        self.writes.append(("put", key))
        return etag

    def copy(self, source: str, key: str, headers: Headers | None = None, origin: Target | None = None) -> str:
        etag = super().copy(source, key, headers, origin)
        self.writes.append(("copy", key))
        return etag

    def delete(self, keys: Any) -> dict[str, str]:
        named = list(keys)
        for key in named:
            self._before("delete", key)
        errors = super().delete(named)
        self.writes.extend(("delete", key) for key in named if key not in errors)
        return errors


#: the operations of a store that write
MUTATING = {"put", "delete", "copy"}
