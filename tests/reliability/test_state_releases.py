"""Releases when our own records move to a place of their own: they come along, and none of what is gone comes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from galleria_action.deployment.releases.hold import HOLD_KEY
from galleria_action.deployment.state import checkpoint
from galleria_action.deployment.state.elsewhere import StateElsewhere
from galleria_action.deployment.state.manifest import MANIFEST_KEY
from tests.reliability.memory import MemoryStore
from tests.reliability.places import GALLERY, JSON, MAKERS, RECORDS, Make, Places, undisturbed
from tests.reliability.scenes import Scene, live, make_scene, seed, state_of


@pytest.fixture
def scene(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr(checkpoint, "EVERY_FILES", 2)
    return make_scene(getattr(request, "param", "changes"), tmp_path / "workspace", MemoryStore)


@MAKERS
@pytest.mark.parametrize("scene", ["changes", "directory"], indirect=True)
def test_releases_and_what_they_need_are_taken_along(scene: Scene, tmp_path: Path, make: Make):
    """Byte for byte: a release from before the move comes back after it."""
    places = make(tmp_path)
    seed(places.gallery, scene.before)
    assert scene.deploy(places.gallery).exit_code == 0
    old = {key: it.body for key, it in places.gallery.objects.items() if key.startswith(".galleria/")}
    assert len([key for key in old if key.startswith(".galleria/releases/")]) == 2
    assert [key for key in old if key.startswith(".galleria/pool/")]
    ran = places.run(scene)
    assert ran.exit_code == 0, ran.log
    assert f"{len(old)} records taken along" in ran.log
    places.check_tidy()
    for key in old.keys() - {MANIFEST_KEY}:
        assert places.records.get(key.removeprefix(".galleria/")).body == old[key]  # type: ignore[union-attr]
    back = places.run(scene, "rollback", hold="false")
    assert back.exit_code == 0, back.log
    assert live(state_of(places.gallery)) == live(scene.before)
    places.check_tidy()


@MAKERS
def test_a_hold_is_taken_along(scene: Scene, tmp_path: Path, make: Make):
    places = make(tmp_path)
    seed(places.gallery, scene.before)
    places.gallery.put(HOLD_KEY, b"{}", JSON)
    before = live(scene.before)
    for _ in range(2):
        held = places.run(scene)
        assert held.exit_code not in (0, 1), held.log
        assert "Deploys are held" in held.log
        assert live(state_of(places.gallery)) == before
    assert places.own() == []
    assert "releases/hold.json" in places.names()
    assert places.run(scene, "release-hold").exit_code == 0
    assert places.run(scene).exit_code == 0
    places.check_tidy()


@MAKERS
def test_what_a_move_that_died_has_brought_and_is_gone_since_goes_there_too(scene: Scene, tmp_path: Path, make: Make):
    """A hold that was lifted, bytes that were forgotten, a release that has ended."""
    places = make(tmp_path)
    seed(places.gallery, scene.before)
    stale = [
        "releases/hold.json",
        f"pool/{'0' * 64}",
        "releases/20200101T000000Z-00000000.open.json",
        "shards/x/1.json",
    ]
    for name in [*stale, "notes.txt"]:
        places.records.put(name, b"{}", JSON)
    ran = places.run(scene)
    assert ran.exit_code == 0, ran.log
    assert live(state_of(places.gallery)) == undisturbed(scene)
    assert places.records.get("notes.txt"), "it is none of ours"
    places.records.delete(["notes.txt"])
    places.check_tidy()


def test_one_that_comes_while_another_removes_the_old_records_clears_nothing(scene: Scene):
    places = Places()
    seed(places.gallery, scene.before)
    assert scene.deploy(places.gallery).exit_code == 0
    before = state_of(places.gallery)
    slow = StateElsewhere(places.gallery, places.records, GALLERY, RECORDS)
    assert slow.get(MANIFEST_KEY)
    assert places.run(scene).exit_code == 0
    places.gallery.put(MANIFEST_KEY, *before[MANIFEST_KEY])  # the last that goes
    names = places.names()
    slow.take_up()
    assert places.names() == names


def test_what_is_out_of_date_and_cannot_be_deleted_ends_the_run(scene: Scene):
    class Denying(MemoryStore):
        def delete(self, keys):
            return dict.fromkeys(keys, "AccessDenied")

    places = Places(records=Denying())
    seed(places.gallery, scene.before)
    places.records.put("releases/hold.json", b"{}", JSON)
    ran = places.run(scene)
    assert ran.exit_code not in (0, 1), ran.log
    assert "releases/hold.json" in ran.log
    assert "s3:DeleteObject" in ran.log
    assert state_of(places.gallery) == scene.before
