"""Conditional writes against services that enforce them, ignore them, refuse them, or want ETags without quotes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from galleria_action.errors import StorageUnavailable
from galleria_action.storage.conditions import PROBE, ProvingStore
from galleria_action.storage.interface import (
    ConditionUnsupported,
    Headers,
    IfAbsent,
    IfMatch,
    IfSeen,
    PreconditionFailed,
    WriteStore,
)
from galleria_action.storage.opening import open_store
from galleria_action.storage.persistence import Persistence, sleep
from galleria_action.storage.providers import profiles
from galleria_action.storage.s3.boto3_store import Boto3Store
from galleria_action.storage.settings import StoreSettings
from tests.s3 import FakeS3
from tests.s3.wire import Request
from tests.storage.clients import make_client

Start = Callable[..., FakeS3]
TEXT = Headers("text/plain")
IGNORING = ["ignores-conditions", "gcs", "stores-framing"]
REFUSING = ["rejects-conditions", "b2"]
ENFORCING = ["aws", "r2", "minio", "opaque-etags", "stale-lists"]
BARE = ["ceph", "hetzner"]


def open_boto3(settings: StoreSettings) -> WriteStore:
    profile = profiles()["generic"]
    client, persist = make_client(settings, profile, attempts=1), Persistence(settings.concurrency, settings.pause)
    return ProvingStore(Boto3Store(client, settings.target, provider=profile, persist=persist), settings.pause)


def tidied() -> None:
    """Wait for the probes to be deleted, for which nobody else does."""
    for thread in threading.enumerate():
        if thread.name == "probe":
            thread.join()


@pytest.fixture(params=[open_store, open_boto3], ids=["s3", "boto3"])
def open_it(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.mark.parametrize("profile", [*IGNORING, *REFUSING])
@pytest.mark.parametrize("condition", [IfAbsent(), IfMatch("0" * 31 + "1")])
def test_a_service_without_conditions_is_recognised(
    fake_s3: Start, open_it: Any, profile: str, condition: IfAbsent | IfMatch
) -> None:
    s3 = fake_s3(profile)
    s3.seed({"a": b"before"})
    with pytest.raises(ConditionUnsupported):
        open_it(s3.settings()).put("a", b"x", TEXT, condition)
    tidied()
    assert {key: stored.body for key, stored in s3.objects.items()} == {"a": b"before"}


@pytest.mark.parametrize("profile", [*ENFORCING, *BARE])
def test_a_service_with_conditions_is_believed(fake_s3: Start, open_it: Any, profile: str) -> None:
    s3 = fake_s3(profile)
    store = open_it(s3.settings())
    first = store.put("a", b"1", TEXT, IfAbsent())
    with pytest.raises(PreconditionFailed):
        store.put("a", b"2", TEXT, IfAbsent())
    second = store.put("a", b"2", TEXT, IfMatch(first))
    with pytest.raises(PreconditionFailed):
        store.put("a", b"3", TEXT, IfMatch(first))
    assert store.put("a", b"3", TEXT, IfMatch(second))
    tidied()
    assert {key: stored.body for key, stored in s3.objects.items()} == {"a": b"3"}


@pytest.mark.parametrize("profile", BARE)
def test_a_service_that_compares_quotes_keeps_comparing(fake_s3: Start, open_it: Any, profile: str) -> None:
    """Under an unknown name: a refused condition that holds gives it away, and costs three requests once."""
    s3 = fake_s3(profile)
    s3.seed({"a": b"1"})
    store = open_it(s3.settings())
    etag = store.put("a", b"2", TEXT, IfMatch(s3.objects["a"].etag))
    assert [request.headers.get("if-match", "-")[:1] == '"' for request in s3.asked("PutObject")] == [
        True, True, False, False,
    ]  # fmt: skip
    s3.calm()
    store.put("a", b"3", TEXT, IfMatch(etag))
    with pytest.raises(PreconditionFailed):
        store.put("a", b"4", TEXT, IfMatch(etag))
    assert len(s3.asked("PutObject")) == 2


def test_a_lost_race_says_nothing_of_quotes(fake_s3: Start, open_it: Any) -> None:
    """What another has written is not what the condition named, so that it was refused rightly."""
    s3 = fake_s3("aws")
    s3.seed({"a": b"another's"})
    with pytest.raises(PreconditionFailed):
        open_it(s3.settings()).put("a", b"x", TEXT, IfMatch("0" * 31 + "1"))
    assert [request.headers["if-match"][:1] for request in s3.asked("PutObject")] == ['"', '"'], "the probe, and ours"


def test_it_costs_one_request_per_run_and_stores_nothing(fake_s3: Start, open_it: Any) -> None:
    s3 = fake_s3("aws")
    s3.seed({"a": b"1"})
    store = open_it(s3.settings())
    etag = store.put("a", b"2", TEXT, IfMatch(s3.objects["a"].etag))
    store.put("a", b"3", TEXT, IfMatch(etag))
    assert [(r.operation, r.key.partition("-")[0], r.status) for r in s3.requests] == [
        ("PutObject", ".galleria/probe", 404), ("PutObject", "a", 200), ("PutObject", "a", 200),
    ]  # fmt: skip


def test_reading_and_plain_writing_cost_nothing(fake_s3: Start, open_it: Any) -> None:
    s3 = fake_s3("aws")
    store = open_it(s3.settings())
    store.put("a", b"1", TEXT)
    store.get("a")
    list(store.list())
    store.copy("a", "b")
    store.delete(["a"])
    assert not [request for request in s3.requests if request.key.startswith(PROBE)]


def test_a_known_service_is_not_probed(fake_s3: Start) -> None:
    s3 = fake_s3("aws")
    open_store(s3.settings(provider="minio")).put("a", b"1", TEXT, IfAbsent())
    assert [request.key for request in s3.requests] == ["a"]


@pytest.mark.parametrize("fault", ["lost", "503+", "drop", "503", "429:"])
@pytest.mark.parametrize("nth", [0, 1, 2])
def test_faults_while_probing(fake_s3: Start, open_it: Any, fault: str, nth: int) -> None:
    """Whatever is lost, an enforcing service is recognised as one and an ignoring one as none."""
    for profile, enforced in (("aws", True), ("ignores-conditions", False)):
        s3 = fake_s3(profile)
        s3.script(" ".join(["ok"] * nth + [fault]), key=f"{PROBE}*")
        store = open_it(replace(s3.settings(), pause=lambda seconds: True))
        if enforced:
            store.put("a", b"1", TEXT, IfAbsent())
        else:
            with pytest.raises(ConditionUnsupported):
                store.put("a", b"1", TEXT, IfAbsent())
        tidied()
        assert set(s3.objects) == ({"a"} if enforced else set())


def test_nobody_waits_for_a_probe_to_be_deleted(fake_s3: Start, open_it: Any) -> None:
    """Nor who has proved the condition by it."""
    s3, written, waited = fake_s3("aws"), threading.Event(), list[bool]()

    def before(request: Request) -> None:
        if request.operation.startswith("Delete"):
            waited.append(not written.wait(10))

    s3.before = before
    open_it(s3.settings()).put("a", b"1", TEXT, IfAbsent())
    written.set()
    tidied()
    assert waited == [False]
    assert set(s3.objects) == {"a"}


def test_no_conditional_write_after_a_stop_during_the_probe(fake_s3: Start, open_it: Any) -> None:
    s3 = fake_s3("aws")
    stopped: list[str] = []
    s3.after = lambda request: stopped.append(request.key)
    store = open_it(replace(s3.settings(), pause=lambda seconds: not stopped and sleep(seconds)))
    with pytest.raises(StorageUnavailable, match="Stopped"):
        store.put("a", b"1", TEXT, IfAbsent())
    assert "a" not in s3.objects


def test_of_eight_that_race_one_wins(fake_s3: Start, open_it: Any) -> None:
    """Each with its own probe at the same time as the others'."""
    s3 = fake_s3("aws")
    stores = [open_it(s3.settings()) for _ in range(8)]

    def try_it(number: int) -> bool:
        try:
            stores[number].put("a", b"%d" % number, TEXT, IfAbsent())
        except PreconditionFailed:
            return False
        return True

    for _ in range(10 if open_it is open_store else 3):  # eight clients of the other kind take a third of a second
        s3.objects.clear()
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(try_it, range(8))) == 1
        stores = [open_it(s3.settings()) for _ in range(8)]


@pytest.mark.parametrize("fault", ["503", "drop", "lost", "503+"])
def test_a_write_after_a_look_is_not_repeated_over_somebody_elses(fake_s3: Start, open_it: Any, fault: str) -> None:
    """Waiting for a service to recover takes long enough for another deploy to commit."""
    s3 = fake_s3("ignores-conditions")
    s3.seed({"a": b"before"})

    def meanwhile(seconds: float) -> bool:
        s3.seed({"a": b"another's"})
        return True

    store = open_it(replace(s3.settings(), pause=meanwhile))
    seen = store.head("a").etag
    s3.script(fault, "PutObject")
    with pytest.raises(PreconditionFailed):
        store.put("a", b"ours", TEXT, IfSeen(seen))
    assert s3.objects["a"].body == b"another's"


def test_a_write_after_a_look_is_repeated_while_nobody_else_writes(fake_s3: Start, open_it: Any) -> None:
    s3 = fake_s3("ignores-conditions")
    s3.seed({"a": b"before"})
    store = open_it(replace(s3.settings(), pause=lambda seconds: True))
    s3.script("503 drop", "PutObject")
    store.put("a", b"ours", TEXT, IfSeen(store.head("a").etag))
    assert s3.objects["a"].body == b"ours"
