"""Numbers as people say them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galleria_action.deployment.model import Reason
from galleria_action.errors import ConfigInvalid
from galleria_action.quantities import count, duration, human_size
from galleria_action.report.budget import block, fit
from galleria_action.report.outcome import outcome_of
from galleria_action.report.wording import REASONS
from tests.report.examples import failed, mixed_plan


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1_340_000, "1.3 MB"), (9_949_999, "9.9 MB"),
        (9_950_000, "10 MB"), (999_499, "999 kB"), (999_500, "1.0 MB"), (38_000_000, "38 MB"),
        (1_100_000_000, "1.1 GB"), (5 * 10**15, "5.0 PB"), (5 * 10**18, "5,000 PB"),
    ],
)  # fmt: skip
def test_sizes(size, text):
    assert human_size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (0.84, "0.8 s"), (9.96, "10 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s"), (3900, "1 h 5 min")],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_counts():
    assert [count(0, "photo"), count(1, "photo"), count(1200, "photo")] == ["0 photos", "1 photo", "1,200 photos"]


def test_a_run_that_had_a_plan_did_start():
    error = ConfigInvalid("The key of encryption is disabled")
    assert outcome_of(failed(error)).headline == "Deploy did not start: the options are not right"
    assert outcome_of(failed(error, mixed_plan())).headline == "Deploy failed: the options are not right"


def test_every_reason_has_words():
    assert set(REASONS) == set(Reason)


_texts = st.lists(st.text("aé📷\n", max_size=30), min_size=1, max_size=3)


@settings(deadline=None)
@given(blocks=st.lists(st.tuples(st.integers(0, 3), _texts), max_size=6), budget=st.integers(0, 200))
def test_no_choice_of_blocks_exceeds_the_budget(blocks, budget):
    made = [block(rank, *(lambda text=text: [text] for text in texts)) for rank, texts in blocks]
    assert len(fit(made, budget).encode()) <= budget


def test_with_room_for_all_every_block_is_at_its_best():
    assert fit([block(1, lambda: ["a", "b"], lambda: ["c"]), block(0, lambda: ["d"])], 100) == "a\nb\n\nd"


def test_what_fits_to_the_byte_is_taken():
    blocks = [block(0, lambda: ["éé", "b"]), block(1, lambda: ["c"])]
    assert fit(blocks, 9) == "éé\nb\n\nc"
    assert fit(blocks, 8) == fit(blocks, 6) == "éé\nb"
    assert fit(blocks, 5) == "c"


def test_the_important_block_stays_and_grows_first():
    blocks = [block(2, lambda: ["x" * 50], lambda: ["x"]), block(1, lambda: ["y" * 50], lambda: ["y"])]
    assert fit(blocks, 60) == f"x\n\n{'y' * 50}"
    assert fit(blocks, 3) == "y"
