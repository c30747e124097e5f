"""A deploy is killed, disturbed or stopped at its mutating requests, and must have done no harm.

The requests of an undisturbed run are counted first. Then, for each of them (or, where a fault is met that the run may
handle, for a telling few: see ``moments.py``), the bucket is looked at, and the deploy is run again: it must end in the
same bytes as the undisturbed run, having uploaded only what was not there yet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from itertools import count, islice, product
from pathlib import Path
from random import Random

import pytest

from galleria_action.deployment.releases.record import RELEASES_FOLDER, is_open
from galleria_action.deployment.state import checkpoint
from galleria_action.deployment.state.checkpoint import CHECKPOINTS
from galleria_action.deployment.state.pool import POOL_FOLDER, pool_key
from galleria_action.deployment.state.publication import PUBLICATION_KEY
from galleria_action.deployment.stop import Stop
from galleria_action.storage.folder_store import FolderStore
from galleria_action.storage.interface import RECORDS, Headers, Target, WriteStore
from galleria_action.storage.opening import open_store
from galleria_action.storage.providers import provider_of
from galleria_action.storage.s3.boto3_store import Boto3Store
from galleria_action.storage.settings import FOLDER
from tests.reliability.deaths import deaths_of
from tests.reliability.memory import MemoryStore
from tests.reliability.moments import Moments, disturbed, every, slow
from tests.reliability.mortal import FLAVOURS, Fate, Flavour, Killed, deaths, no_answer
from tests.reliability.scenes import (
    MANIFEST_KEY,
    METADATA_KEY,
    SCENES,
    Scene,
    State,
    apart_from_releases,
    check_nothing_deleted,
    check_untouched,
    check_whole,
    is_document,
    live,
    make_scene,
    publishing,
    seed,
    state_of,
    without_checkpoint,
)
from tests.s3 import FakeS3
from tests.storage.clients import make_client

Empty = Callable[[], WriteStore]


@pytest.fixture
def empty(request: pytest.FixtureRequest, fake_s3: Callable[..., FakeS3], tmp_path: Path) -> Empty:
    """Makes an empty bucket of the kind that the test asks for; on a server of its own, an empty prefix."""
    kind = getattr(request, "param", "memory")
    folders = count()
    server = fake_s3("aws") if kind in ("s3", "boto3") else None

    def make() -> WriteStore:
        if kind == "folder":
            return FolderStore(Target(FOLDER, str(tmp_path / f"bucket-{next(folders)}")))
        if kind == "memory without conditions":
            return MemoryStore(compares=False)
        if kind == "memory with foreign etags":
            return MemoryStore(foreign_etags=True)
        if kind == "memory":
            return MemoryStore()
        assert server
        settings = server.settings(f"{next(folders)}/")
        if kind == "s3":
            return open_store(settings)
        return Boto3Store(make_client(settings, provider_of(settings.target.endpoint)), settings.target)

    return make


@pytest.fixture
def scene(request: pytest.FixtureRequest, tmp_path: Path, empty: Empty, monkeypatch) -> Scene:
    monkeypatch.setattr(checkpoint, "EVERY_FILES", 2)
    return make_scene(request.param, tmp_path / "workspace", empty)


def undisturbed(scene: Scene, empty: Empty) -> tuple[Fate, State]:
    """The requests of a run that nothing befalls, and what the bucket holds at its end."""
    store, fate = fresh(scene, empty), Fate()
    ran = scene.deploy(store, fate)
    assert ran.exit_code == 0, ran.log
    assert fate.attempts >= 4
    return fate, tidy(state_of(store))


def tidy(end: State) -> State:
    """What the bucket holds when a run has ended: of ours only records, and no open one."""
    ours = (MANIFEST_KEY, POOL_FOLDER, RELEASES_FOLDER)
    assert live(end) == {key: it for key, it in end.items() if not key.startswith(ours)}, "only records stay"
    assert not [key for key in end if is_open(key)]
    return end


def at_requests(scene: Scene, empty: Empty, moments: Moments, **how) -> Iterator[tuple[WriteStore, Fate, State]]:
    """For each of the ``moments`` and both flavours: a bucket as before, the fate to meet there, and what the bucket
    holds at the end of an undisturbed run."""
    counted, end = undisturbed(scene, empty)
    for at in moments(counted):
        for flavour in FLAVOURS:
            yield fresh(scene, empty), Fate(at, flavour, **how), end


def fresh(scene: Scene, empty: Empty) -> WriteStore:
    store = empty()
    seed(store, scene.before)
    return store


def check_harmless(scene: Scene, now: State, end: State) -> None:
    check_whole(now, scene.before, end)
    if not scene.committed(now):
        check_nothing_deleted(now, scene.before)
        if not publishing(now):
            check_untouched(now, scene.before)


def check_resumed(scene: Scene, store: WriteStore, end: State) -> None:
    """The next run ends in the same bytes, and uploads nothing that is there already."""
    there = state_of(store)
    fate = Fate()
    ran = scene.deploy(store, fate)
    assert ran.exit_code == 0, ran.log
    assert apart_from_releases(state_of(store)) == apart_from_releases(end)
    assert not [key for key in state_of(store) if is_open(key)]
    sent = {key for op, key in fate.writes if op == "put" and not is_document(key)}
    in_place = {
        pool_key(sha256(body).hexdigest()) for key, (body, _) in live(there).items() if there[key] == end.get(key)
    }
    again = [key for key in sent if key in there and (key.startswith(POOL_FOLDER) or there[key] == end.get(key))]
    assert again == []
    assert not sent & in_place, "nor is it sent to wait for its publish"


def kill(scene: Scene, empty: Empty, moments: Iterable[tuple[int, Flavour]], end: State, **inputs: str) -> int:
    """Kill a deploy at each of the ``moments``, and run it again; how many died. With other ``inputs`` than those by
    which the moments were counted there may be fewer requests."""
    kills = 0
    for at, flavour in moments:
        store = fresh(scene, empty)
        ended = scene.killed(store, Fate(at, flavour), **inputs)
        assert ended is None or inputs, "the same requests are made again"
        check_harmless(scene, state_of(store), end)
        check_resumed(scene, store, end)
        kills += ended is None
    return kills


def kill_everywhere(scene: Scene, empty: Empty, step: int = 1, **inputs: str) -> int:
    counted, end = undisturbed(scene, empty)
    return kill(scene, empty, islice(deaths(counted.attempts), 0, None, step), end, **inputs)


def die(scene: Scene, empty: Empty, step: int = 1) -> None:
    """As ``kill_everywhere`` in a bucket in memory, where one run shows every death."""
    store = fresh(scene, empty)
    assert isinstance(store, MemoryStore)
    died = deaths_of(lambda fate: scene.deploy(store, fate), store)
    assert len(died) > 4
    end = tidy(state_of(store))
    for death in died:
        check_harmless(scene, state_of(death.store), end)
    for death in died[::step]:
        check_resumed(scene, death.store, end)


@pytest.mark.parametrize("scene", SCENES, indirect=True)
def test_killed_at_every_request(scene: Scene, empty: Empty):
    die(scene, empty)


@pytest.mark.parametrize("empty", ["memory without conditions"], indirect=True)
@pytest.mark.parametrize("scene", ["changes", "directory"], indirect=True)
def test_killed_where_writes_are_unconditional(scene: Scene, empty: Empty):
    die(scene, empty, step=3)


@pytest.mark.parametrize("scene", ["changes", *slow("first", "directory-first", "directory")], indirect=True)
def test_who_is_killed_leaves_what_one_that_lives_had_left_then(scene: Scene, empty: Empty):
    """Byte for byte, but for what holds the time and the name of the run."""
    store = fresh(scene, empty)
    assert isinstance(store, MemoryStore)
    died = deaths_of(lambda fate: scene.deploy(store, fate), store)
    for (at, flavour), death in zip(deaths(len(died) - 1), died, strict=True):
        killed = fresh(scene, empty)
        with pytest.raises(Killed):
            scene.deploy(killed, Fate(at, flavour))
        now, then = (apart_from_releases(state_of(it)) for it in (killed, death.store))
        assert now.keys() == then.keys()
        assert {key for key in now if now[key] != then[key]} <= {PUBLICATION_KEY}


@pytest.mark.parametrize("empty", ["s3"], indirect=True)
@pytest.mark.parametrize("scene", ["changes"], indirect=True)
def test_killed_over_http(scene: Scene, empty: Empty):
    assert kill_everywhere(scene, empty, step=12)


@pytest.mark.parametrize("scene", ["changes"], indirect=True)
def test_killed_while_requests_go_out_together(scene: Scene, empty: Empty):
    """The order is the scheduler's: what is begun beside other things may be done before them, or after."""
    assert kill_everywhere(scene, empty, step=4, concurrency="8") >= 5


@pytest.mark.slow
@pytest.mark.parametrize("scene", SCENES, indirect=True)
def test_killed_at_every_request_while_others_go_out(scene: Scene, empty: Empty):
    assert kill_everywhere(scene, empty, concurrency="8") >= 8


@pytest.mark.slow
@pytest.mark.parametrize("empty", ["memory", "memory without conditions", "s3", "boto3", "folder"], indirect=True)
@pytest.mark.parametrize("scene", SCENES, indirect=True)
def test_killed_at_every_request_over_every_store(scene: Scene, empty: Empty):
    """In both flavours, although they leave the same."""
    counted, end = undisturbed(scene, empty)
    assert kill(scene, empty, product(every(counted), FLAVOURS), end)


@disturbed(SCENES, by_default=["changes", "directory", "directory-first"])
def test_an_answer_is_lost_once(scene: Scene, empty: Empty, moments: Moments):
    """A fault that the run may handle: it ends well or with a documented error, and does no harm either way."""
    outcomes = set()
    for store, fate, end in at_requests(scene, empty, moments, end=no_answer, for_good=False):
        ran = scene.deploy(store, fate)
        outcomes.add(ran.exit_code)
        assert ran.exit_code in (0, 5, 10, 11), ran.log
        check_harmless(scene, state_of(store), end)
        if ran.exit_code == 0:
            now = without_checkpoint(apart_from_releases(state_of(store)))
            assert now == apart_from_releases(end).keys()
        if fate.writes and fate.flavour == "unanswered" and fate.writes[-1][1] == METADATA_KEY:
            assert ran.exit_code == 0
        check_resumed(scene, store, end)
    assert {0, 10} <= outcomes


@pytest.mark.parametrize("stopped", [False, True])
@disturbed(SCENES, by_default=["changes"])
def test_no_answer_any_more(scene: Scene, empty: Empty, moments: Moments, stopped: bool):
    """From one request on the storage is silent. The run claims nothing that it cannot know, least of all of a commit
    that took effect unheard."""
    unknown = 0
    for store, fate, end in at_requests(scene, empty, moments, end=no_answer):
        stop = Stop()
        fate.before = lambda number, at=fate.at, stop=stop: stop.request(15) if stopped and number == at else None
        ran = scene.deploy(store, fate, stop)
        unended = "The record of the release could not be ended" in ran.log  # all else is done and verified then
        assert ran.exit_code in ((5, 11, 143) if stopped else (0,) if unended else (5, 10, 11)), ran.log
        said, committed = f"{ran.summary}\n{ran.log}", scene.committed(state_of(store))
        if re.search("before the commit|othing was committed|[Gg]allery online is as before|see is as before", said):
            assert not committed, said
        elif unended or re.search("after the commit:|The commit had happened|new gallery is live", said):
            assert committed, said
        else:
            assert "could not be learnt" in said
            unknown += 1
        if re.search("is as before", said):
            check_untouched(state_of(store), scene.before)
        check_harmless(scene, state_of(store), end)
        check_resumed(scene, store, end)
    assert unknown == 2, "the commit, lost or unanswered"


@disturbed(SCENES, by_default=["changes", "directory-first", "site-only"])
def test_stopped_at_every_request(scene: Scene, empty: Empty, moments: Moments):
    """What is on its way goes through; after it nothing is written but the checkpoint, and never the commit. A claim is
    given up unless visitors may see something of the publish."""
    for store, fate, end in at_requests(scene, empty, moments):
        if fate.flavour == "lost":
            continue
        at, fate.at, stop = fate.at, 0, Stop()
        fate.before = lambda number, at=at, stop=stop: stop.request(15) if number == at else None
        ran = scene.deploy(store, fate, stop)
        assert ran.exit_code in (143, 0), ran.log
        operation, _ = fate.writes[at - 1]
        touched = any(op == "copy" and not key.startswith(RECORDS) for op, key in fate.writes)
        for op, key in fate.writes[at:]:
            given_up = (op, key) == ("delete", PUBLICATION_KEY) and not touched
            assert key.startswith(CHECKPOINTS) or given_up or (op == operation == "delete"), fate.writes[at - 1 :]
        assert ("before the commit" in ran.outputs["message"]) == (not scene.committed(state_of(store)))
        check_harmless(scene, state_of(store), end)
        check_resumed(scene, store, end)


@pytest.mark.parametrize(
    "scene", ["changes", pytest.param("directory", marks=pytest.mark.slow), "site-only"], indirect=True
)
def test_stopped_while_it_reads(scene: Scene, empty: Empty):
    """The signal comes while the bucket is looked at, last of all right before the commit: nothing is written then."""
    counted, end = undisturbed(scene, empty)
    for at in range(1, counted.reads + 1):
        store, stop, fate, done = fresh(scene, empty), Stop(), Fate(), list[int]()

        def look(number: int, at: int = at, stop: Stop = stop, fate: Fate = fate, done: list[int] = done) -> None:
            if number == at:
                stop.request(15)
                done.append(len(fate.writes))

        fate.looking = look
        ran = scene.deploy(store, fate, stop)
        assert ran.exit_code in (143, 0), ran.log
        after = [it for it in fate.writes[done[0] :] if it != ("delete", PUBLICATION_KEY)]
        assert not [key for _, key in after if not key.startswith(CHECKPOINTS)], fate.writes
        assert ("before the commit" in ran.outputs["message"]) == (not scene.committed(state_of(store)))
        check_harmless(scene, state_of(store), end)
        check_resumed(scene, store, end)


@pytest.mark.parametrize("scene", ["changes"], indirect=True)
def test_who_is_stopped_while_it_sends_gives_its_claim_up(scene: Scene, empty: Empty):
    """Nobody has to wait until it is taken for dead."""
    store, stop = fresh(scene, empty), Stop()
    fate = Fate(before=lambda number: stop.request(15) if store.head(PUBLICATION_KEY) else None)
    ran = scene.deploy(store, fate, stop, concurrency="8")
    assert ran.exit_code == 143, ran.log
    assert ("put", PUBLICATION_KEY) in fate.writes
    assert store.head(PUBLICATION_KEY) is None
    check_untouched(state_of(store), scene.before)


@pytest.mark.parametrize("scene", ["changes"], indirect=True)
def test_who_is_stopped_leaves_a_claim_that_is_another_s_alone(scene: Scene, empty: Empty):
    store, stop, theirs = fresh(scene, empty), Stop(), b'{"theirs": true}'

    def taken_over(number: int) -> None:
        if store.head(PUBLICATION_KEY) and not stop.requested:
            store.put(PUBLICATION_KEY, theirs, Headers("application/json"))
            stop.request(15)

    ran = scene.deploy(store, Fate(before=taken_over), stop, concurrency="8")
    assert ran.exit_code == 143, ran.log
    assert state_of(store)[PUBLICATION_KEY][0] == theirs


@pytest.mark.parametrize("scene", ["changes", "directory"], indirect=True)
@pytest.mark.parametrize("seed_number", [*range(6), *(pytest.param(it, marks=pytest.mark.slow) for it in range(6, 60))])
def test_killed_with_many_requests_on_their_way(scene: Scene, empty: Empty, seed_number: int):
    """What is sent beside what is claimed and kept: the order is the scheduler's. Whatever it is, the bucket is whole
    and the next run ends the same."""
    end_store = fresh(scene, empty)
    assert scene.deploy(end_store).exit_code == 0
    end = state_of(end_store)
    random = Random(seed_number)
    store = fresh(scene, empty)
    for _ in range(4):
        fate = Fate(random.randint(1, 22), random.choice(FLAVOURS))
        scene.killed(store, fate, concurrency="8")
        check_whole(state_of(store), scene.before, end)
        if scene.committed(state_of(store)):
            break
    check_resumed(scene, store, end)


@pytest.mark.parametrize("scene", ["changes"], indirect=True)
def test_a_worker_that_dies_is_no_success(scene: Scene, empty: Empty):
    """A panic inside of a library is no ``Exception``; a worker that it ends must not pass for one that finished."""
    store = fresh(scene, empty)
    with pytest.raises(Killed):
        scene.deploy(store, Fate(3, for_good=False))
    assert not scene.committed(state_of(store))
