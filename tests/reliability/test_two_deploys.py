"""Two deploys to one bucket at once, interleaved request by request.

Whatever the order, no moment shows a broken gallery, a deploy that was not the first to commit deletes nothing, and a
last undisturbed run puts everything right. Seeds are the parameters of the tests, so a failure can be repeated.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from galleria_action.deployment.releases.record import id_in, is_open
from galleria_action.deployment.state.manifest import MANIFEST_KEY
from galleria_action.deployment.state.publication import PUBLICATION_KEY, Publication
from galleria_action.deployment.state.written import parse_manifest
from galleria_action.storage.interface import RECORD_HEADERS, RECORDS, Headers, Target
from tests.builders import photo_bytes
from tests.doors.runner import Ran
from tests.reliability.memory import MemoryStore
from tests.reliability.scenes import (
    METADATA_KEY,
    Scene,
    State,
    apart_from_releases,
    check_whole,
    make_scene,
    named_by,
    seed,
    state_of,
)
from tests.reliability.turns import Schedule, Turns, TurnStore, deletes, in_bursts, nothing, switching


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for a publish looks as often as the schedule lets it."""
    monkeypatch.setattr("galleria_action.deployment.apply.publishing.LOOK_SECONDS", 0.0001)
    monkeypatch.setattr("galleria_action.deployment.apply.publishing.LEASE_SECONDS", 0.02)


@dataclass
class Pair:
    """Two workspaces that want other things of the same bucket, and what was there before."""

    a: Scene
    b: Scene
    before: State
    compares: bool = True

    def fresh(self) -> MemoryStore:
        store = MemoryStore(compares=self.compares)
        seed(store, self.before)
        return store

    def alone(self, scene: Scene) -> State:
        """What the bucket holds after ``scene`` alone."""
        if scene.alone is None:
            store = self.fresh()
            ran = scene.deploy(store)
            assert ran.exit_code == 0, ran.log
            scene.alone = state_of(store)
        return scene.alone

    def play(self, schedule: Schedule, at_once: Callable[[str, str], bool] = deletes) -> Played:
        """Both deploys at once; at every moment the bucket is whole."""
        store = self.fresh()
        versions = [self.before, self.alone(self.a), self.alone(self.b)]
        turns = Turns(schedule, lambda: check_whole(state_of(store), *versions), at_once=at_once)

        def runs(scene: Scene, name: str) -> Callable[[], Ran]:
            return lambda: scene.deploy(TurnStore(store, turns, name))

        return Played(store, turns, turns.play({"a": runs(self.a, "a"), "b": runs(self.b, "b")}))


@dataclass
class Played:
    """How it went."""

    store: MemoryStore
    turns: Turns
    outcomes: dict[str, Ran]

    def exits(self) -> tuple[int, int]:
        return self.outcomes["a"].exit_code, self.outcomes["b"].exit_code

    def when(self, name: str, operation: str, key: str) -> int | None:
        """The number of the first such request of ``name`` that took effect."""
        return next((i for i, done in enumerate(self.turns.log) if done == (name, operation, key)), None)

    def check_fair(self, commit_key: str) -> None:
        """Who did not commit deleted nothing and says why; who committed second had seen the first's commit."""
        commits = {name: self.when(name, "put", commit_key) for name in self.outcomes}
        for name, ran in self.outcomes.items():
            if ran.exit_code == 9 and "Nothing was committed" in ran.outputs["message"]:
                deleted = [key for run, done, key in self.turns.log if (run, done) == (name, "delete")]
                assert not [key for key in deleted if not key.startswith(".galleria/")]
            else:
                assert commits[name] is not None or ran.outputs["changed"] == "false", ran.log
                assert ran.exit_code in (0, 4, 9), ran.log
        first, second = sorted(self.outcomes, key=lambda name: commits[name] or len(self.turns.log))
        assert commits[first] is not None
        if commits[second] is not None:
            log = self.turns.log[: commits[second]]
            planned = max(i for i, done in enumerate(log) if done == (second, "get", commit_key))
            assert planned > (commits[first] or 0), "both planned against the same gallery, and both committed"


def pair(tmp_path: Path, name: str, **options: bool) -> Pair:
    a = make_scene(name, tmp_path / "a", MemoryStore)
    b = make_scene(name, tmp_path / "b", MemoryStore, change=False)
    assert apart_from_releases(a.before) == apart_from_releases(b.before)
    other_changes(b, directory=name == "directory")
    return Pair(a, b, a.before, **options)


def other_changes(scene: Scene, *, directory: bool) -> None:
    """What the other one changes, this one changes in another way; what it removes stays here, and the other way
    round."""
    (scene.workspace / "prod/site/index.html").write_text("<h1>Another wedding</h1>", encoding="utf-8")
    if directory:
        files = sorted((scene.gallery.source / "full").iterdir())
        files[0].write_bytes(photo_bytes(60))
        files[-1].unlink()
        return
    scene.gallery.change(0, version=2)
    scene.gallery.remove(2)
    scene.gallery.add(9)


def put_right(pair: Pair, scene: Scene, store: MemoryStore) -> None:
    """One more undisturbed run ends in what ``scene`` wants, whatever the two left behind.

    Only files of a site that the other one had uploaded before it lost may lie about: nobody owns the root of a bucket,
    so there is no telling that they are orphans.
    """
    again = scene.deploy(store, orphans="delete")
    assert again.exit_code == 0, again.log
    now, wanted = live(state_of(store)), live(pair.alone(scene))
    assert {key: now[key] for key in now if key in wanted} == wanted
    other = pair.b if scene is pair.a else pair.a
    assert not [key for key in now.keys() - wanted.keys() if "/" in key or key not in pair.alone(other)]


def live(state: State) -> State:
    return {key: value for key, value in state.items() if not key.startswith(".galleria/")}


def commit_key(name: str) -> str:
    return MANIFEST_KEY if name == "directory" else METADATA_KEY


SCENES = ("changes", "photos-only", "directory")


def held_up(most: int, step: int) -> pytest.MarkDecorator:
    """Parameter ``firsts``: after how many of its requests a run is held up; by default in steps, slow: at each."""
    steps = pytest.param(range(0, most, step), id=f"in steps of {step}")
    return pytest.mark.parametrize("firsts", [steps, pytest.param(range(most), id="each", marks=pytest.mark.slow)])


def some(firsts: range, by_default: int) -> pytest.MarkDecorator:
    """Parameter ``first``: ``firsts``, of which all are slow but every ``by_default``-th."""
    quick = firsts[::by_default]
    marked = [first if first in quick else pytest.param(first, marks=pytest.mark.slow) for first in firsts]
    return pytest.mark.parametrize("first", marked)


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("number", range(5))
def test_interleaved_at_random(tmp_path: Path, name: str, number: int):
    two = pair(tmp_path, name)
    played = two.play(in_bursts(Random(number)))
    played.check_fair(commit_key(name))
    put_right(two, two.b if number % 2 else two.a, played.store)


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENES)
def test_interleaved_at_random_two_hundred_times(tmp_path: Path, name: str):
    two = pair(tmp_path, name)
    for number in range(100, 300):
        played = two.play(in_bursts(Random(number)))
        played.check_fair(commit_key(name))
        put_right(two, two.b if number % 2 else two.a, played.store)


@held_up(40, step=3)
@pytest.mark.parametrize("name", SCENES)
def test_one_goes_by_at_every_request_of_the_other(tmp_path: Path, name: str, firsts: range):
    """``a`` is held up before each of its requests in turn, while all of ``b`` goes by."""
    two = pair(tmp_path, name)
    exits = Counter[tuple[int, int]]()
    for first in firsts:
        played = two.play(switching(first, 99))
        played.check_fair(commit_key(name))
        exits[played.exits()] += 1
    assert exits[9, 0] >= 3 / firsts.step, "the moments between what was read and the claim; reads go side by side"
    assert exits[0, 9] + exits[4, 9] + exits[0, 0] >= 1


def test_who_waits_for_the_publish_of_another_says_so(tmp_path: Path):
    """``a`` is about to publish, when ``b`` begins to: it waits, and finds then that the other one was faster."""
    two = pair(tmp_path, "changes")
    claim = two.play(switching(999, 0)).when("a", "put", PUBLICATION_KEY)
    assert claim is not None
    played = two.play(switching(claim, claim + 3))
    assert played.exits()[0] == 9
    assert "waiting to see which" in played.outcomes["a"].log


def test_who_waits_for_the_deletes_of_another_says_so(tmp_path: Path):
    """``a`` has committed, and deletes: what goes, ``b`` may want again."""
    two = pair(tmp_path, "changes")
    commit = two.play(switching(999, 0)).when("a", "put", METADATA_KEY)
    assert commit is not None
    played = two.play(switching(commit + 1, 20))
    assert played.exits() == (0, 0)
    assert "waiting to see which" in played.outcomes["b"].log
    assert (played.when("a", "delete", PUBLICATION_KEY) or 999) < (played.when("b", "put", PUBLICATION_KEY) or 0)


@pytest.mark.parametrize("name", SCENES)
def test_who_is_taken_for_dead_right_before_its_commit_does_not_commit(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
):
    """``a`` has looked for the last time whether it is still the one that publishes, and is then held up for so long
    that ``b`` takes its publish back and commits: what refuses the commit of ``a`` is its condition alone."""
    monkeypatch.setattr("galleria_action.deployment.apply.publishing.LEASE_SECONDS", 0.002)
    two = pair(tmp_path, name)
    first = two.play(switching(999, 0)).when("a", "put", commit_key(name))
    assert first is not None
    played = two.play(switching(first, 999))
    assert played.exits() in [(9, 0), (9, 4)], "b may name as orphans what a had brought"
    put_right(two, two.b, played.store)


def test_who_is_taken_for_dead_after_its_commit_deletes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """``a`` is held up between its commit and its deletes, for so long that ``b`` commits a gallery that needs them."""
    monkeypatch.setattr("galleria_action.deployment.apply.publishing.LEASE_SECONDS", 0.002)
    two = pair(tmp_path, "changes")
    commit = two.play(switching(999, 0)).when("a", "put", METADATA_KEY)
    assert commit is not None
    played = two.play(switching(commit + 1, 999), nothing)
    assert played.exits() == (9, 0)
    assert "another deploy has written since" in played.outcomes["a"].log
    assert not [turn for turn in played.turns.log if turn[:2] == ("a", "delete") and "photos/" in turn[2]]


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENES)
def test_one_goes_halfway_by_at_every_request_of_the_other(tmp_path: Path, name: str):
    """Every pair of places at which the two can be held up, in steps of two."""
    two = pair(tmp_path, name)
    for first in range(0, 40, 2):
        for second in range(0, 40, 2):
            two.play(switching(first, second)).check_fair(commit_key(name))


class Overtaken(MemoryStore):
    """Where another takes the publish over when something live was replaced, once ``awaited``."""

    awaited = False

    def copy(self, source: str, key: str, headers: Headers | None = None, origin: Target | None = None) -> str:
        etag = super().copy(source, key, headers, origin)
        if self.awaited and not key.startswith(RECORDS):
            self.copies.append(key)
            self.put(PUBLICATION_KEY, Publication("another", None, {}).to_bytes(), RECORD_HEADERS)
            time.sleep(0.1)
        return etag


@pytest.mark.parametrize("command", ["deploy", "rollback"])
def test_who_is_taken_for_dead_while_it_publishes_replaces_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
):
    monkeypatch.setattr("galleria_action.deployment.apply.publishing.BEAT_SECONDS", 0.005)
    scene, store = make_scene("changes", tmp_path / "workspace", MemoryStore), Overtaken()
    seed(store, scene.before)
    if command == "rollback":
        assert scene.deploy(store).exit_code == 0
    store.awaited, store.copies = True, list[str]()
    ran = scene.run(command, store)
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (9, "conflict"), ran.log
    assert len(store.copies) == 1


def test_a_delete_on_its_way_is_found_by_the_verification(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The window that remains, because no request deletes on a condition: ``b`` has committed and said so, and is held
    up for so long that ``a`` takes it for dead and commits a gallery that needs what ``b`` deletes, and only then
    ``b``'s delete arrives. ``a`` does not end well then, and the next run heals."""
    monkeypatch.setattr("galleria_action.deployment.apply.publishing.LOOK_SECONDS", 0.02)
    monkeypatch.setattr("galleria_action.deployment.apply.publishing.LEASE_SECONDS", 0.6)
    two = pair(tmp_path, "photos-only")
    store, log = two.fresh(), list[tuple[str, str, str]]()

    def schedule(names: list[str]) -> str:
        seen = [entry for entry in log if not entry[2].startswith(".galleria/")]
        done = {entry[:2] for entry in seen if entry[2] == METADATA_KEY or entry[1] == "delete"}
        ended = any(entry[:2] == ("b", "put") and id_in(entry[2]) and not is_open(entry[2]) for entry in log)
        between = ended and ("a", "put") not in done  # what b asks for next is the delete
        turn = "a" if between or ("b", "delete") in done else "b"
        return turn if turn in names else names[0]

    turns = Turns(schedule, lambda: None, at_once=nothing)
    turns.log = log
    outcomes = turns.play({
        "a": lambda: two.a.deploy(TurnStore(store, turns, "a")),
        "b": lambda: two.b.deploy(TurnStore(store, turns, "b")),
    })  # fmt: skip
    assert named_by(state_of(store)) - state_of(store).keys()
    assert (outcomes["a"].exit_code, outcomes["b"].exit_code) == (4, 9)
    put_right(two, two.a, store)


@some(range(0, 30, 3), by_default=3)
def test_a_site_and_its_photos_do_not_disturb_each_other(tmp_path: Path, first: int):
    """Each writes its own part of the record; both commit."""
    a = make_scene("photos-only", tmp_path / "a", MemoryStore)
    b = make_scene("site-only", tmp_path / "b", MemoryStore)
    for schedule in (switching(first, 99), switching(99, 0) if first == 0 else switching(first, first)):
        two = Pair(a, b, a.before)
        played = two.play(schedule)
        assert played.exits() == (0, 0), [ran.outputs["message"] for ran in played.outcomes.values()]
        now = state_of(played.store)
        both = {**two.alone(a), **{key: it for key, it in two.alone(b).items() if not key.startswith("photos/")}}
        both = {key: it for key, it in both.items() if key not in (METADATA_KEY, "about.html")}
        assert {key: now[key] for key in live(both)} == live(both)
        assert "about.html" not in now
        assert not parse_manifest(now[MANIFEST_KEY][0]).leaving.keys() & now.keys()
        for scene in (a, b):
            assert scene.deploy(played.store).outputs["changed"] == "false"


@some(range(0, 28, 3), by_default=3)
def test_healing_a_lost_object_beside_a_deploy(tmp_path: Path, first: int):
    """``b`` has nothing to commit: it brings an object back while ``a`` replaces the gallery."""
    two = pair(tmp_path, "photos-only")
    before = make_scene("photos-only", tmp_path / "c", MemoryStore, change=False)
    two = Pair(two.a, before, two.before)
    lost = next(key for key in sorted(two.before) if key.startswith("photos/web"))
    whole = dict(two.before)
    versions = [whole, two.alone(two.a)]
    for schedule in (switching(first, 99), switching(first, 12)):
        store = two.fresh()
        store.delete([lost])
        turns = Turns(schedule, lambda store=store: check_whole({lost: whole[lost], **state_of(store)}, *versions))
        outcomes = turns.play({
            "a": lambda: two.a.deploy(TurnStore(store, turns, "a")),  # noqa: B023
            "b": lambda: two.b.deploy(TurnStore(store, turns, "b")),  # noqa: B023
        })  # fmt: skip
        assert {ran.exit_code for ran in outcomes.values()} <= {0, 4, 9}
        put_right(two, two.a, store)


@held_up(24, step=2)
def test_orphans_are_not_deleted_from_under_a_deploy_that_uploads_them(tmp_path: Path, firsts: range):
    """``b`` has an unchanged gallery and deletes orphans, among them, as it sees it, what ``a`` is uploading: ``a``
    looks before its commit. Only a delete between that look and the commit would be missed; the verification finds it.
    """
    a = make_scene("photos-only", tmp_path / "a", MemoryStore)
    b = make_scene("photos-only", tmp_path / "b", MemoryStore, change=False)
    b.inputs["orphans"] = "delete"
    two = Pair(a, b, a.before)
    seen = Counter[str]()
    for first in firsts:
        played = two.play(switching(first, 99), lambda op, key: op == "delete" or (op, key) == ("put", METADATA_KEY))
        ran = played.outcomes["a"]
        seen[ran.outputs["message"][:40] if ran.exit_code == 9 else str(ran.exit_code)] += 1
        put_right(two, a, played.store)
    assert any("objects that this deploy had uploaded" in text for text in seen), seen


@held_up(46, step=4)
def test_without_conditional_writes_the_window_is_narrowed_and_said_so(tmp_path: Path, firsts: range):
    """The base is looked at right before the write: only a commit between these two requests could be overwritten. None
    comes between them here, because who replaces live objects keeps the others waiting."""
    two = pair(tmp_path, "photos-only", compares=False)
    lost = 0
    for first in firsts:
        store = two.fresh()
        turns = Turns(switching(first, 99), lambda: None)
        outcomes = turns.play({
            "a": lambda: two.a.deploy(TurnStore(store, turns, "a")),  # noqa: B023
            "b": lambda: two.b.deploy(TurnStore(store, turns, "b")),  # noqa: B023
        })  # fmt: skip
        assert "does not support conditional writes" in outcomes["b"].log
        order = [turn[:2] for turn in turns.log if turn[2] == METADATA_KEY and turn[1] in ("get", "put")]
        lost += order.count(("a", "put")) == 1 and order.index(("a", "get")) < order.index(("b", "put")) < order.index(
            ("a", "put")
        )
        put_right(two, two.a, store)
    assert lost == 0
