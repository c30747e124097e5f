"""The image of the action process, as the runner starts it: what it makes belongs to the owner of the workspace."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.runner.container import DOCKER, RUNNER_UID, docker, the_process_image
from tests.studio.photos import photo, put

pytestmark = pytest.mark.container


def run(workspace: Path, *arguments: str, **inputs: str) -> subprocess.CompletedProcess[str]:
    names = {f"INPUT_{name.upper().replace('_', '-')}": value for name, value in inputs.items()}
    names |= {"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": "/github/workspace"}
    given = [word for name, value in names.items() for word in ("--env", f"{name}={value}")]
    place = ["--volume", f"{workspace}:/github/workspace", "--workdir", "/github/workspace", "--network", "none"]
    command = [DOCKER, "run", "--rm", *place, *given, the_process_image(), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_a_gallery_and_a_site_are_made_and_given_to_the_owner(tmp_path: Path) -> None:
    for number in range(3):
        put(tmp_path, f"originals/{number}.jpg", photo(size=(640, 480), seed=number))
    subprocess.run(["chown", "-R", f"{RUNNER_UID}:{RUNNER_UID}", tmp_path], check=True)
    done = run(tmp_path, "process", originals="originals", site="generate", avif="true", duplicates="warn")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list((tmp_path / "prod/pics/thumb").iterdir())) == 3
    assert (tmp_path / "prod/site/index.html").is_file()
    assert {path.lstat().st_uid for path in tmp_path.rglob("*")} == {RUNNER_UID}
    again = run(tmp_path, "process", originals="originals", site="generate", avif="true", duplicates="warn")
    assert "Nothing to do" in again.stdout, again.stdout


def test_heic_and_the_fast_decoder_are_in_it() -> None:
    code = "import pyvips, pi_heif; print(pyvips.__version__)"
    place = ["--rm", "--network", "none", "--entrypoint", "/opt/venv/bin/python"]
    assert docker("run", *place, the_process_image(), "-c", code).strip()
