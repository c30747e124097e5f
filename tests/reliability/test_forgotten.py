"""A photo that is forgotten: nothing of it is left in any release, whenever the command died."""

from __future__ import annotations

import json

import pytest

from galleria_action.storage.interface import Headers, WriteStore
from tests.reliability.deaths import deaths_of
from tests.reliability.memory import MemoryStore
from tests.reliability.past import Past
from tests.reliability.scenes import seed, state_of
from tests.reliability.test_releases import once, past

__all__ = ("once", "past")  # fixtures of another file


def traces(store: WriteStore, photo: str, contents: set[bytes]) -> list[str]:
    """The keys of everything in the bucket that holds the photo, or tells of it."""
    return [
        key for key, (body, _) in state_of(store).items() if body in contents or photo.encode() in body or photo in key
    ]


@pytest.fixture
def guest(past: Past) -> tuple[str, set[bytes]]:
    """A photo that was there all the time and changed once, and all bytes that it ever had."""
    photo = past.scene.gallery.photos[1]
    seen = {state[key][0] for state in past.seen.values() for key in photo["files"].values() if key in state}
    return photo["id"], seen


def test_a_photo_is_forgotten_everywhere(past: Past, guest: tuple[str, set[bytes]]):
    photo, contents = guest
    assert len(traces(past.store, photo, contents)) > 6
    shown = past.run("forget", photo=photo, dry_run="true")
    assert shown.exit_code == 0, shown.log
    assert "Dry run completed" in shown.log
    ran = past.run("forget", photo=photo)
    assert ran.exit_code == 0, ran.log
    assert "Forgotten" in ran.log
    assert "Dry run" not in ran.log
    assert traces(past.store, photo, contents) == [], "neither its bytes nor its name, in our records neither"
    assert past.run("verify", verify="deep").exit_code == 0
    keys = {key for state in past.seen.values() for key in state if photo in key}
    for release in past.order[:-1]:
        back = past.run("rollback", to=release)
        assert back.exit_code == 0, back.log
        assert "forgotten since then" in back.log
        was = {key: it for key, it in past.seen[release].items() if key not in keys and key != "gallery-metadata.json"}
        assert {key: it for key, it in past.now().items() if key != "gallery-metadata.json"} == was


def test_forgetting_is_killed_at_every_request(past: Past, guest: tuple[str, set[bytes]]):
    photo, contents = guest
    forgotten = MemoryStore()
    seed(forgotten, state_of(past.store))
    for death in deaths_of(lambda fate: past.scene.run("forget", forgotten, fate, photo=photo), forgotten):
        store = death.store
        again = past.scene.run("forget", store, photo=photo)
        assert again.exit_code in (0, 2), again.log  # it may have been forgotten already
        assert traces(store, photo, contents) == []


def test_a_photo_that_is_nowhere_is_refused(past: Past, guest: tuple[str, set[bytes]]):
    before = past.now()
    ran = past.run("forget", photo=f"{guest[0]}x")
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (2, "config-invalid")
    assert guest[0] in ran.log
    assert past.now() == before
    assert past.run("forget").exit_code == 2


def test_what_nobody_understands_is_not_written_anew(past: Past, guest: tuple[str, set[bytes]]):
    found = past.store.get("gallery-metadata.json")
    assert found
    metadata = json.loads(found.body)
    metadata["photos"][0]["files"]["web"] = "../elsewhere.jpg"
    past.store.put("gallery-metadata.json", json.dumps(metadata).encode(), Headers("application/json"))
    before = state_of(past.store)
    for dry_run in ("true", "false"):
        ran = past.run("forget", photo=guest[0], dry_run=dry_run)
        assert (ran.exit_code, ran.outputs["failure-reason"]) == (3, "gallery-invalid"), ran.log
        assert "../elsewhere.jpg" in ran.log
        assert state_of(past.store) == before
