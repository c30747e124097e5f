"""Galleries in slots, killed: whenever a command dies, visitors see one of two whole galleries, and the same again ends
as it would have."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import pytest

from galleria_action.deployment.layout import LIVE_KEY
from galleria_action.deployment.slots.staged import STAGED_KEY
from galleria_action.deployment.state.publication import PUBLICATION_KEY
from tests.reliability.deaths import deaths_of
from tests.reliability.memory import MemoryStore
from tests.reliability.mortal import FLAVOURS, Fate, Killed
from tests.reliability.scenes import Scene, State, check_whole, seed, state_of
from tests.reliability.test_slots import COPY, POINTER, Past, change, lived, seen


def check_seen(now: State, *versions: State) -> None:
    """What visitors see is one of ``versions``, whole; in place a photo may be newer than its metadata for a moment."""
    if LIVE_KEY in now:
        assert seen(now) in versions
    else:
        check_whole(seen(now), *versions)


@dataclass(frozen=True)
class Case:
    """A command that is killed. ``before`` are commands that prepare for it, ``after`` what ends it."""

    inputs: dict[str, str]
    command: str = "deploy"
    given: dict[str, str] = field(default_factory=dict)
    waits: dict[str, str] = field(default_factory=dict)
    scene: str = "first"


_MANUAL = {"promote": "manual"}
_CANARY = {"strategy": "canary", "canary": "10", "canary_wait": "0"}
CASES = {
    "deploy": Case(POINTER),
    "deploy-copy": Case(COPY),
    "deploy-manual": Case(POINTER, given=_MANUAL),
    "promote": Case(POINTER, "promote", waits=_MANUAL),
    "promote-copy": Case(COPY, "promote", waits=_MANUAL),
    "abort": Case(POINTER, "promote", {"abort": "true"}, waits=_MANUAL),
    "rollback": Case(POINTER, "rollback"),
    "canary": Case(POINTER | _CANARY | {"canary": "10,50,100"}),
    "canary-abort": Case(POINTER, "promote", {"abort": "true"}, waits=_CANARY | _MANUAL),
    "deploy-directory": Case(POINTER, scene="directory-first"),
}


#: every request of every command, and in the default suite a part of some
_THIN = {"deploy": 4, "promote-copy": 4, "abort": 1, "canary": 4}


def begun(workspace: Path, case: Case) -> tuple[Scene, State]:
    """What is to be deployed, and what the bucket holds before."""
    past = lived(workspace, case.inputs, 2, case.scene)
    if case.command != "rollback":
        change(past.scene, 7)
    if case.waits:
        assert past.run("deploy", **case.waits).exit_code == 0
    return past.scene, state_of(past.store)


@pytest.mark.parametrize(("name", "step"), _THIN.items())
def test_killed_at_every_request(tmp_path: Path, name: str, step: int):
    """Whenever it dies, visitors see the gallery before or the one after, and running it again ends in the latter."""
    case, store = CASES[name], MemoryStore()
    scene, begin = begun(tmp_path / "workspace", case)
    seed(store, begin)
    alone = Past(scene, store, case.inputs)
    died = deaths_of(lambda fate: alone.run(case.command, fate, **case.given), store)
    for death in died:
        check_seen(state_of(death.store), seen(begin), alone.now())
    for death in died[::step]:
        check_gone_on_with(case, Past(scene, death.store, case.inputs), alone, death.writes)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_killed_in_earnest_at_every_request(tmp_path: Path, name: str):
    """In both flavours, although they leave the same."""
    case = CASES[name]
    scene, begin = begun(tmp_path / "workspace", case)

    def fresh() -> Past:
        store = MemoryStore()
        seed(store, begin)
        return Past(scene, store, case.inputs)

    alone, counted = fresh(), Fate()
    ended = alone.run(case.command, counted, **case.given)
    assert ended.exit_code == 0, ended.log
    before, after = seen(begin), alone.now()
    for at, flavour in product(range(1, counted.attempts + 1), FLAVOURS):
        mortal = fresh()
        watched = Fate(at, flavour, before=lambda _, it=mortal: check_seen(state_of(it.store), before, after))
        with pytest.raises(Killed):
            mortal.run(case.command, watched, **case.given)
        check_seen(state_of(mortal.store), before, after)
        check_gone_on_with(case, mortal, alone, watched.writes)


def check_gone_on_with(case: Case, mortal: Past, alone: Past, when: list[tuple[str, str]]) -> None:
    """The same again ends as when ``alone``."""
    again = mortal.run(case.command, **case.given)
    now, told = state_of(mortal.store), (when, again.log)
    assert again.exit_code == 0 or again.outputs["failure-reason"] == "release-unavailable", told
    assert mortal.now() == alone.now(), told
    assert PUBLICATION_KEY not in now, told
    assert (STAGED_KEY in now) == (STAGED_KEY in state_of(alone.store)), told
    if LIVE_KEY in now:
        assert json.loads(now[LIVE_KEY][0])["canary"] is None, told
