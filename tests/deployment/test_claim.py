"""The claim to publish: for how long it is believed, how it is kept alive, and what goes on beside it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from types import SimpleNamespace

import pytest

from galleria_action.deployment.apply import carry_out, publishing
from galleria_action.deployment.apply.beside import Beside
from galleria_action.deployment.apply.order import Moment
from galleria_action.deployment.apply.publish import tell_ended
from galleria_action.deployment.apply.publishing import Hold, has_died, take_back
from galleria_action.deployment.apply.retain import Surplus, let_go
from galleria_action.deployment.layout import Layout, laid_out
from galleria_action.deployment.releases.record import Release, Standing
from galleria_action.deployment.state.elsewhere import StateElsewhere
from galleria_action.deployment.state.manifest import Manifest
from galleria_action.deployment.state.pool import pool_key
from galleria_action.deployment.state.publication import PUBLICATION_KEY, Publication, Replaced, parse_publication
from galleria_action.deployment.stop import Stop
from galleria_action.errors import Cancelled, Conflict, StorageUnavailable
from galleria_action.storage.conditions import ProvingStore
from galleria_action.storage.interface import Headers, Target, WriteStore, seconds_between_writes
from galleria_action.storage.opening import open_store
from galleria_action.storage.settings import StoreSettings
from galleria_action.storage.wrappers import RecordingStore
from galleria_action.values import replace
from tests.reliability.memory import MemoryStore

NOBODY = Publication()


def taken_over(store: MemoryStore, hold: Hold) -> None:
    Hold.claim(store, Publication("another", None, {}), hold.base)


def test_of_two_that_claim_the_same_one_does() -> None:
    """The second is refused, looks what lies there, and must not take it for its own."""
    store = MemoryStore()
    hold = Hold.claim(store, NOBODY)
    with pytest.raises(Conflict):
        Hold.claim(store, NOBODY)
    Hold.claim(store, hold.publication, hold.base)
    with pytest.raises(Conflict):
        Hold.claim(store, hold.publication, hold.base)


def test_a_young_claim_is_believed_without_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "LEASE_SECONDS", 15)
    store = RecordingStore(MemoryStore())
    hold = Hold.claim(store, NOBODY)
    asked = len(store.calls)
    hold.sure()
    assert len(store.calls) == asked


def test_an_old_claim_is_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "LEASE_SECONDS", 0.03)
    store = MemoryStore()
    hold = Hold.claim(store, NOBODY)
    taken_over(store, hold)
    time.sleep(0.02)  # more than a third: others may have waited the whole by the time that we write
    with pytest.raises(Conflict):
        hold.sure()
    with pytest.raises(Conflict):
        hold.still()


def test_whoever_is_at_work_says_so_and_nobody_takes_the_claim_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "BEAT_SECONDS", 0.02)
    monkeypatch.setattr(publishing, "LEASE_SECONDS", 0.5)
    monkeypatch.setattr(publishing, "LOOK_SECONDS", 0.05)
    store = MemoryStore()
    hold = Hold.claim(store, NOBODY)

    others, said = list[bool](), list[str]()
    other = threading.Thread(target=lambda: others.append(has_died(store, hold.base.etag, Stop(), said.append)))
    with hold.beating(lambda: False):
        other.start()
        time.sleep(1.2)
        hold.sure()
    hold.release()
    other.join()
    assert others == [False], "it was over, and never dead"
    assert len(said) == 1, "whoever waits says so"


def test_after_a_stop_signal_it_says_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "BEAT_SECONDS", 0.01)
    store = MemoryStore()
    hold = Hold.claim(store, NOBODY)
    etag = hold.base.etag
    with hold.beating(lambda: True):
        time.sleep(0.1)
    assert store.objects[PUBLICATION_KEY].etag == etag


def test_a_claim_that_was_taken_over_while_it_beat_is_known_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "BEAT_SECONDS", 0.01)
    store = MemoryStore()
    hold = Hold.claim(store, NOBODY)
    taken_over(store, hold)
    with hold.beating(lambda: False):
        time.sleep(0.1)
    with pytest.raises(Conflict):
        hold.still()
    assert parse_publication(store.objects[PUBLICATION_KEY].body).plan_id == "another"


def test_nothing_live_is_touched_under_a_claim_that_was_taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "LEASE_SECONDS", 0.03)
    store = MemoryStore()
    hold = Hold.claim(store, NOBODY)
    hold.begin(NOBODY)
    assert not hold.touched
    taken_over(store, hold)
    time.sleep(0.02)
    with pytest.raises(Conflict):
        hold.touch()
    assert not hold.touched


# -- taken back ------------------------------------------------------------------------------------------------------

TEXT = Headers("text/plain")


def begun(store: MemoryStore, *, kept: bool) -> Publication:
    """A publish that died before it touched ``a``, and perhaps before it ``kept`` it."""
    etag, place = store.put("a", b"before", TEXT), pool_key("0" * 64)
    if kept:
        store.put(place, b"before", TEXT)
    return Publication("dead", None, {"a": Replaced(6, etag, place, TEXT, None)}, begun=True)


@pytest.mark.parametrize("kept", [True, False])
def test_what_was_not_touched_stays_as_it_is(kept: bool) -> None:
    store = MemoryStore()
    take_back(store, begun(store, kept=kept), 2, Manifest(), None)
    assert store.objects["a"].body == b"before"


def test_what_was_not_kept_and_is_not_as_before_is_no_success() -> None:
    store = MemoryStore()
    publication = begun(store, kept=False)
    store.put("a", b"after", TEXT)
    with pytest.raises(StorageUnavailable, match="is gone"):
        take_back(store, publication, 2, Manifest(), None)


# -- the end ---------------------------------------------------------------------------------------------------------

RELEASE = Release("20260101T000000Z-00000000", "0" * 64, standing=Standing.UNVERIFIED)
VERIFIED = replace(RELEASE, standing=Standing.VERIFIED)


def test_others_publish_when_it_is_written_down_that_the_release_has_ended() -> None:
    store, order = RecordingStore(MemoryStore()), list[str]()
    hold = Hold.claim(store, NOBODY)

    def first() -> None:
        order.append("first")
        assert PUBLICATION_KEY in [found.key for found in store.list()]

    let_go(store, hold, Surplus(), order.append, lambda: None, first)
    assert order == ["first"]
    assert not list(store.list())


def test_the_record_stays_of_a_release_whose_objects_could_not_be_deleted() -> None:
    """Nobody else knows that they are there."""
    kept = [pool_key(digit * 64) for digit in "ab"]

    class Refusing(MemoryStore):
        def delete(self, keys: Iterable[str]) -> dict[str, str]:
            named = set(keys)
            return super().delete(named - {kept[0]}) | dict.fromkeys(named & {kept[0]}, "refused")

    store, said, releases = Refusing(), list[str](), list[Release]()
    for number, key in enumerate(kept):
        store.put(key, b"x", TEXT)
        undo = {"a.jpg": Replaced(1, "e", key, TEXT, None)}
        releases.append(replace(RELEASE, id=f"{RELEASE.id[:-1]}{number}", undo=undo))
        store.put(releases[-1].key, releases[-1].to_bytes(), TEXT)
    hold = Hold.claim(store, NOBODY)
    let_go(store, hold, Surplus(tuple(releases), tuple(kept)), said.append, lambda: None)
    assert {found.key for found in store.list()} == {kept[0], releases[0].key}
    assert "could not be deleted; the next deploy tries again" in said[-1]


@pytest.mark.parametrize("compares", [True, False])
@pytest.mark.parametrize("ahead", [True, False])
def test_how_a_release_ended_is_written_over_nothing_but_our_own_word(ahead: bool, compares: bool) -> None:
    store = MemoryStore(compares=compares)
    etag = store.put(RELEASE.key, RELEASE.to_bytes(), TEXT) if ahead else None
    tell_ended(store, VERIFIED, etag)
    assert store.objects[RELEASE.key].body == VERIFIED.to_bytes()
    forgotten = replace(RELEASE, forgotten=1).to_bytes()
    store.put(RELEASE.key, forgotten, TEXT)
    tell_ended(store, VERIFIED, etag)
    assert store.objects[RELEASE.key].body == forgotten, "another has taken something out of it"


# -- beside ----------------------------------------------------------------------------------------------------------


def test_what_is_begun_has_ended_with_the_block() -> None:
    done: list[int] = []

    def work(number: int) -> Callable[[], int]:
        def one() -> int:
            time.sleep(0.01)
            done.append(number)
            return number

        return one

    with Beside(4) as beside:
        results = [beside.begin(work(number)) for number in range(6)]
    assert sorted(done) == [result.result() for result in results] == list(range(6))


def fail(text: str) -> Callable[[], None]:
    def work() -> None:
        raise StorageUnavailable(text)

    return work


def test_an_error_comes_out_at_the_end() -> None:
    with pytest.raises(StorageUnavailable, match="first"), Beside(4) as beside:
        beside.begin(fail("first"))
        beside.begin(fail("second"))
        time.sleep(0.01)


def test_what_went_on_goes_before_what_went_on_beside() -> None:
    with pytest.raises(Conflict, match="here"), Beside(4) as beside:
        beside.begin(fail("there"))
        raise Conflict("here")


def test_one_at_a_time_is_done_when_it_is_begun() -> None:
    done: list[str] = []
    with pytest.raises(StorageUnavailable), Beside(1) as beside:
        beside.begin(lambda: done.append("before"))
        beside.begin(fail("now"))
        done.append("after")
    assert done == ["before"]


class FewWrites(MemoryStore):
    """DigitalOcean's: five writes of one object in five minutes."""

    seconds_between_writes = 60.0


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda store: store,
        RecordingStore,
        lambda store: ProvingStore(store, lambda seconds: True),
        lambda store: laid_out(store, Layout.slot("a")),
        lambda store: StateElsewhere(MemoryStore(), RecordingStore(store), Target(None, "b"), Target(None, "s")),
    ],
)
def test_a_claim_keeps_to_what_the_service_takes(
    monkeypatch: pytest.MonkeyPatch, wrapped: Callable[[FewWrites], WriteStore]
) -> None:
    monkeypatch.setattr(publishing, "LEASE_SECONDS", 15)
    store = wrapped(FewWrites())
    beat = publishing.beat_seconds(store)
    writes = [0.0, 0.0, *(beat * number for number in range(1, 20))]  # claimed, begun, and at work for long
    for since in writes:
        assert sum(since <= at < since + 300 for at in writes) <= 5
    assert publishing.lease_seconds(store) >= 3 * beat
    assert publishing.beat_seconds(MemoryStore()) == publishing.BEAT_SECONDS


def test_whoever_waits_there_waits_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "LEASE_SECONDS", 15)
    waited: list[float] = []
    monkeypatch.setattr(Stop, "pause", lambda stop, seconds: waited.append(seconds) or True)
    hold = Hold.claim(FewWrites(), NOBODY)
    assert has_died(hold.store, hold.base.etag, Stop(), lambda text: None)
    assert sum(waited) >= 3 * publishing.beat_seconds(hold.store)


@pytest.mark.parametrize(("provider", "seconds"), [("digitalocean", 60), ("r2", 1), ("aws", 0)])
def test_a_store_knows_its_service(provider: str, seconds: float) -> None:
    settings = StoreSettings(
        target=Target("http://127.0.0.1:9", "b"),
        access_key="key",
        secret_key="word",
        region="us-east-1",
        provider=provider,
    )
    assert seconds_between_writes(open_store(settings)) == seconds


@pytest.mark.parametrize("begun", [False, True])
def test_a_stopped_run_gives_up_a_claim_only_where_nobody_has_touched_anything(begun: bool) -> None:
    """The record of a run that died while it published tells what live objects may hold by now, also when it was taken
    up."""
    store = MemoryStore()
    hold = Hold.claim(store, Publication("plan", None, {}, begun=begun))

    def stopped(work: object) -> None:
        raise Cancelled("Stopped", signal_number=15)

    step = SimpleNamespace(moment=Moment.KEEP, run=stopped)
    with pytest.raises(Cancelled):
        carry_out._run(SimpleNamespace(hold=hold, over=None), [step])  # type: ignore[arg-type, list-item]
    assert (store.head(PUBLICATION_KEY) is not None) == begun
