"""Work side by side: bounded, in order, and no error is lost."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.hands import Hands, Later


@given(st.lists(st.integers(), max_size=20), st.integers(1, 5))
def test_results_come_in_the_order_of_the_work(items: list[int], most: int) -> None:
    with Hands(most, "hand") as hands:
        assert list(hands.map(lambda item: item + 1, items)) == [item + 1 for item in items]


def test_as_many_as_there_are_hands_go_on_at_once_and_no_more() -> None:
    meeting = threading.Barrier(3)
    going: set[str] = set()

    def work(number: int) -> None:
        going.add(threading.current_thread().name)
        meeting.wait(20)

    with Hands(3, "hand") as hands:
        list(hands.map(work, range(9)))
    assert going == {"hand-0", "hand-1", "hand-2"}


def test_a_hand_that_is_free_is_used_again() -> None:
    names: list[str] = []
    with Hands(5, "hand") as hands:
        for _ in range(5):
            hands.begin(lambda: names.append(threading.current_thread().name)).result()
            while not hands._idle:
                time.sleep(0.001)
    assert names == ["hand-0"] * 5


def test_several_lists_and_the_shortest_counts() -> None:
    with Hands(2, "hand") as hands:
        assert list(hands.map(lambda a, b: a * b, [1, 2, 3], [4, 5])) == [4, 10]


def test_an_error_is_raised_where_the_result_is_asked_for() -> None:
    def fail() -> None:
        raise KeyError("a")

    with Hands(1, "hand") as hands:
        later, other = hands.begin(fail), hands.begin(lambda: 1)
        assert other.result() == 1
        assert later.done()
        for _ in range(2):
            with pytest.raises(KeyError):
                later.result()


def test_after_an_error_nothing_more_begins() -> None:
    begun: list[int] = []
    go_on = threading.Event()

    def work(number: int) -> None:
        begun.append(number)
        if number == 0:
            raise KeyError(number)
        go_on.wait(20)

    with Hands(2, "hand") as hands:
        with pytest.raises(KeyError):
            list(hands.map(work, range(50)))
        go_on.set()
    assert len(begun) < 5


def test_at_the_end_all_is_done() -> None:
    done: list[int] = []

    def work(number: int) -> None:
        time.sleep(0.002)
        done.append(number)

    with pytest.raises(KeyError), Hands(2, "hand") as hands:
        for number in range(6):
            hands.begin(lambda number=number: work(number))  # type: ignore[misc]
        raise KeyError
    assert sorted(done) == list(range(6))


def test_nobody_waits_for_hands_that_are_dismissed_and_they_end() -> None:
    hands, go_on = Hands(1, "hand"), threading.Event()
    first, second = hands.begin(go_on.wait, 20), hands.begin(threading.current_thread)
    hands.dismiss()
    assert not first.done()
    go_on.set()
    thread = second.result()
    thread.join(20)
    assert not thread.is_alive()


def test_what_is_given_is_the_result() -> None:
    later: Later[int] = Later()
    assert not later.done()
    later.give(3)
    assert later.done()
    assert later.result() == 3
