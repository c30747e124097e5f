"""Our own records in a place of their own: nothing of them under the target, wherever a run dies on the way there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from galleria_action.deployment.state import checkpoint
from galleria_action.deployment.state.elsewhere import OWNER, StateElsewhere
from galleria_action.deployment.state.manifest import MANIFEST_KEY
from galleria_action.errors import PermissionRefused, StorageUnavailable
from galleria_action.storage.interface import Target
from galleria_action.storage.settings import FOLDER
from tests.reliability.memory import MemoryStore
from tests.reliability.moments import Moments, every, telling
from tests.reliability.mortal import Fate, Killed
from tests.reliability.places import (
    GALLERY,
    JSON,
    MAKERS,
    RECORDS,
    Make,
    Places,
    in_a_folder,
    in_memory,
    undisturbed,
)
from tests.reliability.scenes import (
    Scene,
    check_untouched,
    check_whole,
    live,
    make_scene,
    seed,
    state_of,
)

#: telling moments by default, each one where there is time
MOMENTS = pytest.mark.parametrize("moments", [telling, pytest.param(every, marks=pytest.mark.slow)])


@pytest.fixture
def scene(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr(checkpoint, "EVERY_FILES", 2)
    return make_scene(getattr(request, "param", "changes"), tmp_path / "workspace", MemoryStore)


# -- where records lie -------------------------------------------------------------------------------------------------


@MAKERS
@pytest.mark.parametrize("scene", ["first", "directory-first", "site-only"], indirect=True)
def test_nothing_of_ours_lies_under_the_target(scene: Scene, tmp_path: Path, make: Make):
    places = make(tmp_path)
    seed(places.gallery, live(scene.before))
    ran = places.run(scene)
    assert ran.exit_code == 0, ran.log
    places.check_tidy()
    assert places.run(scene, "verify").exit_code == 0
    again, fate = places.run(scene), Fate()
    assert again.outputs["changed"] == "false"
    assert places.run(scene, "plan", fate).outputs["changed"] == "false"
    assert fate.attempts == 0


def online(scene: Scene, places: Places) -> Scene:
    """The gallery of before, deployed with its records elsewhere."""
    old = MemoryStore()
    seed(old, scene.before)
    elsewhere = StateElsewhere(places.gallery, places.records, GALLERY, RECORDS)
    seed(elsewhere, scene.before)
    elsewhere.take_up()
    assert places.own() == []
    assert "manifest.json" in places.names()
    return scene


def test_what_replaces_a_live_object_is_copied_from_bucket_to_bucket(scene: Scene, tmp_path: Path):
    places, fate = Places(), Fate()
    online(scene, places)
    ran = places.run(scene, fate=fate)
    assert ran.exit_code == 0, ran.log
    assert live(state_of(places.gallery)) == undisturbed(scene)
    copies = [key for op, key in fate.writes if op == "copy"]
    kept = [key for key in copies if key.startswith("pool/")]
    assert len(kept) == 4 + 4 + 1, "what is replaced, what goes, and the document"
    assert len([key for key in copies if key.startswith(("photos/", "index"))]) == 4
    assert "sent again" not in ran.log


def test_between_two_services_the_bytes_are_sent_again_and_the_log_says_so(scene: Scene, tmp_path: Path):
    places = in_a_folder(tmp_path)
    online(scene, places)
    ran = places.run(scene)
    assert ran.exit_code == 0, ran.log
    assert live(state_of(places.gallery)) == undisturbed(scene)
    assert "4 of them could not be copied inside the service and were sent again" in ran.log


@MOMENTS
@MAKERS
def test_killed_at_every_request(scene: Scene, tmp_path: Path, make: Make, moments: Moments):
    end, counted = undisturbed(scene), Fate()
    places = make(tmp_path)
    online(scene, places)
    assert places.run(scene, fate=counted).exit_code == 0
    for at in moments(counted):
        places = make(tmp_path)
        online(scene, places)
        with pytest.raises(Killed):
            places.run(scene, fate=Fate(at, "unanswered"))
        now = state_of(places.gallery)
        check_whole(now, live(scene.before), end)
        if "publish.json" not in places.names() and not scene.committed(now):
            check_untouched(now, scene.before)
        ran = places.run(scene)
        assert ran.exit_code == 0, ran.log
        assert live(state_of(places.gallery)) == end
        places.check_tidy()


# -- taken along -------------------------------------------------------------------------------------------------------


@MAKERS
@pytest.mark.parametrize("scene", ["changes", "directory"], indirect=True)
def test_records_are_taken_along_and_the_old_ones_removed_last(scene: Scene, tmp_path: Path, make: Make):
    end, places, fate = undisturbed(scene), make(tmp_path), Fate()
    seed(places.gallery, scene.before)
    ran = places.run(scene, fate=fate)
    assert ran.exit_code == 0, ran.log
    assert "taken along" in ran.log
    assert places.own() == []
    assert live(state_of(places.gallery)) == end
    order = [call for call in fate.writes if call[1] in ("manifest.json", OWNER, MANIFEST_KEY)]
    assert order[:3] == [("put", "manifest.json"), ("put", OWNER), ("delete", MANIFEST_KEY)]


@pytest.mark.parametrize(
    ("scene", "make"),
    [
        ("changes", in_memory),
        ("site-only", in_a_folder),
        pytest.param("changes", in_a_folder, marks=pytest.mark.slow),
        pytest.param("directory", in_memory, marks=pytest.mark.slow),
        pytest.param("directory", in_a_folder, marks=pytest.mark.slow),
        pytest.param("site-only", in_memory, marks=pytest.mark.slow),
    ],
    indirect=["scene"],
)
@MOMENTS
def test_killed_at_every_request_of_the_move(scene: Scene, tmp_path: Path, make: Make, moments: Moments):
    """Also with what a run that died had staged and written down."""
    end, died = undisturbed(scene), MemoryStore()
    seed(died, scene.before)
    with pytest.raises(Killed):
        scene.deploy(died, Fate(4))
    before, counted = state_of(died), Fate()
    assert any(key.startswith(".galleria/checkpoint") for key in before)
    places = make(tmp_path)
    seed(places.gallery, before)
    assert places.run(scene, fate=counted).exit_code == 0
    for at in moments(counted):
        places = make(tmp_path)
        seed(places.gallery, before)
        with pytest.raises(Killed):
            places.run(scene, fate=Fate(at, "unanswered"))
        now = {**state_of(places.gallery)}
        check_whole(now, scene.before, end)
        assert MANIFEST_KEY in now or OWNER in places.names(), "the state is whole in one of the two places"
        ran = places.run(scene)
        assert ran.exit_code == 0, ran.log
        assert live(state_of(places.gallery)) == end
        places.check_tidy()


def test_a_plan_reads_the_old_records_and_moves_nothing(scene: Scene):
    places = Places()
    seed(places.gallery, scene.before)
    alone, fate = scene.run("plan", places.gallery), Fate()
    ran = places.run(scene, "plan", fate)
    assert ran.outputs["plan-id"] == alone.outputs["plan-id"]
    assert fate.attempts == 0


@pytest.mark.parametrize("scene", ["changes"], indirect=True)
def test_a_publish_that_died_in_the_old_place_is_ended_there(scene: Scene):
    """Finished by the same plan, or taken back by another; the records follow."""
    end, counted = undisturbed(scene), Fate()
    whole = MemoryStore()
    seed(whole, scene.before)
    scene.deploy(whole, counted)
    died, publishes = 0, [key for _, key in counted.asked].index(".galleria/publish.json") + 1
    for at in range(publishes, counted.attempts + 1):
        places = Places()
        seed(places.gallery, scene.before)
        with pytest.raises(Killed):
            scene.deploy(places.gallery, Fate(at, "unanswered"))
        if ".galleria/publish.json" not in places.gallery.objects:
            continue
        died += 1
        for _ in range(2):
            ran = places.run(scene)
            assert ran.exit_code == 0, ran.log
            assert live(state_of(places.gallery)) == end
        places.check_tidy()
    assert died >= 4


def test_a_move_that_was_begun_before_does_not_bring_an_old_record(scene: Scene):
    """Half a move, then deploys without ``state``, then the move: what counts is what lies under the target."""
    places = Places()
    seed(places.gallery, scene.before)
    places.records.put("manifest.json", b"of long ago", JSON)
    assert places.run(scene).exit_code == 0
    assert live(state_of(places.gallery)) == undisturbed(scene)


def test_two_that_move_at_once(scene: Scene):
    """The slower one finds the place taken by the same gallery, and goes on there."""
    places = Places()
    seed(places.gallery, scene.before)
    slow = StateElsewhere(places.gallery, places.records, GALLERY, RECORDS)
    assert slow.get(MANIFEST_KEY)
    assert places.run(scene).exit_code == 0
    record = places.records.get("manifest.json")
    slow.take_up()
    assert slow.get(MANIFEST_KEY) == record
    assert places.run(scene).outputs["changed"] == "false"


def test_records_of_somebody_who_does_not_know_of_the_move_are_told(scene: Scene):
    places = Places()
    seed(places.gallery, scene.before)
    assert places.run(scene).exit_code == 0
    places.gallery.put(MANIFEST_KEY, b"{}", JSON)
    places.gallery.put(".galleria/publish.json", b"{}", JSON)
    ran = places.run(scene)
    assert ran.exit_code == 0, ran.log
    assert "another workflow deploys without the option state" in ran.log
    assert len(places.own()) == 2


# -- refused -----------------------------------------------------------------------------------------------------------


class Refusing(MemoryStore):
    """A place that may be read, and not written."""

    def put(self, key: str, *more: object) -> str:  # type: ignore[override]
        raise PermissionRefused(f"Writing {key!r} was refused.", hint="Allow s3:PutObject.")

    def copy(self, source: str, key: str, *more: object) -> str:  # type: ignore[override]
        raise PermissionRefused(f"Writing {key!r} was refused.", hint="Allow s3:PutObject.")


@pytest.mark.parametrize("scene", ["changes", "first", "directory"], indirect=True)
@pytest.mark.parametrize("moves", [True, False])
def test_a_state_that_cannot_be_written_ends_before_anything_is_touched(scene: Scene, moves: bool):
    places, before = Places(records=Refusing()), scene.before if moves else live(scene.before)
    seed(places.gallery, before)
    ran = places.run(scene)
    assert ran.exit_code == 6, ran.log
    assert "was refused" in ran.log
    assert "s3:PutObject" in ran.log
    assert state_of(places.gallery) == before


@pytest.mark.parametrize(
    ("owner", "says"),
    [
        (b'{"schema": 1, "bucket": "gallery", "prefix": "other/"}', "another gallery"),
        (b'{"schema": 1, "bucket": "another", "prefix": ""}', "another gallery"),
        (b'{"schema": 2, "bucket": "gallery", "prefix": ""}', "newer version"),
        (b'{"schema": "1", "bucket": "gallery", "prefix": ""}', "newer version"),
        (b"{}", "cannot be understood"), (b"", "cannot be understood"), (b"[" * 60_000, "cannot be understood"),
    ],
)  # fmt: skip
def test_a_place_that_is_not_this_gallerys_is_refused(scene: Scene, owner: bytes, says: str):
    places = Places()
    seed(places.gallery, scene.before)
    places.records.put(OWNER, owner, JSON)
    for command in ("deploy", "plan", "verify"):
        ran = places.run(scene, command)
        assert ran.exit_code == 2, ran.log
        assert says in ran.log
    assert state_of(places.gallery) == scene.before


def test_records_of_a_newer_version_are_refused_and_not_moved(scene: Scene):
    places = Places()
    seed(places.gallery, scene.before)
    newer = json.dumps({"schema": 9, "mode": "metadata", "objects": {}}).encode()
    places.gallery.put(MANIFEST_KEY, newer, JSON)
    ran = places.run(scene)
    assert ran.exit_code == 2, ran.log
    assert "newer version" in ran.log
    assert places.names() == set()


# -- one store ---------------------------------------------------------------------------------------------------------


def test_a_copy_between_two_services_is_refused():
    store = StateElsewhere(MemoryStore(), MemoryStore(), GALLERY, Target(FOLDER, "/records"))
    store.put(".galleria/pool/a", b"a", JSON)
    with pytest.raises(StorageUnavailable, match="two services"):
        store.copy(".galleria/pool/a", "a.jpg")


def test_what_cannot_be_deleted_is_told_by_its_whole_name():
    class Denying(MemoryStore):
        def delete(self, keys):
            return dict.fromkeys(keys, "AccessDenied")

    store = StateElsewhere(MemoryStore(), Denying(), GALLERY, RECORDS)
    assert store.delete(["a.jpg", ".galleria/pool/a"]) == {".galleria/pool/a": "AccessDenied"}
