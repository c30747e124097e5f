"""The comment: the summary's blocks within a comment's limits, with pictures and a status.

Snapshots are written anew with ``GALLERIA_WRITE_SNAPSHOTS=1`` in the environment of the tests.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galleria_action.ci.reviews.marker import Marker, detailed, read_marker, sealed
from galleria_action.errors import Cancelled, DeleteGuard, PlanChanged
from galleria_action.report.comment import COMMENT_BUDGET, Picture, caption, render_comment, state_of, status_line
from galleria_action.report.result import Result
from tests.report import examples
from tests.report.rendered import OWN_TAGS, Page
from tests.report.test_escape import _ACTIVE, _BIDI

SNAPSHOTS = Path(__file__).parent / "snapshots"
RUN = "https://github.com/maker/wedding/actions/runs/77/attempts/1"
#: what GitHub takes, however it counts
CHARACTERS, BYTES = 65_536, 262_144

RESULTS = {
    "comment-0": lambda: examples.planned(examples.growing_plan(0)),
    "comment-1": lambda: examples.planned(examples.growing_plan(1)),
    "comment-200": lambda: examples.planned(examples.growing_plan(200)),
    "comment-20000": lambda: examples.planned(examples.growing_plan(20_000)),
    "comment-deployed": lambda: examples.deployed(examples.mixed_plan()),
    "comment-refused": lambda: examples.failed(DeleteGuard("too many", hint="max-delete: 3"), examples.mixed_plan()),
    "comment-hostile": examples.hostile,
}
PICTURES = [Picture(f"IMG_{number}", f"https://photos.example.org/thumb/{number}.webp", "ab12") for number in range(5)]


@cache
def _cached(name: str) -> Result:
    return RESULTS[name]()


@cache
def whole(name: str, budget: int = COMMENT_BUDGET) -> str:
    """A comment as it is sent, put together as the reviews do it."""
    result = _cached(name)
    pictures = PICTURES if name == "comment-deployed" else ()
    marker = Marker("f" * 32, (77, 1), head="a1" * 20)
    if result.plan:
        marker = detailed(marker, result.plan, 12_000)
    status = status_line(state_of(result), RUN, "a1" * 20)
    room = budget - len(status.encode()) - len(marker.line("").encode()) - 4
    return sealed(f"{render_comment(result, room, label='wedding', pictures=pictures)}\n\n{status}", marker)


@pytest.mark.parametrize("name", RESULTS)
def test_snapshot(name: str):
    path = SNAPSHOTS / f"{name}.md"
    rendered = f"{whole(name)}\n"
    if os.environ.get("GALLERIA_WRITE_SNAPSHOTS"):
        path.write_text(rendered, encoding="utf-8")
    assert rendered == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", RESULTS)
def test_within_the_limits_and_read_back(name: str):
    body = whole(name)
    assert len(body) <= 60_000 < CHARACTERS
    assert len(body.encode()) <= 60_000 < BYTES
    assert len(body.encode("utf-16-le")) // 2 <= 60_000
    assert read_marker(body)


@pytest.mark.parametrize("name", RESULTS)
def test_only_our_own_markup_and_no_live_text(name: str):
    page = Page(whole(name))
    assert set(page.tags) <= OWN_TAGS | {"img"}
    links = {"https://photos.example.org/2026/", RUN}
    assert set(page.links) <= links
    loose = page.loose_text
    for link in links:
        loose = loose.replace(link, "")
    assert not _ACTIVE.search(loose)
    assert not _BIDI.search(page.html.replace("\n", ""))
    assert len(page.comments) == 1, "the marker, and nobody else's"
    assert read_marker(f"<!--{page.comments[0]}-->")


@given(budget=st.integers(0, 20_000))
@settings(max_examples=40, deadline=None)
@pytest.mark.parametrize("name", ["comment-200", "comment-deployed", "comment-hostile"])
def test_never_over_the_budget(name: str, budget: int):
    assert len(render_comment(_cached(name), budget, label="x", pictures=PICTURES).encode()) <= budget


def test_the_states():
    assert state_of(_cached("comment-1")) == "planned"
    assert state_of(_cached("comment-deployed")) == "deployed"
    assert state_of(_cached("comment-refused")) == "failed"
    assert state_of(examples.failed(Cancelled("Stopped"))) == "cancelled"
    assert state_of(examples.failed(PlanChanged("x"))) == "failed"


def test_an_address_that_is_more_than_one_is_no_link():
    assert status_line("planned", "https://x.example/](evil", "") == "**Status:** 📋 planned by a run"
    assert status_line("planned", "javascript:alert(1)", "") == "**Status:** 📋 planned by a run"
    assert status_line("planned", "", "", "https://x.example/](evil#artifacts") == "**Status:** 📋 planned by a run"


def test_the_report_is_linked_where_there_is_one():
    files = "https://github.com/o/r/actions/runs/1#artifacts"
    assert status_line("planned", "", "", files).endswith(f"by a run · [report with pictures]({files})")


@pytest.mark.parametrize("label", examples.HOSTILE)
def test_a_label_is_text(label: str):
    page = Page(render_comment(_cached("comment-1"), 60_000, label=label))
    assert set(page.tags) <= OWN_TAGS
    assert page.links == []
    assert not _ACTIVE.search(page.loose_text)


@pytest.mark.parametrize(
    "url",
    [
        'https://x.example/a"onerror="alert(1)',
        "https://x.example/a b",
        "https://x.example/<script>",
        "https://user@x.example/a",
        "javascript:alert(1)",
        "https://x.example/a?b",
        "https://x.example/a#b",
        "https://x.example/'a",
        "data:image/png;base64,AAAA",
    ],
)
def test_a_doubtful_picture_is_not_shown(url: str):
    page = Page(render_comment(_cached("comment-1"), 60_000, pictures=[Picture("x", url)]))
    assert "img" not in page.tags
    assert "as they are online now" not in page.text


def test_pictures_are_small_and_named_by_their_photos():
    page = Page(render_comment(_cached("comment-deployed"), 60_000, pictures=PICTURES))
    assert page.tags.count("img") == 5
    assert page.html.count('height="120"') == 5
    assert 'src="https://photos.example.org/thumb/4.webp?v=ab12"' in page.html
    assert {"IMG_0", "IMG_4"} <= set(page.codes)
    assert page.html.index("<img") < page.html.index("<table>\n<thead>\n<tr>\n<th>Photo"), "before the details"


@pytest.mark.parametrize(
    ("photo", "short"),
    [
        ("IMG_0001", "IMG_0001"),
        ("photos/full/2026/IMG_0001.jpeg", "IMG_0001"),
        ("a/b/", "b"),
        (".jpg", ".jpg"),
        ("wedding.2026", "wedding"),
        ("x" * 64, "x" * 64),
    ],
)
def test_captions_are_short_names(photo: str, short: str):
    assert caption(photo) == short
    page = Page(render_comment(_cached("comment-1"), 60_000, pictures=[Picture(photo, PICTURES[0].url)]))
    assert all(len(code) <= 22 for code in page.codes[:1])


def test_numbers_are_one_line_without_zeros():
    body = render_comment(_cached("comment-1"), 60_000)
    (line,) = [line for line in body.splitlines() if "photo to upload" in line and line.startswith("**")]
    assert line == "**1** photo to upload · **3** files to upload (3.5\u00a0MB)"


@pytest.mark.parametrize("name", examples.HOSTILE)
def test_a_pictures_name_is_text(name: str):
    page = Page(render_comment(_cached("comment-1"), 60_000, pictures=[Picture(name, PICTURES[0].url)]))
    assert page.tags.count("img") == 1
    assert not _ACTIVE.search(page.loose_text)
