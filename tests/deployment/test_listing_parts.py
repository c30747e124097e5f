"""A large target is listed in parts at the same time; whatever the guess, what comes out is the whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

from hypothesis import given
from hypothesis import strategies as st

from galleria_action.deployment.remote import reading as remote
from galleria_action.deployment.remote.reading import divided, list_from_the_start, list_target, read_remote
from galleria_action.deployment.state.entries import Entries
from galleria_action.deployment.state.manifest import MANIFEST_KEY, Manifest, ManifestEntry
from galleria_action.deployment.state.written import written
from galleria_action.storage.interface import WHOLE, Headers, Indivisible, ObjectInfo, Part
from tests.reliability.memory import MemoryStore

KEYS = st.text("ab/é\U0001f600\uffee", min_size=1, max_size=6)


class Counting(MemoryStore):
    """A store that notes the parts it is asked for, and may refuse to divide."""

    def __init__(self, *, divisible: bool = True) -> None:
        super().__init__()
        self.asked: list[Part] = []
        self.divisible = divisible

    def list(self, prefix: str = "", part: Part = WHOLE) -> Iterator[ObjectInfo]:
        self.asked.append(part)
        if part != WHOLE and not self.divisible:
            raise Indivisible
        yield from super().list(prefix, part)


def filled(store: Counting, keys: list[str]) -> Counting:
    for key in keys:
        store.put(key, b"x", Headers("image/jpeg"))
    return store


def entries(keys: list[str]) -> Entries:
    return Entries.of(dict.fromkeys(keys, ManifestEntry(1, "", "", "", "", "photo")))


def test_few_keys_are_not_worth_dividing() -> None:
    assert divided([]) == [WHOLE]
    assert divided(["a.jpg"] * 900) == [WHOLE]


def test_many_keys_make_parts_of_one_size() -> None:
    keys = [f"photos/{number:06}.jpg" for number in range(100_000)]
    parts = divided(keys)
    sizes = [sum(part.after < key and (part.until is None or key <= part.until) for key in keys) for part in parts]
    assert len(sizes) == 8
    assert sum(sizes) == len(keys)
    assert max(sizes) < 1.1 * min(sizes)


def test_keys_that_no_bound_can_be_made_of() -> None:
    assert divided([f"é{number}" for number in range(9_000)]) == [WHOLE]
    assert divided(["same.jpg"] * 9_000)[0] == Part("", "same.jpg")


@given(there=st.lists(KEYS, unique=True, max_size=30), expected=st.lists(KEYS, max_size=30))
def test_any_guess_gives_the_whole(there: list[str], expected: list[str]) -> None:
    before, remote._KEYS_IN_A_PART = remote._KEYS_IN_A_PART, 2
    try:
        store = filled(Counting(), there)
        assert sorted(list_target(store, expected)) == sorted(there)
        assert {part.after for part in store.asked} == {part.after for part in divided(expected)}
    finally:
        remote._KEYS_IN_A_PART = before


@given(there=st.lists(KEYS, unique=True, max_size=30), expected=st.lists(KEYS, max_size=30))
def test_any_guess_that_comes_late_gives_the_whole(there: list[str], expected: list[str]) -> None:
    before = remote._KEYS_IN_A_PART, remote._PAGE
    remote._KEYS_IN_A_PART, remote._PAGE = 2, 5
    try:
        store = filled(Counting(), there)
        found = list_from_the_start(store, lambda: entries(there), lambda: expected)
        assert sorted(found) == sorted(there)
        assert store.asked.count(WHOLE) == 1, "what the first page began is gone on with"
    finally:
        remote._KEYS_IN_A_PART, remote._PAGE = before


def test_a_store_that_cannot_divide_is_asked_for_the_whole() -> None:
    keys = [f"{number:05}.jpg" for number in range(5_000)]
    store = filled(Counting(divisible=False), keys)
    assert list(list_target(store, keys)) == keys
    assert store.asked[-1] == WHOLE
    assert sorted(list_from_the_start(store, lambda: entries(keys), lambda: keys)) == keys
    assert store.asked[-1] == WHOLE


def test_one_page_is_not_divided_and_waits_for_nothing() -> None:
    def never() -> NoReturn:
        raise AssertionError("asked for what need not be known")

    store = filled(Counting(), [f"{number:05}.jpg" for number in range(999)])
    assert len(list_from_the_start(store, never, never)) == 999


class Forgetful(Counting):
    """A service that loses a key where a part of a listing begins."""

    def list(self, prefix: str = "", part: Part = WHOLE) -> Iterator[ObjectInfo]:
        return (found for found in super().list(prefix, part) if part == WHOLE or found.key != "02777.jpg")


def test_a_recorded_object_that_the_parts_do_not_show_is_looked_for_in_the_whole() -> None:
    keys = [f"{number:05}.jpg" for number in range(5_000)]
    store = filled(Forgetful(), keys)
    entry = ManifestEntry(1, "", "", "", "", "photo")
    store.put(MANIFEST_KEY, written(Manifest(dict.fromkeys(keys, entry))), Headers("application/json"))
    listing = read_remote(store, listing=True).listing
    assert listing is not None
    assert set(keys) <= set(listing)
    assert store.asked.count(WHOLE) == 2, "once from the start, once because of what the parts did not show"
