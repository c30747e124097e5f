"""The command line as a person uses it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import make_gallery
from tests.doors.runner import ROOT

PLAIN = {"PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true"}


def galleria(*args: str, cwd: Path, **options) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "entrypoint.py"), *args]
    return subprocess.run(
        command, cwd=cwd, env=PLAIN, capture_output=True, text=True, timeout=60, check=False, **options
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_gallery(tmp_path / "prod/pics", 2)
    return tmp_path


def test_help_runs_nothing(folder: Path):
    done = galleria("deploy", "--help", cwd=folder)
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: galleria-action deploy [OPTIONS]")
    assert "Error" not in done.stdout + done.stderr


def test_without_a_command_there_is_help_and_no_deploy(folder: Path):
    done = galleria(cwd=folder)
    assert done.returncode == 2
    assert "Commands:" in done.stdout + done.stderr


def test_mistakes_are_told_once_each(folder: Path):
    done = galleria("plan", "--bukcet", "x", "--concurrency", "0", cwd=folder)
    assert done.returncode == 2
    assert done.stdout.count("--bukcet: no such option; is --bucket meant?") == 1
    assert done.stdout.count("concurrency: '0'") == 1
    assert "bucket: not given" not in done.stdout, "the mistyped option was to give it"
    assert "See `galleria-action plan --help`" in done.stdout
    assert "::" not in done.stdout


def test_reports_are_written_only_where_asked_for(folder: Path, tmp_path: Path):
    assert galleria("deploy", "--bucket", f"file://{tmp_path}/bucket", cwd=folder).returncode == 0
    assert not list(folder.glob("galleria-*.json"))
    assert (
        galleria("plan", "--bucket", f"file://{tmp_path}/bucket", "--plan-file", "my.json", cwd=folder).returncode == 0
    )
    assert (folder / "my.json").exists()


def test_nobody_reading_the_log_does_not_stop_a_deploy(folder: Path, tmp_path: Path):
    """``galleria-action deploy … | head -1`` is a deploy."""
    command = [sys.executable, str(ROOT / "entrypoint.py"), "deploy", "--bucket", f"file://{tmp_path}/bucket"]
    read, write = os.pipe()
    with subprocess.Popen(command, cwd=folder, env=PLAIN, stdout=write, stderr=subprocess.PIPE) as process:
        os.close(write)
        os.close(read)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert errors == b""
    assert (tmp_path / "bucket/gallery-metadata.json").exists()


def test_a_gallery_outside_of_the_current_folder(folder: Path, tmp_path: Path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    bucket = f"file://{tmp_path}/bucket"
    done = galleria("deploy", "--source", str(folder / "prod/pics"), "--bucket", bucket, cwd=elsewhere)
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "bucket/gallery-metadata.json").exists()
