"""What arrives in the bucket: the photos' bytes, their times and position, and the headers they are stored with."""

from __future__ import annotations

import hashlib
import io
import json

import piexif
import pytest

from galleria_action.gallery.exif.edit import modify_exif_in_memory
from galleria_action.storage.interface import StoredObject
from tests.doors.conftest import Job
from tests.doors.runner import Ran
from tests.doors.test_sequence import ok, store_of
from tests.runner_grammar import commands

POSITION = {
    piexif.GPSIFD.GPSLatitudeRef: "N",
    piexif.GPSIFD.GPSLatitude: ((50, 1), (6, 1), (0, 1)),
    piexif.GPSIFD.GPSLongitudeRef: "E",
    piexif.GPSIFD.GPSLongitude: ((8, 1), (40, 1), (0, 1)),
}


def stored(job: Job, variant: str, photo: int = 0) -> StoredObject:
    found = store_of(job).get(job.gallery.photos[photo]["files"][variant])
    assert found is not None
    return found


def warnings(ran: Ran) -> str:
    return "\n".join(command.data for command in commands(ran.log) if command.name == "warning")


def locate(job: Job) -> None:
    """Give the first photo's full and web files a position."""
    for variant in ("full", "web"):
        path = job.gallery.local_path(0, variant)
        exif = piexif.load(path.read_bytes()) | {"GPS": POSITION}
        out = io.BytesIO()
        piexif.insert(piexif.dump(exif), path.read_bytes(), out)
        path.write_bytes(out.getvalue())
    digest = hashlib.sha256(job.gallery.local_path(0, "full").read_bytes()).hexdigest()
    job.gallery.photos[0] |= {"file_hash": digest, "deployment_file_hash": digest}
    job.gallery.save()


@pytest.fixture
def here(make_job) -> Job:
    return make_job("folder", target_timezone_offset_hours=2)


def test_times_are_corrected_in_full_and_web_and_nothing_else_changes(here: Job):
    for photo in here.gallery.photos:
        photo["exif"]["corrected_timestamp"] = "2025-01-02T03:04:05"
    here.gallery.save()
    ok(here.runner.run("deploy"))
    for variant in ("full", "web"):
        local, online = here.gallery.local_path(0, variant).read_bytes(), stored(here, variant).body
        exif, before = piexif.load(online), piexif.load(local)
        assert exif["Exif"].pop(piexif.ExifIFD.DateTimeOriginal) == b"2025:01:02 03:04:05"
        assert exif["Exif"].pop(piexif.ExifIFD.OffsetTimeOriginal) == b"+02:00"
        del before["Exif"][piexif.ExifIFD.DateTimeOriginal], before["Exif"][piexif.ExifIFD.OffsetTimeOriginal]
        assert exif == before
        scan = local[local.index(b"\xff\xda") :]
        assert online.endswith(scan)
    thumb = here.gallery.local_path(0, "thumb").read_bytes()
    assert stored(here, "thumb").body == thumb


def test_local_files_are_never_touched(here: Job):
    before = {path: path.read_bytes() for path in here.gallery.source.rglob("*") if path.is_file()}
    ok(here.runner.run("deploy"))
    assert {path: path.read_bytes() for path in here.gallery.source.rglob("*") if path.is_file()} == before


def test_offset_13_leaves_the_zone_alone(make_job):
    job = make_job("folder", target_timezone_offset_hours=13)
    ok(job.runner.run("deploy"))
    assert piexif.load(stored(job, "full").body)["Exif"][piexif.ExifIFD.OffsetTimeOriginal] == b"+00:00"


def test_a_damaged_photo_goes_online_unchanged_with_a_warning_or_fails(here: Job):
    web = here.gallery.local_path(1, "web")
    web.write_bytes(web.read_bytes().replace(b"Exif\0\0MM", b"Exif\0\0XX"))
    failed = here.runner.run("deploy", exif_errors="fail")
    assert failed.outputs["failure-reason"] == "gallery-invalid"
    assert here.gallery.photos[1]["files"]["web"] in failed.log
    assert "exif-errors: warn" in failed.log and "Process the gallery again" not in failed.log
    assert store_of(here).head("gallery-metadata.json") is None
    passed = ok(here.runner.run("deploy"))
    assert "EXIF of 1 photo file (" in warnings(passed)
    assert stored(here, "web", 1).body == web.read_bytes()


def test_positions_are_removed_when_asked(here: Job):
    locate(here)
    plain = ok(here.runner.run("plan"))
    ok(here.runner.run("deploy"))
    assert piexif.load(stored(here, "full").body)["GPS"]
    stripped = ok(here.runner.run("deploy", strip_gps="true"))
    assert stripped.outputs["plan-id"] != plain.outputs["plan-id"]
    for variant in ("full", "web"):
        online = piexif.load(stored(here, variant).body)
        assert not online["GPS"]
        assert online["0th"][piexif.ImageIFD.Model] == b"EOS R5"
    assert ok(here.runner.run("plan", strip_gps="true")).outputs["changed"] == "false"
    assert ok(here.runner.run("plan")).outputs["changed"] == "true"


def test_positions_are_removed_in_directory_mode_too(here: Job):
    locate(here)
    here.gallery.metadata_path.unlink()
    ok(here.runner.run("deploy", strip_gps="true"))
    name = here.gallery.local_path(0, "full").name
    online = store_of(here).get(f"photos/full/{name}")
    assert online is not None
    assert not piexif.load(online.body)["GPS"]


# -- the promised hash ---------------------------------------------------------------------------------------------


def test_a_promised_hash_that_is_kept_needs_no_warning(make_job):
    # photo 0 was taken at the first minute; the edit that the metadata promises is the one that is made
    job = make_job("folder", photos=1, target_timezone_offset_hours=2)
    photo = job.gallery.photos[0]
    full = job.gallery.local_path(0, "full").read_bytes()
    edited = modify_exif_in_memory(full, photo["exif"]["corrected_timestamp"], 2)
    photo["deployment_file_hash"] = hashlib.sha256(edited).hexdigest()
    job.gallery.save()
    ran = ok(job.runner.run("deploy", hash_check="strict"))
    assert "deployment_file_hash" not in ran.log


def test_a_promised_hash_that_is_not_kept(here: Job):
    strict = here.runner.run("deploy", hash_check="strict")
    assert strict.outputs["failure-reason"] == "gallery-invalid"
    assert store_of(here).head("gallery-metadata.json") is None
    warned = ok(here.runner.run("deploy"))
    assert "3 photos have another hash" in warnings(warned)
    here.gallery.change(0)
    assert "another hash" not in ok(here.runner.run("deploy", hash_check="off")).log


# -- headers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["s3", "acl"])
def test_media_types_and_cache_control(make_job, place: str):
    job = make_job(place)
    (job.site / "app.webmanifest").write_text("{}", encoding="utf-8")
    (job.site / "hero.avif").write_bytes(b"\0\0\0\x10ftypavif\0\0\0\0\0\0\0\x08meta\0\0\0\x08mdat")
    ok(job.runner.run("deploy"))
    store = store_of(job)
    photo = job.gallery.photos[0]["files"]
    site, day = "public, max-age=0, must-revalidate", "public, max-age=86400"
    expected = {
        photo["full"]: ("image/jpeg", day),
        photo["thumb"]: ("image/webp", day),
        "index.html": ("text/html; charset=utf-8", site),
        "app.webmanifest": ("application/manifest+json", site),
        "hero.avif": ("image/avif", site),
        "gallery-metadata.json": ("application/json", "no-cache"),
    }
    for key, (media_type, cache_control) in expected.items():
        head = store.head(key)
        assert head is not None
        assert head.headers is not None
        assert (head.headers.content_type.split(";")[0], head.headers.cache_control) == (
            media_type.split(";")[0],
            cache_control,
        )


def test_another_cache_rule_is_a_change(make_job):
    job = make_job("s3")
    ok(job.runner.run("deploy"))
    plan = ok(job.runner.run("plan", cache_control_photos="public, max-age=31536000, immutable"))
    assert plan.outputs["photos-to-upload"] == "3"
    reasons = json.loads((job.workspace / "galleria-plan.json").read_text())["photos"]["upload"]
    assert {photo["reason"] for photo in reasons} == {"headers"}
    ok(job.runner.run("deploy", cache_control_photos="public, max-age=31536000, immutable"))
    head = store_of(job).head(job.gallery.photos[0]["files"]["full"])
    assert head is not None
    assert head.headers is not None
    assert head.headers.cache_control == "public, max-age=31536000, immutable"


# -- links ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("whole_folder", [False, True])
def test_absolute_links_that_a_step_outside_of_the_container_made(make_job, whole_folder: bool):
    """Galleria links absolutely; the container sees the same files under another path."""
    job = make_job("folder")
    originals = job.workspace / "originals"
    full = job.gallery.source / "full"
    full.rename(originals)
    outside = "/actions/_work/wedding/wedding"
    if whole_folder:
        full.symlink_to(f"{outside}/originals")
    else:
        full.mkdir()
        for original in originals.iterdir():
            (full / original.name).symlink_to(f"{outside}/originals/{original.name}")
    assert job.runner.run("deploy").outputs["failure-reason"] == "gallery-invalid"
    job.runner.event = {"RUNNER_WORKSPACE": "/actions/_work/wedding", "GITHUB_REPOSITORY": "anna/wedding"}
    ok(job.runner.run("deploy"))
    assert stored(job, "full").body.startswith(b"\xff\xd8")


def test_links_out_of_the_workspace_are_never_followed(make_job, tmp_path):
    secret = tmp_path / "id_rsa"
    secret.write_bytes(b"secret")
    job = make_job("folder")
    job.runner.event = {"RUNNER_WORKSPACE": "/actions/_work/wedding", "GITHUB_REPOSITORY": "anna/wedding"}
    for target in (str(secret), "/actions/_work/wedding/wedding/../../../../etc/passwd", "../../../../id_rsa"):
        web = job.gallery.local_path(0, "web")
        web.unlink()
        web.symlink_to(target)
        ran = job.runner.run("deploy")
        assert ran.outputs["failure-reason"] == "gallery-invalid"
        assert "secret" not in ran.log
