"""Shards that die, run twice, heal what was lost, or meet each other; and a last job that dies: what is run again is
enough, and ends in the same bytes as one undisturbed deploy."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from galleria_action.deployment import shards
from galleria_action.deployment.shards import Shard
from galleria_action.deployment.state import checkpoint
from galleria_action.deployment.stop import Stop
from galleria_action.storage.interface import Headers
from tests.builders import make_gallery
from tests.doors.conftest import make_job
from tests.doors.job import Job
from tests.doors.runner import ROOT, Ran
from tests.reliability.deaths import Death, deaths_of
from tests.reliability.fleet import Fleet, killed
from tests.reliability.memory import MemoryStore
from tests.reliability.moments import slow
from tests.reliability.mortal import Fate, no_answer
from tests.reliability.scenes import (
    MANIFEST_KEY,
    METADATA_KEY,
    apart_from_releases,
    check_nothing_deleted,
    check_whole,
    make_scene,
    seed,
    state_of,
)
from tests.s3 import ACCESS_KEY, BUCKET, SECRET_KEY, FakeS3, Request

__all__ = ("make_job",)  # a fixture of another folder


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two files are worth a machine, and each is written down at once."""
    monkeypatch.setattr(shards, "FILES_EACH", 2)
    monkeypatch.setattr(checkpoint, "EVERY_FILES", 1)


def make_fleet(tmp_path: Path, name: str, *, change: bool = True, **store: bool) -> Fleet:
    """A scene in a bucket in memory, not planned yet."""
    scene = make_scene(name, tmp_path / "workspace", MemoryStore, change=change)
    fleet = Fleet(scene, MemoryStore(**store))
    seed(fleet.store, scene.before)
    return fleet


def moments(fleet: Fleet, job: Callable[[Fate], Ran], least: int = 4) -> Iterator[Death]:
    """Have ``job``, which writes ``least`` times or more, die at each moment, each time from the same bucket."""
    assert isinstance(fleet.store, MemoryStore)
    died = deaths_of(job, fleet.store)
    assert len(died) > least
    for death in died:
        fleet.store = death.store
        yield death


# -- killed anywhere -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["changes", "first", "directory-first"])
def test_a_shard_killed_at_every_request(small: None, tmp_path: Path, name: str):
    fleet = make_fleet(tmp_path, name)
    alone = fleet.alone()
    fleet.plan()
    fleet.upload(["1/3", "3/3"])
    before = state_of(fleet.store)
    for death in moments(fleet, lambda fate: fleet.shard("2/3", fate)):
        check_nothing_deleted(state_of(fleet.store), before)
        sent = sum(key.startswith("photos/") for _, key in death.writes)
        refused = fleet.finalize()
        assert (refused.exit_code, refused.outputs["failure-reason"]) in ((10, "upload-failed"), (0, "")), refused.log
        if refused.exit_code:
            assert "shard 2/3" in refused.result["findings"][0]["message"]
            assert not fleet.scene.committed(state_of(fleet.store))
            again = fleet.shard("2/3")
            assert again.exit_code == 0
            assert int(again.outputs["files-skipped"]) >= sent
            assert fleet.done() == alone
        else:
            assert death.writes[-1][1] == fleet.report_key("2/3"), "only the very last answer may be lost"
            assert apart_from_releases(state_of(fleet.store)) == alone


@pytest.mark.parametrize(
    "name", ["changes", "site-only", *slow("first", "directory", "directory-first", "photos-only")]
)
def test_the_last_job_killed_at_every_request(small: None, tmp_path: Path, name: str):
    """Before its record, between record and commit, between commit and deletes, while it clears up: run again, it goes
    on from there."""
    fleet = make_fleet(tmp_path, name)
    alone = fleet.alone()
    fleet.plan()
    fleet.upload()
    before = state_of(fleet.store)
    for _ in moments(fleet, fleet.finalize):
        now = state_of(fleet.store)
        check_whole(now, before, alone)
        if not fleet.scene.committed(now):
            check_nothing_deleted(now, before)
        assert fleet.done() == alone


@pytest.mark.slow
def test_the_last_job_killed_twice(small: None, tmp_path: Path):
    """At each request, and again at the same number of requests from there."""
    fleet = make_fleet(tmp_path, "changes")
    alone = fleet.alone()
    fleet.plan()
    fleet.upload()
    for number, _ in enumerate(moments(fleet, fleet.finalize)):
        killed(fleet.finalize, Fate(max(1, number // 2), "unanswered" if number else "lost"))
        assert fleet.done() == alone


@pytest.mark.parametrize("orphans", ["ignore", "delete"])
def test_orphans_are_deleted_by_the_last_job_wherever_it_was_killed(small: None, tmp_path: Path, orphans: str):
    fleet = make_fleet(tmp_path, "photos-only")
    fleet.inputs["orphans"] = orphans
    for number in range(3):
        fleet.store.put(f"photos/full/orphan{number}.jpg", b"x", Headers("image/jpeg"))
    alone = fleet.alone()
    fleet.plan()
    fleet.upload()
    for _ in moments(fleet, fleet.finalize):
        assert fleet.done() == alone


def test_what_is_left_is_no_licence_for_more(small: None, tmp_path: Path):
    """A last job dies after its record; then another photo is removed: that was never approved."""
    fleet = make_fleet(tmp_path, "changes")
    fleet.plan()
    fleet.upload()
    store = fleet.store
    assert isinstance(store, MemoryStore)
    before, undisturbed = dict(store.objects), Fate()
    fleet.finalize(undisturbed)
    store.objects = before
    fate = Fate(undisturbed.writes.index(("put", MANIFEST_KEY)) + 2)
    killed(fleet.finalize, fate)
    assert fate.writes[-1] == ("put", MANIFEST_KEY)
    fleet.scene.gallery.remove(0)
    refused = fleet.finalize()
    assert (refused.exit_code, refused.outputs["failure-reason"]) == (9, "plan-changed")
    assert not fleet.scene.committed(state_of(fleet.store))


@pytest.mark.parametrize("name", ["changes", *slow("directory-first")])
@pytest.mark.parametrize("job", ["2/3", "finalize"])
def test_stopped_at_every_request(small: None, tmp_path: Path, name: str, job: str):
    fleet = make_fleet(tmp_path, name)
    alone = fleet.alone()
    fleet.plan()
    fleet.upload(["1/3", "3/3"] if job == "2/3" else None)
    before = state_of(fleet.store)
    for number in range(1, 40):
        fleet.store = MemoryStore()
        seed(fleet.store, before)
        stop = Stop()
        fate = Fate(before=lambda at, number=number, stop=stop: stop.request(15) if at == number else None)
        ran = fleet.shard(job, fate, stop) if job == "2/3" else fleet.finalize(fate, stop)
        if fate.attempts < number:
            break
        assert ran.exit_code in (0, 143), ran.log
        if job == "2/3":
            if ran.exit_code:
                assert fleet.report("2/3").entries
                assert not fleet.report("2/3").complete
            fleet.upload(["2/3"])
        assert fleet.done() == alone
    assert number > 3


def test_an_upload_that_fails_leaves_an_incomplete_report(small: None, tmp_path: Path):
    fleet = make_fleet(tmp_path, "changes")
    alone = fleet.alone()
    fleet.plan()
    fleet.upload(["1/3", "3/3"])
    fate = Fate(3, "lost", end=no_answer, for_good=False)
    ran = fleet.shard("2/3", fate)
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (10, "upload-failed")
    assert not fleet.report("2/3").complete
    assert "it died half-way, after 1 files" in fleet.finalize().log
    again = fleet.shard("2/3")
    assert again.outputs["files-skipped"] == "1"
    assert fleet.done() == alone


def test_without_resume_all_of_the_share_is_sent_again(small: None, tmp_path: Path):
    fleet = make_fleet(tmp_path, "changes")
    alone = fleet.alone()
    fleet.plan()
    first = fleet.upload()[1]
    again = fleet.shard("2/3", resume="false")
    assert again.exit_code == 0, again.log
    assert again.outputs["files-uploaded"] == first.outputs["files-uploaded"]
    assert fleet.done() == alone


# -- healing ---------------------------------------------------------------------------------------------------------


@pytest.fixture(params=[False, True], ids=["md5", "foreign etags"])
def wounded(small: None, request: pytest.FixtureRequest, tmp_path: Path) -> Fleet:
    """A gallery that is online as it is on disk, but for five objects: four lost, one overwritten."""
    fleet = make_fleet(tmp_path, "changes", change=False, foreign_etags=request.param)
    ran = fleet.scene.deploy(fleet.store)
    assert ran.exit_code == 0, ran.log
    photos = sorted(key for key in state_of(fleet.store) if key.startswith("photos/"))
    fleet.store.delete([*photos[1:7:2], "app.js"])
    fleet.store.put(photos[8], b"something else", Headers("image/jpeg"))
    return fleet


def whole(fleet: Fleet) -> None:
    ran = fleet.scene.run("verify", fleet.store, verify="deep")
    assert ran.exit_code == 0, ran.log
    assert fleet.scene.deploy(fleet.store).outputs["changed"] == "false"


def test_a_shard_heals_before_another_starts(wounded: Fleet):
    """The second one lists a bucket in which less is missing, and still makes the same plan."""
    wounded.plan()
    assert len(wounded.shards) == 2
    for ran in wounded.upload():
        assert ran.outputs["plan-id"] == wounded.plan_id
        assert ran.outputs["files-uploaded"] != "0"
    wounded.done()
    whole(wounded)


def test_a_shard_killed_while_it_heals(wounded: Fleet):
    wounded.plan()
    for _ in moments(wounded, lambda fate: wounded.shard("1/2", fate)):
        wounded.upload()
        wounded.done()
        whole(wounded)


def test_the_last_job_killed_while_it_heals(wounded: Fleet):
    """It brings back a file of the site, so what is missing has changed when it is run again."""
    wounded.plan()
    wounded.upload()
    for _ in moments(wounded, wounded.finalize, least=6):
        wounded.done()
        whole(wounded)


# -- twice at once ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("foreign_etags", [False, True])
def test_the_same_shard_twice_at_once(small: None, tmp_path: Path, foreign_etags: bool):
    """One run is overtaken by the other before each of its requests: neither writes over what the other has stored."""
    fleet = make_fleet(tmp_path, "first", foreign_etags=foreign_etags)
    fleet.plan()
    fleet.upload(["1/3", "3/3"])
    store = fleet.store
    assert isinstance(store, MemoryStore)
    before, ends, number = dict(store.objects), [], 0
    while len(ends) == number:
        number += 1
        store.objects = dict(before)

        def overtake(at: int, number: int = number) -> None:
            if at == number:
                ran = fleet.shard("2/3")
                ends.append((ran.exit_code, -1))

        ran = fleet.shard("2/3", Fate(before=overtake))
        if len(ends) < number:
            break
        refused = fleet.finalize()
        ends[-1] = (ran.exit_code, refused.exit_code)
        assert ran.exit_code == 0 or ran.outputs["failure-reason"] == "conflict", ran.log
        if refused.exit_code:
            assert "shard 2/3" in refused.result["findings"][0]["message"]
            fleet.upload(["2/3"])
            fleet.done()
        whole(fleet)
    assert ends[-1][0] == 9, "overtaken before its last word"
    assert {code for _, code in ends} == {0}


# -- real processes --------------------------------------------------------------------------------------------------

#: seconds that the server takes for a photo: long enough to be killed in
SLOW = 0.02


@pytest.fixture
def machines(make_job, fake_s3: Callable[..., FakeS3]) -> tuple[Job, FakeS3]:  # type: ignore[no-untyped-def]
    """A job with 330 files of photos to upload to a slow S3, which is enough for four machines."""
    job, s3 = make_job("folder", photos=1), fake_s3("aws")
    job.gallery = make_gallery(job.gallery.source, 110)
    job.runner.inputs = {
        "bucket": BUCKET, "endpoint": s3.url, "access-key": ACCESS_KEY, "secret-key": SECRET_KEY, "cors": "skip",
        "site": "prod/site", "concurrency": "2",
    }  # fmt: skip
    return job, s3


def start(job: Job, shard: str, plan_id: str) -> subprocess.Popen[str]:
    environ = job.runner.environment({"command": "deploy"})
    return subprocess.Popen(
        [sys.executable, "-m", "galleria_action", "deploy", "--shard", shard, "--approved-plan", plan_id],
        env=environ | {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "INPUT_RESULT-FILE": f"{shard[0]}.json"},
        cwd=job.workspace,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def comparable(s3: FakeS3) -> dict[str, object]:
    """What lies there, without the records of releases, which hold times."""
    return {key: (it.body, dict(it.headers)) for key, it in s3.objects.items() if "/releases/" not in key}


def test_four_machines_at_once_one_of_them_killed(machines: tuple[Job, FakeS3]):
    job, s3 = machines
    assert job.runner.run("deploy").exit_code == 0
    alone = comparable(s3)
    s3.objects.clear()
    planned = job.runner.run("plan", shard_count="4")
    plan_id, names = planned.outputs["plan-id"], json.loads(planned.outputs["shards"])
    assert names == ["1/4", "2/4", "3/4", "4/4"]
    doomed = Shard.parse("3/4")
    struck = threading.Event()

    def slowly(request: Request) -> None:
        if request.operation == "PutObject" and request.key.startswith("photos/"):
            time.sleep(SLOW)
            mine = [r for r in s3.requests if r.operation == "PutObject" and doomed.owns(r.key) and "photos/" in r.key]
            if len(mine) > 20:
                struck.set()

    s3.before = slowly
    s3.requests.clear()
    running = {name: start(job, name, plan_id) for name in names}
    try:
        assert struck.wait(20)
        running["3/4"].send_signal(signal.SIGKILL)
        logs = {name: process.communicate(timeout=30)[0] for name, process in running.items()}
    finally:
        for process in running.values():
            process.kill()
            process.wait()
    codes = {name: process.returncode for name, process in running.items()}
    assert codes == {"1/4": 0, "2/4": 0, "3/4": -signal.SIGKILL, "4/4": 0}, logs
    assert "Not yet visible" in logs["1/4"]
    s3.before = lambda request: None

    refused = job.runner.run("finalize", shard_count="4", approved_plan=plan_id)
    assert (refused.exit_code, refused.outputs["failure-reason"]) == (10, "upload-failed")
    assert [finding["message"][:9] for finding in refused.result["findings"]] == ["shard 3/4"]
    assert METADATA_KEY not in s3.objects
    there = sum(doomed.owns(key) and key.startswith("photos/") for key in s3.objects)

    again = start(job, "3/4", plan_id)
    log = again.communicate(timeout=30)[0]
    assert again.returncode == 0, log
    assert f"{there} were there already" in log
    finalized = job.runner.run("finalize", shard_count="4", approved_plan=plan_id)
    assert finalized.exit_code == 0, finalized.log
    assert comparable(s3) == alone
