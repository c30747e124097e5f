"""Deploys are held after a rollback: also one that had been planned before."""

from __future__ import annotations

from pathlib import Path

from galleria_action.deployment.releases.hold import HOLD_KEY
from galleria_action.deployment.state.pool import POOL_FOLDER
from galleria_action.storage.interface import RECORD_HEADERS, Condition, Headers
from tests.reliability.memory import MemoryStore
from tests.reliability.scenes import check_untouched, make_scene, seed, state_of


class HeldMeanwhile(MemoryStore):
    """Where deploys are held as soon as something waits in the pool."""

    def put(self, key: str, body: bytes, headers: Headers, condition: Condition | None = None) -> str:
        if key.startswith(POOL_FOLDER):
            super().put(HOLD_KEY, b"{}", RECORD_HEADERS)
        return super().put(key, body, headers, condition)


def test_what_is_held_while_it_is_sent_does_not_go_online(tmp_path: Path):
    scene, store = make_scene("changes", tmp_path / "workspace", MemoryStore), HeldMeanwhile()
    seed(store, scene.before)
    ran = scene.deploy(store)
    assert ran.outputs["failure-reason"] == "held", ran.log
    assert not scene.committed(state_of(store))
    check_untouched(state_of(store), scene.before)
