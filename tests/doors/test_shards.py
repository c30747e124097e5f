"""A plan that several jobs carry out together: what they say, what they do, and what the last one refuses."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path

import pytest

from galleria_action.deployment import shards
from galleria_action.deployment.releases.record import RELEASES_FOLDER, is_open
from galleria_action.deployment.state.pool import POOL_FOLDER, pool_key
from galleria_action.deployment.state.publication import PUBLICATION_KEY
from galleria_action.storage.interface import Headers
from tests.doors.conftest import Job
from tests.doors.pull_requests import ON_PULL_REQUEST, Project, own_branch
from tests.doors.runner import OUTPUTS, Ran, Watched
from tests.doors.test_failures import failed
from tests.doors.test_sequence import ok, store_of
from tests.reliability.fleet import Fleet
from tests.reliability.memory import MemoryStore
from tests.reliability.mortal import Fate
from tests.reliability.scenes import (
    MANIFEST_KEY,
    METADATA_KEY,
    SCENES,
    apart_from_releases,
    live,
    make_scene,
    seed,
    state_of,
)
from tests.runner_grammar import commands

PLAN_ID = "a" * 64


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two files are worth a machine."""
    monkeypatch.setattr(shards, "FILES_EACH", 2)


def make_fleet(tmp_path: Path, name: str = "changes", **how: int) -> Fleet:
    """A planned scene in a bucket in memory."""
    scene = make_scene(name, tmp_path / "workspace", MemoryStore)
    store = MemoryStore()
    seed(store, scene.before)
    fleet = Fleet(scene, store, **how)
    fleet.plan()
    return fleet


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """Three shards of a gallery that is online and has changed: six files of photos, site and a removed photo."""
    return make_fleet(tmp_path)


# -- what they do ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCENES)
def test_together_they_are_one_deploy(tmp_path: Path, name: str):
    fleet = make_fleet(tmp_path, name)
    alone = fleet.alone()
    for order in permutations(fleet.shards):
        fleet.store = MemoryStore()
        seed(fleet.store, fleet.scene.before)
        fleet.upload(order)
        assert not fleet.scene.committed(state_of(fleet.store))
        assert fleet.done() == alone


def test_over_every_store(job: Job):
    ok(job.runner.run("deploy"))
    job.gallery.change(0)
    job.gallery.remove(1)
    job.gallery.add(9)
    planned = ok(job.runner.run("plan", shard_count="3", max_delete="1"))
    assert json.loads(planned.outputs["shards"]) == ["1/3", "2/3", "3/3"]
    same = {"approved_plan": planned.outputs["plan-id"], "max_delete": "1"}
    for shard in ("2/3", "3/3", "1/3"):
        ok(job.runner.run("deploy", shard=shard, **same))
    finalized = ok(job.runner.run("finalize", shard_count="3", **same))
    assert (finalized.outputs["files-uploaded"], finalized.outputs["photos-uploaded"]) == ("6", "2")
    assert finalized.outputs["consistent"] == "true"
    ok(job.runner.run("verify", verify="deep"))
    assert ok(job.runner.run("deploy")).outputs["changed"] == "false"
    there = apart_from_releases(state_of(store_of(job)))
    replaced, removed, documents = 3, 3, 1
    kept = {key for key in there if key.startswith(POOL_FOLDER)}
    assert len(kept) == replaced + removed + documents, "what the release before needs, and nothing that was staged"
    assert len(there) - len(kept) == 9 + 2 + 2


def standing(key: str) -> str:
    return "open" if is_open(key) else "ended"


def test_the_order_of_writes_is_that_of_one_deploy(fleet: Fleet):
    writes: list[tuple[str, str]] = []
    fleet.store = Watched(fleet.store, lambda operation, key: None)
    fleet.store.writes = writes
    fleet.upload()
    assert {key.split("/")[0] for _, key in writes} == {"photos", ".galleria"}
    uploads = [key for _, key in writes if key.startswith(("photos/", POOL_FOLDER))]
    assert len(uploads) == len(set(uploads)) == 6
    writes.clear()
    ran = fleet.finalize()
    assert ran.exit_code == 0, ran.log
    order = [(op, key.split("/")[0] if key.startswith("photos") else key) for op, key in writes]
    begun = order.pop(0)[1]
    assert begun.endswith("/finalize.json")
    cleared = [key for _, key in order if key.startswith(shards.SHARDS_FOLDER)]
    order = [call for call in order if call[1] not in cleared]
    order = [(op, "pool" if key.startswith(POOL_FOLDER) else key) for op, key in order]
    order = [(op, standing(key) if key.startswith(RELEASES_FOLDER) else key) for op, key in order]
    claim, unclaim = ("put", PUBLICATION_KEY), ("delete", PUBLICATION_KEY)
    # kept: the four that are replaced, the four that go, and the metadata
    assert order[:13] == [("put", "new.css"), ("put", "pool"), claim, claim, *[("copy", "pool")] * 9]
    assert order[13] == ("put", "open")
    published = [call for call in order[14:19] if call != ("put", MANIFEST_KEY)]  # which is written beside it
    assert published == [*[("copy", "photos")] * 3, ("copy", "index.html")]
    assert order[19] == ("put", METADATA_KEY)
    assert order[20] == ("put", "ended")
    assert sorted(order[21:25]) == [("delete", "about.html"), *[("delete", "photos")] * 3]
    assert order[25:28] == [unclaim, ("put", "ended"), ("delete", "open")]
    # what was staged: by the shards for three photos, here for the page
    assert order[28:] == [claim, *[("delete", "pool")] * 4, unclaim]
    assert len(cleared) == 4


def test_what_a_shard_says(fleet: Fleet):
    ran = fleet.shard("2/3")
    assert ran.outputs.keys() == OUTPUTS
    files = len(fleet.report("2/3").entries)
    assert files
    assert ran.outputs["message"] == f"Shard 2 of 3: {files} files uploaded. Not yet visible: `finalize` commits."
    assert (ran.outputs["files-uploaded"], ran.outputs["files-skipped"]) == (str(files), "0")
    assert (ran.outputs["metadata-uploaded"], ran.outputs["consistent"]) == ("false", "false")
    assert "## ✅ Shard 2 of 3: " in ran.summary
    assert "Not yet visible" in ran.summary
    assert "Not verified" not in ran.summary
    assert "Deployment Plan" not in ran.log


def test_a_shard_that_runs_again_sends_nothing(fleet: Fleet):
    first = fleet.shard("2/3")
    fate = Fate()
    again = fleet.shard("2/3", fate)
    assert again.exit_code == 0
    assert (again.outputs["files-uploaded"], again.outputs["files-skipped"]) == ("0", first.outputs["files-uploaded"])
    assert fate.writes == [("put", fleet.report_key("2/3"))]
    fleet.upload(["1/3", "3/3"])
    fleet.done()


def test_what_the_last_job_counts(fleet: Fleet):
    sent = sum(int(ran.outputs["files-uploaded"]) for ran in fleet.upload())
    assert sent == 6
    ran = fleet.finalize()
    assert ran.outputs["files-uploaded"] == str(sent + 2)
    assert (ran.outputs["photos-uploaded"], ran.outputs["photos-deleted"]) == ("2", "1")
    assert ran.outputs["metadata-uploaded"] == ran.outputs["consistent"] == "true"
    assert "## ✅ Deployed: 2 photos uploaded, 1 photo deleted" in ran.summary
    assert ran.result["bytes_uploaded"] > sum(
        fleet.scene.gallery.local_path(2, v).stat().st_size for v in ("full", "web")
    )


def test_the_last_job_can_be_run_again(fleet: Fleet):
    fleet.upload()
    state = fleet.done()
    fate = Fate()
    again = fleet.finalize(fate)
    assert (again.exit_code, again.outputs["changed"], again.outputs["consistent"]) == (0, "false", "true")
    assert again.outputs["message"].startswith("Nothing to do")
    late = fleet.shard("1/3", fate)
    assert (late.exit_code, late.outputs["files-uploaded"]) == (0, "0")
    assert fate.writes == []
    assert apart_from_releases(state_of(fleet.store)) == state


def test_a_last_job_that_ended_before_the_pool_was_tidied(fleet: Fleet):
    fleet.upload()
    state = fleet.done()
    fleet.store.put(pool_key(PLAN_ID), b"staged", Headers("image/jpeg"))
    fate = Fate()
    again = fleet.finalize(fate)
    assert (again.exit_code, again.outputs["changed"]) == (0, "false")
    assert [op for op, _ in fate.writes] == ["put", "delete", "delete"]
    assert apart_from_releases(state_of(fleet.store)) == state


def test_the_output_for_the_matrix(tmp_path: Path):
    fleet = make_fleet(tmp_path, most=8)
    assert fleet.shards == ("1/3", "2/3", "3/3")
    dry = fleet.scene.deploy(fleet.store, dry_run="true", shard_count="2")
    assert (dry.outputs["shards"], dry.result["shards"]) == ('["1/2","2/2"]', ["1/2", "2/2"])
    assert fleet.scene.run("plan", fleet.store).outputs["shards"] == "[]"
    fleet.upload()
    fleet.done()
    assert fleet.plan().outputs["shards"] == '["1/1"]', "GitHub refuses an empty matrix"


def test_a_site_alone_is_one_empty_shard(tmp_path: Path):
    fleet = make_fleet(tmp_path, "site-only")
    assert fleet.shards == ("1/1",)
    (ran,) = fleet.upload()
    assert ran.outputs["files-uploaded"] == "0"
    fleet.done()


# -- what is left of them --------------------------------------------------------------------------------------------


def test_what_was_never_finalized_goes_with_the_next_commit(fleet: Fleet):
    fleet.upload()
    abandoned = fleet.left()
    fleet.scene.gallery.change(1, version=3)
    fleet.plan()
    fleet.upload()
    assert abandoned < fleet.left()
    fleet.done()


def test_a_commit_of_the_site_leaves_the_shards_of_the_photos_alone(tmp_path: Path):
    photos = make_fleet(tmp_path, "photos-only")
    alone = photos.alone()
    photos.upload()
    site = Fleet(photos.scene, photos.store, inputs={"photos_only": "false", "site_only": "true"})
    site.plan()
    site.upload()
    assert site.finalize().exit_code == 0
    assert live(photos.done()).keys() == live(alone).keys() - {"about.html"} | {"new.css"}


# -- options ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "inputs", "text"),
    [
        ("deploy", {"shard": "3/2", "approved_plan": PLAN_ID}, "shard: '3/2' is not a shard such as 3/8"),
        ("deploy", {"shard": "1/257", "approved_plan": PLAN_ID}, "shard: '1/257' is not a shard"),
        ("deploy", {"shard": "1/2"}, "shard: needs approved-plan"),
        (
            "deploy",
            {"shard": "1/2", "approved_plan": PLAN_ID, "checkpoint_file": "x"},
            "checkpoint-file: not with shard",
        ),
        ("plan", {"shard": "1/2", "approved_plan": PLAN_ID}, "shard: only deploy uploads a share"),
        ("finalize", {"shard": "1/2", "approved_plan": PLAN_ID, "shard_count": "2"}, "shard: only deploy uploads"),
        ("plan", {"shard_count": "0"}, "shard-count: '0' is not a whole number from 1 to 256"),
        ("plan", {"shard_count": "257"}, "shard-count: '257' is not a whole number from 1 to 256"),
        ("finalize", {"approved_plan": PLAN_ID}, "shard-count: finalize needs the same number as plan"),
        ("finalize", {"shard_count": "2"}, "approved-plan: finalize needs the output plan-id"),
    ],
)
def test_what_does_not_go_together(make_job, command: str, inputs: dict[str, str], text: str):  # type: ignore[no-untyped-def]
    ran = failed(make_job("folder").runner.run(command, **inputs), "config-invalid")
    problem, _ = [command.data for command in commands(ran.log) if command.name == "error"]
    assert problem.startswith(text)


def test_a_shard_may_be_planned_without_uploading(fleet: Fleet):
    fate = Fate()
    ran = fleet.shard("1/3", fate, dry_run="true")
    assert (ran.exit_code, ran.outputs["dry-run"], fate.attempts) == (0, "true", 0)


def test_a_finalize_may_be_planned_without_committing(fleet: Fleet):
    for shard in fleet.shards:
        assert fleet.shard(shard).exit_code == 0
    fate = Fate()
    ran = fleet.finalize(fate, dry_run="true")
    assert (ran.exit_code, ran.outputs["dry-run"], fate.attempts) == (0, "true", 0)
    assert fleet.finalize().exit_code == 0


# -- reviewers -------------------------------------------------------------------------------------------------------


def shard_of(project: Project, planned: Ran, **inputs: str) -> Ran:
    given = {"shard": "1/1", "approved-plan": planned.outputs["plan-id"], "plan-approval": "require"}
    return project.push(**given | inputs)


@pytest.fixture
def reviewed(project: Project) -> Project:
    """A project with a reviewed and merged change."""
    assert project.push(comment="off").exit_code == 0
    project.job.gallery.add(8)
    assert project.pull_request().exit_code == 0
    project.merge()
    return project


def test_the_reviewed_plan_by_shards(reviewed: Project):
    planned = reviewed.push("plan", **{"shard-count": "1"})
    said = list(reviewed.github.bodies())
    shard = shard_of(reviewed, planned, **{"environment-url": "https://photos.example.org"})
    assert shard.exit_code == 0, shard.log
    assert "The plan is the approved one" in shard.log
    assert reviewed.github.bodies() == said, "shards leave the comment alone"
    assert reviewed.github.deployments == {}
    inputs = {"shard-count": "1", "approved-plan": planned.outputs["plan-id"], "plan-approval": "require"}
    assert reviewed.push("finalize", **inputs).exit_code == 0
    assert reviewed.github.bodies()[0].startswith("## ✅ Deployed: 1 photo uploaded")


def test_the_plan_of_another_job_is_not_a_reviewers(reviewed: Project):
    reviewed.job.gallery.add(9)
    planned = reviewed.push("plan", **{"shard-count": "1"})
    failed(shard_of(reviewed, planned), "plan-changed")
    assert shard_of(reviewed, planned, **{"plan-approval": "off"}).exit_code == 0
    inputs = {"shard-count": "1", "approved-plan": planned.outputs["plan-id"], "plan-approval": "require"}
    failed(reviewed.push("finalize", **inputs), "plan-changed")


def test_nothing_is_finalized_for_a_stranger(project: Project):
    """On pull_request_target the workspace is anybody's."""
    planned = project.push("plan")
    inputs = {"shard-count": "1", "approved-plan": planned.outputs["plan-id"], "comment": "off"}
    event = ON_PULL_REQUEST | {"GITHUB_EVENT_NAME": "pull_request_target"}
    failed(project.run("finalize", event, own_branch(), None, inputs), "config-invalid")
