"""Who answers for a slot before visitors are sent there."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.edge.probe.ahead import Answers, page_cookies, telling, who_answers
from galleria_action.edge.probe.expected import Expected
from galleria_action.edge.routers.kinds import CAN, Ahead, RouterKind
from galleria_action.net.http import Answer

NEW, OLD = b'{"photos": [1]}', b'{"photos": []}'
METADATA = Expected("gallery-metadata.json", sha256(NEW).hexdigest(), len(NEW))
LIVE = sha256(OLD).hexdigest()
HTML = {"content-type": "text/html; charset=utf-8"}


@pytest.mark.parametrize(
    ("how", "live", "answer", "who"),
    [
        (Ahead.COOKIE, LIVE, Answer(200, {}, NEW), Answers.SLOT),
        (Ahead.COOKIE, LIVE, Answer(200, {}, OLD), Answers.LIVE),
        (Ahead.COOKIE, LIVE, Answer(200, {}, b"another"), Answers.ODD),
        (Ahead.COOKIE, LIVE, Answer(404, {}, b""), Answers.ODD),
        (Ahead.COOKIE, LIVE, Answer(500, {}, OLD), Answers.ODD),
        (Ahead.COOKIE, LIVE, None, Answers.ODD),
        (Ahead.COOKIE, None, Answer(404, {}, b""), Answers.LIVE),
        (Ahead.PATH, LIVE, Answer(200, {}, NEW), Answers.SLOT),
        (Ahead.PATH, LIVE, Answer(403, {}, b""), Answers.LIVE),
        (Ahead.PATH, LIVE, Answer(404, {}, b""), Answers.LIVE),
        (Ahead.PATH, LIVE, Answer(200, HTML, b"<h1>Not found</h1>"), Answers.LIVE),
        (Ahead.PATH, LIVE, Answer(200, {}, b"cut"), Answers.ODD),
        (Ahead.PATH, LIVE, Answer(503, {}, b""), Answers.ODD),
    ],
)
def test_who_answers(how: Ahead, live: str | None, answer: Answer | None, who: Answers) -> None:
    assert who_answers(how, METADATA, live, answer) is who


def test_what_tells_a_slot_from_the_live_gallery() -> None:
    same, gone = replace(METADATA, key="same.jpg"), replace(METADATA, key="gone.jpg", gone=True)
    new, page = replace(METADATA, key="new.jpg"), replace(METADATA, key="index.html")
    live = {"same.jpg": same.sha256, "gone.jpg": LIVE, "index.html": LIVE}
    assert telling([same, gone, new, page], live) == page, "of what is new nobody knows who has not got it"
    assert telling([same, gone, new], live) == new
    assert telling([same, gone], live) is None


@given(
    st.integers(100, 599), st.binary(max_size=9), st.sampled_from([Ahead.PATH, Ahead.COOKIE]), st.none() | st.just(LIVE)
)
def test_nobody_but_the_slot_has_its_bytes(status: int, body: bytes, how: Ahead, live: str | None) -> None:
    assert who_answers(how, METADATA, live, Answer(status, {}, body)) is not Answers.SLOT


def test_every_router_says_how_a_slot_is_asked_for() -> None:
    nowhere = [kind for kind, can in CAN.items() if can.ahead is Ahead.NOWHERE]
    assert nowhere == [RouterKind.CLOUDFRONT], "the path of its origin is all that leads to a slot"


def test_the_cookies_are_those_of_the_edge() -> None:
    assert page_cookies("b", 1_767_225_610.7) == "galleria-page=b.1767225600; gallery=b"
