"""The report to look at, in a browser: from a disk, without a network, on paper, with any name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jinja2")

from galleria_action.deployment.events import Image, Pictured, Showing, Tile
from galleria_action.errors import Finding, GalleryInvalid
from galleria_action.report.page.render import render_html
from galleria_action.report.result import finish
from tests.browser.conftest import serious
from tests.report import examples
from tests.studio.photos import photo

pytestmark = pytest.mark.slow
OpenPage = Callable[..., Any]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The largest that there is: pictures, problems, a plan, and names of somebody who means harm."""
    record = examples.record("deploy", examples.named_plan([*examples.HOSTILE, *map(str, range(20))]))
    images = [Image(label, "image/jpeg", photo(size=(120, 80), seed=len(label))) for label in ("before", "after")]
    record.hear(Pictured(Showing.CHANGED, tuple(Tile(name, tuple(images)) for name in examples.HOSTILE), 30))
    record.hear(Pictured(Showing.NEW, (Tile("none"), Tile("x" * 300, tuple(images[:1]))), 2))
    record.warnings += examples.HOSTILE
    error = GalleryInvalid(
        "Wrong.", hint="Look at `it`.", findings=[Finding(name, name, 1) for name in examples.HOSTILE]
    )
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_bytes(render_html(finish(record, "", 1.0, error)))
    return path


def test_from_a_disk_it_asks_for_nothing_and_breaks_no_policy(report: Path, open_page: OpenPage) -> None:
    page = open_page(report.as_uri())
    assert page.trouble == []
    assert [address for address in page.requested if not address.startswith("data:")] == [report.as_uri()]
    assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    assert page.evaluate("getComputedStyle(document.querySelector('.sheet')).display") == "grid"


def test_the_edge_between_before_and_after_is_moved_by_keys(report: Path, open_page: OpenPage) -> None:
    page = open_page(report.as_uri())
    after = page.locator(".slides figure + figure img").first
    assert after.evaluate("it => getComputedStyle(it).clipPath") == "inset(0px 0px 0px 50%)"
    page.locator(".slides input").first.focus()
    page.keyboard.press("End")
    assert after.evaluate("it => getComputedStyle(it).clipPath") == "inset(0px 0px 0px 100%)"
    page.emulate_media(media="print")
    assert after.evaluate("it => getComputedStyle(it).clipPath") == "none"
    still = open_page(report.as_uri(), java_script_enabled=False)
    left, right = (still.locator(".pair figure").nth(number).bounding_box() for number in (0, 1))
    assert left["x"] < right["x"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_it(report: Path, open_page: OpenPage, scheme: str) -> None:
    # axe is put into the page, which its policy would not have
    assert serious(open_page(report.as_uri(), color_scheme=scheme, bypass_csp=True)) == []


@pytest.mark.parametrize("width", [320, 1200])
def test_nothing_runs_out_of_the_page(report: Path, open_page: OpenPage, width: int) -> None:
    page = open_page(report.as_uri(), viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_on_paper_what_is_folded_away_is_there(report: Path, open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(report.as_uri())
    folded = page.locator("details table").first
    assert not folded.is_visible()
    page.emulate_media(media="print")
    assert folded.evaluate("it => it.getBoundingClientRect().height") > 100
    page.pdf(path=tmp_path / "report.pdf", format="A4")
    assert (tmp_path / "report.pdf").stat().st_size > 10_000
