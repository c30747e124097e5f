"""Releases: each can come back byte for byte and header for header, whatever was deployed, rolled back or killed since.

What was live with each release is remembered here beside the bucket; a rollback must bring exactly that.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import count
from pathlib import Path
from random import Random

import pytest

from galleria_action.deployment.releases.hold import HOLD_KEY
from galleria_action.deployment.releases.record import RELEASES_FOLDER, parse_release
from galleria_action.deployment.state.elsewhere import StateElsewhere
from galleria_action.deployment.state.pool import POOL_FOLDER
from galleria_action.deployment.state.publication import PUBLICATION_KEY
from galleria_action.storage.folder_store import FolderStore
from galleria_action.storage.interface import Headers, Target, WriteStore
from galleria_action.storage.opening import open_store
from galleria_action.storage.settings import FOLDER, StoreSettings
from tests.reliability.deaths import deaths_of
from tests.reliability.memory import MemoryStore
from tests.reliability.mortal import Fate, MortalStore
from tests.reliability.past import Past, live_a_whole_life, lived
from tests.reliability.places import GALLERY, RECORDS, Places
from tests.reliability.scenes import live, make_scene, seed, state_of
from tests.reliability.turns import Turns, TurnStore, switching
from tests.s3 import FakeS3

Empty = Callable[[], WriteStore]


@pytest.fixture
def empty(request: pytest.FixtureRequest, fake_s3: Callable[..., FakeS3], tmp_path: Path) -> Empty:
    """Makes an empty bucket of the kind that the test asks for."""
    kind, number = getattr(request, "param", "memory"), count()

    def make() -> WriteStore:
        if kind == "folder":
            return FolderStore(Target(FOLDER, str(tmp_path / f"bucket-{next(number)}")))
        if kind == "s3":
            return open_store(fake_s3("aws").settings(f"{next(number)}/"))
        return MemoryStore(compares=kind != "memory without conditions")

    return make


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Past:
    """Four releases in a bucket in memory, which nobody changes."""
    scene = make_scene("first", tmp_path_factory.mktemp("lived") / "workspace", MemoryStore)
    return lived(scene, MemoryStore(), 4)


@pytest.fixture
def past(once: Past, tmp_path: Path) -> Past:
    """The same four, to go on with."""
    return once.again(tmp_path / "workspace")


# -- back, and forward again ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("empty", ["folder", pytest.param("s3", marks=pytest.mark.slow)], indirect=True)
def test_ten_releases_come_back_in_any_order(tmp_path: Path, empty: Empty):
    live_a_whole_life(Past(make_scene("first", tmp_path / "workspace", empty), empty()), Random(1))


@pytest.mark.slow
@pytest.mark.parametrize("number", range(2, 12))
def test_ten_releases_come_back_in_ten_other_orders(tmp_path: Path, number: int):
    scene = make_scene("first", tmp_path / "workspace", MemoryStore)
    live_a_whole_life(Past(scene, MemoryStore()), Random(number))


def test_ten_releases_come_back_where_our_records_lie_elsewhere(tmp_path: Path):
    scene, places = make_scene("first", tmp_path / "workspace", MemoryStore), Places()
    scene.inputs["state"] = places.state
    both = StateElsewhere(places.gallery, places.records, GALLERY, RECORDS)

    def opener(settings: StoreSettings) -> WriteStore:
        return places.gallery if settings.target == GALLERY else places.records

    live_a_whole_life(Past(scene, both, opener), Random(12))
    assert places.own() == []


def test_in_directory_mode_too(tmp_path: Path):
    scene = make_scene("directory-first", tmp_path / "workspace", MemoryStore)
    past = Past(scene, MemoryStore())
    first = past.deploy()
    files = sorted((scene.gallery.source / "full").iterdir())
    files[0].write_bytes(files[0].read_bytes().replace(b"EOS R5", b"EOS R6"))
    files[1].unlink()
    second = past.deploy()
    for release in (first, second):
        past.back(to=release)
        assert past.now() == past.seen[release]
    past.check_tidy()


def test_after_a_rollback_the_next_deploy_plans_against_what_is_there(past: Past):
    fourth = past.order[3]
    past.back()
    again = past.scene.deploy(past.store)
    assert again.exit_code == 0, again.log
    assert again.outputs["changed"] == "true"
    assert past.now() == past.seen[fourth]


def test_steps_back_never_lead_to_what_was_rolled_back(past: Past):
    first, second, third, _ = past.order
    for release in (third, second, first):
        past.back()
        assert past.now() == past.seen[release]
    ran = past.run("rollback")
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (14, "release-unavailable")
    past.back(to=third)
    past.back(steps="2")
    assert past.now() == past.seen[first]


def test_a_release_on_top_of_a_rollback_goes_back_to_what_that_brought(past: Past):
    _, second, _, _ = past.order
    past.back(to=second)
    past.scene.gallery.change(0, version=50)
    past.deploy()
    past.back()
    assert past.now() == past.seen[second]


def test_a_rollback_is_shown_guarded_and_approved_before_it_writes(past: Past):
    before, first = state_of(past.store), past.order[0]
    fate = Fate()
    shown = past.scene.run("rollback", MortalStore(past.store, fate), to=first, dry_run="true")
    assert shown.exit_code == 0, shown.log
    assert "To bring back" in shown.summary
    assert fate.attempts == 0
    refused = past.run("rollback", to=first, max_delete="0")
    assert (refused.exit_code, refused.outputs["failure-reason"]) == (7, "delete-guard")
    other = past.run("rollback", to=first, approved_plan="0" * 64)
    assert (other.exit_code, other.outputs["failure-reason"]) == (9, "plan-changed")
    assert state_of(past.store) == before
    past.back(to=first, approved_plan=shown.outputs["plan-id"])
    assert past.now() == past.seen[first]


def test_what_another_tool_overwrote_comes_back_where_it_is_kept(past: Past):
    index = "index.html"
    past.store.put(index, b"somebody else was here", Headers("text/plain"))
    third = past.order[2]
    past.back()
    assert past.now() == past.seen[third]


def test_a_gallery_from_before_releases_can_be_brought_back(past: Past):
    past.store.delete(past.records())
    past.store.delete([found.key for found in past.store.list(POOL_FOLDER)])
    before = past.now()
    past.scene.gallery.change(0, version=60)
    past.deploy()
    past.back()
    assert past.now() == before


# -- what cannot come back -----------------------------------------------------------------------------------------


def test_bytes_that_are_gone_are_listed(past: Past):
    record = past.store.get(f"{RELEASES_FOLDER}{past.order[1]}.json")
    assert record
    lost = sorted(parse_release(record.body, past.order[1]).kept())[0]
    past.store.delete([lost])
    before = state_of(past.store)
    ran = past.run("rollback", to=past.order[0])
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (14, "release-unavailable")
    assert ran.result["findings"]
    assert state_of(past.store) == before


def test_an_unknown_release_is_answered_with_the_nearest(past: Past):
    wrong = past.order[1][:-1] + ("0" if past.order[1][-1] != "0" else "1")
    ran = past.run("rollback", to=wrong)
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (14, "release-unavailable")
    assert past.order[1] in ran.log
    assert past.run("rollback", to="yesterday").exit_code == 2


def test_a_damaged_record_is_skipped_and_never_trusted(past: Past):
    key = f"{RELEASES_FOLDER}{past.order[2]}.json"
    past.store.put(key, b'{"schema": 1, "undo": {"../x": null}}', Headers("application/json"))
    told = past.run("history")
    assert told.exit_code == 0, told.log
    assert "cannot be understood; it is skipped" in told.log
    assert past.run("rollback", to=past.order[0]).exit_code == 14
    past.scene.gallery.change(0, version=70)
    past.deploy()
    past.back()


def test_a_record_of_a_newer_version_is_refused(past: Past):
    key = f"{RELEASES_FOLDER}{past.order[2]}.json"
    past.store.put(key, b'{"schema": 99}', Headers("application/json"))
    for command in ("history", "rollback"):
        ran = past.run(command)
        assert ran.exit_code == 2, ran.log
        assert "newer version" in ran.log


def test_a_service_without_copies_is_told_of_when_it_is_planned(past: Past):
    """The plan of a deploy, which keeps, and that of a rollback; where nothing is kept, nothing is said."""
    told, there = "A rollback needs copies inside the service", {"endpoint": "https://fsn1.your-objectstorage.com"}
    past.scene.gallery.change(0, version=44)
    assert told in past.run("plan", **there).log
    assert told in past.run("rollback", dry_run="true", **there).log
    assert told not in past.run("plan").log
    assert told not in past.run("plan", keep_releases="0", **there).log


def test_without_releases_nothing_is_kept(tmp_path: Path):
    scene = make_scene("first", tmp_path / "workspace", MemoryStore)
    past = lived(scene, MemoryStore(), 3, keep_releases="0")
    assert not list(past.store.list(POOL_FOLDER))
    assert len(past.records()) == 1
    assert past.run("rollback").exit_code == 14


def test_with_nothing_to_do_what_is_not_kept_any_longer_goes(past: Past):
    """``keep-releases`` was lowered, or the days of ``keep-days`` have gone by, and nothing else changes."""
    before = past.now()
    ran = past.run("deploy", keep_releases="1")
    assert (ran.exit_code, ran.outputs["changed"]) == (0, "false")
    assert len(past.records()) == 2
    assert past.now() == before
    past.check_tidy()
    again = past.run("deploy", keep_releases="1")
    assert [name for name in again.result["requests"] if name in ("put", "delete", "copy")] == []


def test_a_damaged_record_does_not_have_every_run_tidy(past: Past):
    key = past.records()[1]
    past.store.put(key, b"{}", Headers("application/json"))
    ran = past.run("deploy", keep_releases="3")
    assert ran.exit_code == 0, ran.log
    fate = Fate()
    assert past.scene.deploy(past.store, fate, keep_releases="3").exit_code == 0
    assert fate.writes == []


# -- history and hold ----------------------------------------------------------------------------------------------


def test_the_history_tells_what_there_is(past: Past):
    bad = past.order[3]
    past.back()
    told = past.run("history")
    assert told.exit_code == 0, told.log
    releases = told.result["releases"]
    assert [it["id"] for it in releases] == past.order[::-1]
    assert [it["live"] for it in releases] == [True, False, False, False, False]
    assert [it["id"] for it in releases if it["rolled_back"]] == [bad]
    assert all(it["rollback"]["possible"] for it in releases[1:])
    assert {it["verified"] for it in releases} == {"verified"}
    assert past.order[2] in told.summary


def test_a_deploy_says_how_it_is_taken_back(past: Past):
    past.scene.gallery.change(0, version=80)
    ran = past.scene.deploy(past.store)
    assert ran.outputs["previous-release"] == past.order[-1]
    assert f"rollback --to {past.order[-1]}" in ran.summary


def test_a_rollback_says_how_to_go_forward_again_and_further_back(past: Past):
    first, second, third, bad = past.order
    ran = past.run("rollback")
    assert ran.exit_code == 0, ran.log
    assert f"To go back further: `galleria-action rollback --to {second}`" in ran.summary
    assert f"To go forward again: `galleria-action rollback --to {bad}`" in ran.summary
    past.back(to=first)
    assert past.run("rollback", to=third).summary.count("rollback --to") == 2


def test_deploys_are_held_until_the_hold_is_released(past: Past):
    third = past.order[2]
    past.back(hold="true")
    refused = past.scene.deploy(past.store)
    assert (refused.exit_code, refused.outputs["failure-reason"]) == (9, "held")
    assert third in refused.log
    assert past.now() == past.seen[third]
    past.back()
    lifted = past.run("release-hold")
    assert lifted.exit_code == 0, lifted.log
    assert past.store.get(HOLD_KEY) is None
    past.deploy()


# -- killed, and two at once ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "empty", ["memory", pytest.param("memory without conditions", marks=pytest.mark.slow)], indirect=True
)
def test_a_rollback_is_killed_at_every_request(tmp_path: Path, empty: Empty):
    """The gallery is one of the two at each commit, the next run ends it, and what is kept is still enough for both."""
    past = lived(make_scene("first", tmp_path / "workspace", empty), empty(), 3)
    begin, first = state_of(past.store), past.order[0]

    rolled_back = empty()
    assert isinstance(rolled_back, MemoryStore)
    seed(rolled_back, begin)
    died = deaths_of(lambda fate: past.scene.run("rollback", rolled_back, fate, to=first), rolled_back)
    assert len(died) > 10
    for store in (death.store for death in died):
        again = past.scene.run("rollback", store, to=first)
        assert again.exit_code == 0, again.log
        assert live(state_of(store)) == past.seen[first]
        assert PUBLICATION_KEY not in state_of(store)
        Past(past.scene, store).check_tidy()
        forward = past.scene.run("rollback", store, to=past.order[2])
        assert forward.exit_code == 0, forward.log
        assert live(state_of(store)) == past.seen[past.order[2]]


def test_a_deploy_that_was_killed_can_be_taken_back_whenever_it_died(tmp_path: Path):
    """Whatever it left, a rollback brings back what was live before, or what it brought when it had committed."""
    past = lived(make_scene("first", tmp_path / "workspace", MemoryStore), MemoryStore(), 3)
    begin, third = state_of(past.store), past.order[2]
    past.scene.gallery.change(0, version=90)
    past.scene.gallery.remove(1)
    (past.scene.workspace / "prod/site/late.html").write_text("late", encoding="utf-8")
    deployed = MemoryStore()
    seed(deployed, begin)
    for death in deaths_of(lambda fate: past.scene.deploy(deployed, fate), deployed):
        store = death.store
        ended = past.scene.deploy(store)
        assert ended.exit_code == 0, ended.log
        back = past.scene.run("rollback", store, to=third)
        assert back.exit_code == 0, (death.writes, back.log)
        assert live(state_of(store)) == past.seen[third], death.writes


@pytest.mark.parametrize("step", [8, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("other", ["deploy", "rollback", "forget"])
def test_a_rollback_beside_another_run(past: Past, other: str, step: int, monkeypatch: pytest.MonkeyPatch):
    """Held up before some of its requests in turn while all of the other goes by: who loses says so, the gallery is
    always a whole one, and what the one that came last made can be taken back."""
    monkeypatch.setattr("galleria_action.deployment.apply.publishing.LOOK_SECONDS", 0.0001)
    monkeypatch.setattr("galleria_action.deployment.apply.publishing.LEASE_SECONDS", 0.02)
    begin, ids = state_of(past.store), list(past.order)
    past.scene.gallery.change(0, version=40)
    inputs = {"rollback": {"to": ids[1]}, "forget": {"photo": past.scene.gallery.photos[1]["id"]}}.get(other, {})
    won = set()
    for first in (0, 1, 2, *range(3, 60, step)):  # it claims as soon as it has read what lies there
        store = MemoryStore()
        seed(store, begin)
        turns = Turns(switching(first, 99), lambda: None, asked_at_once=1)
        runs = {
            "a": lambda store=store, turns=turns: past.scene.run("rollback", TurnStore(store, turns, "a"), to=ids[0]),
            "b": lambda store=store, turns=turns: past.scene.run(other, TurnStore(store, turns, "b"), **inputs),
        }
        ended = {name: ran.exit_code for name, ran in turns.play(runs).items()}
        # what is forgotten between the look at a release and the reading of its metadata is gone
        assert set(ended.values()) <= ({0, 4, 9, 14} if other == "forget" else {0, 4, 9}), ended
        # Whose commit is followed by the other before its deletes leaves these to the next run; the other finds them.
        assert 0 in ended.values() or ended == {"a": 9, "b": 4}, ended
        won.add(tuple(ended.values()))
        checked = past.scene.run("verify", store, orphans="warn")
        assert checked.exit_code == 0, (first, ended, checked.log)
        told = past.scene.run("history", store)
        assert told.exit_code == 0, told.log
        assert all(it["rollback"]["possible"] for it in told.result["releases"] if it["rollback"]), told.log
    assert len(won) > 1, "each is the faster one at some moment"


def test_the_record_is_as_large_as_what_changed(tmp_path: Path):
    scene = make_scene("first", tmp_path / "workspace", MemoryStore)
    for number in range(10, 60):
        scene.gallery.add(number)
    past = Past(scene, MemoryStore())
    first = past.deploy()
    scene.gallery.change(0)
    second = past.deploy()
    assert len(past.store.get(f"{RELEASES_FOLDER}{first}.json").body) < 2000  # type: ignore[union-attr]
    body = past.store.get(f"{RELEASES_FOLDER}{second}.json").body  # type: ignore[union-attr]
    assert len(json.loads(body)["undo"]) == 4, "three files and the metadata"
    assert len(body) < 4000
