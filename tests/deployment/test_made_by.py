"""Which of two commits is older, as far as anybody knows, and what of a record is believed."""

from __future__ import annotations

from typing import Any

import pytest

from galleria_action.deployment.made_by import Age, MadeBy, age, made_by_of

A, B, C = "a" * 40, "b" * 40, "c" * 64


@pytest.mark.parametrize(
    ("mine", "live", "known", "expected"),
    [
        (MadeBy(A), MadeBy(A), None, Age.NEWER),
        (MadeBy(A), MadeBy(B), True, Age.OLDER),
        (MadeBy(A, "me/it", 9), MadeBy(B, "me/it", 1), True, Age.OLDER),
        (MadeBy(A, "me/it", 1), MadeBy(B, "me/it", 9), False, Age.NEWER),
        (MadeBy(A, "me/it", 1), MadeBy(B, "me/it", 9), None, Age.OLDER),
        (MadeBy(A, "me/it", 9), MadeBy(B, "me/it", 1), None, Age.NEWER),
        (MadeBy(A, "me/it", 7), MadeBy(B, "me/it", 7), None, Age.NEWER),
        (MadeBy(A, "me/other", 1), MadeBy(B, "me/it", 9), None, Age.UNKNOWN),
        (MadeBy(A, "me/it"), MadeBy(B, "me/it", 9), None, Age.UNKNOWN),
        (MadeBy(A), MadeBy(B), None, Age.UNKNOWN),
        (MadeBy(B, asked_for=A), MadeBy(B), True, Age.OLDER),
        (MadeBy(B, asked_for=B), MadeBy(B), True, Age.NEWER),
    ],
)
def test_age(mine: MadeBy, live: MadeBy, known: bool | None, expected: Age):
    assert age(mine, live, lambda older, newer: known) is expected


def test_any_of_its_commits_makes_a_run_older():
    assert age(MadeBy(A, asked_for=C), MadeBy(B), lambda older, newer: older == C) is Age.OLDER


def test_what_is_written_comes_back():
    made = MadeBy(C, "me/it", 12, "2026-11-25T20:00:00+00:00", asked_for=A)
    assert made_by_of(made.to_dict()) == MadeBy(C, "me/it", 12, "2026-11-25T20:00:00+00:00")


@pytest.mark.parametrize(
    "value",
    [
        None,
        "x",
        [],
        {},
        {"commit": A},
        {**MadeBy(A).to_dict(), "commit": "--upload-pack=x"},
        {**MadeBy(A).to_dict(), "commit": A + "\n"},
        {**MadeBy(A).to_dict(), "run": "1"},
        {**MadeBy(A).to_dict(), "run": True},
        {**MadeBy(A).to_dict(), "time": "\x1b[31m"},
        {**MadeBy(A).to_dict(), "repository": "x" * 1000},
    ],
)
def test_what_is_no_commit_is_none(value: Any):
    assert made_by_of(value) is None
