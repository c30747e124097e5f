"""Links of the site to photos are checked against the keys that will exist."""

from __future__ import annotations

import pytest

from tests.doors.job import Job
from tests.doors.test_failures import failed
from tests.doors.test_sequence import ok


def link_to(job: Job, *links: str) -> None:
    pages = "".join(f'<a href="{link}"><img src="{link}"></a>' for link in links)
    (job.site / "index.html").write_text(f"<!doctype html><title>g</title>{pages}", encoding="utf-8")


@pytest.fixture
def here(make_job) -> Job:
    """Galleria's own habit: the metadata says ``web/…``, its pages link to ``photos/web/…``."""
    job: Job = make_job("folder", habit="full")
    link_to(job, *(f"photos/{photo['files']['web']}" for photo in job.gallery.photos))
    return job


@pytest.mark.parametrize("command", ["validate", "plan", "deploy"])
def test_a_dead_link_is_told_with_its_page_and_the_remedy(here: Job, command: str):
    ran = here.runner.run(command)
    ok(ran)
    first = here.gallery.photos[0]["files"]["web"]
    assert f"index.html links to photos/{first}" in ran.log
    assert "3 links of the site" in ran.log
    assert "photos-only and prefix: photos" in ran.log
    failed(here.runner.run(command, links="fail"), "gallery-invalid")
    assert "links to" not in here.runner.run(command, links="off").log


def test_the_remedy_helps(here: Job):
    """Photos under the prefix, the site above them: every link leads to a photo, and both parts go on by themselves."""
    for _ in range(2):
        ok(here.runner.run("deploy", photos_only="true", prefix="photos", links="fail"))
        ran = here.runner.run("deploy", site_only="true", links="fail")
        ok(ran)
        assert "links to" not in ran.log
    assert ran.outputs["changed"] == "false"


def test_galleria_s_own_pages_and_what_helps_them(make_job):
    """Its metadata says ``web/a.jpg`` and ``a.webp``, its pages ``photos/web/a.jpg`` and ``photos/thumb/a.webp``."""
    job = make_job("folder", habit="bare")
    files = [photo["files"] for photo in job.gallery.photos]
    link_to(job, *(f"photos/{it['web']}" for it in files), *(f"photos/thumb/{it['thumb']}" for it in files))
    ran = ok(job.runner.run("plan"))
    assert "6 links of the site" in ran.log
    assert "Give the metadata the keys that the pages link to" in ran.log
    for it in files:
        it |= {"full": f"photos/{it['full']}", "web": f"photos/{it['web']}", "thumb": f"photos/thumb/{it['thumb']}"}
    job.gallery.save()
    ok(job.runner.run("deploy", links="fail"))


def test_a_link_that_resolves_is_no_finding(make_job):
    job = make_job()
    link_to(job, job.gallery.photos[0]["files"]["full"], "/" + job.gallery.photos[1]["files"]["thumb"], "about.html")
    assert "links to" not in ok(job.runner.run("deploy", links="fail")).log


def test_what_is_left_out_of_the_site_is_missed(make_job):
    job = make_job()
    (job.site / "draft.png").write_bytes((job.gallery.local_path(0, "full")).read_bytes())
    link_to(job, "draft.png")
    ok(job.runner.run("validate", links="fail"))
    failed(job.runner.run("validate", links="fail", exclude="draft.*"), "gallery-invalid")


def test_without_metadata_nobody_knows_the_photos_of_a_site_alone(here: Job):
    here.gallery.metadata_path.unlink()
    link_to(here, "pictures/a.jpg")
    ok(here.runner.run("validate", site_only="true", links="fail"))
    failed(here.runner.run("validate", links="fail"), "gallery-invalid")
