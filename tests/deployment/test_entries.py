"""A record in columns is a mapping like any other."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from galleria_action.deployment.state.entries import Entries
from galleria_action.deployment.state.manifest import Manifest, ManifestEntry
from galleria_action.deployment.state.written import written
from tests.deployment.values import sha

_HASHES = st.sampled_from([sha("a"), sha("b"), sha("c"), "", "no hash", sha("a").upper()])
_SHORT = st.sampled_from([sha("a")[:32], "tag-1", ""])
_ENTRY = st.builds(
    ManifestEntry,
    st.integers(0, 1 << 62),
    _HASHES,
    _SHORT,
    _HASHES,
    _HASHES,
    st.sampled_from(["photo", "site"]),
    st.sampled_from([None, "a", "b"]),
    _SHORT,
    st.integers(0, 1 << 62),
    st.sampled_from(["", sha("a")[:40], "odd"]),
)
_KEYS = st.sampled_from("abcdefg")
_OBJECTS = st.dictionaries(_KEYS, _ENTRY)


@given(_OBJECTS, _OBJECTS, st.sets(_KEYS))
def test_entries_are_what_a_dict_is(first: dict[str, ManifestEntry], more: dict[str, ManifestEntry], some: set[str]):
    entries = Entries.of(first)
    assert dict(entries) == first == entries
    assert list(entries) == list(first)
    both = entries.with_(more)
    assert both == {**first, **more}
    assert both.only(some) == {key: it for key, it in {**first, **more}.items() if key in some}
    assert both.only(some).with_(first) == {**{key: both[key] for key in some if key in both}, **first}
    for kind in ("photo", "site"):
        assert both.of_kind(kind) == {key: it for key, it in {**first, **more}.items() if it.kind == kind}
    order = sorted(both, reverse=True)
    assert list(both.compact(order).items()) == [(key, both[key]) for key in order]
    assert entries.get("nothing") is None
    assert ("a" in entries) == ("a" in first)


@given(_OBJECTS, _OBJECTS)
def test_equal_entries_are_equal_however_they_came_about(
    first: dict[str, ManifestEntry], more: dict[str, ManifestEntry]
):
    one, other = Entries.of({**first, **more}), Entries.of(first).with_(more)
    assert one == other
    assert written(Manifest(one)) == written(Manifest(other))
    assert (one == Entries.of(first)) == ({**first, **more} == first)


@given(_OBJECTS, st.sets(_KEYS), st.sets(st.sampled_from(["a", "b"])))
def test_the_photos_of_the_objects(objects: dict[str, ManifestEntry], but: set[str], known: set[str]):
    photos = {key: it.photo for key, it in objects.items() if it.kind == "photo" and key not in but}
    assert dict(Entries.of(objects).photos(but)) == photos
    strangers = {key: photo for key, photo in photos.items() if photo is None or photo not in known}
    assert dict(Entries.of(objects).photos(but, strangers_to=known)) == strangers


@given(_OBJECTS, st.randoms(use_true_random=False))
def test_the_order_in_which_entries_were_asked_for_changes_no_record(objects: dict[str, ManifestEntry], dice: Random):
    """Rows and keys may each have an order of their own."""
    entries, keys = Entries.of(dict(sorted(objects.items()))), list(objects)
    dice.shuffle(keys)
    asked = entries.only(keys)
    assert dict(asked.compact(sorted(keys))) == objects
    assert list(asked.compact(sorted(keys))) == sorted(keys)
    assert written(Manifest(asked)) == written(Manifest(objects))


@given(_OBJECTS, st.sets(_KEYS), st.integers(0, 6), st.integers(0, 7), st.lists(_KEYS, max_size=4))
def test_the_rows_of_keys_are_those_that_each_has(
    objects: dict[str, ManifestEntry], some: set[str], start: int, stop: int, others: list[str]
):
    for entries in (Entries.of(objects), Entries.of(objects).only(sorted(some)), Entries.of(objects).compact()):
        for asked in (list(entries), list(entries)[start:stop], [*list(entries)[start:stop], *others], others):
            rows, known = entries.rows_of(asked)
            assert list(rows) == [entries.rows[key] for key in asked if key in entries]
            assert (known is None) == all(key in entries for key in asked)
            assert known is None or known == [key in entries for key in asked]
