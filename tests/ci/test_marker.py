"""The hidden line of a comment: what goes in comes out, and nothing gets out of it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.ci.reviews.marker import Marker, detailed, identity_of, read_marker, sealed, shown_text
from galleria_action.deployment.fingerprint import Fingerprint
from galleria_action.storage.interface import Target
from tests.report import examples
from tests.report.rendered import Page

hostile = st.lists(st.sampled_from([*"-<>@#&\"'\\\n\r`| a", "-->", "--!>", "<!--", "\u2028", "\udc80"]), max_size=12)
markers = st.builds(
    Marker,
    identity=st.text(max_size=10),
    run=st.tuples(st.integers(0, 10**12), st.integers(1, 99)),
    plan=st.text("0123456789abcdef", max_size=10),
    head=st.text(max_size=10),
    fingerprint=st.builds(
        Fingerprint,
        st.sampled_from(["files", "folders", "none"]),
        st.dictionaries(hostile.map("".join), st.text(max_size=4), max_size=4),
    ),
)


PLAN = Marker("x", (1, 1), "a" * 64, "b" * 40, Fingerprint("files", {"k": "v"}))


@given(marker=markers)
def test_what_goes_in_comes_out(marker: Marker):
    text = f"# Anything with {marker.plan} in it"
    assert read_marker(sealed(text, marker)) == marker
    kept_otherwise = sealed(text, marker).replace("\n", "\r\n") + "\r\n"
    assert read_marker(kept_otherwise) == marker, "servers keep line ends as they like"
    assert shown_text(sealed(text, marker)) == text


@given(marker=markers)
def test_nothing_gets_out(marker: Marker):
    line = marker.line("text")
    inside = line.removeprefix("<!-- ").removesuffix(" -->")
    assert "--" not in inside
    assert not re.search(r"[<>@#&\r\n]", inside)
    page = Page(f"text\n\n{line}")
    assert (page.comments, page.loose_text.strip(), page.tags) == ([line[4:-3]], "text", ["p"])


@pytest.mark.parametrize(
    "body",
    [
        "",
        "text",
        "<!-- galleria-action -->",
        "<!-- galleria-action {} -->",
        "<!-- galleria-action [] -->",
        '<!-- galleria-action {"v":2} -->',
        PLAN.line("").replace('{"v":2,', '{"v":3,'),
        '<!-- galleria-action {"v":1,"id":"x","run":7,"plan":"","head":"","detail":"none","actions":{}} -->',
        '<!-- galleria-action {"v":1,"id":"x","run":["a",1],"plan":"","head":"","detail":"none","actions":{}} -->',
        '<!-- galleria-action {"v":1,"id":"x","run":[1,1],"plan":"","head":"","detail":"none","actions":[]} -->',
        f"<!-- galleria-action {'[' * 15_000} -->",
        f"<!-- galleria-action {{{'x' * 30_000}}} -->",
        Marker("x", (1, 1)).line("") + "\n\nsomebody's text below it",
        "> " + Marker("x", (1, 1)).line(""),
    ],
)
def test_what_is_no_marker(body: str):
    assert read_marker(body) is None


@pytest.mark.parametrize(
    "body",
    [
        PLAN.line(""),
        PLAN.line("text"),
        f"text\n\n{PLAN.line('text')}",
        f"plan {'a' * 64}, which deletes everything\n\n{PLAN.line('plan ' + 'a' * 64)}",
        sealed(f"plan {'a' * 64}", PLAN).replace("plan", "plan @all", 1),
        sealed(f"plan {'a' * 64}", PLAN).replace("a" * 64, "c" * 64, 1),
        sealed(f"plan {'a' * 12}", PLAN),
    ],
    ids=["only the line", "of another text", "no plan", "more text", "edited", "another plan", "a short id"],
)
def test_a_line_is_not_believed_without_the_text_that_shows_its_plan(body: str):
    marker = read_marker(body)
    assert marker == Marker("x", (1, 1), broken=True), "ours to be kept up to date, but it approves nothing"


@given(text=st.text(), noise=st.text(min_size=1))
def test_any_other_text_breaks_the_seal(text: str, noise: str):
    whole = f"{text} {PLAN.plan}"
    other = sealed(whole, PLAN).replace(whole, f"{whole} {noise}x", 1)
    assert read_marker(sealed(whole, PLAN)) == PLAN
    assert read_marker(other).plan == ""  # type: ignore[union-attr]


def test_what_was_written_before_there_were_seals_approves_nothing():
    old = (
        '<!-- galleria-action {"v":1,"id":"x","run":[7,1],"plan":"' + "a" * 64 + '","head":"b","detail":"none",'
        '"actions":{}} -->'
    )
    assert read_marker(f"plan {'a' * 64}\n\n{old}") == Marker("x", (7, 1), broken=True)


def test_the_identity_tells_galleries_and_pull_requests_apart():
    target = Target("https://s3.example.net", "photos", "a/")
    places = [
        ("o/r#1", target, ""),
        ("o/r#2", target, ""),
        ("o/r#1", target, "b"),
        ("o/r#1", Target("https://s3.example.net", "photos", ""), ""),
        ("o/r#1", None, ""),
    ]
    assert len({identity_of(*place) for place in places}) == len(places)
    assert "photos" not in identity_of("o/r#1", target, "")


def test_as_much_detail_as_there_is_room_for():
    plan = examples.growing_plan(200)
    bare = Marker("x" * 32, (1, 1), "a" * 64)
    for budget, detail in ((100_000, "files"), (2_000, "folders"), (10, "none")):
        marker = detailed(bare, plan, budget)
        assert marker.fingerprint.detail == detail
        assert detail == "none" or len(marker.line("")) <= budget


def test_hostile_keys_never_burst_the_line():
    """Every character of theirs may be written with six."""
    plan = examples.named_plan(["<>@#&" * 40 + str(number) for number in range(60)])
    assert len(detailed(Marker("x", (1, 1)), plan, 12_000).line("")) <= 12_000
