"""A canary: each share of the visitors has the new gallery for a while, and the first failure takes it from all."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from galleria_action.deployment.layout import LIVE_KEY
from galleria_action.deployment.stop import Stop
from tests.reliability.scenes import state_of
from tests.reliability.test_slots import POINTER, Past, change, lived

CANARY = POINTER | {"strategy": "canary", "canary": "10,50,100", "canary_wait": "900"}


@dataclass
class Waiting:
    """Stands for the clock: nobody waits, and ``meanwhile`` is done instead, with the number of the wait."""

    past: Past
    meanwhile: Callable[[int], None] = lambda number: None
    waited: list[float] = field(default_factory=list)
    shares: list[int] = field(default_factory=list)

    def __call__(self, stop: Stop, seconds: float) -> bool:
        if seconds > 100:
            self.waited.append(seconds)
            self.shares.append(json.loads(state_of(self.past.store)[LIVE_KEY][0])["canary"]["percent"])
            self.meanwhile(len(self.waited))
        return True


def test_each_share_of_a_canary_has_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    past = lived(tmp_path / "workspace", CANARY | {"strategy": "blue-green"}, 1)
    change(past.scene, 7)
    past.inputs |= CANARY
    waiting = Waiting(past)
    monkeypatch.setattr(Stop, "pause", lambda *given: waiting(*given))
    past.done("deploy")
    assert (waiting.waited, waiting.shares) == ([900.0, 900.0], [10, 50])
    assert json.loads(state_of(past.store)[LIVE_KEY][0])["canary"] is None
    listed = past.run("history").result["releases"]
    assert [it["strategy"] for it in listed] == ["canary", "blue-green"]


@pytest.mark.parametrize("wait", [1, 2])
def test_a_canary_that_breaks_while_some_have_it_ends_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wait: int):
    past = lived(tmp_path / "workspace", CANARY | {"strategy": "blue-green"}, 1)
    before = past.now()
    change(past.scene, 7)
    past.inputs |= CANARY

    def breaks(number: int) -> None:
        if number == wait:
            past.store.delete([key for key in state_of(past.store) if key.startswith("slots/b/photos/")][:1])

    waiting = Waiting(past, breaks)
    monkeypatch.setattr(Stop, "pause", lambda *given: waiting(*given))
    ran = past.run("deploy")
    assert ran.outputs["failure-reason"] == "verify-failed", ran.log
    assert waiting.shares == [10, 50][:wait]
    assert past.now() == before
    assert json.loads(state_of(past.store)[LIVE_KEY][0])["canary"] is None
    assert "All visitors get the gallery that was live before" in ran.log
