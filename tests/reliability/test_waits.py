"""How many requests of a run wait for each other, one after the other: what a far service makes a deploy take.

Counted over a strict S3 that takes a while for every answer, so that what goes out together overlaps. A machine that is
busy may make a chain longer, never shorter: so the shortest of a few tries counts, each with slower answers.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.waits import SCENES, Waits, watched

_SECONDS = (0.05, 0.25, 0.5)

#: scene → the most that may wait for each other. One changed photo: read, try a condition out, claim, look around (all
#: while it is sent), keep (and begin), publish (and record), commit, list, end. Rolled back: the same, with a condition
#: tried out while it reads, and the release's record and metadata read beside the claim and the look.
CHAINS = {
    "nothing to do": 1,
    "plan": 1,
    "first deploy": 9,
    "one changed": 9,
    "one removed": 10,
    "one added": 9,
    "one changed, rolled back": 8,
}


def shortest(name: str, folder: Path, most: int, **how: str) -> Waits:
    """The scene as the least disturbed try shows it."""
    found = [watched(SCENES[name], folder / "first", _SECONDS[0], **how)]
    for number, seconds in enumerate(_SECONDS[1:]):
        if len(found[-1].chain) <= most:
            break
        found.append(watched(SCENES[name], folder / str(number), seconds, **how))
    return min(found, key=lambda waits: len(waits.chain))


@pytest.fixture(autouse=True)
def _others_wait_for_the_living(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is outside of tests: a claim that has just been made needs no second look."""
    monkeypatch.setattr("galleria_action.deployment.apply.publishing.LEASE_SECONDS", 15)


@pytest.mark.parametrize("name", CHAINS)
def test_no_more_requests_wait_for_each_other(tmp_path: Path, name: str) -> None:
    found = shortest(name, tmp_path, CHAINS[name])
    assert len(found.chain) <= CHAINS[name], "\n".join(found.chain)


def test_where_the_service_is_known_nothing_is_tried_out(tmp_path: Path) -> None:
    found = shortest("one removed", tmp_path, CHAINS["one removed"] - 1, provider="minio")
    assert len(found.chain) <= CHAINS["one removed"] - 1, "\n".join(found.chain)
    assert not [request for request in found.chain if "probe" in request]
