"""The main job, end to end, from the action's own entry point, over every store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from galleria_action.storage.interface import WriteStore
from galleria_action.storage.opening import open_store
from galleria_action.storage.settings import StoreSettings, parse_target
from tests.builders import HABITS
from tests.doors.conftest import PLACES, Job
from tests.doors.runner import MUTATING, OUTPUTS, Ran
from tests.doors.s3_job import PREFIX, S3Job, Start
from tests.runner_grammar import commands
from tests.s3 import profile_of


def store_of(job: Job) -> WriteStore:
    inputs = job.runner.inputs
    target = parse_target(inputs["bucket"], inputs.get("prefix"), inputs.get("endpoint"))
    return open_store(
        StoreSettings(target=target, access_key=inputs.get("access-key"), secret_key=inputs.get("secret-key"))
    )


def ok(ran: Ran) -> Ran:
    assert ran.outputs.keys() == OUTPUTS
    assert (ran.exit_code, ran.outputs["success"], ran.outputs["failure-reason"]) == (0, "true", ""), ran.log
    return ran


@pytest.mark.parametrize("place", [*PLACES, "acl"])
def test_the_whole_path(make_job, place: str):
    """plan → deploy → plan (nothing) → change → deploy → lose an object → verify fails → deploy heals → verify.

    In processes of their own where it is S3, and inside of this one over the other stores.
    """
    job: Job = make_job(place)
    run = job.runner.process if place == "s3" else job.runner.run
    first = ok(run("plan"))
    assert (
        first.outputs
        | {
            "dry-run": "true",
            "changed": "true",
            "mode": "metadata",
            "photos-to-upload": "3",
            "photos-uploaded": "0",
            "metadata-uploaded": "false",
        }
        == first.outputs
    )
    assert not MUTATING & first.result["requests"].keys()
    assert "Dry run completed - no files were uploaded" in first.log
    assert json.loads((job.workspace / first.outputs["plan-file"]).read_text())["plan_id"] == first.outputs["plan-id"]

    deployed = ok(run("deploy"))
    assert deployed.outputs["plan-id"] == first.outputs["plan-id"]
    assert (
        deployed.outputs
        | {
            "dry-run": "false",
            "photos-uploaded": "3",
            "files-uploaded": "11",
            "metadata-uploaded": "true",
            "consistent": "true",
            "missing-files": "0",
        }
        == deployed.outputs
    )
    live = store_of(job).get("gallery-metadata.json")
    assert live is not None
    assert live.body == job.gallery.raw
    assert "3" in deployed.summary

    again = ok(run("plan"))
    assert (again.outputs["changed"], again.outputs["photos-unchanged"]) == ("false", "3")
    assert not MUTATING & ok(run("deploy")).result["requests"].keys()

    job.gallery.change(1)
    changed = ok(run("deploy"))
    assert (changed.outputs["photos-uploaded"], changed.outputs["files-uploaded"]) == ("1", "3")

    lost = job.gallery.photos[0]["files"]["web"]
    assert store_of(job).delete([lost]) == {}
    broken = run("verify")
    assert broken.exit_code == 4
    assert (broken.outputs["failure-reason"], broken.outputs["consistent"]) == ("verify-failed", "false")
    assert broken.result["missing"] == [lost]
    assert any(lost in command.data for command in commands(broken.log) if command.name == "error")

    healed = ok(run("deploy"))
    assert (healed.outputs["photos-uploaded"], healed.outputs["files-uploaded"]) == ("1", "1")
    assert ok(run("verify")).outputs["consistent"] == "true"


def test_photos_are_removed_and_only_they(job: Job):
    ok(job.runner.run("deploy"))
    keys = list(job.gallery.photos[2]["files"].values())
    job.gallery.remove(2)
    removed = ok(job.runner.run("deploy", max_delete="1"))
    assert (removed.outputs["photos-deleted"], removed.outputs["photos-to-delete"]) == ("1", "1")
    there = {found.key for found in store_of(job).list()}
    assert not there & set(keys)
    assert len(there - kept(there)) == 6 + 2 + 2  # photos, site, metadata and manifest
    assert len(kept(there)) == 2 + 3 + 1  # two releases, the photo, the metadata that was before


def kept(keys: set[str]) -> set[str]:
    """What is there so that a release can be taken back."""
    return {key for key in keys if key.startswith((".galleria/releases/", ".galleria/pool/"))}


@pytest.mark.parametrize("place", ["s3", "folder"])
@pytest.mark.parametrize("habit", HABITS)
@pytest.mark.parametrize("web", ["jpg", "webp"])
def test_gallerias_path_habits(make_job, habit: str, place: str, web: str):
    """``photos/full/a.jpg``; ``full/a.jpg`` with files in ``source/full``; a bare ``a.webp`` in ``source/thumb/``."""
    job = make_job(place, habit=habit, web=web)
    ok(job.runner.run("deploy"))
    ok(job.runner.run("verify", verify="deep"))
    there = {found.key for found in store_of(job).list()}
    assert {key for photo in job.gallery.photos for key in photo["files"].values()} <= there


@pytest.mark.parametrize("place", ["s3", "folder"])
def test_directory_mode(make_job, place: str):
    job = make_job(place)
    job.gallery.metadata_path.unlink()
    first = ok(job.runner.run("deploy"))
    assert (first.outputs["mode"], first.outputs["photos-uploaded"]) == ("directory", "9")
    assert first.outputs["metadata-uploaded"] == "false"
    there = {found.key for found in store_of(job).list()}
    assert "index.html" in there
    assert sum(key.startswith("photos/full/") for key in there) == 3
    assert ok(job.runner.run("deploy")).outputs["changed"] == "false"

    photo = next((job.gallery.source / "full").iterdir())
    before = photo.stat()
    photo.write_bytes(photo.read_bytes().replace(b"EOS R5", b"EOS R6"))
    assert photo.stat().st_size == before.st_size
    assert ok(job.runner.run("deploy")).outputs["photos-uploaded"] == "1"
    photo.unlink()
    assert ok(job.runner.run("deploy")).outputs["photos-deleted"] == "1"
    ok(job.runner.run("verify"))


@pytest.mark.parametrize("place", ["s3", "folder"])
def test_site_only_and_photos_only_leave_the_other_alone(make_job, place: str):
    job = make_job(place)
    ok(job.runner.run("deploy", photos_only="true"))
    assert "index.html" not in {found.key for found in store_of(job).list()}
    site = ok(job.runner.run("deploy", site_only="true"))
    assert (site.outputs["photos-uploaded"], site.outputs["files-uploaded"]) == ("0", "2")
    (job.site / "app.js").unlink()
    job.gallery.remove(0)
    ok(job.runner.run("deploy", site_only="true", max_delete="1"))
    there = {found.key for found in store_of(job).list()}
    assert "app.js" not in there
    assert len([key for key in there if key.startswith("photos/")]) == 9
    ok(job.runner.run("deploy", photos_only="true", max_delete="1"))
    there = {found.key for found in store_of(job).list()}
    assert "index.html" in there
    assert len([key for key in there if key.startswith("photos/")]) == 6
    assert ok(job.runner.run("plan")).outputs["changed"] == "false"


def test_force_uploads_everything_again(job: Job):
    ok(job.runner.run("deploy"))
    forced = ok(job.runner.run("deploy", force="true"))
    assert (forced.outputs["photos-uploaded"], forced.outputs["files-uploaded"]) == ("3", "11")


def test_everything_left_in_the_workspace_is_the_workspaces_owners(make_job):
    job = make_job("folder")
    ok(job.runner.process("deploy"))
    owner = job.workspace.stat()
    for path in (job.workspace / "galleria-plan.json",):
        assert (path.stat().st_uid, path.stat().st_gid) == (owner.st_uid, owner.st_gid)


def test_another_metadata_file(make_job):
    job = make_job("folder")
    other = job.workspace / "other.json"
    job.gallery.metadata_path.rename(other)
    found = ok(job.runner.run("deploy", metadata_file="other.json"))
    assert found.outputs["mode"] == "metadata"
    live = store_of(job).get("gallery-metadata.json")
    assert live is not None
    assert live.body == other.read_bytes()


def test_original_paths_are_published_only_as_their_last_part(make_job):
    job = make_job("folder")
    job.gallery.photos[0]["original_path"] = "/home/anna/Weddings 2024/IMG_1.JPG"
    job.gallery.save()
    plain = ok(job.runner.run("plan"))
    redacted = ok(job.runner.run("deploy", redact_paths="true"))
    assert plain.outputs["plan-id"] != redacted.outputs["plan-id"]
    live = store_of(job).get("gallery-metadata.json")
    assert live is not None
    assert b"anna" not in live.body
    assert json.loads(live.body)["photos"][0]["original_path"] == "IMG_1.JPG"
    assert ok(job.runner.run("plan", redact_paths="true")).outputs["changed"] == "false"


def test_more_than_two_pages_are_all_verified(start: Start):
    """Three pages of a listing: a verification that stopped at the first would miss the lost one."""
    s3job = start(profile_of("aws", page=5))
    assert len(s3job.s3.objects) > 2 * 5
    lost = max(key for photo in s3job.gallery.photos[1:] for key in photo["files"].values())
    ok(s3job.runner.run("deploy"))
    del s3job.s3.objects[PREFIX + lost]
    s3job.s3.requests.clear()
    assert s3job.runner.run("verify").result["missing"] == [lost]
    pages = [request for request in s3job.s3.requests if request.operation == "ListObjectsV2"]
    assert len(pages) >= 3


def test_the_json_door(make_job, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """The result alone on standard output, everything else on standard error."""
    import io

    from galleria_action.deployment.stop import Stop
    from galleria_action.run import World, run

    job = make_job("folder")
    out, err = io.StringIO(), io.StringIO()
    world = World({}, job.workspace, out, err, Stop())
    assert run(["deploy", "--json", "--bucket", job.runner.inputs["bucket"]], world) == 0
    assert json.loads(out.getvalue())["photos_uploaded"] == 3
    assert "Deployment Plan:" in err.getvalue()
    assert not (job.workspace / "galleria-result.json").exists()


@pytest.mark.parametrize("profile", ["aws", "r2", "hetzner"])
def test_what_a_first_deploy_left_is_whole_on_another_server(start: Start, fake_s3, profile: str):
    """Most tests of a strict S3 begin with it."""
    other = S3Job(start(profile, changes=False).job, fake_s3(profile), changes=False)
    ok(other.runner.run("verify", verify="deep"))
    assert ok(other.runner.run("deploy")).outputs["changed"] == "false"
    assert other.before.keys() == other.s3.objects.keys()
