"""Verification that means it: every kind of damage is found, by a listing as far as one can, and healed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from galleria_action.deployment.documents import readback
from galleria_action.storage.s3 import hash_probe
from tests.doors.s3_job import MANIFEST, METADATA, PREFIX, S3Job, Start
from tests.doors.test_failures import failed
from tests.s3 import Bucket, Request, Stored, flipped

Damage = Callable[[Bucket, str], None]


def remove(objects: Bucket, key: str) -> None:
    del objects[key]


def truncate(objects: Bucket, key: str) -> None:
    objects[key] = Stored.of(objects[key].body[:-10], objects[key].headers)


def flip(objects: Bucket, key: str) -> None:
    objects[key] = Stored.of(flipped(objects[key].body), objects[key].headers)


def overwrite(objects: Bucket, key: str) -> None:
    objects[key] = Stored.of(b"someone else's photo", objects[key].headers)


def frame(objects: Bucket, key: str) -> None:
    """What a gateway stores that does not know aws-chunked."""
    body = objects[key].body
    framed = b"%x\r\n%s\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n" % (len(body), body)
    objects[key] = Stored.of(framed, objects[key].headers)


def rot(objects: Bucket, key: str) -> None:
    """Bits flip on a disk: neither size nor ETag know."""
    objects[key] = objects[key].with_body(flipped(objects[key].body))


def wrong_type(objects: Bucket, key: str) -> None:
    objects[key] = replace(objects[key], headers={**objects[key].headers, "content-type": "binary/octet-stream"})


def no_caching(objects: Bucket, key: str) -> None:
    objects[key] = replace(objects[key], headers={"content-type": objects[key].headers["content-type"]})


def archive(objects: Bucket, key: str) -> None:
    """What a rule of the bucket's life cycle does."""
    objects[key] = replace(objects[key], storage_class="DEEP_ARCHIVE")


SHOWN_BY_A_LISTING = [truncate, flip, overwrite, frame, archive]
ONLY_DEEP = [rot, wrong_type, no_caching]


@pytest.fixture
def job(start: Start) -> S3Job:
    """A gallery that is online, with nothing left to do."""
    return start("aws", changes=False)


def a_key(job: S3Job, kind: str) -> str:
    return "app.js" if kind == "site" else str(job.gallery.photos[0]["files"][kind])


@pytest.mark.parametrize("kind", ["full", "thumb", "site"])
@pytest.mark.parametrize("damage", SHOWN_BY_A_LISTING)
def test_what_a_listing_shows_is_found_and_healed(job: S3Job, damage: Damage, kind: str):
    key = a_key(job, kind)
    damage(job.s3.objects, PREFIX + key)
    for verify in ("list", "deep"):
        ran = failed(job.runner.run("verify", verify=verify), "verify-failed")
        assert (ran.result["mismatched"], ran.result["missing"]) == ([key], [])
    plan = job.runner.run("plan")
    assert plan.outputs["changed"] == "true"
    healed = job.runner.run("deploy")
    assert (healed.exit_code, healed.outputs["files-uploaded"]) == (0, "1"), healed.log
    assert job.runner.run("verify", verify="deep").exit_code == 0


@pytest.mark.parametrize("verify", ["list", "deep"])
def test_archived_photos_are_named_as_such(job: S3Job, verify: str):
    """They are listed like any other, and visitors get an error."""
    archive(job.s3.objects, PREFIX + a_key(job, "web"))
    ran = failed(job.runner.run("verify", verify=verify), "verify-failed")
    assert "1 object moved to an archive class, from which visitors get an error" in " ".join(ran.result["warnings"])


def test_an_archived_photo_that_changes_is_replaced_though_nobody_can_keep_it(job: S3Job):
    key = a_key(job, "full")
    archive(job.s3.objects, PREFIX + key)
    job.gallery.change(0, version=7)
    assert job.runner.run("deploy").exit_code == 0
    assert job.s3.objects[PREFIX + key].storage_class == "STANDARD"
    assert job.runner.run("verify", verify="deep").exit_code == 0
    failed(job.runner.run("rollback"), "release-unavailable")


def test_a_bucket_that_another_tool_filled_and_a_rule_archived(start: Start):
    job = start("aws")
    assert job.finishes()
    for key in [key for key in job.s3.objects if "/.galleria/" in key]:
        del job.s3.objects[key]
    key = a_key(job, "thumb")
    archive(job.s3.objects, PREFIX + key)
    assert job.runner.run("deploy", unproven="keep").exit_code == 0
    assert job.s3.objects[PREFIX + key].storage_class == "STANDARD"


@pytest.mark.parametrize("kind", ["full", "thumb", "site"])
@pytest.mark.parametrize("damage", ONLY_DEEP)
def test_what_only_reading_shows_is_found_deep_and_healed_by_force(job: S3Job, damage: Damage, kind: str):
    key = a_key(job, kind)
    damage(job.s3.objects, PREFIX + key)
    assert job.runner.run("verify", verify="list").exit_code == 0
    ran = failed(job.runner.run("verify", verify="deep"), "verify-failed")
    assert ran.result["mismatched"] == [key]
    assert "force: true" in ran.log
    failed(job.runner.run("deploy", verify="deep"), "verify-failed")
    healed = job.runner.run("deploy", verify="deep", force="true")
    assert healed.exit_code == 0, healed.log


@pytest.mark.parametrize("verify", ["list", "deep"])
def test_missing_objects_are_found_and_healed_with_that_reason(job: S3Job, verify: str):
    keys = [a_key(job, "web"), a_key(job, "full")]
    for key in keys:
        remove(job.s3.objects, PREFIX + key)
    ran = failed(job.runner.run("verify", verify=verify), "verify-failed")
    assert ran.result["missing"] == sorted(keys)
    assert '"missing"' in (job.runner.run("plan") and (job.job.workspace / "galleria-plan.json").read_text())
    healed = job.runner.run("deploy")
    assert (healed.exit_code, healed.outputs["files-uploaded"]) == (0, "2")


def test_sound_objects_are_left_alone(job: S3Job):
    assert job.runner.run("verify", verify="deep").exit_code == 0
    assert job.runner.run("deploy", verify="deep").exit_code == 0
    assert not job.s3.asked("mutating")


def test_a_download_that_breaks_off_is_no_damage(job: S3Job):
    """Of the storage or the line, not of the object."""
    job.s3.script("ok*5 cut*2 drop 503 ok", "GetObject")
    assert job.runner.run("verify", verify="deep").exit_code == 0
    job.s3.script("cut*", "GetObject", "*/photos/full/*")
    failed(job.runner.run("verify", verify="deep"), "storage-unavailable")


class TestOnTheWay:
    """A store that damages what it is sent is found by the run that sends it, under verify: list too."""

    @pytest.mark.parametrize("word", ["flip", "short"])
    @pytest.mark.parametrize("key", ["*/.galleria/pool/*", "*" + METADATA, "*" + MANIFEST])
    def test_once_is_sent_again(self, start: Start, word: str, key: str):
        job = start()
        (job.job.site / "app.js").write_text("show(1)", encoding="utf-8")
        rule = job.s3.script(f"{word} ok", "PutObject", key)
        ran = job.runner.run("deploy")
        assert ran.exit_code == 0, ran.log
        assert rule.used
        assert job.runner.run("verify", verify="deep").exit_code == 0
        assert job.live() == job.gallery.raw

    def test_always_is_never_committed(self, start: Start):
        job = start()
        job.s3.script("flip*", "PutObject", "*/.galleria/pool/*")
        ran = failed(job.runner.run("deploy"), "upload-failed")
        assert "does not keep what it is sent" in ran.log
        assert job.untouched()

    def test_metadata_that_is_always_damaged_is_no_success(self, start: Start):
        job = start()
        job.s3.script("flip*", "PutObject", "*" + METADATA)
        failed(job.runner.run("deploy"), "storage-unavailable")
        assert not job.s3.asked("DeleteObjects")

    def test_by_a_service_that_checks_hashes_and_damages_what_it_took(
        self, start: Start, monkeypatch: pytest.MonkeyPatch
    ):
        """Large files were believed by then: the run ends, and the next one believes none of them."""
        job = start()
        job.runner.inputs["provider"] = "aws"  # known to check
        job.gallery.add(20)
        job.gallery.add(21)
        small, large = (job.gallery.local_path(-1, variant).stat().st_size for variant in ("thumb", "full"))
        assert small + 100 < large
        monkeypatch.setattr(readback, "ALWAYS_COMPARED_BYTES", small + 100)
        thumbs = job.s3.script("ok flip", "PutObject", "*/photos/thumb/*")
        job.s3.script("flip*", "PutObject", "*/photos/full/*")
        ran = failed(job.runner.run("deploy", concurrency="1"), "upload-failed")
        assert thumbs.used
        assert "does not keep what it is sent" in ran.log
        assert job.untouched()
        assert job.finishes()
        assert job.runner.run("verify", verify="deep").exit_code == 0

    @pytest.mark.parametrize(("profile", "checks"), [("ceph", True), ("ignores-hashes", False)])
    def test_whether_hashes_are_checked_is_found_out_and_told(
        self, start: Start, monkeypatch: pytest.MonkeyPatch, profile: str, checks: bool
    ):
        monkeypatch.setattr(hash_probe, "WORTH_A_REQUEST_BYTES", 0)
        monkeypatch.setattr(readback, "ALWAYS_COMPARED_BYTES", 0)
        job = start(profile)
        for number in range(20, 24):
            job.gallery.add(number)

        def after_the_probe(request: Request) -> None:
            """Photos are slow: what was found out is known before the first of them is there."""
            if request.operation == "PutObject" and "/photos/" in request.key:
                time.sleep(0.1)

        job.s3.before = after_the_probe
        ran = job.runner.run("deploy", concurrency="4")
        assert ran.exit_code == 0, ran.log
        assert ("proved by the signed SHA-256" in ran.log) is checks
        assert not [key for key in job.s3.objects if "/probe-" in key]
        assert job.runner.run("verify", verify="deep").exit_code == 0

    def test_opaque_etags_cost_one_reading_and_not_one_each(self, start: Start):
        job = start("opaque-etags")
        for photo in range(2):
            job.gallery.change(photo, version=5)
        job.gallery.add(20)
        assert job.runner.run("deploy").exit_code == 0
        sent = {
            request.key for request in job.s3.asked("PutObject") if "/photos/" in request.key or "/pool/" in request.key
        }
        read = [request.key for request in job.s3.asked("GetObject") if request.key in sent]
        assert len(sent) > 5
        assert len(read) == 1

    def test_opaque_etags_and_damage(self, start: Start):
        job = start("opaque-etags")
        job.s3.script("flip*", "PutObject", "*/.galleria/pool/*")
        failed(job.runner.run("deploy", concurrency="1"), "upload-failed")
        assert job.untouched()
