"""A project as Galleria leaves it, from its own deploy to ours.

Originals lie beside it, reached by absolute links; the WebP thumbnail of an upper-case name is called ``.jpg``; part of
its metadata was left half-way; its pages link to the photos.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from galleria_action.storage.interface import Headers
from tests.doors.job import Job
from tests.doors.test_failures import failed
from tests.doors.test_sequence import ok, store_of


@pytest.fixture
def project(make_job, tmp_path: Path) -> Job:
    """Four photos; the metadata has the keys that the pages look for."""
    job: Job = make_job("s3", photos=4, habit="bare", originals=tmp_path / "workspace/pics-full")
    source = job.gallery.source
    for link in [it for it in source.rglob("*") if it.is_symlink()]:
        target = link.resolve()
        link.unlink()
        link.symlink_to(target)  # absolute, as Galleria makes them
    thumb = sorted((source / "thumb").iterdir())[0]
    thumb.rename(thumb.with_suffix(".jpg"))
    (source / "gallery-metadata.part001.json").write_text("{}", encoding="utf-8")
    for photo in job.gallery.photos:
        it = photo["files"]
        it |= {"full": f"photos/{it['full']}", "web": f"photos/{it['web']}", "thumb": f"photos/thumb/{it['thumb']}"}
    job.gallery.save()
    cells = "".join(
        f'<a href="{photo["files"]["web"]}"><img src="{photo["files"]["thumb"]}" loading="lazy"></a>'
        for photo in job.gallery.photos
    )
    (job.site / "gallery.html").write_text(f"<!doctype html><title>g</title>{cells}", encoding="utf-8")
    job.runner.inputs |= {"links": "fail", "max-delete": "2"}
    return job


def deployed_by_galleria(job: Job) -> None:
    """What its own deploy does: the files as they lie on the disk, then the metadata; no headers, no record."""
    store = store_of(job)
    for index, photo in enumerate(job.gallery.photos):
        for variant, key in photo["files"].items():
            path = job.gallery.local_path(index, variant)
            if path.exists():  # it passes over what is missing
                store.put(key, path.read_bytes(), Headers("binary/octet-stream"))
    store.put("gallery-metadata.json", job.gallery.raw, Headers("binary/octet-stream"))


def bytes_of(job: Job, photo: int, variant: str) -> bytes:
    found = store_of(job).get(job.gallery.photos[photo]["files"][variant])
    assert found is not None
    return found.body


def test_from_its_own_deploy_to_ours(project: Job):
    for photo in project.gallery.photos:
        photo["exif"]["corrected_timestamp"] = "2031-02-03T04:05:06"
    project.gallery.save()
    deployed_by_galleria(project)
    failed(project.runner.run("verify", verify="deep"), "verify-failed")  # a thumbnail that it had passed over

    ok(project.runner.run("deploy"))
    assert all(b"2031:02:03 04:05:06" in bytes_of(project, number, "full") for number in range(4))
    assert ok(project.runner.run("deploy")).outputs["changed"] == "false"

    project.gallery.change(1)
    gone = project.gallery.photos[3]["files"]["full"]
    project.gallery.remove(3)
    (project.site / "gallery.html").write_text("<!doctype html><title>g</title>", encoding="utf-8")
    ran = ok(project.runner.run("deploy"))
    assert (ran.outputs["photos-uploaded"], ran.outputs["photos-deleted"]) == ("1", "1")
    assert store_of(project).head(gone) is None
    ok(project.runner.run("verify", verify="deep"))


def test_an_original_that_is_edited_after_the_metadata_is_refused(project: Job):
    ok(project.runner.run("deploy"))
    original = project.gallery.local_path(2, "full").resolve()
    original.write_bytes(original.read_bytes() + b"\0")
    failed(project.runner.run("deploy"), "gallery-invalid")
    failed(project.runner.run("validate"), "gallery-invalid")


def test_photos_without_a_date_that_are_named_anew_are_not_deleted(project: Job):
    """Galleria names them by the time at which it processes them, so that each run gives them other names."""
    ok(project.runner.run("deploy", max_delete="0"))
    first = project.gallery.photos[0]["files"]["full"]
    names = [photo["id"] for photo in project.gallery.photos]
    (project.site / "gallery.html").write_text("<!doctype html><title>g</title>", encoding="utf-8")
    for index in range(4):
        photo = project.gallery.photos[index]
        new = f"wedding-0000-{index}"
        for variant in ("full", "web", "thumb"):
            path = project.gallery.local_path(index, variant)
            if not path.exists():
                path = path.with_suffix(".jpg")  # the thumbnail that is called so
            path.rename(path.with_stem(new))
            folder, _, name = photo["files"][variant].rpartition("/")
            photo["files"][variant] = f"{folder}/{new}.{name.rpartition('.')[2]}"
        photo["id"] = new
    project.gallery.save()
    ran = ok(project.runner.run("deploy", max_delete="0"))
    assert (ran.outputs["photos-uploaded"], ran.outputs["photos-deleted"]) == ("4", "0")
    assert store_of(project).head(first) is None
    assert "keys changed" in ran.log
    # and back again, which loses nothing either
    assert ok(project.runner.run("rollback", max_delete="0")).outputs["photos-deleted"] == "0"
    assert store_of(project).head(first) is not None
    assert all(store_of(project).head(first.replace(names[0], name)) for name in names[1:])
    # one that goes is one
    project.gallery.remove(1)
    refused = failed(project.runner.run("deploy", max_delete="0"), "delete-guard")
    assert "deletes 1 of 4 photos" in refused.log
