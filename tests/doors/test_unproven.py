"""Objects of which no record of ours tells: a bucket that another tool filled, or whose ``.galleria/`` is lost."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from galleria_action.gallery.metadata.model import VARIANTS
from tests.builders import photo_bytes
from tests.doors.s3_job import METADATA, PREFIX, S3Job, Start
from tests.doors.test_failures import failed
from tests.s3 import Bucket, Stored

Damage = Callable[[Bucket, str], None]


@pytest.fixture
def job(start: Start) -> S3Job:
    """A gallery that is online, while our records are not any more."""
    job = start("aws")
    assert job.finishes()
    lose_records(job)
    return job


def lose_records(job: S3Job) -> None:
    for key in [key for key in job.s3.objects if key.startswith(PREFIX + ".galleria/")]:
        del job.s3.objects[key]
    job.s3.calm()


def full(job: S3Job, photo: int = 0) -> str:
    return PREFIX + str(job.gallery.photos[photo]["files"]["full"])


def reasons(job: S3Job) -> set[str]:
    plan = json.loads((job.job.workspace / "galleria-plan.json").read_text())
    return {photo["reason"] for photo in plan["photos"]["upload"]}


def empty(objects: Bucket, key: str) -> None:
    objects[key] = Stored.of(b"", objects[key].headers)


def garbage(objects: Bucket, key: str) -> None:
    objects[key] = Stored.of(b"\xff" * len(objects[key].body), objects[key].headers)


def another_photo(objects: Bucket, key: str) -> None:
    objects[key] = Stored.of(photo_bytes(77, 7), objects[key].headers)


def test_what_the_bytes_prove_is_not_sent_again(job: S3Job):
    assert job.runner.run("plan").exit_code == 0
    assert reasons(job) == {"unproven"}
    ran = job.runner.run("deploy", site="")
    assert (ran.exit_code, ran.outputs["files-uploaded"], ran.outputs["files-skipped"]) == (0, "0", "6"), ran.log
    job.s3.calm()
    assert job.runner.run("deploy", site="").outputs["changed"] == "false"


def test_the_time_that_another_tool_did_not_write_is_written(job: S3Job):
    """The photos as they are on disk, and the metadata: so `aws s3 sync` leaves a bucket."""
    for photo in job.gallery.photos:
        photo["exif"]["corrected_timestamp"] = "2031-02-03T04:05:06"
    job.gallery.save()
    job.s3.objects[PREFIX + METADATA] = Stored.of(job.gallery.raw, {"content-type": "application/json"})
    ran = job.runner.run("deploy")
    assert ran.exit_code == 0, ran.log
    assert all(b"2031:02:03 04:05:06" in job.s3.objects[full(job, n)].body for n in range(2))


def test_keep_believes_the_metadata(job: S3Job):
    before = dict(job.s3.objects)
    ran = job.runner.run("deploy", site="", unproven="keep")
    assert ran.exit_code == 0, ran.log
    assert ran.outputs["changed"] == "false"
    assert "There is no record of 6 objects" in ran.log
    assert dict(job.s3.objects) == before


def test_a_sound_bucket_without_records_verifies_and_says_how_far(job: S3Job):
    ran = job.runner.run("verify", verify="deep")
    assert ran.exit_code == 0, ran.log
    assert "2 photos compared with deployment_file_hash and 4 files looked at" in ran.log
    assert "no more than the presence verified" in job.runner.run("verify").log


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("damage", [empty, garbage, another_photo])
def test_overwritten_photos_are_found_and_healed(job: S3Job, damage: Damage, variant: str):
    key = str(job.gallery.photos[0]["files"][variant])
    good = job.s3.objects[PREFIX + key].body
    damage(job.s3.objects, PREFIX + key)
    ran = job.runner.run("verify", verify="deep")
    if damage is another_photo and variant != "full":
        assert ran.exit_code == 0  # nobody knows the hash of a rendering; only a deploy can tell
    else:
        failed(ran, "verify-failed")
        assert ran.result["mismatched"] == [key]
    assert (job.runner.run("verify").exit_code == 4) is (damage is empty)
    healed = job.runner.run("deploy", verify="deep")
    assert healed.exit_code == 0, healed.log
    assert job.s3.objects[PREFIX + key].body == good


def test_hash_check_off_does_not_ask_for_hashes_that_are_wrong_on_purpose(job: S3Job):
    for photo in job.gallery.photos:
        photo["deployment_file_hash"] = hashlib.sha256(b"of an editor that writes the block anew").hexdigest()
    job.gallery.save()
    job.s3.objects[PREFIX + METADATA] = Stored.of(job.gallery.raw, {"content-type": "application/json"})
    failed(job.runner.run("verify", verify="deep"), "verify-failed")
    assert job.runner.run("verify", verify="deep", hash_check="off").exit_code == 0


def test_bytes_overrule_the_etags_of_a_copied_bucket(start: Start):
    job = start("aws")
    assert job.finishes()
    for key, it in list(job.s3.objects.items()):
        if "/photos/" in key:
            job.s3.objects[key] = replace(it, etag="0123456789abcdef0123456789abcdef-2")
    ran = failed(job.runner.run("verify"), "verify-failed")
    assert "verify: deep tells by the bytes" in ran.log
    assert job.runner.run("verify", verify="deep").exit_code == 0
    garbage(job.s3.objects, full(job))
    ran = failed(job.runner.run("verify", verify="deep"), "verify-failed")
    assert PREFIX + ran.result["mismatched"][0] == full(job)


@pytest.mark.parametrize("damage", [garbage, another_photo])
def test_what_lies_in_the_pool_under_a_hash_has_it(start: Start, damage: Damage):
    """Also where somebody has overwritten what a deploy replaces, heals or deletes: that is kept, but not as what was
    recorded, or a rollback would bring it back in place of another photo's bytes."""
    job, pool = start("aws"), f"{PREFIX}.galleria/pool/"
    overwritten = [key for key in job.before if key.startswith(PREFIX) and key.split("/")[-2] in VARIANTS]
    for key in overwritten:
        damage(job.s3.objects, key)
    theirs = {hashlib.sha256(job.s3.objects[key].body).hexdigest() for key in overwritten}
    ran = job.runner.run("deploy", force="true")
    assert ran.exit_code == 0, ran.log
    kept = {key.removeprefix(pool): it.body for key, it in job.s3.objects.items() if key.startswith(pool)}
    hashes = {name: hashlib.sha256(body).hexdigest() for name, body in kept.items()}
    assert {name for name, found in hashes.items() if name != found and not name.startswith("unproven-")} == set()
    assert {found for name, found in hashes.items() if name.startswith("unproven-")} == theirs
