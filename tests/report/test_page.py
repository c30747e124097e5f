"""The report to look at: safe with any name, within its budget, and nothing asked of anybody."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from galleria_action.deployment.events import Image, Pictured, Showing, Tile
from galleria_action.errors import ConfigInvalid, Finding, GalleryInvalid
from galleria_action.report.page.render import render_html
from galleria_action.report.result import Result, finish
from tests.report import examples
from tests.studio.photos import photo

DOT = photo(size=(8, 8))


class Page(HTMLParser):
    """What a browser makes of a page: its elements with their attributes, and its text."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(body.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.words).replace("\N{NO-BREAK SPACE}", " "))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def with_pictures(*pictured: Pictured) -> Result:
    record = examples.record("deploy", examples.mixed_plan(), dry_run=True)
    for event in pictured:
        record.hear(event)
    return finish(record, examples.DRY_RUN, 1.0)


def tile(name: str, *labels: str) -> Tile:
    return Tile(name, tuple(Image(label, "image/jpeg", DOT) for label in labels))


def test_a_plan_with_its_pictures() -> None:
    page = Page(
        render_html(
            with_pictures(
                Pictured(Showing.NEW, (tile("NEW", ""), tile("TOO LARGE")), 7),
                Pictured(Showing.CHANGED, (tile("CHANGED", "before", "after"),), 1),
            )
        )
    )
    assert f"Plan: {len(examples.mixed_plan().photo_uploads)} photos to upload, 2 photos to delete" in page.text
    assert page.text.index("Changed photos") < page.text.index("New photos") < page.text.index("Photos to upload")
    assert "7 photos, of which the first 2 are here." in page.text
    assert "no picture TOO LARGE" in page.text
    assert [image["alt"] for image in page.all("img")] == ["before", "after", ""]
    assert "CHANGED" in page.text


def test_its_policy_lets_its_own_style_in_and_nothing_else() -> None:
    body = render_html(examples.planned(examples.mixed_plan()))
    page = Page(body)
    (policy,) = (it["content"] or "" for it in page.all("meta") if it.get("http-equiv") == "Content-Security-Policy")
    (style,) = re.findall(rb"<style>(.*?)</style>", body, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style).digest()).decode()
    assert policy.split("; ")[:3] == ["default-src 'none'", "img-src data:", f"style-src 'sha256-{digest}'"]
    (script,) = re.findall(rb"<script>(.*?)</script>", body, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script).digest()).decode()
    assert policy.split("; ")[3] == f"script-src 'sha256-{digest}'"
    assert script == (Path(examples.__file__).parents[2] / "galleria_action/report/page/report.js").read_bytes()
    assert not any("style" in attributes for _, attributes in page.elements)
    assert {tag for tag, _ in page.elements}.isdisjoint({"link", "iframe", "object", "form"})
    # before the style, or it would not hold for it
    assert body.index(b"Content-Security-Policy") < body.index(b"<style>")


@pytest.mark.parametrize("text", examples.HOSTILE)
def test_names_of_anybody_are_text(text: str) -> None:
    record = examples.record("deploy", examples.named_plan([text]))
    record.hear(Pictured(Showing.NEW, (tile(text, text),), 1))
    record.warnings.append(text)
    record.url = text
    error = GalleryInvalid(text, hint=f"Do {text}", findings=[Finding(text, text, 3)])
    page = Page(render_html(finish(record, "", 1.0, error)))
    known = Page(render_html(examples.failed(GalleryInvalid("x", findings=[Finding("x")]), examples.named_plan(["x"]))))
    assert {tag for tag, _ in page.elements} <= {tag for tag, _ in known.elements} | {
        "img", "figure", "figcaption", "br", "code", "ul", "li",
    }  # fmt: skip
    for tag, attributes in page.elements:
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)
        assert all((attributes.get(name) or "data:").startswith("data:") for name in ("src", "href"))
    assert "\u202e" not in page.text and "\x1b" not in page.text


def test_an_address_of_the_gallery_is_a_link() -> None:
    (link,) = Page(render_html(examples.deployed(examples.mixed_plan()))).all("a")
    assert (link["href"], link["rel"]) == ("https://photos.example.org/2026/", "noreferrer")


def test_a_failure_says_what_to_do_first() -> None:
    page = Page(render_html(examples.failed(ConfigInvalid("It is `wrong`.", hint="Look at `--help`."))))
    assert page.text.index("It is wrong.") < page.text.index("What to do: Look at --help.")
    assert "config-invalid, exit code 2" in page.text
    assert [attributes["class"] for tag, attributes in page.elements if tag == "header"] == ["failed"]


def test_a_large_plan_stays_small() -> None:
    result = examples.planned(examples.growing_plan(20_000))
    body = render_html(result)
    assert len(body) < 400_000
    page = Page(body)
    assert "and 19,500 more" in page.text
    assert len(page.all("details")) == 1


def test_the_same_run_gives_the_same_bytes() -> None:
    result = with_pictures(Pictured(Showing.NEW, (tile("NEW", ""),), 1))
    assert render_html(result) == render_html(result)
