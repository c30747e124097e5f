"""What lies on the other side of a fence: the half of a gallery that is left alone, and folders that are nobody's."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from galleria_action.deployment.stop import Stop
from galleria_action.options import OPTIONS
from galleria_action.options.kinds import PATH
from galleria_action.run import World, run
from galleria_action.usecases.parts.written import WRITTEN_FILES
from tests.doors.conftest import Job


def refused(job: Job, said: str, **inputs: str) -> None:
    ran = job.runner.run("deploy", **inputs)
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (3, "gallery-invalid"), ran.log
    assert said in ran.log


@pytest.mark.parametrize("name", ["logo.jpg", "LOGO.JPG"])
@pytest.mark.parametrize("alone", [{"photos_only": "true"}, {"site": ""}])
def test_a_photo_takes_no_place_of_the_live_site(make_job, name: str, alone: dict[str, str]):
    """The site is not there to be compared with; only the record tells what is its own."""
    job: Job = make_job()
    (job.site / "logo.jpg").write_bytes(job.gallery.local_path(2, "full").read_bytes())
    assert job.runner.run("deploy").exit_code == 0
    before = (job.workspace.parent / "bucket/logo.jpg").read_bytes()
    photo = job.gallery.local_path(0, "web")
    (job.workspace / "prod/pics" / name).write_bytes(photo.read_bytes())
    job.gallery.photos[0]["files"]["web"] = name
    job.gallery.save()
    refused(job, "would overwrite the live site's file", **alone)
    assert (job.workspace.parent / "bucket/logo.jpg").read_bytes() == before
    assert job.runner.run("plan", **alone).exit_code == 3


# -- a folder is deployed to another one ---------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["prod/pics", "prod/pics/out", "prod/site", "prod/site/public/deep", "link/out"])
@pytest.mark.parametrize("command", ["plan", "deploy"])
def test_a_gallery_is_not_deployed_into_what_it_comes_from(make_job, folder: str, command: str):
    job: Job = make_job()
    (job.workspace / "link").symlink_to("prod/site")
    before = sorted(job.workspace.rglob("*"))
    ran = job.runner.run(command, bucket=f"file://{job.workspace / folder}")
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (2, "config-invalid"), ran.log
    assert "into the folder that it comes from: it lies in s" in ran.log
    assert [it for it in sorted(job.workspace.rglob("*")) if "galleria-" not in it.name] == before


def test_a_photo_is_not_replaced_by_itself(make_job):
    """With its times corrected the original would be lost, and with the next one removed deleted."""
    job: Job = make_job()
    around = job.workspace / "album"
    (job.workspace / "prod/pics").rename(around.with_name("kept"))
    around.mkdir()
    around.with_name("kept").rename(around / "photos")
    original = around / job.gallery.photos[0]["files"]["full"]
    assert original.is_file()
    before = original.read_bytes()
    ran = job.runner.run("deploy", source="album/photos", site="", bucket=f"file://{around}")
    assert ran.exit_code == 2 and "would be replaced by itself" in ran.log, ran.log
    assert original.read_bytes() == before
    assert job.runner.run("deploy", source="album/photos", site="", bucket=f"file://{job.workspace}").exit_code == 0


def test_a_part_that_is_left_alone_may_lie_around_the_bucket(make_job):
    job: Job = make_job()
    inside = f"file://{job.site / 'out'}"
    assert job.runner.run("deploy", photos_only="true", bucket=inside).exit_code == 0


def test_a_site_takes_no_place_of_a_live_photo(make_job):
    job: Job = make_job()
    assert job.runner.run("deploy").exit_code == 0
    key = job.gallery.photos[0]["files"]["full"]
    taken = job.site / key.upper()
    taken.parent.mkdir(parents=True)
    taken.write_bytes(job.gallery.local_path(1, "full").read_bytes())
    refused(job, "would overwrite a live photo", site_only="true")
    refused(job, "would overwrite a photo or the metadata")


def test_what_the_site_has_given_up_a_photo_may_have(make_job):
    job: Job = make_job()
    (job.site / "hero.jpg").write_bytes(job.gallery.local_path(0, "full").read_bytes())
    assert job.runner.run("deploy").exit_code == 0
    (job.site / "hero.jpg").unlink()
    photo = job.gallery.local_path(0, "web")
    (job.workspace / "prod/pics/hero.jpg").write_bytes(photo.read_bytes())
    job.gallery.photos[0]["files"]["web"] = "hero.jpg"
    job.gallery.save()
    ran = job.runner.run("deploy", max_delete="100%")
    assert ran.exit_code == 0, ran.log


@pytest.mark.parametrize(
    "ci", [{"JENKINS_URL": "https://x"}, {"TF_BUILD": "True"}, {"CI": "true"}, {"CI": "buildkite"}]
)
def test_no_ci_is_taken_for_a_person(make_job, tmp_path: Path, ci: dict[str, str]):
    """Some CIs do not say ``CI``; whoever wrote the options there may not read the machine's own files."""
    job: Job = make_job()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "gallery-metadata.json").write_text('{"secret": "TOPSECRET"}', encoding="utf-8")

    def validated(*flags: str, **environ: str) -> tuple[int, str]:
        log = io.StringIO()
        return run(["validate", *flags], World(environ, job.workspace, log, log, Stop())), log.getvalue()

    code, log = validated("--source", str(outside), **ci)
    assert code == 2
    assert "outside of the workspace" in log
    code, log = validated("--result-file", str(outside / "result.json"), **ci)
    assert code == 2
    assert not (outside / "result.json").exists()
    assert validated("--result-file", str(outside / "result.json"))[0] == 0
    assert (outside / "result.json").exists()


def test_every_option_that_names_a_path_is_known_to_be_read_or_written():
    """A new one is neither, until somebody has thought of it."""
    read = {
        "config", "source", "site", "metadata-file", "originals", "web-originals", "templates",
    }  # fmt: skip
    paths = {option.name for option in OPTIONS if option.kind is PATH} | {"config"}
    assert paths == read | WRITTEN_FILES.keys()


@pytest.mark.parametrize("name", ["config", "source", "site", "metadata-file", "originals", "web-originals",
                                  "templates", *WRITTEN_FILES])  # fmt: skip
@pytest.mark.parametrize("inside", ["", "/inside"])
def test_a_link_in_a_circle_is_a_mistake_of_whoever_made_it(make_job, name: str, inside: str):
    job: Job = make_job()
    (job.workspace / "circle").symlink_to("circle")
    inputs = {name: f"circle{inside}"}
    if name in ("originals", "web-originals", "templates"):
        command, inputs = "process", {"originals": "prod/pics/full", "source": "new", "site": "made"} | inputs
    else:
        command = "validate"
    ran = job.runner.run(command, **inputs)
    assert ran.exit_code in (0, 2, 3), ran.log
    assert "defect" not in ran.log


def test_a_config_file_in_a_circle_is_told_as_one(make_job):
    job: Job = make_job()
    (job.workspace / "galleria.yml").symlink_to("galleria.yml")
    ran = job.runner.run("validate")
    assert ran.exit_code == 2 and "config: 'galleria.yml' cannot be read: Too many levels" in ran.log, ran.log


def test_templates_that_are_not_there_are_refused_before_anything_is_made(make_job):
    pytest.importorskip("jinja2")
    job: Job = make_job()
    inputs = {"originals": "prod/pics/full", "source": "new", "site": "made", "templates": "tempaltes"}
    ran = job.runner.run("process", **inputs)
    assert ran.exit_code == 3 and "The folder 'tempaltes' does not exist" in ran.log, ran.log
    assert not (job.workspace / "new").exists() and not (job.workspace / "made").exists()
