"""What is worth an alert, and what it says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galleria_action.deployment.releases.record import Who
from galleria_action.watch.alerts import Alert, Failing, Kind, NotifyOn, RunEnd, alert_of, harmless, remembered
from galleria_action.watch.memory import memory_of

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
WELL = RunEnd(
    command="deploy", target="s3://b/", who=Who("c0ffee" * 7, "main", "mara", "https://ci.example/run/1"), at=NOON,
    reason="", message="Gallery deployed.", remedy="", changed=True, release="20260601T120000Z-aaaaaaaa",
    previous="20260531T120000Z-bbbbbbbb", url="https://photos.example.org",
)  # fmt: skip
FAILED = replace(WELL, reason="upload-failed", message="3 uploads failed.", remedy="Run again.", release="")


def test_a_failure_is_told_with_everything_one_needs():
    alert = alert_of(FAILED, None, NotifyOn.FAILURE)
    assert alert and alert.kind is Kind.FAILED
    assert alert.headline == "Galleria: deploy failed (upload-failed), s3://b/"
    assert alert.text.splitlines() == [
        "3 uploads failed.",
        "What to do: Run again.",
        "Commit: c0ffeec0ffee on main, by mara",
        "Gallery: https://photos.example.org",
        "Run: https://ci.example/run/1",
    ]


def test_a_change_says_how_to_take_it_back():
    alert = alert_of(WELL, None, NotifyOn.CHANGE)
    assert alert and alert.kind is Kind.CHANGED
    assert "To take it back: galleria-action rollback --to 20260531T120000Z-bbbbbbbb" in alert.text


@pytest.mark.parametrize(
    ("end", "on", "kind"),
    [
        (FAILED, NotifyOn.FAILURE, Kind.FAILED),
        (FAILED, NotifyOn.ALWAYS, Kind.FAILED),
        (WELL, NotifyOn.FAILURE, None),
        (WELL, NotifyOn.CHANGE, Kind.CHANGED),
        (replace(WELL, changed=False), NotifyOn.CHANGE, None),
        (replace(WELL, changed=False), NotifyOn.ALWAYS, Kind.DONE),
    ],
)
def test_what_is_told_without_anything_remembered(end: RunEnd, on: NotifyOn, kind: Kind | None):
    alert = alert_of(end, None, on)
    assert (alert.kind if alert else None) == kind


def test_the_same_failure_within_a_day_is_still_the_same_and_recovery_is_always_told():
    first = remembered(FAILED, None)
    assert first == Failing("upload-failed", NOON, NOON)
    later = replace(FAILED, at=NOON + timedelta(hours=3))
    alert = alert_of(later, first, NotifyOn.FAILURE)
    assert alert and alert.kind is Kind.STILL_FAILING and alert.since == NOON
    assert "It has failed since 2026-06-01 12:00 UTC." in alert.text
    second = remembered(later, first)
    assert second == Failing("upload-failed", NOON, later.at)
    mended = alert_of(replace(WELL, at=NOON + timedelta(days=9), changed=False), second, NotifyOn.FAILURE)
    assert mended and mended.kind is Kind.RECOVERED and mended.since == NOON
    assert remembered(WELL, second) is None


def test_another_reason_and_another_day_are_a_failure_of_their_own():
    first = Failing("upload-failed", NOON, NOON)
    other = alert_of(replace(FAILED, reason="conflict", at=NOON + timedelta(hours=1)), first, NotifyOn.FAILURE)
    assert other and other.kind is Kind.FAILED
    later = alert_of(replace(FAILED, at=NOON + timedelta(days=1)), first, NotifyOn.FAILURE)
    assert later and later.kind is Kind.FAILED


@given(st.text())
def test_nothing_in_an_alert_calls_anybody_or_ends_a_line(text: str):
    told = Alert(Kind.FAILED, replace(FAILED, message=text, target=text), NOON)
    for line in (told.headline, *told.text.splitlines()):
        assert not any(mark + after in line for mark in "@<" for after in ("everyone", "here", "!channel", "script"))
        assert line.isprintable() or "\u200b" in line or line == harmless(line)
        assert len(line) <= 1_100


@settings(max_examples=40)
@given(
    st.binary() | st.recursive(st.none() | st.text() | st.integers(), lambda it: st.lists(it)).map(repr).map(str.encode)
)
def test_whatever_lies_in_the_bucket_is_remembered_or_not(body: bytes):
    assert memory_of(body) == {}


@pytest.mark.parametrize(
    "body",
    [
        b'{"schema": 2, "failing": {"deploy": {"reason": "x", "since": "2026-06-01", "told": "2026-06-01"}}}',
        b'{"schema": 1, "failing": {"deploy": {"reason": "x", "since": "yesterday", "told": "2026-06-01"}}}',
        b'{"schema": 1, "failing": {"deploy": []}}',
        b'{"schema": 1, "failing": [1]}',
    ],
)
def test_what_is_not_understood_is_not_remembered(body: bytes):
    assert memory_of(body) == {}
