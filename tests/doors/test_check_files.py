"""An edited photo whose metadata was not made anew is refused, or published: never passed over in silence."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from galleria_action.gallery.local.files import LocalFile, Opened
from galleria_action.gallery.metadata.model import Variant
from tests.doors.job import Job
from tests.doors.test_failures import failed
from tests.doors.test_sequence import ok
from tests.gallery.test_git_index import git


@pytest.fixture
def online(make_job) -> Job:
    job: Job = make_job()
    ok(job.runner.run("deploy"))
    return job


def edit(path: Path, *, same_size: bool, keep_time: bool = False) -> None:
    """Another picture, as far as hashes can tell."""
    before, raw = path.stat(), bytearray(path.read_bytes())
    if same_size:
        raw[-10] ^= 1
    else:
        raw += b"\0edited"
    path.write_bytes(raw)
    if keep_time:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    else:
        later = time.time_ns() + 10**9
        os.utime(path, ns=(later, later))


@pytest.mark.parametrize("same_size", [True, False])
@pytest.mark.parametrize("command", ["validate", "plan", "deploy"])
def test_an_edited_photo_is_named(online: Job, command: str, same_size: bool):
    edit(online.gallery.local_path(1, "full"), same_size=same_size)
    ran = online.runner.run(command)
    failed(ran, "gallery-invalid")
    assert online.gallery.local_path(1, "full").name in ran.log
    assert "file_hash" in ran.log


def test_a_plan_does_not_promise_what_a_deploy_refuses(make_job):
    job = make_job()
    edit(job.gallery.local_path(1, "full"), same_size=True, keep_time=True)
    failed(job.runner.run("plan"), "gallery-invalid")
    failed(job.runner.run("deploy"), "gallery-invalid")


@pytest.mark.parametrize(
    ("mode", "same_size", "found"),
    [("hash", True, True), ("size", False, True), ("size", True, False), ("off", False, False)],
)
def test_what_is_asked_for_is_what_is_done(online: Job, mode: str, same_size: bool, found: bool):
    edit(online.gallery.local_path(1, "full"), same_size=same_size, keep_time=True)
    ran = online.runner.run("deploy", check_files=mode)
    assert (ran.exit_code == 3) is found, ran.log
    assert online.runner.run("validate", check_files=mode).exit_code == (3 if mode == "hash" else 0)


def test_what_is_too_much_to_be_read_is_said(online: Job, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("galleria_action.usecases.parts.files.MOST_BYTES", 1)
    edit(online.gallery.local_path(1, "full"), same_size=True)
    ran = online.runner.run("deploy")
    ok(ran)
    assert "1 photo may have changed since the metadata was made" in ran.log


@pytest.mark.skipif(shutil.which("git") is None, reason="makes a checkout with git")
def test_in_a_checkout_nothing_is_read_to_learn_that_nothing_changed(online: Job, monkeypatch: pytest.MonkeyPatch):
    now = time.time_ns()
    for age, path in (
        (20, online.gallery.metadata_path),
        *((10, it) for it in (online.gallery.source / "full").iterdir()),
    ):
        os.utime(path, ns=(now, now - age * 10**9))  # a checkout may write the photos after the metadata
    track(online)
    monkeypatch.setattr("galleria_action.usecases.parts.files.MOST_BYTES", 0)
    read: list[str] = []

    def reading(file: LocalFile) -> AbstractContextManager[int]:
        read.append(file.key)
        return Opened(file)

    monkeypatch.setattr("galleria_action.gallery.local.examine.Opened", reading)
    for command in ("plan", "deploy"):
        ran = online.runner.run(command)
        ok(ran)
        assert "may have changed" not in ran.log
        assert ran.outputs["photos-unchanged"] == str(len(online.gallery.photos))
    assert read == []
    ok(online.runner.run("plan", check_files="hash"))
    assert len(read) > 3 * len(online.gallery.photos), "all of them, where that is asked for"


@pytest.mark.skipif(shutil.which("git") is None, reason="makes a checkout with git")
@pytest.mark.parametrize("variant", ["web", "thumb"])
def test_a_small_picture_that_was_made_anew_is_seen_by_its_id(online: Job, variant: Variant):
    edit(online.gallery.local_path(1, variant), same_size=True, keep_time=True)
    track(online)
    ran = online.runner.run("plan")
    ok(ran)
    assert ran.outputs["photos-to-upload"] == "1"


@pytest.mark.skipif(shutil.which("git") is None, reason="makes a checkout with git")
def test_a_pointer_is_not_taken_for_the_file_that_was_deployed(online: Job):
    thumb = online.gallery.local_path(1, "thumb")
    body = thumb.read_bytes()
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n"
    thumb.write_bytes(pointer % (hashlib.sha256(body).hexdigest().encode(), len(body)))
    track(online)
    ran = online.runner.run("deploy")
    failed(ran, "gallery-invalid")
    assert "Git LFS" in ran.log


def track(job: Job) -> None:
    git(job.workspace, "init", "-q")
    git(job.workspace, "add", "-A")


@pytest.mark.skipif(shutil.which("git") is None, reason="makes a checkout with git")
def test_an_edit_that_was_committed_is_found_by_its_id(online: Job):
    edit(online.gallery.local_path(1, "full"), same_size=True, keep_time=True)
    track(online)
    failed(online.runner.run("deploy"), "gallery-invalid")
