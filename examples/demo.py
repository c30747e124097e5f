"""A small gallery goes online, changes, breaks and heals, exactly as a workflow would run it.

Everything happens on this machine: an S3 server in this process, a gallery in a temporary folder, and the action's own
``entrypoint.py`` with the variables that GitHub's runner sets. Run it with ``make demo``.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown

from galleria_action.storage import get_s3_client
from tests.builders import Gallery, make_gallery
from tests.servers import ACCESS_KEY, SECRET_KEY, moto_server

ROOT = Path(__file__).resolve().parents[1]
BUCKET = "wedding"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens: ``before`` is done first, then the action runs and has to end with ``exit_code``."""

    title: str
    command: str
    exit_code: int = 0
    before: Callable[[], object] = lambda: None


def main() -> int:
    """Run the demo; 0 when every step ended as it must."""
    console = Console(width=min(Console().width, 120), highlight=False)
    with tempfile.TemporaryDirectory(prefix="galleria-demo-") as folder, moto_server() as endpoint:
        workspace = Path(folder) / "repository"
        gallery = make_gallery(workspace / "prod/pics", photos=5)
        site = workspace / "prod/site"
        site.mkdir()
        (site / "index.html").write_text("<h1>Wedding</h1>", encoding="utf-8")
        client = get_s3_client(endpoint, ACCESS_KEY, SECRET_KEY, "us-east-1")
        client.create_bucket(Bucket=BUCKET)
        lose = gallery.photos[2]["files"]["web"]
        for number, step in enumerate(_story(gallery, lambda: client.delete_object(Bucket=BUCKET, Key=lose)), 1):
            console.rule(f"[bold]{number}. {step.title}")
            step.before()
            exit_code, seconds, summary = _run(step.command, workspace, endpoint)
            console.print(Markdown(_spoken(summary)))
            console.print(f"[dim]command: {step.command} · exit code {exit_code} · {seconds:.1f} s\n")
            if exit_code != step.exit_code:
                console.print(f"[bold red]This step should have ended with {step.exit_code}.")
                return 1
    console.rule("[bold]What happened")
    console.print(Markdown(_THE_END))
    return 0


def _story(gallery: Gallery, lose_an_object: Callable[[], object]) -> list[Step]:
    return [
        Step("What would a deploy do? The plan reads only", "plan"),
        Step("Deploy: five photos and a page go online", "deploy"),
        Step("Plan again: there is nothing to do", "plan"),
        Step("A photo was edited: only that one is uploaded", "deploy", before=lambda: gallery.change(1)),
        Step("Somebody deletes an object: verify fails, as it must", "verify", 4, lose_an_object),
        Step("Deploy again: it heals", "deploy"),
        Step("The edit was not good: it is taken back, and no file is sent for that", "rollback"),
        Step("Which releases there are, and what a rollback to each would do", "history"),
    ]


def _run(command: str, workspace: Path, endpoint: str) -> tuple[int, float, str]:
    """Run the action as the runner does. Returns exit code, seconds and the job summary (Markdown)."""
    outputs, summary = workspace.parent / "output", workspace.parent / "summary"
    outputs.write_text("", encoding="utf-8")
    summary.write_text("", encoding="utf-8")
    inputs = {
        "COMMAND": command,
        "SITE": "prod/site",
        "BUCKET": BUCKET,
        "ENDPOINT": endpoint,
        "ACCESS-KEY": ACCESS_KEY,
        "SECRET-KEY": SECRET_KEY,
        "SETUP-CORS": "true",
    }
    runner = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "push",
        "CI": "true",
        "GITHUB_WORKSPACE": str(workspace),
        "GITHUB_OUTPUT": str(outputs),
        "GITHUB_STEP_SUMMARY": str(summary),
        "PATH": os.environ["PATH"],
    }
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, str(ROOT / "entrypoint.py")],
        env=runner | {f"INPUT_{name}": value for name, value in inputs.items()},
        cwd=workspace,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    seconds = time.monotonic() - started
    return done.returncode, seconds, summary.read_text(encoding="utf-8") or done.stdout.decode()


def _spoken(summary: str) -> str:
    """GitHub shows an alert as a coloured box with this word as its title."""
    return re.sub(r"> \[!(\w+)\]\n> ", lambda alert: f"> **{alert[1].capitalize()}.** ", summary)


_THE_END = """
A gallery of five photos was planned, deployed, found unchanged, changed, damaged, healed and rolled back, on an S3
server over HTTP. Each summary above is what GitHub shows on the page of a workflow's run.

Try next, with a gallery of your own (a folder can be the bucket):

    .venv/bin/python entrypoint.py validate --source path/to/prod/pics
    .venv/bin/python entrypoint.py plan     --source path/to/prod/pics --bucket file:///tmp/my-bucket
    .venv/bin/python entrypoint.py deploy   --source path/to/prod/pics --bucket file:///tmp/my-bucket

Then paste the two workflows of the README into `.github/workflows/`.
"""

if __name__ == "__main__":
    sys.exit(main())
