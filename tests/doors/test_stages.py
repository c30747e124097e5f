"""A release goes from environment to environment by their strategies: who sees what, also when it is broken."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.doors.conftest import Job
from tests.doors.stages import Place, Stages, broken_releases, folder, stages
from tests.edge.slots import VISITORS
from tests.s3 import ACCESS_KEY, BUCKET, SECRET_KEY, FakeS3
from tests.s3.objects import Bucket

PRODUCTION = "production"
CANARY = {"staging": "router: pointer", "production": "router: pointer, from: staging"}


@pytest.fixture
def s3(fake_s3: Callable[..., FakeS3]) -> FakeS3:
    made = fake_s3("aws")
    made.buckets[PRODUCTION] = Bucket(made.profile.stale_lists)
    return made


def in_bucket(s3: FakeS3, name: str) -> Place:
    def read() -> dict[str, bytes]:
        return {key: it.body for key, it in list(s3.buckets[name].items())}

    return Place(f"bucket: {name}, endpoint: '{s3.url}'", read, (ACCESS_KEY, SECRET_KEY))


@pytest.fixture
def world(make_job: Callable[..., Job], s3: FakeS3) -> Iterator[Stages]:
    """Staging and production in two buckets of one service."""
    places = {"staging": in_bucket(s3, BUCKET), "production": in_bucket(s3, PRODUCTION)}
    with stages(make_job(), places) as made:
        yield made


ROUTERS = [
    ("router: pointer", "router: pointer", "canary"),
    ("router: pointer", "", "rolling"),
    *(
        pytest.param(*it, marks=pytest.mark.slow)
        for it in (
            ("", "router: pointer", "canary"),
            ("router: pointer", "router: pointer, strategy: blue-green", "blue-green"),
            ("", "strategy: blue-green", "blue-green"),
            ("router: pointer", "router: pointer, strategy: rolling", "rolling"),
        )
    ),
]


@pytest.mark.parametrize(("staging", "production", "strategy"), ROUTERS)
def test_what_staging_shows_goes_live_by_productions_strategy(
    world: Stages, staging: str, production: str, strategy: str
):
    world.config(staging=staging, production=f"from: staging, {production}")
    seen = []
    for text in ("One", "Other"):
        world.change(text)
        world.done("deploy", "staging")
        ran = world.done("deploy", "production")
        assert world.edges["production"].shown() == world.edges["staging"].shown() != {}
        assert ran.outputs["consistent"] == "true" and ran.outputs["probe"] == "passed"
        told = world.done("history", "production").result["releases"][0]
        assert told["taken_from"]["environment"] == "staging"
        record = world.places["production"].bucket()[f".galleria/releases/{told['id']}.json"]
        assert json.loads(record).get("strategy", "rolling") == strategy
        seen.append(world.edges["production"].shown())
    assert world.done("deploy", "production").outputs["changed"] == "false"
    world.done("rollback", "production")
    assert world.edges["production"].shown() == seen[0]
    assert world.done("verify", "production").outputs["consistent"] == "true"


def test_what_staging_shows_is_approved_and_waits_for_a_person(world: Stages):
    world.config(staging="router: pointer", production="router: pointer, promote: manual, canary: 20, from: staging")
    world.change("One")
    world.done("deploy", "staging")
    world.done("deploy", "production", promote="auto", probe="off")
    edge = world.edges["production"]
    before = edge.shown()
    world.change("Other")
    world.done("deploy", "staging")
    planned = world.done("plan", "production")
    ran = world.done("deploy", "production", approved_plan=planned.outputs["plan-id"])
    assert "waits in slots/" in ran.outputs["message"]
    assert edge.shown() == before
    on_trial = [visitor for visitor in VISITORS if edge.sees(visitor) != before["index.html"]]
    assert 0.1 < len(on_trial) / len(VISITORS) < 0.3
    assert edge.shown(on_trial[0]) == world.edges["staging"].shown()
    world.done("promote", "production")
    assert edge.shown() == world.edges["staging"].shown()


def test_a_source_whose_visitors_are_sent_elsewhere_is_refused(world: Stages):
    """Nobody sees what lies in place there: the section has to say by which router visitors are sent."""
    world.config(**CANARY)
    world.change("One")
    world.done("deploy", "staging")
    world.config(production="from: staging")
    ran = world.run("deploy", "production")
    assert ran.exit_code == 2 and "sent by pointer" in ran.log
    assert world.edges["production"].shown() == {}


def test_the_router_of_one_environment_is_not_that_of_another(world: Stages, s3: FakeS3):
    world.config(production="from: staging")
    world.change("One")
    world.done("deploy", "staging")
    world.done("deploy", "production", router="pointer")
    assert world.edges["production"].shown() == world.edges["staging"].shown()
    assert "live.json" in s3.buckets[PRODUCTION] and "live.json" not in s3.buckets[BUCKET]


def test_recreate_is_not_for_what_comes_from_elsewhere(world: Stages):
    world.config(production="strategy: recreate, from: staging")
    ran = world.run("deploy", "production")
    assert ran.exit_code == 2 and "strategy: recreate takes a gallery down" in ran.log


# -- broken ----------------------------------------------------------------------------------------------------------


def test_a_broken_release_is_caught_before_everybody_sees_it(make_job: Callable[..., Job], s3: FakeS3, tmp_path: Path):
    places = {"staging": folder(tmp_path / "staging"), "production": in_bucket(s3, PRODUCTION)}
    with stages(make_job(), places) as world:
        world.config(**CANARY)
        world.done("deploy", "staging")
        world.done("deploy", "production")
        broken_releases(world)
