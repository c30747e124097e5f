"""What a cache may still hold, as it is written down and read back from a place that others may write to."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.deployment.state.debts import Debt, DebtUnreadable, Owed, debt_keys, merged, parse_debt
from galleria_action.edge.addresses import Site

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
OWED = Owed("cloudfront:E1", "https://photos.example.org", ("/a.jpg", "/photos/*"))
DEBT = Debt("20260131T120000Z-0123abcd", AT, (OWED,))


def changed(**more: Any) -> bytes:
    return json.dumps(json.loads(DEBT.to_bytes()) | more).encode()


def owing(**more: Any) -> bytes:
    return changed(owed=[{"cache": "fastly:1", "site": "", "paths": ["/a"], **more}])


def test_there_and_back() -> None:
    assert parse_debt(DEBT.key, DEBT.to_bytes()) == DEBT


def test_what_a_later_version_adds_is_ignored() -> None:
    assert parse_debt(DEBT.key, changed(more=1)) == DEBT
    assert parse_debt(DEBT.key, owing(more=1)).owed == (Owed("fastly:1", "", ("/a",)),)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40), max_size=20))
def test_whatever_a_gallery_owes_can_be_read_back(keys: list[str]) -> None:
    paths = tuple(Site.of("https://photos.example.org/a", "").paths(keys))
    debt = Debt("1", AT, (Owed("keycdn:1", "https://photos.example.org:8443", paths),))
    assert parse_debt(debt.key, debt.to_bytes()) == debt


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"[]", b"{}", b"[" * 100_000, changed(schema=2), changed(schema="1"), changed(at="yesterday"),
        changed(at="2026-01-31T12:00:00"), changed(owed=[1]), owing(cache=1), owing(site="https://a/b"),
        owing(site="ftp://a"), owing(site="https://me@a"), owing(paths="/a"), owing(paths=["a"]),
        owing(paths=["/a\r\nb"]),
        owing(paths=["/a*b"]), owing(paths=["/a?b"]), owing(paths=["/" + "a" * 9000]), owing(paths=["/a"] * 20_001),
    ],
)  # fmt: skip
def test_what_is_not_one_of_ours_is_refused(raw: bytes) -> None:
    with pytest.raises(DebtUnreadable):
        parse_debt(DEBT.key, raw)


def test_only_names_of_ours_are_looked_at() -> None:
    folder = ".galleria/purges/"
    keys = ["full/a.jpg", f"{folder}b.json", f"{folder}a.json", f"{folder}../x.json", f"{folder}a/b.json", folder]
    assert debt_keys(keys) == [f"{folder}a.json", f"{folder}b.json"]


def test_debts_are_paid_together() -> None:
    other = Debt("2", AT, (Owed("cloudfront:E1", OWED.site, ("/b", "/a.jpg")), Owed("bunny:1", "", ("/c",))))
    assert merged([DEBT, other]) == {
        ("cloudfront:E1", OWED.site): ["/a.jpg", "/photos/*", "/b"],
        ("bunny:1", ""): ["/c"],
    }
