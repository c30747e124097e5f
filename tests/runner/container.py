"""A job on GitHub's runner, as far as a container action sees it.

Written from the behaviour of actions/runner 2.336 (``ContainerActionHandler``, ``DockerCommandManager``,
``ProcessInvoker``): which folders are mounted where, which variables are set, how a job is cancelled.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from tests.runner_grammar import read_outputs

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
DOCKER = os.environ.get("GALLERIA_DOCKER", "docker")
SOCKET = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")

#: who owns everything on GitHub's own machines; the container runs as root all the same
RUNNER_UID = 1001
#: a cancelled step gets SIGINT, after this SIGTERM, then SIGKILL: seconds
SIGTERM_AFTER, SIGKILL_AFTER = 7.5, 10.0


def the_image() -> str:
    """The image under test; skips the test where there is none, and says why."""
    image = os.environ.get("GALLERIA_IMAGE")
    if not image:
        pytest.skip(os.environ.get("GALLERIA_NO_IMAGE") or "no image was built: run `make test-container`")
    return image


def the_process_image() -> str:
    """That of the action process."""
    the_image()
    return os.environ["GALLERIA_PROCESS_IMAGE"]


def docker(*arguments: str, timeout: float = 60) -> str:
    """What the Docker client prints. Raises ``CalledProcessError``."""
    done = subprocess.run([DOCKER, *arguments], check=True, capture_output=True, text=True, timeout=timeout)
    return done.stdout


@dataclass(frozen=True, slots=True)
class Step:
    """What a step left for the runner to read. Times are seconds after the start of the container's client."""

    exit_code: int
    log: str
    outputs: dict[str, str]
    summary: str
    first_line_after: float
    ended_after: float
    stopped_after: float | None = None


@dataclass
class Job:
    """A job's folders on the machine: ``workspace`` (the checkout), and what the runner keeps beside it."""

    folder: Path
    inputs: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.temp = self.folder / "_temp"
        self.workspace = self.folder / "repository/repository"
        self.commands = self.temp / "_runner_file_commands"
        for path in (self.workspace, self.commands, self.temp / "_github_home", self.temp / "_github_workflow"):
            path.mkdir(parents=True)
        (self.temp / "_github_workflow/event.json").write_text(json.dumps({"ref": "refs/heads/main"}))

    @contextmanager
    def step(self, **env: str) -> Iterator[subprocess.Popen[str]]:
        """The action as a step, running; ``env`` is what the workflow sets. Ended and removed in any case."""
        label = secrets.token_hex(3)
        for kind in ("set_output", "step_summary", "save_state", "set_env", "add_path"):
            (self.commands / f"{kind}_{label}").touch()
        self.label = label
        variables = self._variables(label) | env
        self._give_to_the_runner()
        command = self._command(label, variables)
        client = subprocess.Popen(
            command,
            # names on the command line, values only in the client's own environment
            env=variables | {name: os.environ[name] for name in ("PATH", "DOCKER_HOST") if name in os.environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="strict",
        )
        try:
            yield client
        finally:
            client.kill()
            client.wait()
            assert client.stdout is not None
            client.stdout.close()
            for name in docker("ps", "--all", "--quiet", "--filter", f"label={label}").split():
                subprocess.run([DOCKER, "rm", "--force", name], check=False, capture_output=True)

    def run(self, env: Mapping[str, str] | None = None, cancel_at: Callable[[str], bool] | None = None) -> Step:
        """Run the action; from the first line on for which ``cancel_at`` holds, cancel it as the runner does."""
        started = time.monotonic()
        lines: list[str] = []
        first = cancelled = None
        with self.step(**(env or {})) as client:
            assert client.stdout is not None
            for line in client.stdout:
                first = first or time.monotonic()
                lines.append(line)
                if cancel_at and cancelled is None and cancel_at(line):
                    cancelled = time.monotonic()
                    client.send_signal(signal.SIGINT)
                    lines.append(_after_signal(client, cancelled))
                    break
            exit_code = client.wait(timeout=120)
            ended = time.monotonic()
            left = docker("ps", "--all", "--quiet", "--filter", f"label={self.label}")
            assert not left, "the container is still there"
        return Step(
            exit_code,
            "".join(lines),
            read_outputs((self.commands / f"set_output_{self.label}").read_bytes()),
            (self.commands / f"step_summary_{self.label}").read_text(encoding="utf-8"),
            (first or ended) - started,
            ended - started,
            None if cancelled is None else ended - cancelled,
        )

    def _variables(self, label: str) -> dict[str, str]:
        """The variables that the runner passes: every declared input, given or not, and its own."""
        unknown = self.inputs.keys() - ACTION["inputs"].keys()
        assert not unknown, f"action.yml declares no {unknown}"
        given = {f"INPUT_{name.upper().replace(' ', '_')}": self.inputs.get(name, "") for name in ACTION["inputs"]}
        return given | {
            "HOME": "/github/home",
            "GITHUB_REPOSITORY": "owner/repository",
            "GITHUB_WORKSPACE": "/github/workspace",
            "GITHUB_EVENT_NAME": "push",
            "GITHUB_EVENT_PATH": "/github/workflow/event.json",
            "GITHUB_SERVER_URL": "http://127.0.0.1:9",
            "GITHUB_API_URL": "http://127.0.0.1:9",
            "GITHUB_OUTPUT": f"/github/file_commands/set_output_{label}",
            "GITHUB_STEP_SUMMARY": f"/github/file_commands/step_summary_{label}",
            "GITHUB_STATE": f"/github/file_commands/save_state_{label}",
            "GITHUB_ENV": f"/github/file_commands/set_env_{label}",
            "GITHUB_PATH": f"/github/file_commands/add_path_{label}",
            "RUNNER_TEMP": "/github/runner_temp",
            "RUNNER_WORKSPACE": str(self.folder / "repository"),
            "GITHUB_ACTIONS": "true",
            "CI": "true",
        }

    def _command(self, label: str, variables: Mapping[str, str]) -> list[str]:
        image = the_image()
        names = [argument for name in variables for argument in ("-e", name)]
        mounts = {
            SOCKET: "/var/run/docker.sock",
            self.temp: "/github/runner_temp",
            self.temp / "_github_home": "/github/home",
            self.temp / "_github_workflow": "/github/workflow",
            self.commands: "/github/file_commands",
            self.workspace: "/github/workspace",
        }
        volumes = [argument for host, inside in mounts.items() for argument in ("-v", f"{host}:{inside}")]
        name = f"{''.join(c for c in image if c.isalnum())}_{label}"
        # a job with services gets their network; here it is the host's, where the tests' servers are
        return [
            DOCKER, "run", "--name", name, "--label", label, "--workdir", "/github/workspace", "--rm",
            *names, "--network", "host", *volumes, image,
        ]  # fmt: skip

    def _give_to_the_runner(self) -> None:
        if os.geteuid() != 0:
            return
        for path in (self.folder, *self.folder.rglob("*")):
            os.chown(path, RUNNER_UID, RUNNER_UID, follow_symlinks=False)


def _after_signal(client: subprocess.Popen[str], since: float) -> str:
    """Go on with the cancellation: SIGTERM and SIGKILL at their times. What was printed meanwhile."""
    for when, number in ((SIGTERM_AFTER, signal.SIGTERM), (SIGKILL_AFTER, signal.SIGKILL)):
        try:
            return client.communicate(timeout=since + when - time.monotonic())[0]
        except subprocess.TimeoutExpired:
            client.send_signal(number)
    return client.communicate(timeout=10)[0]


def in_image(*command: str, check: bool = True, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run another command than the action's in the image, without network."""
    names = [argument for name in variables for argument in ("-e", name)]
    entry = ["--entrypoint", command[0]]
    arguments = [DOCKER, "run", "--rm", "--network", "none", *names, *entry, the_image(), *command[1:]]
    env = os.environ | variables
    return subprocess.run(arguments, env=env, check=check, capture_output=True, text=True, timeout=60)
