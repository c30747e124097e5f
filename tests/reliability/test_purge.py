"""Whatever becomes of a run, no cache holds for long what is not so any more: each stale address is owed by the state.

The cache is one of a visitor who asks for everything before, while and after a run: what the cache holds then and the
bucket does not is stale, and must be named by a debt at any moment at which the run can be killed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from galleria_action.deployment.state.debts import DEBTS_FOLDER, debt_keys, merged, parse_debt
from galleria_action.storage.interface import WriteStore
from tests.doors.runner import Runner
from tests.edge.fakes import SITE, FakeEdge, Reply, fake_edge
from tests.reliability.memory import MemoryStore
from tests.reliability.mortal import FLAVOURS, Fate, Killed
from tests.reliability.scenes import Scene, State, live, make_scene, seed, state_of
from tests.reliability.test_slots import folder_of, seen


@pytest.fixture
def edge() -> Iterator[FakeEdge]:
    with fake_edge() as made:
        yield made


@pytest.fixture
def scene(tmp_path: Path, edge: FakeEdge, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A gallery behind a cache, with changes of every kind waiting."""
    monkeypatch.setattr("galleria_action.edge.asking._FIRST_WAIT_SECONDS", 0.001)
    usual = Runner.environment
    monkeypatch.setattr(Runner, "environment", lambda self, inputs: usual(self, inputs) | edge.environ)
    made = make_scene("changes", tmp_path / "workspace", MemoryStore)
    made.inputs |= {"cdn": "fastly:s1", "public-url": SITE, "purge-max": "1000"}
    return made


def visited(edge: FakeEdge, state: State) -> None:
    """The cache takes what it does not hold from the bucket."""
    for key, (body, _) in live(state).items():
        edge.held.setdefault(f"/{key}", body)
        if key.endswith("index.html"):
            edge.held.setdefault(f"/{key.removesuffix('index.html')}", body)


def stale(edge: FakeEdge, state: State) -> set[str]:
    """What the cache holds and the bucket does not."""
    now = {f"/{key}": body for key, (body, _) in live(state).items()}
    now |= {path.removesuffix("index.html"): body for path, body in now.items() if path.endswith("index.html")}
    return {path for path, body in edge.held.items() if now.get(path) != body}


def owed(store: WriteStore) -> set[str]:
    found = [(key, store.get(key)) for key in debt_keys(it.key for it in store.list(DEBTS_FOLDER))]
    together = merged(parse_debt(key, it.body) for key, it in found if it)
    return {path for paths in together.values() for path in paths}


def killed_at(scene: Scene, edge: FakeEdge, at: int, flavour: str) -> bool:
    """Kill a deploy at its write number ``at``, while visitors look, and let the next run end. Whether it was met."""
    store = MemoryStore()
    seed(store, scene.before)
    edge.held.clear()
    edge.down = None
    visited(edge, state_of(store))
    fate = Fate(at, flavour, before=lambda number: visited(edge, state_of(store)))  # type: ignore[arg-type]
    try:
        scene.deploy(store, fate)
        met = False
    except Killed:
        met = True
    visited(edge, state_of(store))
    unowed = stale(edge, state_of(store)) - owed(store)
    assert not unowed, f"nobody owes {unowed} after {fate.writes[-1:]}"
    ran = scene.deploy(store)
    assert ran.exit_code == 0, ran.log
    assert (ran.outputs["purge-owed"], stale(edge, state_of(store)), owed(store)) == ("0", set(), set())
    return met


def writes(scene: Scene) -> int:
    store, fate = MemoryStore(), Fate()
    seed(store, scene.before)
    assert scene.deploy(store, fate).exit_code == 0
    return fate.attempts


def test_killed_at_some_of_its_writes(scene: Scene, edge: FakeEdge) -> None:
    last = writes(scene)
    for at in {1, last // 3, last // 2, last - last // 4, last - 2, last - 1, last}:
        assert killed_at(scene, edge, at, "unanswered")


@pytest.mark.slow
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_killed_at_any_of_its_writes(scene: Scene, edge: FakeEdge, flavour: str) -> None:
    at = 1
    while killed_at(scene, edge, at, flavour):
        at += 1
    assert at > 20


def test_killed_while_it_purges(scene: Scene, edge: FakeEdge) -> None:
    store = MemoryStore()
    seed(store, scene.before)
    visited(edge, state_of(store))
    usual, asked = edge.answer, 0

    def dies(*request: object):  # type: ignore[no-untyped-def]
        nonlocal asked
        asked += 1
        fate.dead = asked >= 3
        return usual(*request)  # type: ignore[arg-type]

    fate = Fate()
    edge.answer = dies  # type: ignore[method-assign, assignment]
    with pytest.raises(Killed):
        scene.deploy(store, fate)
    assert stale(edge, state_of(store)) <= owed(store)
    edge.answer = usual  # type: ignore[method-assign]
    assert scene.deploy(store).outputs["purge-owed"] == "0"
    assert not stale(edge, state_of(store))


def test_a_run_that_finds_another_publishing_leaves_its_debt_alone(scene: Scene, edge: FakeEdge) -> None:
    from galleria_action.deployment.state.publication import PUBLICATION_KEY

    store = MemoryStore()
    seed(store, scene.before)
    assert scene.deploy(store, invalidate_cdn="false").exit_code == 0
    before = owed(store)
    assert before
    usual = store.head
    store.head = lambda key: usual("index.html" if key == PUBLICATION_KEY else key)  # type: ignore[method-assign]
    ran = scene.deploy(store)
    assert ran.exit_code == 0, ran.log
    assert owed(store) == before
    assert not edge.calls


# -- slots: some caches know what visitors get by the slot that it lies in ---------------------------------------------


def kept_by_slot(edge: FakeEdge, state: State) -> None:
    """The cache takes what visitors are sent to, under the address that the edge makes of theirs."""
    folder = folder_of(state)
    for key, (body, _) in seen(state).items():
        edge.held.setdefault(f"/{folder}{key}", body)


def stale_in_slots(edge: FakeEdge, state: State) -> set[str]:
    now = {f"/{key}": body for key, (body, _) in state.items()}
    return {path for path, body in edge.held.items() if now.get(path) != body}


def slot_killed_at(scene: Scene, edge: FakeEdge, begin: State, held: dict[str, bytes | None], at: int) -> bool:
    """The same for a deploy to a slot that was live before; nobody is sent to a slot of which something is stale."""
    store = MemoryStore()
    seed(store, begin)
    edge.held.clear()
    edge.held.update(held)

    def visits(_: int) -> None:
        now = state_of(store)
        kept_by_slot(edge, now)
        assert not {path for path in stale_in_slots(edge, now) if path.startswith(f"/{folder_of(now)}")}

    inputs = {"strategy": "blue-green", "router": "pointer"}
    try:
        scene.deploy(store, Fate(at, "unanswered", before=visits), **inputs)
        met = False
    except Killed:
        met = True
    visits(0)
    unowed = stale_in_slots(edge, state_of(store)) - owed(store)
    assert not unowed, f"nobody owes {unowed}"
    ran = scene.deploy(store, **inputs)
    assert ran.exit_code == 0, ran.log
    visits(0)
    assert (ran.outputs["purge-owed"], stale_in_slots(edge, state_of(store)), owed(store)) == ("0", set(), set())
    return met


@pytest.fixture
def in_slots(scene: Scene, edge: FakeEdge) -> tuple[State, dict[str, bytes | None]]:
    """Both slots were live, and the cache holds what visitors got from each; changes are waiting."""
    store = MemoryStore()
    for step in range(2):
        scene.gallery.change(0, version=20 + step)
        assert scene.deploy(store, strategy="blue-green", router="pointer").exit_code == 0
        kept_by_slot(edge, state_of(store))
    scene.gallery.change(0, version=22)
    scene.gallery.remove(1)
    edge.calls.clear()
    return state_of(store), dict(edge.held)


def test_a_slot_is_purged_before_anybody_is_sent_there(
    scene: Scene, edge: FakeEdge, in_slots: tuple[State, dict[str, bytes | None]]
) -> None:
    begin, held = in_slots
    assert not slot_killed_at(scene, edge, begin, held, 10_000)
    assert any(path.startswith("/slots/a/") for path in edge.purged)
    assert not any(path.startswith("/slots/b/") for path in edge.purged), "visitors may need it still"


@pytest.mark.parametrize("step", [9, pytest.param(1, marks=pytest.mark.slow)])
def test_a_deploy_to_a_slot_killed_at_any_of_its_writes(
    scene: Scene, edge: FakeEdge, in_slots: tuple[State, dict[str, bytes | None]], step: int
) -> None:
    begin, held = in_slots
    at = 1
    while slot_killed_at(scene, edge, begin, held, at):
        at += step
    assert at > 20


def test_a_slot_is_switched_to_though_a_cache_refuses_and_the_debt_stays(
    scene: Scene, edge: FakeEdge, in_slots: tuple[State, dict[str, bytes | None]]
) -> None:
    begin, held = in_slots
    store = MemoryStore()
    seed(store, begin)
    edge.held.update(held)
    edge.down = Reply(403)
    ran = scene.deploy(store, strategy="blue-green", router="pointer")
    assert ran.exit_code == 0, ran.log
    assert stale_in_slots(edge, state_of(store)) <= owed(store)
    edge.down = None
    assert scene.deploy(store, strategy="blue-green", router="pointer").outputs["purge-owed"] == "0"
    assert not stale_in_slots(edge, state_of(store))


def test_a_forgotten_photo_is_purged_from_slots_as_well(
    scene: Scene, edge: FakeEdge, in_slots: tuple[State, dict[str, bytes | None]]
) -> None:
    begin, held = in_slots
    store = MemoryStore()
    seed(store, begin)
    edge.held.update(held)
    photo = json.loads(seen(begin)["gallery-metadata.json"][0])["photos"][-1]
    ran = scene.run("forget", store, photo=photo["id"], router="pointer")
    assert ran.exit_code == 0, ran.log
    gone = {f"/{folder}{key}" for folder in ("slots/a/", "slots/b/", "") for key in photo["files"].values()}
    assert gone & held.keys()
    assert not gone & edge.held.keys()
    assert not owed(store)
