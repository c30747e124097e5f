"""GitHub's workflows in nektos/act, which runs them in containers on this machine: jobs, matrices, conditions, outputs.

The action is the image under test. What it talks to is ours: an S3 server, and a GitHub. Other people's actions are
stand-ins (``STAND_INS``), because nothing is fetched; ``actions/checkout`` is act's own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml

from galleria_action.storage import get_s3_client
from tests.builders import make_gallery
from tests.fake_github import REPOSITORY, TOKEN, FakeGitHub, fake_github
from tests.runner.container import ROOT, SOCKET, the_image, the_process_image
from tests.servers import ACCESS_KEY, SECRET_KEY, moto_server

PINNED = Path(__file__).parent / "act-requirements.txt"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "galleria-tests"
NUMBER = 12
HEAD = "a1" * 20
_NUMBERS = count(1)

#: what a stand-in for somebody else's action does
STAND_INS = {
    "aws-actions/configure-aws-credentials": f"""
echo AWS_ACCESS_KEY_ID={ACCESS_KEY} >>"$GITHUB_ENV"
echo AWS_SECRET_ACCESS_KEY={SECRET_KEY} >>"$GITHUB_ENV"
echo AWS_ENDPOINT_URL_S3="$TEST_ENDPOINT" >>"$GITHUB_ENV"
""",
    "actions/upload-artifact": 'echo "uploaded ${{ inputs.path }}"; test -s "${{ inputs.path }}"',
    "actions/cache": "true",
    "actions/download-artifact": 'echo "## Planned" >galleria-comment.md',
}


@cache
def act() -> str:
    """The program, installed on demand. Skips the test where it cannot be installed, and says why."""
    the_image()
    place = CACHE / "act"
    program = place / "bin/act"
    if not program.exists():
        made = [sys.executable, "-m", "venv", str(place)]
        install = [str(place / "bin/pip"), "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        for command in (made, [*install, "-r", str(PINNED)]):
            done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
            if done.returncode:
                shutil.rmtree(place, ignore_errors=True)
                pytest.skip(f"nektos/act could not be installed: {done.stderr.strip().splitlines()[-1]}")
    return str(program)


@dataclass
class Repository:
    """A repository with a gallery, its bucket and its GitHub, and runs of its workflows."""

    folder: Path
    endpoint: str
    bucket: str
    github: FakeGitHub
    client: Any
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def workspace(self) -> Path:
        return self.folder / "repository"

    def workflow(self, name: str, text: str) -> None:
        """Add a workflow. Addresses of services that are written into it become those of this machine."""
        text = re.sub(r"(endpoint: )https://\S+.*", rf"\1{self.endpoint}", text)
        text = text.replace("https://photos.example.org", f"{self.endpoint}/{self.bucket}")
        path = self.workspace / ".github/workflows" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def run(self, event: str, payload: Any, *, secrets: bool = True) -> subprocess.CompletedProcess[str]:
        """Let ``event`` start what it starts. A fork's run gets neither secrets nor variables, and may not write."""
        self.github.may_write = {"comments", "deployments"} if secrets else set()
        self.commit()
        (self.folder / "event.json").write_text(json.dumps(payload), encoding="utf-8")
        given = {"GALLERY_ACCESS_KEY": ACCESS_KEY, "GALLERY_SECRET_KEY": SECRET_KEY} if secrets else {}
        variables = (
            {"GALLERY_BUCKET": self.bucket, "GALLERY_ENDPOINT": self.endpoint, **self.variables} if secrets else {}
        )
        env = {
            "GITHUB_API_URL": self.github.api,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_RUN_ID": "77",
            "TEST_ENDPOINT": self.endpoint,
        }
        command = [
            act(), event, "--eventpath", str(self.folder / "event.json"), "--directory", str(self.workspace),
            "--pull=false", "--rm", "--concurrent-jobs", "2", "--container-daemon-socket", "-",
            "-P", f"ubuntu-latest={job_image()}", "-P", f"self-hosted={job_image()}",
            *(part for name, value in (given | {"GITHUB_TOKEN": TOKEN}).items() for part in ("-s", f"{name}={value}")),
            *(part for name, value in variables.items() for part in ("--var", f"{name}={value}")),
            *(part for name, value in env.items() for part in ("--env", f"{name}={value}")),
            *(part for at, place in self._actions().items() for part in ("--local-repository", f"{at}={place}")),
        ]  # fmt: skip
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        return subprocess.run(
            command,
            env={"PATH": os.environ["PATH"], "HOME": str(home), "DOCKER_HOST": f"unix://{SOCKET}"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )

    def commit(self) -> None:
        """Commit what is in the workspace."""
        git = ["git", "-C", str(self.workspace), "-c", "user.name=x", "-c", "user.email=x@example.org"]
        for arguments in (
            ["init", "--quiet", "--initial-branch", "main"],
            ["add", "--all"],
            ["commit", "--quiet", "--allow-empty", "--message", "x"],
            ["config", "remote.origin.url", f"https://github.com/{REPOSITORY}"],
        ):
            subprocess.run([*git, *arguments], check=True, capture_output=True)

    def _actions(self) -> dict[str, Path]:
        """Where the actions are that the workflows use, by the name that they are used under."""
        places = {"galleria-action/galleria-action@v1": self._own_actions()}
        for workflow in (self.workspace / ".github/workflows").iterdir():
            for used in re.findall(r"uses: (\S+@\S+)", workflow.read_text(encoding="utf-8")):
                if (name := used.partition("@")[0]) in STAND_INS:
                    places[used] = self._stand_in(name)
        return places

    def _own_actions(self) -> Path:
        """Both actions as a release has them: they name images."""
        for name, image in (("process/", the_process_image()), ("", the_image())):
            action = yaml.safe_load((ROOT / name / "action.yml").read_text(encoding="utf-8"))
            runs = action["runs"] | {"image": f"docker://{image}"}
            place = self._written(f"own/{name}", action | {"runs": runs})
        return place

    def _stand_in(self, name: str) -> Path:
        steps = [{"shell": "bash", "run": STAND_INS[name]}]
        inputs = {one: {"required": False} for one in ("path", "name", "run-id", "retention-days", "github-token")}
        inputs |= {one: {"required": False} for one in ("role-to-assume", "aws-region", "key", "restore-keys")}
        runs = {"using": "composite", "steps": steps}
        return self._written(name.replace("/", "-"), {"name": name, "description": "x", "inputs": inputs, "runs": runs})

    def _written(self, name: str, action: dict[str, Any]) -> Path:
        place = self.folder / "actions" / name
        place.mkdir(parents=True, exist_ok=True)
        (place / "action.yml").write_text(yaml.safe_dump(action), encoding="utf-8")
        return place

    def config(self, text: str) -> None:
        """``galleria.yml`` as the comment at the head of an example has it, with two buckets of this machine."""
        lines = re.findall(r"^#   (.*)$", text.partition("# galleria.yml:\n")[2], re.MULTILINE)
        text = re.sub(r"(endpoint: )https://\S+", rf"\1{self.endpoint}", "\n".join(lines))
        for name in ("staging", "production"):
            bucket = f"{self.bucket}-{name}"
            self.client.create_bucket(Bucket=bucket)
            anybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
            policy = {"Version": "2012-10-17", "Statement": [anybody | {"Resource": f"arn:aws:s3:::{bucket}/*"}]}
            self.client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
            text = re.sub(
                rf"({name}: {{.*bucket: )[^,]+(, public-url: )\S+", rf"\1{bucket}\2'{self.endpoint}/{bucket}'", text
            )
        (self.workspace / "galleria.yml").write_text(f"{text}\n", encoding="utf-8")

    def shown(self, environment: str) -> dict[str, bytes]:
        """What visitors of an environment of ``config`` get."""
        bucket = f"{self.bucket}-{environment}"
        listed = self.client.list_objects_v2(Bucket=bucket).get("Contents", [])
        keys = [found["Key"] for found in listed if not found["Key"].startswith((".galleria/", "slots/"))]
        return {key: self.client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}

    def keys(self, prefix: str = "") -> set[str]:
        """What is in the bucket, without our own records."""
        listed = self.client.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return {found["Key"] for found in listed if ".galleria/" not in found["Key"]}


def job_image() -> str:
    """What jobs run in: it has bash, and that is enough, since all actions are containers or shell."""
    return re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)[-1]


@contextmanager
def repository(folder: Path) -> Iterator[Repository]:
    """A repository with three photos and a page; its bucket is empty."""
    with moto_server() as endpoint, fake_github() as github:
        client = get_s3_client(endpoint, ACCESS_KEY, SECRET_KEY, "us-east-1")
        # the server keeps what it holds for as long as this process lives
        bucket = f"wedding-{next(_NUMBERS)}"
        client.create_bucket(Bucket=bucket)
        made = Repository(folder, endpoint, bucket, github, client)
        for top in ("prod", "wedding", "holiday"):
            make_gallery(made.workspace / top / "pics", 3)
            (made.workspace / top / "site").mkdir()
            (made.workspace / top / "site/index.html").write_text("<h1>Wedding</h1>", encoding="utf-8")
        yield made


def pushed() -> dict[str, Any]:
    """The payload of a push to main."""
    return {"ref": "refs/heads/main", "after": HEAD, "repository": {"full_name": REPOSITORY}}


def pull_request(*, fork: bool = False) -> dict[str, Any]:
    """The payload of a pull request."""
    head = {"sha": HEAD, "ref": "more", "repo": {"full_name": "somebody/wedding" if fork else REPOSITORY, "fork": fork}}
    base = {"ref": "main", "repo": {"full_name": REPOSITORY}}
    return {
        "action": "synchronize",
        "number": NUMBER,
        "pull_request": {"number": NUMBER, "head": head, "base": base},
        "repository": {"full_name": REPOSITORY},
    }
