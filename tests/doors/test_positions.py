"""``strip-gps`` is a promise about what is published, and a plan tells of positions also when nobody asked."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from galleria_action.deployment import model
from tests.doors.conftest import Job
from tests.doors.test_photos import locate, stored, warnings
from tests.doors.test_sequence import ok, store_of
from tests.position.files import DEGREES, HOPELESS, SECRETS, TELLING

EXIF = TELLING["EXIF"]


@pytest.fixture
def here(make_job) -> Job:
    return make_job("folder")


def put(job: Job, variant: str, data: bytes, photo: int = 0) -> None:
    """Give a photo's variant other bytes, as the metadata knows them."""
    job.gallery.local_path(photo, variant).write_bytes(data)
    if variant == "full":
        digest = hashlib.sha256(data).hexdigest()
        job.gallery.photos[photo] |= {"file_hash": digest, "deployment_file_hash": digest}
        job.gallery.save()


@pytest.mark.parametrize("strip_gps", ["true", "warn"])
def test_every_variant_and_the_sites_pictures_go_without(here: Job, strip_gps: str):
    for variant in ("full", "web", "thumb"):
        put(here, variant, EXIF)
    (here.runner.workspace / "prod/site/hero.jpg").write_bytes(EXIF)
    ran = ok(here.runner.run("deploy", strip_gps=strip_gps))
    published = [stored(here, variant).body for variant in ("full", "web", "thumb")]
    hero = store_of(here).get("hero.jpg")
    assert hero is not None
    for body in (*published, hero.body):
        assert len(body) == len(EXIF) and not any(secret in body for secret in SECRETS)
    assert ran.result["positions_left"] == [] and ran.outputs["photos-with-position"] == "1"
    assert ok(here.runner.run("plan", strip_gps=strip_gps)).outputs["changed"] == "false"


def test_without_it_everything_goes_as_it_is_and_the_plan_counts(here: Job):
    locate(here)
    planned = ok(here.runner.run("plan"))
    assert planned.outputs["photos-with-position"] == "1"
    assert "1 photo to be uploaded tells where it was taken: strip-gps publishes photos without." in planned.summary
    ok(here.runner.run("deploy"))
    assert ok(here.runner.run("plan")).outputs["photos-with-position"] == "0", "nothing is to be uploaded"


def test_validate_counts_those_of_the_whole_gallery(here: Job):
    locate(here)
    ok(here.runner.run("deploy"))
    checked = ok(here.runner.run("validate"))
    assert checked.outputs["photos-with-position"] == "1"
    assert "1 photo tells where it was taken: strip-gps publishes photos without." in checked.summary


def test_validate_refuses_a_position_that_a_deploy_would_refuse(here: Job):
    put(here, "web", HOPELESS["a maker note"])
    assert here.runner.run("validate", strip_gps="true").outputs["failure-reason"] == "gallery-invalid"
    ok(here.runner.run("validate", strip_gps="false"))


def test_a_gallery_without_positions_says_nothing_of_them(here: Job):
    planned = ok(here.runner.run("plan"))
    assert planned.outputs["photos-with-position"] == "0" and "where" not in planned.summary


def test_a_position_that_cannot_be_taken_out_stops_before_anything_is_written(here: Job, tmp_path: Path):
    put(here, "web", HOPELESS["a maker note"])
    put(here, "full", HOPELESS["a comment"], photo=2)
    for command in ("plan", "deploy"):
        ran = here.runner.run(command, strip_gps="true")
        assert ran.outputs["failure-reason"] == "gallery-invalid"
        assert [(it["photo"], it["variant"]) for it in ran.result["positions_left"]] == [
            (here.gallery.photos[0]["id"], "web"),
            (here.gallery.photos[2]["id"], "full"),
        ]
        assert here.gallery.photos[0]["files"]["web"] in ran.log and "the maker note of EXIF" in ran.log
        assert ran.result["problems"] == 2
    assert not [path for path in (tmp_path / "bucket").rglob("*") if path.is_file()]


def test_warn_goes_on_and_names_it(here: Job):
    put(here, "web", HOPELESS["a maker note"])
    ran = ok(here.runner.run("deploy", strip_gps="warn"))
    assert "the maker note of EXIF" in warnings(ran)
    assert [it["where"] for it in ran.result["positions_left"]] == ["the maker note of EXIF"]
    assert DEGREES in stored(here, "web").body


def test_a_file_that_changes_after_the_plan_is_not_published_with_its_position(here: Job):
    """The last look is at the bytes that are sent, whoever looked before; a shard looks there only."""
    put(here, "web", HOPELESS["a maker note"])
    planned = ok(here.runner.run("plan", strip_gps="warn"))
    ran = here.runner.run("deploy", strip_gps="true", shard="1/1", approved_plan=planned.outputs["plan-id"])
    assert ran.outputs["failure-reason"] == "gallery-invalid"
    assert "still says where it was taken" in ran.log


def test_the_metadata_tells_no_position_either(here: Job):
    here.gallery.photos[0]["exif"]["gps"] = {"latitude": 52.520008, "longitude": 13.404954}
    here.gallery.photos[1]["location"] = "Berlin"
    here.gallery.save()
    ran = ok(here.runner.run("deploy", strip_gps="true"))
    assert "photos[0].exif.gps" in warnings(ran)
    published = store_of(here).get("gallery-metadata.json")
    assert published is not None
    document = json.loads(published.body)
    assert document["photos"][0]["exif"]["gps"] is None and document["photos"][1]["location"] == "Berlin"
    assert ok(here.runner.run("plan", strip_gps="true")).outputs["changed"] == "false"
    ok(here.runner.run("deploy"))
    again = store_of(here).get("gallery-metadata.json")
    assert again is not None and again.body == here.gallery.metadata_path.read_bytes()


def test_what_an_earlier_version_published_is_sent_again(here: Job, monkeypatch: pytest.MonkeyPatch):
    ok(here.runner.run("deploy", strip_gps="true"))
    monkeypatch.setattr(model, "_STRIPPING", model._STRIPPING + 1)
    model._edit_digest.cache_clear()
    assert ok(here.runner.run("plan", strip_gps="true")).outputs["photos-to-upload"] == "3"
    assert ok(here.runner.run("plan", strip_gps="false")).outputs["photos-to-upload"] == "3"
    monkeypatch.undo()
    model._edit_digest.cache_clear()
    assert ok(here.runner.run("plan", strip_gps="true")).outputs["changed"] == "false"


@pytest.mark.parametrize(("given", "meant"), [("true", True), ("TRUE", True), ("warn", True), ("False", False)])
def test_the_words_of_the_option(here: Job, given: str, meant: bool):
    locate(here)
    ok(here.runner.run("deploy", strip_gps=given))
    assert (b"GPS" in stored(here, "full").body or b"\x88\x25" in stored(here, "full").body) is not meant


def test_another_word_is_refused(here: Job):
    ran = here.runner.run("plan", strip_gps="maybe")
    assert ran.outputs["failure-reason"] == "config-invalid" and "false, warn, true" in ran.log
