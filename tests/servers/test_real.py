"""The stores and the whole path against real servers. Slow: they are installed first, where that is possible.

Each is skipped with the reason where it is not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from galleria_action.deployment.state.pool import POOL_FOLDER
from galleria_action.storage import get_s3_client, open_store
from galleria_action.storage.conditions import ProvingStore
from galleria_action.storage.interface import Body, Headers, IfMatch, Target, WriteStore
from galleria_action.storage.persistence import Persistence
from galleria_action.storage.providers import provider_of
from galleria_action.storage.s3.boto3_store import Boto3Store
from galleria_action.storage.settings import StoreSettings
from tests.doors.job import Job
from tests.doors.runner import MUTATING, Ran
from tests.servers import Unavailable
from tests.servers.real import SERVERS, Server
from tests.storage.clients import make_client
from tests.storage.conformance import Conformance, Room
from tests.storage.test_hash_probe import found_out

pytestmark = pytest.mark.slow
_NUMBERS = count(1)


@pytest.fixture(scope="session", params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """One of the servers."""
    try:
        running = SERVERS[request.param]()
        found = running.__enter__()
    except Unavailable as why:
        pytest.skip(f"{request.param} is not available here: {why}")
    try:
        yield found
    finally:
        running.__exit__(None, None, None)


@pytest.fixture
def settings(server: Server) -> StoreSettings:
    """A new bucket."""
    target = Target(server.url, f"bucket-{next(_NUMBERS)}-{id(server) % 10_000}", "gal/")
    client = get_s3_client(server.url, server.access_key, server.secret_key, "us-east-1")
    client.create_bucket(Bucket=target.bucket)
    client.close()
    return StoreSettings(
        target=target, access_key=server.access_key, secret_key=server.secret_key, concurrency=8
    )  # fmt: skip


def open_boto3(settings: StoreSettings) -> WriteStore:
    provider = provider_of(settings.target.endpoint)
    persist = Persistence(settings.concurrency)
    client = make_client(settings, provider, attempts=1)
    return ProvingStore(Boto3Store(client, settings.target, provider=provider, persist=persist), settings.pause)


def room_of(server: Server, settings: StoreSettings, open_it: Callable[[StoreSettings], WriteStore]) -> Room:
    whole = open_store(replace(settings, target=replace(settings.target, prefix="")))

    def seed(objects: Mapping[str, bytes]) -> None:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda key: whole.put(key, objects[key], Headers("image/jpeg")), objects))

    return Room(
        store=open_it(settings),
        prefix=settings.target.prefix,
        seed=seed,
        full_keys=lambda: {info.key for info in whole.list()},
        without_bucket=open_it(replace(settings, target=replace(settings.target, bucket="no-such-bucket"))),
        compares=server.conditions,
        creates=server.conditions,
    )


@pytest.mark.parametrize("open_it", [open_store, open_boto3], ids=["s3", "boto3"])
class TestConformance(Conformance):
    """The suite that every store passes."""

    @pytest.fixture
    def room(self, request: pytest.FixtureRequest, server: Server, settings: StoreSettings, open_it: Any) -> Room:
        if reason := server.limits.get(request.node.originalname):
            request.node.add_marker(pytest.mark.xfail(reason=reason, strict=True))
        return room_of(server, settings, open_it)


def test_whether_it_checks_hashes_is_found_out(server: Server, settings: StoreSettings) -> None:
    store = open_store(settings)
    assert found_out(store) is server.hashes
    assert not list(store.list())


@pytest.fixture
def job(server: Server, settings: StoreSettings, make_job: Callable[..., Job]) -> Job:
    made = make_job("folder")
    made.runner.inputs = {
        "bucket": settings.target.bucket, "prefix": settings.target.prefix, "endpoint": server.url,
        "access-key": server.access_key, "secret-key": server.secret_key, "cors": "skip", "site": "prod/site",
    }  # fmt: skip
    return made


def ok(ran: Ran) -> Ran:
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (0, ""), ran.log
    return ran


def test_the_whole_path(server: Server, settings: StoreSettings, job: Job) -> None:
    """plan → deploy → nothing to do → change and remove → lose one → verify fails → heal → verify deep."""
    store = open_store(settings)
    planned = ok(job.runner.run("plan"))
    first = ok(job.runner.run("deploy"))
    assert (first.outputs["plan-id"], first.outputs["files-uploaded"]) == (planned.outputs["plan-id"], "11")
    assert ("narrowed" in first.log) == (not server.conditions)
    again = ok(job.runner.run("deploy"))
    assert not MUTATING & again.result["requests"].keys()

    job.gallery.change(0)
    gone = list(job.gallery.photos[1]["files"].values())
    job.gallery.remove(1)
    changed = ok(job.runner.run("deploy", max_delete="1"))
    assert (changed.outputs["files-uploaded"], changed.outputs["photos-deleted"]) == ("3", "1")
    assert not {info.key for info in store.list()} & set(gone)
    live = store.get("gallery-metadata.json")
    assert live is not None
    assert live.body == job.gallery.raw

    lost, overwritten = job.gallery.photos[0]["files"]["web"], job.gallery.photos[1]["files"]["full"]
    store.delete([lost])
    store.put(overwritten, b"someone else's", Headers("image/jpeg"))
    broken = job.runner.run("verify")
    assert (broken.exit_code, broken.result["missing"], broken.result["mismatched"]) == (4, [lost], [overwritten])
    assert ok(job.runner.run("deploy")).outputs["files-uploaded"] == "2"
    assert ok(job.runner.run("verify", verify="deep")).outputs["consistent"] == "true"
    assert not [info.key for info in store.list() if info.key.startswith(".galleria/probe")]


def test_another_commit_in_between_is_a_conflict(settings: StoreSettings, job: Job) -> None:
    ok(job.runner.run("deploy"))
    others = json.dumps({**job.gallery.document, "collection": "other"}).encode()
    job.gallery.change(0)

    class Interfering(ProvingStore):
        async def put_later(self, key: str, body: Body, headers: Headers) -> str:
            if key.startswith(POOL_FOLDER):  # where the bytes wait that replace a live photo
                self.put("gallery-metadata.json", others, Headers("application/json"))
            return await super().put_later(key, body, headers)

    job.runner.opener = lambda given: Interfering(open_store(given), given.pause)
    ran = job.runner.run("deploy")
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (9, "conflict"), ran.log
    live = open_store(settings).get("gallery-metadata.json")
    assert live is not None
    assert live.body == others


def test_of_eight_writers_one_wins(server: Server, settings: StoreSettings) -> None:
    if not server.conditions:
        pytest.skip("this server ignores conditions, and the store says so (see the conformance suite)")
    from galleria_action.storage.interface import PreconditionFailed

    stores = [open_store(settings) for _ in range(8)]
    etag = stores[0].put("a", b"first", Headers("text/plain"))

    def wins(number: int) -> bool:
        try:
            stores[number].put("a", b"%d" % number, Headers("text/plain"), IfMatch(etag))
        except PreconditionFailed:
            return False
        return True

    for _ in range(5):
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(wins, range(8))) == 1
        etag = stores[0].put("a", b"first", Headers("text/plain"))


def test_cors_rules(server: Server, job: Job) -> None:
    ran = job.runner.run("deploy", cors="require", setup_cors="true")
    assert ran.exit_code == 0, ran.log
    if server.cors:
        assert job.runner.run("cors", cors="require").exit_code == 0
    else:
        assert "CORS rules could not be checked" in ran.log
