"""Bit by bit, and away for a while: each commit on the way is a whole gallery."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from galleria_action.deployment.apply.keep import Keep
from galleria_action.deployment.apply.order import Moment, check_order
from galleria_action.deployment.apply.publish import Conclude, Publish
from galleria_action.deployment.apply.retain import Retain
from galleria_action.deployment.apply.steps import CommitRecord, Delete, Prove, Stage
from galleria_action.deployment.layout import Layout
from galleria_action.deployment.routing.router import Routing, Seen, Slots, parse_routing
from galleria_action.deployment.slots.fill import Fill, ProveSlot
from galleria_action.deployment.slots.switch import PutAside, Switch, Try
from galleria_action.errors import ConfigInvalid
from tests.reliability.deaths import deaths_of
from tests.reliability.memory import MemoryStore
from tests.reliability.mortal import Fate
from tests.reliability.scenes import METADATA_KEY, Scene, State, live, make_scene, named_by, seed, state_of

# -- the order of steps ----------------------------------------------------------------------------------------------

SLOTS = Slots(MemoryStore(), None, Seen(Routing()), lambda: None)  # type: ignore[arg-type, return-value]
FILL = Fill(SLOTS, lambda work: {})
IN_PLACE = (Stage(), Keep(), Publish(), Prove(), CommitRecord(), Conclude(), Delete(), Retain())
SWITCHED = (Stage(), FILL, ProveSlot(), Keep(in_place=False), Switch(SLOTS), Conclude(), Retain())
ASIDE = (Stage(), FILL, ProveSlot(), PutAside(SLOTS, "blue-green"), Conclude())


@pytest.mark.parametrize("steps", [IN_PLACE, SWITCHED, ASIDE, (*ASIDE[:4], Try(SLOTS, (10,), 60), Conclude())])
def test_steps_that_go_together(steps: tuple[object, ...]):
    check_order(steps)  # type: ignore[arg-type]


@pytest.mark.parametrize("ending", [IN_PLACE, SWITCHED, ASIDE], ids=["in place", "switched", "aside"])
def test_no_step_may_be_left_out(ending: tuple[object, ...]):
    for at in range(len(ending)):
        if ending is SWITCHED and at == 0:
            continue  # a rollback uploads nothing
        with pytest.raises(ValueError, match=r"left out|exactly once"):
            check_order([*ending[:at], *ending[at + 1 :]])  # type: ignore[list-item]


@pytest.mark.parametrize(
    "steps",
    [
        (FILL, Stage(), *SWITCHED[2:]),
        (*SWITCHED[:2], Keep(in_place=False), ProveSlot(), *SWITCHED[4:]),
        (*SWITCHED[:6], Delete(), Retain()),
        (*SWITCHED[:4], Publish(), *SWITCHED[4:]),
        (*SWITCHED[:5], CommitRecord(), *SWITCHED[5:]),
        (*ASIDE[:4], Keep(), Conclude()),
        (Stage(), Try(SLOTS, (10,), 60), *IN_PLACE[1:]),
    ],
    ids=[
        "filled first",
        "shown unproved",
        "old slot emptied",
        "published as well",
        "two endings",
        "kept",
        "tried in place",
    ],
)
def test_steps_that_do_not_go_together(steps: tuple[object, ...]):
    with pytest.raises(ValueError, match=r"steps|exactly once"):
        check_order(steps)  # type: ignore[arg-type]


def test_every_moment_has_its_place():
    assert [moment.name for moment in sorted(Moment)][-4:] == ["SWITCH", "CONCLUDE", "DELETE", "PRUNE"]


# -- what a router says ----------------------------------------------------------------------------------------------


def test_a_document_is_read_as_it_was_written():
    routing = Routing(Layout.slot("a")).on_trial(Layout.slot("b"), 10, "0" * 64)
    assert parse_routing(routing.to_bytes(), "live.json") == routing
    assert len(routing.to_bytes()) < 1024, "what CloudFront takes"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{}", b'{"schema": 2, "live": "", "since": "1970-01-01T00:00:00Z", "canary": null}',
        b'{"schema": 1, "live": "../", "since": "1970-01-01T00:00:00Z", "canary": null}',
        b'{"schema": 1, "live": "slots/a/", "since": "yesterday", "canary": null}',
        b'{"schema": 1, "live": "slots/a/", "since": "1970-01-01T00:00:00Z", "canary": {"folder": "slots/b/"}}',
        Routing().on_trial(Layout.slot("b"), 0, "").to_bytes(),
        Routing().on_trial(Layout.slot("b"), 100, "").to_bytes(),
        b"[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_not_ours_is_neither_followed_nor_written_over(body: bytes):
    with pytest.raises(ConfigInvalid, match="cannot be understood"):
        parse_routing(body, "live.json")


# -- bit by bit --------------------------------------------------------------------------------------------------------


def photos_in(state: State) -> int:
    return len(json.loads(state[METADATA_KEY][0])["photos"]) if METADATA_KEY in state else 0


@pytest.fixture
def big(tmp_path: Path) -> Scene:
    scene = make_scene("first", tmp_path / "workspace", MemoryStore)
    for number in range(10, 14):
        scene.gallery.add(number)
    return scene


def test_a_huge_gallery_becomes_visible_bit_by_bit(big: Scene):
    store, alone, counts = MemoryStore(), MemoryStore(), []

    def look(_: int) -> None:
        now = live(state_of(store))
        assert named_by(now) <= now.keys(), "the live gallery names what is not there"
        counts.append(photos_in(now))

    ran = big.deploy(store, Fate(before=look), batch="2")
    assert ran.exit_code == 0, ran.log
    assert sorted(set(counts)) == [0, 2, 4, 6, 7]
    big.deploy(alone)
    assert live(state_of(store)) == live(state_of(alone))
    assert ran.outputs["photos-uploaded"] == "7"


def test_what_comes_bit_by_bit_is_killed_and_goes_on(big: Scene):
    store = MemoryStore()
    died = deaths_of(lambda fate: big.deploy(store, fate, batch="3"), store)
    for death in died:
        now = live(state_of(death.store))
        assert named_by(now) <= now.keys()
    for death in died[::9]:
        again = big.deploy(death.store, batch="3")
        assert again.exit_code == 0, again.log
        assert photos_in(live(state_of(death.store))) == 7


# -- away for a while --------------------------------------------------------------------------------------------------


def test_the_old_gallery_is_taken_down_before_the_new_one_comes(tmp_path: Path):
    scene = make_scene("changes", tmp_path / "workspace", MemoryStore)
    (scene.workspace / "prod/site/maintenance.html").write_text("<h1>Back soon</h1>", encoding="utf-8")
    store, alone, pages = MemoryStore(), MemoryStore(), set()
    seed(store, scene.before)
    refused = scene.deploy(store, strategy="recreate", max_delete="25%")
    assert (refused.exit_code, refused.outputs["failure-reason"]) == (7, "delete-guard")
    assert state_of(store) == scene.before

    def look(_: int) -> None:
        now = live(state_of(store))
        assert named_by(now) <= now.keys()
        pages.add((now["index.html"][0], photos_in(now)))

    ran = scene.deploy(store, Fate(before=look), strategy="recreate")
    assert ran.exit_code == 0, ran.log
    assert (b"<h1>Back soon</h1>", 0) in pages
    scene.deploy(alone)
    assert live(state_of(store)) == live(state_of(alone))
    back = scene.run("rollback", store)
    assert back.exit_code == 0, back.log
    assert live(state_of(store)) == live(scene.before), "to the old gallery, not to the page"


def test_a_gallery_that_was_taken_down_comes_whenever_the_run_died(tmp_path: Path):
    scene = make_scene("changes", tmp_path / "workspace", MemoryStore)
    store = MemoryStore()
    seed(store, scene.before)
    died = deaths_of(lambda fate: scene.deploy(store, fate, strategy="recreate"), store)
    for death in died:
        now = live(state_of(death.store))
        assert named_by(now) <= now.keys()
    for death in died[::9]:
        again = scene.deploy(death.store, strategy="recreate")
        assert again.exit_code == 0, again.log
        assert live(state_of(death.store)) == live(state_of(store)), death.writes
