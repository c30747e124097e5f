"""What a look tells of a timestamp is what the calendar says."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from galleria_action.gallery.metadata.timestamps import (
    NotAMoment,
    are_plain_moments,
    have_its_shape,
    is_plain_moment,
    read_timestamp,
)

#: what may be wrong with one, and what may not
TEXTS = st.sampled_from([
    "2024-06-15T14:30:45", "2024-06-15 14:30", "2024-06-15T14:30:45.5", "2024-02-29T00:00:00", "2023-02-29T00:00:00",
    "2024-06-31T00:00:00", "2024-06-15T14:30:45+02:00", "2024-06-15T14:30:45Z", "2024-06-15T14:30:45+23:00", "",
    "2024-06-15", "2024-06-15T14:30\n", "2024-06-15T14:30\n2024-06-15T14:30", "\n", "0000-01-01T00:00", "x",
    "٢٠٢٤-06-15T14:30:45",
])  # fmt: skip


def is_read(text: str) -> bool:
    try:
        read_timestamp(text)
    except NotAMoment:
        return False
    return True


def test_every_day_that_looks_plain_is_in_the_calendar():
    days = {str(date(2023, 1, 1) + timedelta(days)) for days in range(365)}  # what every year has
    for month, day in product(range(14), range(33)):
        text = f"2023-{month:02}-{day:02}"
        assert is_plain_moment(f"{text}T12:00") is (text in days)


@given(st.lists(TEXTS, max_size=4))
def test_a_look_at_all_tells_what_one_at_each_tells(texts: list[str]):
    assert are_plain_moments(texts) is all(map(is_plain_moment, texts))
    assert not are_plain_moments(texts) or all(map(is_read, texts))
    assert have_its_shape(texts) or not all(map(is_read, texts))
