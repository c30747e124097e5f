"""Files that change under a running deploy, files that are none, and disks that are full."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.doors.conftest import Job, make_job
from tests.doors.runner import ROOT
from tests.doors.test_sequence import store_of
from tests.reliability.memory import MemoryStore
from tests.reliability.mortal import Fate
from tests.reliability.scenes import (
    METADATA_KEY,
    Scene,
    apart_from_releases,
    check_nothing_deleted,
    check_whole,
    make_scene,
    seed,
    state_of,
)

__all__ = ("make_job",)  # a fixture of another folder


@pytest.fixture(params=["changes", "directory"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Scene:
    return make_scene(request.param, tmp_path / "workspace", MemoryStore)


def replaced_by_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


def replaced_by_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def replaced_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def same_size(path: Path) -> None:
    path.write_bytes(path.read_bytes()[::-1])


CHANGES: dict[str, Callable[[Path], None]] = {
    "same size": same_size,
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"x"),
    "truncated": lambda path: os.truncate(path, 10),
    "emptied": lambda path: os.truncate(path, 0),
    "removed": Path.unlink,
    "a link": replaced_by_link,
    "a pipe": replaced_by_pipe,
    "a folder": replaced_by_folder,
}


def last_to_go(scene: Scene) -> Path:
    """A file that the deploy uploads, but not as its first."""
    if scene.gallery.metadata_path.exists():
        return scene.gallery.local_path(len(scene.gallery.photos) - 1, "thumb")
    return sorted((scene.gallery.source / "full").iterdir())[1]


@pytest.mark.parametrize("change", CHANGES)
def test_changed_between_plan_and_upload(scene: Scene, change: str):
    """Nothing but the planned bytes goes online, and nothing is committed; restored, the deploy goes on."""
    undisturbed = MemoryStore()
    seed(undisturbed, scene.before)
    assert scene.deploy(undisturbed).exit_code == 0
    store, path = MemoryStore(), last_to_go(scene)
    seed(store, scene.before)
    content = path.read_bytes()
    fate = Fate(before=lambda number: CHANGES[change](path) if number == 1 else None)
    ran = scene.deploy(store, fate)
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (3, "gallery-invalid"), ran.log
    assert path.stem in ran.log
    assert "Traceback" not in ran.log
    now = state_of(store)
    check_whole(now, scene.before, state_of(undisturbed))
    check_nothing_deleted(now, scene.before)
    assert not scene.committed(now)
    assert not [it for it in store.objects.values() if b"root:" in it.body]

    path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
    path.write_bytes(content)
    assert scene.deploy(store).exit_code == 0
    assert apart_from_releases(state_of(store)) == apart_from_releases(state_of(undisturbed))


def a_loop(path: Path) -> None:
    path.symlink_to(path.name)


def a_device(path: Path) -> None:
    try:
        os.mknod(path, 0o600 | 0o020000, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root may make a device")


def unreadable(path: Path) -> None:
    path.write_bytes(b"x")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("root may read everything")


@pytest.mark.parametrize("make", [a_loop, a_device, os.mkfifo, Path.mkdir, unreadable])
def test_what_is_no_readable_file_is_refused_before_anything_is_written(tmp_path: Path, make: Callable[[Path], None]):
    scene = make_scene("changes", tmp_path / "workspace", MemoryStore)
    path = scene.gallery.local_path(1, "web")
    path.unlink()
    make(path)
    fate = Fate()
    ran = scene.deploy(MemoryStore(), fate)
    assert ran.exit_code == 3
    assert scene.gallery.photos[1]["id"] in ran.log
    assert fate.attempts == 0


@pytest.mark.parametrize("make", [a_loop, a_device, os.mkfifo, unreadable])
def test_in_a_folder_of_photos_and_in_a_site_too(tmp_path: Path, make: Callable[[Path], None]):
    for name, folder in (("directory", "prod/pics/web"), ("changes", "prod/site")):
        scene = make_scene(name, tmp_path / name, MemoryStore)
        make(tmp_path / name / folder / "odd.jpg")
        fate = Fate()
        ran = scene.deploy(MemoryStore(), fate)
        assert ran.exit_code == 3, ran.log
        assert "odd.jpg" in ran.log
        assert fate.attempts == 0


# -- full disks --------------------------------------------------------------------------------------------------------


def run_with(job: Job, stdout: int | None = None, full: bool = False, **environ: str) -> subprocess.CompletedProcess:
    """The deploy as a process; ``full`` lets it write no file at all."""
    return subprocess.run(
        [sys.executable, str(ROOT / "entrypoint.py")],
        env=job.runner.environment({"command": "deploy"}) | {"PATH": os.environ["PATH"]} | environ,
        cwd=job.workspace,
        stdin=subprocess.DEVNULL,
        stdout=stdout or subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))) if full else None,
    )


def test_outputs_and_summary_on_a_full_disk(make_job):
    """Later steps would miss the outputs, so the run is red; what it did is done all the same."""
    job = make_job("s3")
    done = run_with(job, GITHUB_OUTPUT="/dev/full", GITHUB_STEP_SUMMARY="/dev/full")
    assert done.returncode == 2, done.stdout
    assert "could not be written" in done.stdout
    assert "the new gallery is live" in done.stdout
    assert store_of(job).head(METADATA_KEY)


def test_a_log_on_a_full_disk_does_not_stop_a_deploy_half_way(make_job):
    job = make_job("s3")
    with Path("/dev/full").open("w") as full:
        done = run_with(job, stdout=full.fileno())
    assert (done.returncode, done.stderr) == (0, "")
    assert store_of(job).head(METADATA_KEY)


def test_a_workspace_on_a_full_disk_does_not_stop_a_deploy(make_job):
    """Neither plan nor outputs can be written down; that is told, and later steps must not take it for a success."""
    job = make_job("s3")
    done = run_with(job, full=True)
    assert done.returncode == 2, done.stdout
    assert "galleria-plan.json" in done.stdout
    assert "The run itself went well" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert store_of(job).head(METADATA_KEY)


def test_a_result_that_cannot_be_written_changes_nothing(make_job):
    job = make_job("s3")
    (job.workspace / "file").write_text("no folder", encoding="utf-8")
    ran = job.runner.run("deploy", result_file="file/result.json")
    assert ran.exit_code == 0
    assert "file/result.json" in ran.log
    assert ran.outputs["result-file"] == ""
