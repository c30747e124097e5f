"""Galleries in slots: what visitors see is one of two whole galleries at any moment, and either can come back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from galleria_action.deployment.layout import LIVE_KEY, Layout
from galleria_action.deployment.slots.staged import STAGED_KEY
from galleria_action.deployment.state.publication import PUBLICATION_KEY
from galleria_action.storage.interface import Condition, Headers, WriteStore
from tests.doors.runner import Ran
from tests.reliability.memory import MemoryStore
from tests.reliability.mortal import Fate
from tests.reliability.scenes import Scene, State, make_scene, named_by, seed, state_of
from tests.reliability.turns import Turns, TurnStore, nothing, switching

POINTER = {"strategy": "blue-green", "router": "pointer"}
COPY = {"strategy": "blue-green"}


def folder_of(state: State) -> str:
    """Where visitors are sent."""
    return str(json.loads(state[LIVE_KEY][0])["live"]) if LIVE_KEY in state else ""


def seen(state: State, folder: str | None = None) -> State:
    """The gallery that visitors see, by its own keys; or the one in ``folder``."""
    folder = folder_of(state) if folder is None else folder
    inside = {key.removeprefix(folder): it for key, it in state.items() if key.startswith(folder)}
    return {
        key: it
        for key, it in inside.items()
        if not key.startswith((".galleria/", "slots/", "previews/")) and key != LIVE_KEY
    }


@dataclass
class Past:
    """A bucket, the workspace that is deployed to it, and what visitors saw with each release."""

    scene: Scene
    store: WriteStore
    inputs: dict[str, str]
    seen: dict[str, State] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)

    def run(self, command: str, fate: Fate | None = None, **inputs: str) -> Ran:
        router = {name: it for name, it in self.inputs.items() if command == "deploy" or name == "router"}
        return self.scene.run(command, self.store, fate, **{**router, **inputs})

    def done(self, command: str, **inputs: str) -> Ran:
        ran = self.run(command, **inputs)
        assert ran.exit_code == 0, ran.log
        if release := ran.outputs["release-id"]:
            self.seen[release] = self.now()
            self.order.append(release)
        return ran

    def now(self) -> State:
        return seen(state_of(self.store))


def lived(workspace: Path, inputs: dict[str, str], number: int = 3, scene: str = "first") -> Past:
    """``number`` releases with photos that come, change and go, and a site that does."""
    past = Past(make_scene(scene, workspace, MemoryStore), MemoryStore(), inputs)
    past.done("deploy")
    for step in range(1, number):
        change(past.scene, step)
        past.done("deploy")
    return past


def change(scene: Scene, step: int) -> None:
    if scene.gallery.metadata_path.exists():
        scene.gallery.change(step % 2, version=step)
        if step % 2:
            scene.gallery.add(20 + step)
        else:
            scene.gallery.remove(0)
    else:
        files = sorted((scene.gallery.source / "full").iterdir())
        files[0].write_bytes(files[0].read_bytes() + bytes([step]))
    (scene.workspace / "prod/site/index.html").write_text(f"<h1>{step}</h1>", encoding="utf-8")
    (scene.workspace / f"prod/site/page-{step}.html").write_text("page", encoding="utf-8")


@pytest.mark.parametrize("inputs", [POINTER, COPY], ids=["pointer", "copy"])
@pytest.mark.parametrize("scene", ["first", "directory-first"])
def test_releases_come_and_come_back(tmp_path: Path, inputs: dict[str, str], scene: str):
    past = lived(tmp_path / "workspace", inputs, 4, scene)
    alone = MemoryStore()
    past.scene.deploy(alone)
    assert past.now() == seen(state_of(alone)), "the same gallery as in place"
    for release in (*past.order[:4], *past.order[1:3][::-1]):
        past.done("rollback", to=release)
        assert past.now() == past.seen[release], release
    assert past.run("verify").exit_code == 0
    assert PUBLICATION_KEY not in state_of(past.store)


def test_visitors_are_sent_from_slot_to_slot(tmp_path: Path):
    past = lived(tmp_path / "workspace", POINTER, 1)
    folders = [folder_of(state_of(past.store))]
    for step in range(1, 4):
        change(past.scene, step)
        past.done("deploy")
        folders.append(folder_of(state_of(past.store)))
    assert folders == ["slots/a/", "slots/b/"] * 2


def test_only_a_slot_that_visitors_have_left_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    waits: list[float] = []
    monkeypatch.setattr("galleria_action.deployment.routing.router.LEFT_ALONE_SECONDS", 90)
    monkeypatch.setattr("galleria_action.deployment.slots.fill.wait", lambda work, seconds: waits.append(seconds))
    past = lived(tmp_path / "workspace", POINTER, 2)
    assert waits == [], "nobody has ever been in the second one"
    change(past.scene, 2)
    past.done("deploy")
    assert [0 < it <= 90 for it in waits] == [True]


# -- promoted by a person --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inputs", [POINTER, COPY], ids=["pointer", "copy"])
@pytest.mark.parametrize("scene", ["first", "directory-first"])
def test_a_gallery_waits_until_somebody_promotes_it(tmp_path: Path, inputs: dict[str, str], scene: str):
    past = lived(tmp_path / "workspace", inputs, 2, scene)
    before = past.now()
    change(past.scene, 7)
    ran = past.run("deploy", promote="manual")
    assert ran.exit_code == 0, ran.log
    assert "waits in slots/" in ran.outputs["message"]
    assert ran.outputs["release-id"] == ""
    assert past.now() == before
    shown = past.run("promote", dry_run="true")
    assert shown.exit_code == 0, shown.log
    assert past.now() == before
    assert past.run("promote", approved_plan="0" * 64).outputs["failure-reason"] == "plan-changed"
    promoted = past.done("promote", approved_plan=shown.outputs["plan-id"])
    alone = MemoryStore()
    past.scene.deploy(alone)
    assert past.now() == seen(state_of(alone))
    assert STAGED_KEY not in state_of(past.store)
    assert promoted.outputs["previous-release"] == past.order[1]
    again = past.run("promote")
    assert (again.exit_code, again.outputs["failure-reason"]) == (14, "release-unavailable")
    past.done("rollback")
    assert past.now() == before


def test_what_waits_is_taken_back(tmp_path: Path):
    past = lived(tmp_path / "workspace", POINTER, 2)
    before = past.now()
    change(past.scene, 7)
    assert past.run("deploy", promote="manual").exit_code == 0
    aborted = past.run("promote", abort="true")
    assert aborted.exit_code == 0, aborted.log
    assert past.run("promote").outputs["failure-reason"] == "release-unavailable"
    assert past.now() == before
    assert "Nothing waits" in past.run("promote", abort="true").outputs["message"]
    past.done("deploy")
    assert past.now() != before


@pytest.mark.parametrize("inputs", [POINTER, COPY], ids=["pointer", "copy"])
def test_what_waits_is_out_of_date_when_another_went_live(tmp_path: Path, inputs: dict[str, str]):
    past = lived(tmp_path / "workspace", inputs, 2)
    change(past.scene, 7)
    assert past.run("deploy", promote="manual").exit_code == 0
    past.done("rollback")
    live = past.now()
    ran = past.run("promote")
    assert ran.outputs["failure-reason"] in ("conflict", "release-unavailable", "verify-failed"), ran.log
    assert past.now() == live


@pytest.mark.parametrize("inputs", [POINTER, COPY], ids=["pointer", "copy"])
def test_a_slot_that_somebody_has_damaged_is_shown_to_nobody(tmp_path: Path, inputs: dict[str, str]):
    past = lived(tmp_path / "workspace", inputs, 2)
    before = past.now()
    change(past.scene, 7)
    assert past.run("deploy", promote="manual").exit_code == 0
    folder = Layout.slot("a" if inputs is COPY or folder_of(state_of(past.store)) == "slots/b/" else "b").folder
    lost = next(key for key in state_of(past.store) if key.startswith(folder) and key.endswith((".jpg", ".jpeg")))
    past.store.delete([lost])
    ran = past.run("promote")
    assert ran.outputs["failure-reason"] == "verify-failed", ran.log
    assert past.now() == before


def test_no_slot_is_made_where_the_gallery_that_visitors_see_has_files(tmp_path: Path):
    """The workspace has other keys by now, but until the switch visitors are shown those in the slot's folder."""
    scene = make_scene("changes", tmp_path / "workspace", MemoryStore, change=False)
    page = tmp_path / "workspace" / "prod" / "site" / "slots" / "a" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text("<p>Machines</p>")
    past = Past(scene, MemoryStore(), {})
    past.done("deploy")
    before = state_of(past.store)
    page.unlink()
    refused = past.run("deploy", max_delete="100%", **COPY)
    assert (refused.exit_code, refused.outputs["failure-reason"]) == (2, "config-invalid"), refused.log
    assert state_of(past.store) == before


def test_what_lies_in_a_slot_under_the_right_name_is_not_believed(tmp_path: Path):
    past = lived(tmp_path / "workspace", POINTER, 3)
    idle = "slots/a/" if folder_of(state_of(past.store)) == "slots/b/" else "slots/b/"
    same = next(key for key in past.now() if key.endswith(".jpg") and f"{idle}{key}" in state_of(past.store))
    past.store.put(f"{idle}{same}", b"somebody else was here", past.now()[same][1] or Headers("image/jpeg"))
    past.store.put(f"{idle}stray.txt", b"and here", Headers("text/plain"))
    change(past.scene, 7)
    past.done("deploy")
    alone = MemoryStore()
    past.scene.deploy(alone)
    assert past.now() == seen(state_of(alone))


class Sabotaged(MemoryStore):
    """Somebody damages the slot at the very moment when visitors are sent there."""

    def put(self, key: str, body: bytes, headers: Headers, condition: Condition | None = None) -> str:
        etag = super().put(key, body, headers, condition)
        if key == LIVE_KEY and (folder := json.loads(body)["live"]) == "slots/b/":
            self.delete([f"{folder}gallery-metadata.json"])
        return etag


def test_visitors_are_sent_back_from_what_turns_out_to_be_damaged(tmp_path: Path):
    past = lived(tmp_path / "workspace", POINTER, 1)
    before = past.now()
    past.store, begin = Sabotaged(), state_of(past.store)
    seed(past.store, begin)
    change(past.scene, 7)
    ran = past.run("deploy")
    assert ran.exit_code != 0
    assert "Visitors were sent back" in ran.log
    assert past.now() == before


# -- forgotten -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inputs", [POINTER, COPY], ids=["pointer", "copy"])
def test_a_forgotten_photo_is_gone_from_every_slot(tmp_path: Path, inputs: dict[str, str]):
    past = lived(tmp_path / "workspace", inputs, 3)
    photo = json.loads(past.now()["gallery-metadata.json"][0])["photos"][-1]
    names = {key.rpartition("/")[2] for key in photo["files"].values()}
    assert [key for key in state_of(past.store) if key.startswith("slots/") and key.rpartition("/")[2] in names]
    ran = past.run("forget", photo=photo["id"])
    assert ran.exit_code == 0, ran.log
    assert not [key for key in state_of(past.store) if key.rpartition("/")[2] in names]
    assert past.run("verify").exit_code == 0
    past.done("deploy")
    assert [key for key in past.now() if key.rpartition("/")[2] in names], "it was not taken out of the workspace"


# -- two at once -----------------------------------------------------------------------------------------------------

_RIVALS = {
    "deploy": ("deploy", {"strategy": "blue-green", "cache_control_photos": "no-store"}),
    "promote": ("promote", {}),
    "rollback": ("rollback", {}),
    "abort": ("promote", {"abort": "true"}),
    "forget": ("forget", {}),
}


@pytest.mark.parametrize(
    "other", [pytest.param(name, marks=[] if name == "deploy" else pytest.mark.slow) for name in _RIVALS]
)
def test_two_at_once(tmp_path: Path, other: str, monkeypatch: pytest.MonkeyPatch):
    """Visitors see a whole gallery whatever the order, one of the two gets through, and nothing is left half done."""
    monkeypatch.setattr("galleria_action.deployment.apply.publishing.LEASE_SECONDS", 0.02)
    monkeypatch.setattr("galleria_action.deployment.apply.publishing.LOOK_SECONDS", 0.0001)
    past = lived(tmp_path / "workspace", POINTER, 3)
    if other in ("promote", "abort"):
        change(past.scene, 6)
        assert past.run("deploy", promote="manual").exit_code == 0
    photo = json.loads(past.now()["gallery-metadata.json"][0])["photos"][-1]["id"]
    change(past.scene, 7)
    begin = state_of(past.store)
    command, given = _RIVALS[other]
    inputs = given | ({"photo": photo} if other == "forget" else {})
    won = set()
    for first in (0, 3, 8, 14, 20, 26, 32, 40, 50, 60):
        store = MemoryStore()
        seed(store, begin)
        rivals = Past(past.scene, store, POINTER)

        def look(store: WriteStore = store) -> None:
            now = seen(state_of(store))
            assert named_by(now) <= now.keys(), "the live gallery names what is not there"

        turns = Turns(switching(first, 60), look, at_once=nothing, asked_at_once=1)

        def run(
            name: str, command: str, inputs: dict[str, str], turns: Turns = turns, store: WriteStore = store
        ) -> Ran:
            return past.scene.run(command, TurnStore(store, turns, name), **inputs)

        runs = {
            "a": lambda run=run: run("a", "deploy", POINTER),
            "b": lambda run=run: run("b", command, {"router": "pointer", **inputs}),
        }
        ended = {name: ran.exit_code for name, ran in turns.play(runs).items()}
        assert set(ended.values()) <= {0, 4, 5, 9, 14}, ended
        assert 0 in ended.values(), ended
        won.add(tuple(ended.values()))
        checked = rivals.run("verify", orphans="warn")
        assert checked.exit_code == 0, (first, ended, checked.log)
        again = rivals.run("deploy")
        assert again.exit_code == 0, (first, ended, again.log)
    assert won
