"""What the last job of a deploy by shards refuses: reports that do not count, lost objects, other plans."""

from __future__ import annotations

from pathlib import Path

import pytest

from galleria_action.deployment.state.pool import pool_key
from galleria_action.storage.interface import WHOLE, Headers
from tests.doors.runner import Watched
from tests.doors.test_failures import failed
from tests.doors.test_shards import PLAN_ID, fleet, make_fleet, small
from tests.reliability.fleet import Fleet
from tests.reliability.memory import MemoryStore
from tests.reliability.mortal import Fate
from tests.reliability.scenes import (
    apart_from_releases,
    make_scene,
    state_of,
)

__all__ = ("fleet", "small")  # fixtures of another file


def refused(fleet: Fleet, reason: str, **inputs: str) -> list[str]:
    """The findings of a last job that commits nothing and deletes nothing."""
    before = state_of(fleet.store)
    fate = Fate()
    ran = failed(fleet.finalize(fate, **inputs), reason)
    assert "Nothing was committed" in ran.outputs["message"]
    assert fate.attempts == 0
    assert state_of(fleet.store) == before
    return [finding["message"] for finding in ran.result["findings"]]


def heals(fleet: Fleet, shard: str, alone: dict[str, object]) -> None:
    """Running that shard alone is enough."""
    fleet.upload([shard])
    assert fleet.done() == alone


def test_a_shard_that_never_ran(fleet: Fleet):
    alone = fleet.alone()
    fleet.upload(["1/3", "3/3"])
    (finding,) = refused(fleet, "upload-failed")
    assert finding.startswith("shard 2/3: there is no report of it")
    heals(fleet, "2/3", alone)


def test_every_shard_that_is_not_there_is_named_in_one_error(fleet: Fleet):
    fleet.upload(["2/3"])
    assert [text[:9] for text in refused(fleet, "upload-failed")] == ["shard 1/3", "shard 3/3"]


def report_of_another_shard(fleet: Fleet) -> bytes:
    found = fleet.store.get(fleet.report_key("1/3"))
    assert found
    return found.body


def report_of_another_plan(fleet: Fleet) -> bytes:
    found = fleet.store.get(fleet.report_key("2/3"))
    assert found
    return found.body.replace(fleet.plan_id.encode(), PLAN_ID.encode())


def incomplete(fleet: Fleet) -> bytes:
    found = fleet.store.get(fleet.report_key("2/3"))
    assert found
    return found.body.replace(b'"complete":true', b'"complete":false')


@pytest.mark.parametrize(
    ("forge", "reason", "text"),
    [
        (incomplete, "upload-failed", "it died half-way"),
        (lambda fleet: b"[" * 100_000, "upload-failed", "cannot be understood"),
        (report_of_another_plan, "plan-changed", "of another plan"),
        (report_of_another_shard, "plan-changed", "that of shard 1/3"),
    ],
)
def test_a_report_that_does_not_count(fleet: Fleet, forge, reason: str, text: str):  # type: ignore[no-untyped-def]
    alone = fleet.alone()
    fleet.upload()
    fleet.store.put(fleet.report_key("2/3"), forge(fleet), Headers("application/json"))
    (finding,) = refused(fleet, reason)
    assert finding.startswith("shard 2/3: ")
    assert text in finding
    heals(fleet, "2/3", alone)


def test_a_shard_with_other_settings(fleet: Fleet):
    fleet.upload(["1/3", "3/3"])
    failed(fleet.shard("2/3", acl="public-read"), "plan-changed")
    (finding,) = refused(fleet, "upload-failed")
    assert "shard 2/3: there is no report of it" in finding


def test_another_division(fleet: Fleet):
    fleet.upload(["1/2", "2/2"])
    assert len(refused(fleet, "plan-changed")) == 3
    ran = fleet.finalize()
    assert "a division by 2" in ran.outputs["message"]
    assert fleet.finalize(shard_count="2").exit_code == 0


@pytest.mark.parametrize("damage", ["deleted", "overwritten"])
def test_objects_that_are_not_as_reported(fleet: Fleet, damage: str):
    alone = fleet.alone()
    fleet.upload()
    report = fleet.report("2/3")
    key = next(key for key in report.entries)
    lies = pool_key(report.entries[key].sha256) if key in report.staged else key
    if damage == "deleted":
        fleet.store.delete([lies])
    else:
        fleet.store.put(lies, b"something else", Headers("image/jpeg"))
    (finding,) = refused(fleet, "upload-failed")
    assert finding.startswith("shard 2/3: 1 of its files are not in the bucket as it reported")
    assert key in finding
    heals(fleet, "2/3", alone)


def test_another_gallery_than_the_planned_one(fleet: Fleet):
    fleet.upload(["1/3", "2/3"])
    fleet.scene.gallery.change(0, version=7)
    fate = Fate()
    ran = failed(fleet.shard("3/3", fate), "plan-changed")
    assert "All jobs need the same commit and the same options" in ran.log
    assert fate.attempts == 0
    refused(fleet, "plan-changed")


def test_other_options_than_the_planned_ones(fleet: Fleet):
    failed(fleet.shard("3/3", cache_control_photos="no-cache"), "plan-changed")
    fleet.upload()
    refused(fleet, "plan-changed", cache_control_photos="no-cache")
    fleet.done()


def test_a_deploy_that_went_by(fleet: Fleet):
    """Somebody else deploys another gallery between the shards and the last job: what is live stays."""
    fleet.upload()
    other = make_scene("first", fleet.scene.workspace.parent / "other", MemoryStore)
    other.gallery.add(55)
    assert other.deploy(fleet.store, orphans="ignore").exit_code == 0
    refused(fleet, "plan-changed")


def test_the_guards_guard_every_job(fleet: Fleet):
    failed(fleet.shard("1/3", max_delete="0"), "delete-guard")
    fleet.upload()
    fate = Fate()
    failed(fleet.finalize(fate, max_delete="0"), "delete-guard")
    assert fate.attempts == 0


def test_a_listing_that_is_stale_for_a_moment_is_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The first listing of the last job does not show yet what the shards have stored."""
    fleet = make_fleet(tmp_path, "first")
    alone = fleet.alone()
    before = list(fleet.store.list())
    fleet.upload()

    class Stale(Watched):
        listings = 0

        def list(self, prefix="", part=WHOLE):  # type: ignore[no-untyped-def]
            self.listings += 1
            return iter(before) if self.listings <= 2 else super().list(prefix, part)

    real, fleet.store = fleet.store, Stale(fleet.store, lambda operation, key: None)
    ran = fleet.finalize()
    assert ran.exit_code == 0, ran.log
    assert apart_from_releases(state_of(real)) == alone
