"""What a gallery in slots costs: a deploy of a hundredth of it asks no more than twice as much as one in place."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.reliability.memory import MemoryStore
from tests.reliability.scenes import Scene, make_scene
from tests.reliability.test_slots import POINTER

pytestmark = pytest.mark.slow
PHOTOS, CHANGED = 1000, 10


def deployed(scene: Scene, store: MemoryStore, inputs: dict[str, str]) -> tuple[int, float]:
    """So many requests, and seconds."""
    began = time.perf_counter()
    ran = scene.deploy(store, concurrency="16", **inputs)
    assert ran.exit_code == 0, ran.log
    return sum(ran.result["requests"].values()), time.perf_counter() - began


@pytest.mark.parametrize("inputs", [POINTER, {"strategy": "blue-green"}], ids=["pointer", "copy"])
def test_a_hundredth_of_the_gallery(tmp_path: Path, inputs: dict[str, str], capsys: pytest.CaptureFixture[str]):
    scene = make_scene("first", tmp_path / "workspace", MemoryStore)
    for number in range(10, 7 + PHOTOS):
        scene.gallery.add(number)
    in_place, in_slots = MemoryStore(latency=0.005), MemoryStore(latency=0.005)
    asked: list[tuple[int, int]] = []
    took: list[tuple[float, float]] = []
    for step in range(4):  # the first fills everything, the second the other slot
        for photo in range(CHANGED if step else 0):
            scene.gallery.change(photo, version=step)
        plain, slots = deployed(scene, in_place, {}), deployed(scene, in_slots, inputs)
        asked.append((plain[0], slots[0]))
        took.append((plain[1], slots[1]))
    with capsys.disabled():
        print(
            f"\n{3 * PHOTOS:,} objects, {3 * CHANGED} changed; requests and seconds in place, in slots: {asked} {took}"
        )
    for plain_asked, slots_asked in asked[2:]:
        assert slots_asked <= 2 * plain_asked
