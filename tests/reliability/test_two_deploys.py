"""Two deploys to one bucket at once, interleaved request by request.

Whatever the order, no moment shows a broken gallery, a deploy that was not the first to commit deletes nothing, and a
last undisturbed run puts everything right. Seeds are the parameters of the tests, so a failure can be repeated.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from galleria_action.deployment.manifest import MANIFEST_KEY
from tests.doors.runner import Ran, Runner
from tests.reliability.memory import MemoryStore
from tests.reliability.scenes import METADATA_KEY, Scene, State, check_whole, make_scene, seed, state_of
from tests.reliability.turns import Schedule, Turns, TurnStore, in_bursts, switching


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

    def play(self, schedule: Schedule) -> Played:
        """Both deploys at once; at every moment the bucket is whole."""
        store = self.fresh()
        versions = [self.before, self.alone(self.a), self.alone(self.b)]
        turns = Turns(schedule, lambda: check_whole(state_of(store), *versions))

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
                assert not [done for done in self.turns.log if done[:2] == (name, "delete")]
            else:
                assert commits[name] is not None or ran.outputs["changed"] == "false", ran.log
                assert ran.exit_code in (0, 4, 9), ran.log
        first, second = sorted(self.outcomes, key=lambda name: commits[name] or len(self.turns.log))
        assert commits[first] is not None
        if commits[second] is not None:
            planned = self.when(second, "get", commit_key)
            assert planned is not None
            assert planned > (commits[first] or 0), "both planned against the same gallery, and both committed"


def pair(tmp_path: Path, name: str, **options: bool) -> Pair:
    a = make_scene(name, tmp_path / "a", MemoryStore)
    b = make_scene(name, tmp_path / "b", MemoryStore)
    assert a.before == b.before
    other_changes(b, directory=name == "directory")
    return Pair(a, b, a.before, **options)


def other_changes(scene: Scene, *, directory: bool) -> None:
    site = scene.workspace / "prod/site"
    (site / "index.html").write_text("<h1>Another wedding</h1>", encoding="utf-8")
    if directory:
        files = sorted((scene.gallery.source / "full").iterdir())
        files[0].write_bytes(b"another" + files[0].read_bytes())
        files[-1].unlink()
        return
    scene.gallery.change(0, version=2)
    scene.gallery.remove(1)
    scene.gallery.add(9)


def put_right(pair: Pair, scene: Scene, store: MemoryStore) -> None:
    """One more undisturbed run ends in what ``scene`` wants, whatever the two left behind."""
    again = scene.deploy(store, orphans="delete")
    assert again.exit_code == 0, again.log
    assert live(state_of(store)) == live(pair.alone(scene))


def live(state: State) -> State:
    return {key: value for key, value in state.items() if key != MANIFEST_KEY}


def commit_key(name: str) -> str:
    return MANIFEST_KEY if name == "directory" else METADATA_KEY


SCENES = ("changes", "photos-only", "directory")


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
