"""The conditional write that makes a gallery visible: of two that know the same base one wins, on any store."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from galleria_action.deployment.documents.writing import Unsettled, check_base, commit
from galleria_action.deployment.model import Base
from galleria_action.errors import Conflict, StorageUnavailable
from galleria_action.storage.interface import Condition, Headers
from tests.reliability.memory import MemoryStore

KEY = "gallery-metadata.json"
JSON = Headers("application/json")


def live(store: MemoryStore, body: bytes) -> Base:
    return Base.of(body, store.put(KEY, body, JSON))


@pytest.mark.parametrize("compares", [True, False])
@pytest.mark.parametrize("foreign_etags", [True, False])
class TestCommit:
    def test_on_top_of_what_was_planned_against(self, compares: bool, foreign_etags: bool):
        store = MemoryStore(compares=compares, foreign_etags=foreign_etags)
        done = commit(store, KEY, b"new", JSON, live(store, b"old"))
        assert (store.objects[KEY].body, done.etag) == (b"new", store.objects[KEY].etag)
        assert done.narrowed is not compares

    def test_where_nothing_was(self, compares: bool, foreign_etags: bool):
        store = MemoryStore(compares=compares, foreign_etags=foreign_etags)
        assert commit(store, KEY, b"new", JSON, None).narrowed is not compares

    @pytest.mark.parametrize("planned", [True, False], ids=["on a base", "on nothing"])
    def test_not_over_what_another_committed_since(self, compares: bool, foreign_etags: bool, planned: bool):
        store = MemoryStore(compares=compares, foreign_etags=foreign_etags)
        base = live(store, b"old") if planned else None
        others = live(store, b"another's")
        with pytest.raises(Conflict):
            commit(store, KEY, b"new", JSON, base)
        assert store.objects[KEY].body == b"another's"
        with pytest.raises(Conflict):
            check_base(store, KEY, base)
        check_base(store, KEY, others)


class Losing(MemoryStore):
    """Its next answers to a write are lost; ``took_effect`` says whether the write was done."""

    def __init__(self, took_effect: bool, reads: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self.took_effect, self.reads = took_effect, reads

    def put(self, key: str, body: bytes, headers: Headers, condition: Condition | None = None) -> str:
        etag = super().put(key, body, headers, condition) if self.took_effect else ""
        raise StorageUnavailable(f"no answer {etag}")

    def get(self, key: str, *args: int):  # type: ignore[no-untyped-def]
        self.reads()
        return super().get(key, *args)


def test_a_lost_answer_is_settled_by_looking():
    assert commit(Losing(took_effect=True), KEY, b"new", JSON, None).etag
    with pytest.raises(StorageUnavailable, match="no answer"):
        commit(Losing(took_effect=False), KEY, b"new", JSON, None)


def test_where_nobody_can_look_nothing_is_claimed():
    def silent() -> None:
        raise StorageUnavailable("silent")

    for took_effect in (True, False):
        with pytest.raises(Unsettled, match="could not be learnt"):
            commit(Losing(took_effect, silent), KEY, b"new", JSON, None)
