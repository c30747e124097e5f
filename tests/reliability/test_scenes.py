"""What is online before a scene is deployed once for all tests, which holds only where it is always the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reliability.memory import MemoryStore
from tests.reliability.scenes import apart_from_releases, deployed, make_scene


@pytest.mark.parametrize("name", ["changes", "directory", "photos-only", "site-only"])
def test_what_is_online_before_a_scene_is_the_same_in_every_workspace(tmp_path: Path, name: str):
    made = make_scene(name, tmp_path / "workspace", MemoryStore, change=False)
    again = make_scene(name, tmp_path / "another", MemoryStore, change=False)
    assert apart_from_releases(deployed(again, MemoryStore())) == apart_from_releases(made.before)
