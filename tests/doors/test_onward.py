"""``deploy --from``: what one environment shows goes on to another as it is, without a file on disk."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.doors.conftest import Job
from tests.doors.runner import ROOT, Ran, Watched, open_store
from tests.s3 import ACCESS_KEY, BUCKET, SECRET_KEY, FakeS3
from tests.s3.objects import Bucket

RECORDS = ".galleria/"
CONFIG = """\
site: prod/site
cors: skip
environments:
  staging:
    bucket: {staging}
  production:
    bucket: {production}
    cache-control-photos: public, max-age=31536000
    headers: [{{match: "*.js", cache-control: no-store}}]
"""


class Stages:
    """A repository with two environments, and what lies in each."""

    def __init__(self, job: Job, read: Callable[[str], dict[str, bytes]], **places: str) -> None:
        self.job, self._read = job, read
        job.runner.inputs = places.pop("inputs", {})  # type: ignore[assignment]
        (job.workspace / "galleria.yml").write_text(CONFIG.format(**places), encoding="utf-8")

    def run(self, command: str, environment: str, **inputs: str) -> Ran:
        return self.job.runner.run(command, environment=environment, **inputs)

    def deploy(self, environment: str, **inputs: str) -> Ran:
        ran = self.run("deploy", environment, **inputs)
        assert ran.exit_code == 0, ran.log
        return ran

    def shown(self, environment: str) -> dict[str, bytes]:
        """What visitors of an environment can reach."""
        return {key: body for key, body in self._read(environment).items() if not key.startswith(RECORDS)}

    def lose_the_files(self) -> None:
        shutil.rmtree(self.job.workspace / "prod")


@pytest.fixture
def folders(make_job: Callable[..., Job], tmp_path: Path) -> Stages:
    def read(environment: str) -> dict[str, bytes]:
        root = tmp_path / environment
        return {it.relative_to(root).as_posix(): it.read_bytes() for it in root.rglob("*") if it.is_file()}

    return Stages(make_job(), read, **{name: f"file://{tmp_path}/{name}" for name in ("staging", "production")})


@pytest.fixture
def s3(fake_s3: Callable[..., FakeS3]) -> FakeS3:
    made = fake_s3("aws")
    made.buckets["production"] = Bucket(made.profile.stale_lists)
    return made


@pytest.fixture
def buckets(make_job: Callable[..., Job], s3: FakeS3) -> Stages:
    def read(environment: str) -> dict[str, bytes]:
        name = BUCKET if environment == "staging" else environment
        return {key: it.body for key, it in s3.buckets[name].items()}

    inputs: Any = {"endpoint": s3.url, "access-key": ACCESS_KEY, "secret-key": SECRET_KEY}
    return Stages(make_job(), read, staging=BUCKET, production="production", inputs=inputs)


@pytest.fixture(params=["folders", "buckets"])
def stages(request: pytest.FixtureRequest) -> Iterator[Stages]:
    yield request.getfixturevalue(request.param)


def test_production_shows_what_staging_shows(stages: Stages):
    first = stages.deploy("staging").outputs["release-id"]
    stages.lose_the_files()
    ran = stages.deploy("production", **{"from": "staging"})
    assert stages.shown("production") == stages.shown("staging")
    assert f"online as staging has it ({first}) and verified" in ran.outputs["message"]
    assert ran.outputs["release-id"] and ran.outputs["consistent"] == "true"
    again = stages.deploy("production", **{"from": "staging"})
    assert again.outputs["changed"] == "false"
    told = stages.run("history", "production").result["releases"][0]
    assert told["taken_from"]["environment"] == "staging"
    assert told["taken_from"]["release"] == first


def test_what_changed_goes_on_and_comes_back(stages: Stages):
    stages.deploy("staging")
    stages.deploy("production", **{"from": "staging"})
    before = stages.shown("production")
    stages.job.gallery.change(0)
    stages.job.gallery.remove(1)
    (stages.job.site / "index.html").write_text("<h1>Other</h1>", encoding="utf-8")
    stages.deploy("staging", max_delete="2")
    ran = stages.run("plan", "production", max_delete="2", **{"from": "staging"})
    assert ran.exit_code == 0, ran.log
    assert stages.shown("production") == before
    plan = json.loads((stages.job.workspace / "galleria-plan.json").read_text(encoding="utf-8"))
    assert {it["reason"] for it in plan["copy"]} == {"changed"}
    done = stages.deploy("production", max_delete="2", approved_plan=ran.outputs["plan-id"], **{"from": "staging"})
    assert stages.shown("production") == stages.shown("staging") != before
    assert done.outputs["plan-id"] == ran.outputs["plan-id"]
    back = stages.run("rollback", "production", max_delete="2")
    assert back.exit_code == 0, back.log
    assert stages.shown("production") == before


def test_an_earlier_release_of_it(stages: Stages):
    first = stages.deploy("staging").outputs["release-id"]
    before = stages.shown("staging")
    stages.job.gallery.change(0)
    stages.deploy("staging")
    stages.deploy("production", release=first, **{"from": "staging"})
    assert stages.shown("production") == before != stages.shown("staging")


def test_a_release_whose_metadata_nobody_understands_is_refused(folders: Stages, tmp_path: Path):
    """Whoever may write among the records may have kept anything there, under its true hash."""
    first = folders.deploy("staging").outputs["release-id"]
    folders.job.gallery.change(0)
    last = folders.deploy("staging").outputs["release-id"]
    records, body = tmp_path / "staging" / RECORDS, b'{"photos": 1}'
    kept = f"pool/{hashlib.sha256(body).hexdigest()}"
    (records / kept).write_bytes(body)
    record = json.loads((records / f"releases/{last}.json").read_bytes())
    record["undo"]["gallery-metadata.json"] |= {"kept": f"{RECORDS}{kept}", "size": len(body)}
    (records / f"releases/{last}.json").write_text(json.dumps(record), encoding="utf-8")
    ran = folders.run("deploy", "production", release=first, **{"from": "staging"})
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (14, "release-unavailable"), ran.log
    assert "cannot be understood" in ran.log
    assert not folders.shown("production")


def test_a_deploy_of_the_same_files_finds_nothing_to_do(stages: Stages):
    """What was taken over is recorded as if it had been deployed from here; but for headers of its own."""
    stages.deploy("staging")
    stages.deploy("production", **{"from": "staging"})
    assert stages.deploy("production").outputs["changed"] == "false"


def test_headers_are_those_of_the_receiving_environment(buckets: Stages, s3: FakeS3):
    buckets.deploy("staging")
    buckets.deploy("production", **{"from": "staging"})
    for bucket, photos, script in ((BUCKET, "max-age=86400", "max-age=0"), ("production", "31536000", "no-store")):
        for key, it in s3.buckets[bucket].items():
            if key.endswith((".jpg", ".webp")):
                assert photos in it.headers["cache-control"], key
                assert it.headers["content-type"].startswith("image/")
        assert script in s3.buckets[bucket]["app.js"].headers["cache-control"]


def test_the_guards_hold(stages: Stages):
    stages.deploy("staging")
    stages.deploy("production", **{"from": "staging"})
    stages.job.gallery.remove(1)
    stages.deploy("staging", max_delete="2")
    before = stages.shown("production")
    for inputs, reason in (({"max-delete": "0"}, "delete-guard"), ({"approved-plan": "0" * 64}, "plan-changed")):
        ran = stages.run("deploy", "production", **{"from": "staging", **inputs})
        assert ran.outputs["failure-reason"] == reason, ran.log
    assert stages.shown("production") == before


@pytest.mark.parametrize(
    ("inputs", "exit_code", "told"),
    [
        ({"from": "stage"}, 2, "'stage' is not an environment of the config file; it has staging, production"),
        ({"from": "production"}, 2, "is the environment that is deployed to"),
        ({"release": "20260131T120000Z-0123abcd"}, 2, "release: needs from"),
        ({"from": "staging", "release": "20260131T120000Z-0123abcd"}, 14, "no release 20260131T120000Z-0123abcd"),
    ],
)
def test_what_cannot_be_taken_over(folders: Stages, inputs: dict[str, str], exit_code: int, told: str):
    folders.deploy("staging")
    ran = folders.run("deploy", "production", **inputs)
    assert ran.exit_code == exit_code, ran.log
    assert told in ran.log
    assert not folders.shown("production")


def test_nothing_is_taken_over_from_an_empty_place(folders: Stages):
    ran = folders.run("deploy", "production", **{"from": "staging"})
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (14, "release-unavailable")
    assert "deploy with environment: staging" in ran.log


def test_what_is_not_as_recorded_is_not_taken_over(buckets: Stages, s3: FakeS3):
    """Nobody has looked at what somebody else has put there."""
    buckets.deploy("staging")
    objects = s3.buckets[BUCKET]
    key = next(key for key in objects if key.endswith(".jpg") and not key.startswith(RECORDS))
    objects[key] = objects["index.html"]
    ran = buckets.run("deploy", "production", **{"from": "staging"})
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (14, "release-unavailable")
    assert f"not as recorded: {key}" in ran.log
    assert not buckets.shown("production")


def test_other_credentials_are_taken_by_the_name_of_the_environment(buckets: Stages, s3: FakeS3):
    """Staging's own key reads there; then nothing is copied by the service, and each object is compared."""
    buckets.deploy("staging")
    s3.secrets["key-of-staging"] = "secret-of-staging"
    own = {"GALLERIA_STAGING_ACCESS_KEY": "key-of-staging", "GALLERIA_STAGING_SECRET_KEY": "secret-of-staging"}
    buckets.job.runner.event = own
    s3.requests.clear()
    ran = buckets.deploy("production", **{"from": "staging"})
    assert "sent" in ran.outputs["message"]
    assert buckets.shown("production") == buckets.shown("staging")
    read = [it for it in s3.requests if it.operation == "GetObject" and it.bucket == BUCKET]
    assert read and {it.access_key for it in read} == {"key-of-staging"}
    assert "secret-of-staging" not in ran.log.replace("::add-mask::secret-of-staging", "")


def _bytes_of_photos(s3: FakeS3) -> list[str]:
    """The requests that carried a photo through this machine, in either direction."""
    through = ("GetObject", "PutObject", "UploadPart")
    photos = (".jpg", ".webp")
    return [f"{it.operation} {it.key}" for it in s3.requests if it.operation in through and it.key.endswith(photos)]


def test_inside_one_service_no_photo_comes_through_this_machine(buckets: Stages, s3: FakeS3):
    buckets.deploy("staging")
    buckets.job.gallery.change(0)
    s3.requests.clear()
    buckets.deploy("production", **{"from": "staging"})
    buckets.deploy("staging")
    s3.requests.clear()
    ran = buckets.deploy("production", **{"from": "staging"})
    assert _bytes_of_photos(s3) == [], ran.log
    pooled = [it.key for it in s3.requests if it.operation == "PutObject" and "/pool/" in it.key]
    assert pooled == []


@pytest.mark.slow
def test_three_thousand_objects_inside_one_service(make_job: Callable[..., Job], s3: FakeS3, tmp_path: Path):
    inputs: Any = {"endpoint": s3.url, "access-key": ACCESS_KEY, "secret-key": SECRET_KEY}
    stages = Stages(make_job(photos=1000), lambda name: {}, staging=BUCKET, production="production", inputs=inputs)
    stages.deploy("staging")
    s3.requests.clear()
    ran = stages.deploy("production", **{"from": "staging"})
    assert _bytes_of_photos(s3) == []
    assert sum(it.operation == "CopyObject" for it in s3.requests) >= 3000
    assert ran.result["requests"]["copy"] >= 3000
    live = {key: it.body for key, it in s3.buckets[BUCKET].items() if not key.startswith(RECORDS)}
    assert live == {key: it.body for key, it in s3.buckets["production"].items() if not key.startswith(RECORDS)}


#: runs the action, and says how much memory (kB) that took at most
PEAK = """
import os, pathlib, re, sys
from galleria_action.deployment.stop import Stop
from galleria_action.run import World, run
code = run([], World(os.environ, pathlib.Path.cwd(), sys.stderr, sys.stderr, Stop()))
print(code, re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.slow
def test_across_two_services_memory_is_flat(
    make_job: Callable[..., Job], fake_s3: Callable[..., FakeS3], tmp_path: Path
):
    """300 objects, then 3,000; tiny ones, then a third of them 200 kB large: what is sent stays in nobody's memory,
    and a plan costs some kB for each object."""
    peaks = {}
    for photos, padding in ((100, 0), (1000, 0), (1000, 200_000)):
        job, s3 = make_job(photos=photos), fake_s3("aws")
        job.runner.inputs = {"access-key": ACCESS_KEY, "secret-key": SECRET_KEY, "site": "prod/site", "cors": "skip"}
        job.runner.step = photos + padding
        for file in (job.gallery.source / "web").iterdir():
            file.write_bytes(file.read_bytes()[:-2] + os.urandom(padding).replace(b"\xff", b"") + b"\xff\xd9")
        (job.workspace / "galleria.yml").write_text(
            f"environments:\n  staging: {{bucket: 'file://{tmp_path}/staging-{photos}-{padding}'}}\n"
            f"  production: {{bucket: {BUCKET}, endpoint: '{s3.url}', from: staging}}\n",
            encoding="utf-8",
        )
        assert job.runner.run("deploy", environment="staging").exit_code == 0
        environ = job.runner.environment({"command": "deploy", "environment": "production"})
        done = subprocess.run(
            [sys.executable, "-c", PEAK],
            env=environ | {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
            cwd=job.workspace, capture_output=True, text=True, timeout=300, check=True,
        )  # fmt: skip
        code, peak = done.stdout.split()
        assert code == "0", done.stderr
        assert f"{3 * photos + 2:,} objects sent" in done.stderr
        sent = sum(len(it.body) for it in s3.buckets[BUCKET].values())
        peaks[photos, padding] = int(peak) / 1024
        print(f"{3 * photos:,} objects, {sent / 1e6:,.0f} MB sent: {peaks[photos, padding]:.0f} MB of memory")
        shutil.rmtree(job.workspace)
    assert peaks[1000, 0] - peaks[100, 0] < 30
    assert peaks[1000, 200_000] - peaks[1000, 0] < 60


def test_across_two_services_each_object_is_streamed_and_compared(
    make_job: Callable[..., Job], s3: FakeS3, tmp_path: Path
):
    job = make_job()
    job.runner.inputs = {"access-key": ACCESS_KEY, "secret-key": SECRET_KEY, "site": "prod/site", "cors": "skip"}
    (job.workspace / "galleria.yml").write_text(
        f"environments:\n  staging: {{bucket: 'file://{tmp_path}/staging'}}\n"
        f"  production: {{bucket: production, endpoint: '{s3.url}'}}\n",
        encoding="utf-8",
    )
    assert job.runner.run("deploy", environment="staging").exit_code == 0
    ran = job.runner.run("deploy", environment="production", **{"from": "staging"})
    assert ran.exit_code == 0, ran.log
    assert "0 objects copied inside the service, 11 objects sent" in ran.outputs["message"]
    root = tmp_path / "staging"
    files = {it.relative_to(root).as_posix(): it.read_bytes() for it in root.rglob("*") if it.is_file()}
    live = {key: it.body for key, it in s3.buckets["production"].items()}
    assert {key: body for key, body in live.items() if not key.startswith(RECORDS)} == {
        key: body for key, body in files.items() if not key.startswith(RECORDS)
    }
    back = job.runner.run("deploy", environment="staging", **{"from": "production"})
    assert (back.exit_code, back.outputs["changed"]) == (0, "false"), back.log


def test_a_run_that_dies_at_any_write_is_finished_by_the_next(folders: Stages, tmp_path: Path):
    folders.deploy("staging")
    folders.deploy("production", **{"from": "staging"})
    folders.job.gallery.change(0)
    (folders.job.site / "index.html").write_text("<h1>Other</h1>", encoding="utf-8")
    folders.deploy("staging")
    begin = shutil.copytree(tmp_path / "production", tmp_path / "begin")
    runner = folders.job.runner
    plain = runner.opener
    for at in range(1, 12):
        shutil.rmtree(tmp_path / "production")
        shutil.copytree(begin, tmp_path / "production")
        death = _Death(at)
        runner.opener = lambda settings, death=death: Watched(open_store(settings), death.before)
        folders.run("deploy", "production", **{"from": "staging"})
        assert death.came
        runner.opener = plain
        folders.deploy("production", **{"from": "staging"})
        assert folders.shown("production") == folders.shown("staging")


class _Killed(BaseException):
    """The process is gone."""


@dataclass
class _Death:
    """That of a run, at its write number ``at``, counted from 1."""

    at: int
    reached: int = 0

    def before(self, operation: str, key: str) -> None:
        self.reached += operation in ("put", "delete")
        if operation in ("put", "delete") and self.reached == self.at:
            raise _Killed

    @property
    def came(self) -> bool:
        return self.reached >= self.at


def test_what_was_promoted_tells_where_it_was_taken_from(folders: Stages):
    folders.deploy("staging")
    folders.deploy("production")
    folders.job.gallery.change(0)
    taken = folders.deploy("staging").outputs["release-id"]
    folders.deploy("production", strategy="blue-green", promote="manual", **{"from": "staging"})
    ran = folders.run("promote", "production")
    assert ran.exit_code == 0, ran.log
    told = folders.run("history", "production").result["releases"]
    assert [it["taken_from"] and it["taken_from"]["release"] for it in told] == [taken, None]
