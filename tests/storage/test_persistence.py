"""What is asked again, how often and when, and how many requests are in flight meanwhile; over real connections."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from galleria_action.errors import GalleriaError, StorageUnavailable
from galleria_action.storage.faults import Passing
from galleria_action.storage.interface import Headers, IfAbsent, PreconditionFailed, WriteStore
from galleria_action.storage.persistence import (
    ATTEMPTS,
    ATTEMPTS_IF_DOUBTFUL,
    FIRST_WAIT_SECONDS,
    LONGEST_RETRY_AFTER_SECONDS,
    LONGEST_WAIT_SECONDS,
    Persistence,
)
from galleria_action.storage.providers import profiles
from galleria_action.storage.s3.boto3_store import Boto3Store
from galleria_action.storage.s3.s3_store import S3Store, open_bucket
from galleria_action.storage.settings import StoreSettings
from tests.s3 import FakeS3
from tests.storage.clients import make_client

Start = Callable[..., FakeS3]
JPEG = Headers("image/jpeg")


def open_s3(settings: StoreSettings) -> WriteStore:
    return S3Store(settings, profiles()["generic"], open_bucket(settings, profiles()["generic"]))


def open_boto3(settings: StoreSettings) -> WriteStore:
    profile = profiles()["generic"]
    persist = Persistence(settings.concurrency, settings.pause)
    return Boto3Store(make_client(settings, profile, attempts=1), settings.target, provider=profile, persist=persist)


class Pauses:
    """Waits that take no time; ``stop_after`` of them there is no further try."""

    def __init__(self, stop_after: int = 1000) -> None:
        self.seconds: list[float] = []
        self._stop_after = stop_after

    def __call__(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return len(self.seconds) < self._stop_after


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def s3(fake_s3: Start) -> FakeS3:
    s3 = fake_s3("aws")
    s3.seed({"there": b"0123456789" * 10})
    return s3


@pytest.fixture(params=[open_s3, open_boto3], ids=["s3", "boto3"])
def store(request: pytest.FixtureRequest, s3: FakeS3, pauses: Pauses) -> WriteStore:
    return request.param(replace(s3.settings(), pause=pauses))  # type: ignore[no-any-return]


CALLS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "get": ("GetObject", lambda store: store.get("there").body == b"0123456789" * 10),
    "head": ("HeadObject", lambda store: store.head("there").size == 100),
    "list": ("ListObjectsV2", lambda store: [info.key for info in store.list()] == ["there"]),
    "put": ("PutObject", lambda store: bool(store.put("a", b"x", JPEG))),
    "copy": ("CopyObject", lambda store: bool(store.copy("there", "a"))),
    "delete": ("DeleteObjects", lambda store: store.delete(["there"]) == {}),
}
PASSING = [
    "500", "502:", "503", "504:", "503:", "429", "429:", "429:SomethingForeign", "409", "408:RequestTimeout",
    "400:RequestTimeout", "400:BadDigest", "drop", "lost", "503+",
]  # fmt: skip


class TestWhatPasses:
    """Each fault once or thrice, then an answer: the call succeeds as if nothing had been."""

    @pytest.mark.parametrize("call", CALLS)
    def test_passing(self, s3: FakeS3, store: WriteStore, call: str) -> None:
        operation, works = CALLS[call]
        for fault in PASSING:
            s3.calm()
            s3.seed({"there": b"0123456789" * 10})
            s3.objects.pop("a", None)
            rule = s3.script(f"{fault}*3 ok", operation)
            assert works(store), fault
            # A refused batch may also be settled key by key, and a HEAD is asked again as a GET, which tells why.
            assert len(rule.used) == 4 or call in ("head", "delete"), fault

    @pytest.mark.parametrize("fault", ["empty", "html", "200:InternalError"])
    @pytest.mark.parametrize("call", ["get", "list", "put", "copy"])
    def test_no_answer_of_s3(self, s3: FakeS3, store: WriteStore, call: str, fault: str) -> None:
        if (call, fault) == ("put", "html"):
            fault = "empty"
        s3.script(f"{fault}*2", CALLS[call][0])
        assert CALLS[call][1](store)

    @pytest.mark.parametrize("call", ["get", "list"])
    def test_bodies_that_break_off(self, s3: FakeS3, store: WriteStore, call: str) -> None:
        s3.script("cut*2", CALLS[call][0])
        assert CALLS[call][1](store)

    def test_later_pages_are_asked_for_again_alone(self, s3: FakeS3, store: WriteStore) -> None:
        s3.seed({f"k{number:05}": b"" for number in range(2500)})
        s3.script("ok 503 ok 429: drop ok", "ListObjectsV2")
        assert len(list(store.list())) == 2501
        assert len(s3.asked("ListObjectsV2")) == 6

    def test_single_deletes(self, s3: FakeS3, store: WriteStore) -> None:
        s3.seed({f"k{number}": b"" for number in range(20)})
        s3.script("501", "DeleteObjects")
        s3.script("503*4 drop*3 429:*2", "DeleteObject")
        assert store.delete(f"k{number}" for number in range(20)) == {}
        assert set(s3.objects) == {"there"}

    def test_own_lost_write_is_no_silent_success_of_a_condition(self, s3: FakeS3, store: WriteStore) -> None:
        """The repeated write meets its own first effect: the caller has to read back."""
        s3.script("lost", "PutObject")
        with pytest.raises(PreconditionFailed):
            store.put("a", b"x", JPEG, IfAbsent())
        assert s3.objects["a"].body == b"x"

    def test_a_conflict_of_the_moment_is_asked_again(self, s3: FakeS3, store: WriteStore) -> None:
        s3.script("409:ConditionalRequestConflict*2", "PutObject")
        assert store.put("a", b"x", JPEG, IfAbsent())


class TestWhatDoesNot:
    @pytest.mark.parametrize(
        "fault", ["403", "404:NoSuchBucket", "400:ExpiredToken", "403:RequestTimeTooSkewed", "501"]
    )
    @pytest.mark.parametrize("call", ["get", "list", "put"])
    def test_asked_once(self, s3: FakeS3, store: WriteStore, call: str, fault: str) -> None:
        s3.script(f"{fault}*", CALLS[call][0])
        with pytest.raises(GalleriaError):
            CALLS[call][1](store)
        assert len(s3.asked(CALLS[call][0])) == 1


class TestPatience:
    @pytest.mark.parametrize(("fault", "most"), [("503", ATTEMPTS), ("400:BadDigest", ATTEMPTS_IF_DOUBTFUL)])
    def test_it_ends(self, s3: FakeS3, store: WriteStore, pauses: Pauses, fault: str, most: int) -> None:
        s3.script(f"{fault}*", "PutObject")
        with pytest.raises(StorageUnavailable):
            store.put("a", b"x", JPEG)
        assert (len(s3.asked("PutObject")), len(pauses.seconds)) == (most, most - 1)

    def test_waits_are_random_below_a_growing_bound(self, pauses: Pauses) -> None:
        persist = Persistence(1, pauses, attempts=12)
        for _ in range(200):
            with pytest.raises(Passing):
                persist(failing)
        for number in range(11):
            waits = pauses.seconds[number::11]
            bound = min(FIRST_WAIT_SECONDS * 2**number, LONGEST_WAIT_SECONDS)
            assert 0 <= min(waits) < 0.1 * bound
            assert 0.9 * bound < max(waits) <= bound

    def test_retry_after(self, s3: FakeS3, store: WriteStore, pauses: Pauses) -> None:
        s3.script("503@7*3", "PutObject")
        store.put("a", b"x", JPEG)
        assert [seconds >= 7 for seconds in pauses.seconds] == [True, True, True]
        assert all(seconds < 7 + 4 * FIRST_WAIT_SECONDS for seconds in pauses.seconds)

    def test_retry_after_is_bounded(self, s3: FakeS3, store: WriteStore, pauses: Pauses) -> None:
        s3.script("429:@90000*3", "PutObject")
        store.put("a", b"x", JPEG)
        assert max(pauses.seconds) < LONGEST_RETRY_AFTER_SECONDS + 2

    def test_no_further_try_after_a_stop(self, s3: FakeS3, store: WriteStore, pauses: Pauses) -> None:
        pauses._stop_after = 2
        s3.script("503*", "PutObject")
        with pytest.raises(StorageUnavailable):
            store.put("a", b"x", JPEG)
        assert len(s3.asked("PutObject")) == 2


def failing() -> None:
    raise Passing("no")


#: seconds without a byte after which a line is given up
SILENCE = 0.6
#: the same where it must not be: a busy machine may have nobody move anything for half a second
LONGER_SILENCE = 1.2


class TestStalls:
    """A server that says nothing is given up, one that is slow is not."""

    @pytest.fixture(autouse=True)
    def silence(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> float:
        seconds: float = getattr(request, "param", SILENCE)
        monkeypatch.setattr("galleria_action.storage.s3.wire.SILENCE_SECONDS", seconds)
        monkeypatch.setattr("galleria_action.storage.s3.client.CONNECT_TIMEOUT_SECONDS", seconds)
        monkeypatch.setattr("galleria_action.storage.s3.client.READ_TIMEOUT_SECONDS", seconds)
        return seconds

    @pytest.fixture(params=[open_s3, open_boto3], ids=["s3", "boto3"])
    def store(self, request: pytest.FixtureRequest, s3: FakeS3, pauses: Pauses, silence: float) -> WriteStore:
        return request.param(replace(s3.settings(), pause=pauses))  # type: ignore[no-any-return]

    def test_a_silent_upload_is_given_up_and_repeated(self, s3: FakeS3, store: WriteStore) -> None:
        s3.script("stall", "PutObject")
        started = time.monotonic()
        assert store.put("a", b"x", JPEG)
        assert 0.9 * SILENCE < time.monotonic() - started < 20
        assert len(s3.asked("PutObject")) == 2

    @pytest.mark.parametrize("where", ["within the body", "before the answer"])
    def test_a_large_upload_that_is_stuck_ends(self, s3: FakeS3, store: WriteStore, pauses: Pauses, where: str) -> None:
        pauses._stop_after = 3
        if where == "within the body":
            s3.bytes_per_second = 100_000
        else:
            s3.script("stall*", "PutObject")
        started = time.monotonic()
        with pytest.raises(StorageUnavailable, match=r"in time|was cut"):
            store.put("large", bytes(20_000_000), JPEG)
        assert time.monotonic() - started < 30

    @pytest.mark.parametrize("silence", [LONGER_SILENCE], indirect=True)
    def test_a_large_upload_that_is_slow_arrives(
        self, s3: FakeS3, store: WriteStore, pauses: Pauses, silence: float
    ) -> None:
        """The time is that for each piece and not for the whole."""
        s3.bytes_per_second = 10_000_000
        started = time.monotonic()
        assert store.put("large", bytes(20_000_000), JPEG)
        assert time.monotonic() - started > 1.5 * silence
        assert (len(s3.asked("PutObject")), pauses.seconds) == (1, [])

    def test_a_large_answer_that_is_slow_arrives(
        self, s3: FakeS3, store: WriteStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("galleria_action.net.patience.SLOWEST_BYTES_PER_SECOND", 10)
        s3.script(f"stall trickle@{1.5 * SILENCE / 100}", "GetObject")
        found = store.get("there")
        assert found is not None
        assert len(found.body) == 100
        assert len(s3.asked("GetObject")) == 2

    def test_a_server_that_holds_us_up_is_given_up(
        self, s3: FakeS3, pauses: Pauses, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A byte now and then is not a line, however often it comes."""
        monkeypatch.setattr("galleria_action.net.patience.SLOWEST_BYTES_PER_SECOND", 1 << 20)
        pauses._stop_after = 2
        s3.script("trickle@0.1*", "GetObject")
        started = time.monotonic()
        with pytest.raises(StorageUnavailable, match="in time"):
            open_s3(replace(s3.settings(), pause=pauses)).get("there")
        assert time.monotonic() - started < 15


class TestOverload:
    @pytest.mark.parametrize("open_it", [open_s3, open_boto3], ids=["s3", "boto3"])
    def test_an_overloaded_service_is_asked_less_and_all_arrives(self, s3: FakeS3, open_it: Any) -> None:
        """It bears four requests at a time and answers 503 to the rest."""
        lock, running, peaks = threading.Lock(), [0], []

        def before(request: Any) -> None:
            with lock:
                running[0] += 1
                peaks.append(running[0])
            time.sleep(0.003)
            with lock:
                running[0] -= 1

        def gate(request: Any) -> str:
            return "503@0.01" if running[0] >= 4 else "ok"

        s3.before, s3.gate = before, gate
        settings = replace(s3.settings(concurrency=16), pause=lambda seconds: not time.sleep(min(seconds, 0.05)))
        store = open_it(settings)
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda number: store.put(f"k{number}", b"x", JPEG), range(300)))
        assert len(s3.objects) == 301
        refused = sum(request.status == 503 for request in s3.requests)
        assert 0 < refused < 300
        assert store._persist.throttle.window.size < 16
