"""A run is killed while a visitor looks ahead at the slot that it has filled: visitors see the gallery before."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reliability.memory import MemoryStore
from tests.reliability.mortal import Killed
from tests.reliability.scenes import seed, state_of
from tests.reliability.test_slots import Past, change, lived, seen
from tests.reliability.test_slots_killed import CASES, check_gone_on_with, check_seen


@pytest.mark.parametrize(
    "name", ["deploy", *(pytest.param(name, marks=pytest.mark.slow) for name in ("promote", "rollback", "canary"))]
)
def test_killed_while_a_visitor_looks_ahead(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch):
    """Between the last word of a slot that was filled, or of a share of the visitors, and the switch."""
    case, looks = CASES[name], list[int]()
    past = lived(tmp_path / "workspace", case.inputs, 2, case.scene)
    if case.command != "rollback":
        change(past.scene, 7)
    if case.waits:
        assert past.run("deploy", **case.waits).exit_code == 0
    begin, fatal = state_of(past.store), [0]

    def look(context: object, work: object) -> None:
        looks.append(1)
        if len(looks) == fatal[0]:
            raise Killed

    for module in ("parts.applying", "releases.rollback", "slots.promote"):
        monkeypatch.setattr(f"galleria_action.usecases.{module}.look_ahead", look)

    def fresh() -> Past:
        store = MemoryStore()
        seed(store, begin)
        return Past(past.scene, store, case.inputs)

    alone = fresh()
    assert alone.run(case.command, **case.given).exit_code == 0
    number = len(looks)
    assert number >= (3 if name == "canary" else 1)
    for at in range(1, number + 1):
        mortal, fatal[0] = fresh(), at
        looks.clear()
        with pytest.raises(Killed):
            mortal.run(case.command, **case.given)
        check_seen(state_of(mortal.store), seen(begin), alone.now())
        check_gone_on_with(case, mortal, alone, (at,))
