"""Records of releases: written and read back, hostile and newer ones; which are kept; who made them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.ci.provenance import who
from galleria_action.deployment.releases.history import History, composed
from galleria_action.deployment.releases.record import (
    Counts,
    Kind,
    Release,
    ReleaseUnreadable,
    Standing,
    Who,
    id_for,
    id_in,
    is_open,
    parse_release,
)
from galleria_action.deployment.releases.terms import Keeping
from galleria_action.deployment.state.manifest import ManifestEntry
from galleria_action.deployment.state.publication import Replaced
from galleria_action.errors import ConfigInvalid
from galleria_action.schemas import load_schema
from galleria_action.storage.interface import Headers

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
SHA = "ab" * 32
ENTRY = ManifestEntry(3, SHA, "etag", "headers", SHA, "photo", "the-cake")
HELD = Replaced(3, "etag", f".galleria/pool/{SHA}", Headers("image/jpeg", "no-store"), ENTRY)


def release(number: int, **fields: Any) -> Release:
    made = Release(id_for(SHA, NOON + timedelta(days=number), None), SHA, standing=Standing.VERIFIED)
    return replace(made, **fields)


FULL = release(
    1,
    kind=Kind.ROLLBACK,
    who=Who("c0ffee", "main", "ann", "https://ci.example/1", "7"),
    counts=Counts(1, 2, 3, 4, 5),
    metadata=SHA,
    commit=SHA,
    previous=release(0).id,
    restores=release(0).id,
    undo={"photos/full/a.jpg": HELD, "new.css": None, "gallery-metadata.json": replace(HELD, entry=None, headers=None)},
    forgotten=1,
)


def test_a_record_is_read_as_it_was_written():
    assert parse_release(FULL.to_bytes(), FULL.id) == FULL
    jsonschema.validate(json.loads(FULL.to_bytes()), load_schema("release"))


def test_fields_of_later_versions_are_ignored():
    document = json.loads(FULL.to_bytes()) | {"weather": "fine"}
    document["who"]["shoe-size"] = 42
    assert parse_release(json.dumps(document).encode(), FULL.id) == FULL


def test_a_newer_record_is_refused():
    with pytest.raises(ConfigInvalid, match="newer version"):
        parse_release(json.dumps(json.loads(FULL.to_bytes()) | {"schema": 2}).encode(), FULL.id)


@pytest.mark.parametrize(
    "changed",
    [
        {"id": release(5).id}, {"schema": 0}, {"schema": "1"}, {"kind": "coup"}, {"standing": "great"}, {"who": []},
        {"counts": {"bytes": -1}}, {"counts": {"bytes": "many"}}, {"previous": "yesterday"}, {"restores": 7},
        {"undo": {"../out.jpg": None}}, {"undo": {".galleria/manifest.json": None}}, {"undo": {"a.jpg": 1}},
        {"undo": {"a.jpg": {"size": 1, "etag": "", "kept": "photos/full/a.jpg", "headers": None, "entry": None}}},
        {"undo": {"a.jpg": {"size": 1, "etag": "", "kept": ".galleria/pool/../x", "headers": None, "entry": None}}},
        {"undo": {"a.jpg": {"size": "1", "etag": "", "kept": None, "headers": None, "entry": None}}},
        {"undo": {"a.jpg": {"size": 1, "etag": "", "kept": None, "headers": None, "entry": {"size": 1}}}},
    ],
)  # fmt: skip
def test_a_hostile_record_is_not_believed(changed: dict[str, Any]):
    with pytest.raises(ReleaseUnreadable):
        parse_release(json.dumps(json.loads(FULL.to_bytes()) | changed).encode(), FULL.id)


@given(st.one_of(st.binary(max_size=200), st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda it: (
    st.lists(it, max_size=3) | st.dictionaries(st.sampled_from(["schema", "id", "undo", "who", "x"]), it, max_size=4)
), max_leaves=8).map(lambda it: json.dumps(it).encode())))  # fmt: skip
def test_anything_else_is_unreadable(raw: bytes):
    with pytest.raises((ReleaseUnreadable, ConfigInvalid)):
        parse_release(raw, FULL.id)


def test_deep_nesting_is_unreadable():
    with pytest.raises(ReleaseUnreadable):
        parse_release(b"[" * 100_000, FULL.id)


# -- ids -----------------------------------------------------------------------------------------------------------


def test_an_id_is_later_than_the_last_whatever_the_clock_says():
    last = id_for(SHA, NOON, None)
    assert last == "20260131T120000Z-abababab"
    assert id_for(SHA, NOON - timedelta(days=3), last) == "20260131T120001Z-abababab"


def test_which_keys_are_records():
    assert id_in(FULL.key) == FULL.id
    assert not is_open(FULL.key)
    under_way = replace(FULL, standing=Standing.OPEN).key
    assert (id_in(under_way), is_open(under_way)) == (FULL.id, True)
    for key in ("hold.json", "x.json", f"{FULL.id}.txt", "20269931T120000Z-abababab.json"):
        assert id_in(f".galleria/releases/{key}") is None


# -- which are kept ------------------------------------------------------------------------------------------------


def test_so_many_and_those_of_the_last_days_are_kept():
    ten = [release(number) for number in range(10)]
    now = ten[-1].at
    assert list(Keeping(3).kept(ten, now)) == ten[-4:]
    assert list(Keeping(0).kept(ten, now)) == ten[-1:]
    assert list(Keeping(1, days=5).kept(ten, now)) == ten[3:], "that at 3 was live until four was made, five days ago"
    assert list(Keeping(30).kept(ten, now)) == ten


# -- the way back --------------------------------------------------------------------------------------------------


def test_what_the_oldest_says_counts():
    first, second = replace(HELD, etag="first"), replace(HELD, etag="second")
    later = [release(1, undo={"a": first, "b": None}), release(2, undo={"a": second, "b": second, "c": None})]
    assert composed(later) == {"a": first, "b": None, "c": None}


def test_bytes_that_stayed_are_kept_where_a_later_release_says():
    headers_only, bytes_too = replace(HELD, kept=None, etag="before"), replace(HELD, etag="after")
    assert composed([release(1, undo={"a": headers_only}), release(2, undo={"a": bytes_too})])["a"] == replace(
        headers_only, kept=HELD.kept
    )


def test_steps_lead_past_what_was_rolled_back():
    first, good, bad = release(0), release(1, previous=release(0).id), release(2, previous=release(1).id)
    back = release(3, kind=Kind.ROLLBACK, restores=good.id, previous=first.id)
    history = History((first, good, bad, back))
    assert history.line() == (first.id,)
    assert history.rolled_back() == {bad.id}
    circle = History((replace(first, previous=good.id), good))
    assert circle.line() == (first.id, good.id), "a record that was tampered with does not lead in circles"


# -- who -----------------------------------------------------------------------------------------------------------


def test_who_made_it_in_the_words_of_each_ci():
    github = {
        "GITHUB_SHA": "c0ffee", "GITHUB_REF_NAME": "main", "GITHUB_ACTOR": "ann", "GITHUB_SERVER_URL": "https://g.example",
        "GITHUB_REPOSITORY": "a/b", "GITHUB_RUN_ID": "7", "GITHUB_REF": "refs/pull/12/merge",
    }  # fmt: skip
    assert who(github) == Who("c0ffee", "main", "ann", "https://g.example/a/b/actions/runs/7", "12")
    gitlab = {
        "CI_COMMIT_SHA": "c0ffee", "CI_COMMIT_REF_NAME": "main", "GITLAB_USER_LOGIN": "ben",
        "CI_JOB_URL": "https://l.example/1", "CI_MERGE_REQUEST_IID": "3",
    }  # fmt: skip
    assert who(gitlab) == Who("c0ffee", "main", "ben", "https://l.example/1", "3")
    assert who({}) == Who()
    assert who({"GITHUB_ACTOR": "a\n::error::b" + "x" * 1000}).actor[:13] == "a ::error::bx"
    assert len(who({"GITHUB_ACTOR": "x" * 1000}).actor) == 500
