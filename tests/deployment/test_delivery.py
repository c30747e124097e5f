"""Headers by rules of the config file, and what follows from them."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.deployment.delivery import HeaderRule, HeaderRules
from galleria_action.deployment.galleries import RemoteGallery
from galleria_action.deployment.model import PageEdit
from galleria_action.deployment.planner import make_plan
from galleria_action.storage.interface import Headers
from tests.deployment.values import TARGET, local_gallery, local_photo, source_file

PAGE = Headers("text/html", "no-cache")


@pytest.mark.parametrize(
    ("match", "fits", "does_not"),
    [
        ("*.html", ["index.html", "a/b/c.html"], ["index.htm", "x.html/a"]),
        ("assets/*", ["assets/a.js"], ["assets/a/b.js", "x/assets/a.js", "assets"]),
        ("/assets/*", ["assets/a.js"], ["x/assets/a.js"]),
        ("assets/**", ["assets/a.js", "assets/a/b.js"], ["x/assets/a.js", "asset"]),
        ("**/thumb/*.webp", ["thumb/a.webp", "photos/thumb/a.webp", "a/b/thumb/c.webp"], ["thumb/a/b.webp", "thumb"]),
        ("a/**/z", ["a/z", "a/b/z", "a/b/c/z", "a/z/z"], ["a", "z", "a/z/b"]),
        ("**", ["a", "a/b"], []),
        ("photo-?.jpg", ["photo-1.jpg", "x/photo-2.jpg"], ["photo-10.jpg"]),
        ("[ab].txt", ["a.txt"], ["c.txt"]),
        ("LICENSE", ["LICENSE", "x/LICENSE"], ["license", "LICENSE/x"]),
    ],
)
def test_patterns(match: str, fits: list[str], does_not: list[str]) -> None:
    rule = HeaderRule(match)
    assert [key for key in [*fits, *does_not] if rule.fits(key)] == fits


def rules(*given: dict[str, str]) -> HeaderRules:
    return HeaderRules.parse(json.dumps(given))


def test_the_first_that_fits_counts_and_no_other() -> None:
    made = rules(
        {"match": "a.html", "cache-control": "max-age=1"},
        {"match": "*.html", "cache-control": "max-age=2", "content-type": "text/plain"},
        {"match": "*.gz", "content-encoding": "identity"},
    )
    assert made.applied("a.html", PAGE) == Headers("text/html", "max-age=1")
    assert made.applied("b.html", PAGE) == Headers("text/plain", "max-age=2")
    assert made.applied("a.css", PAGE) is PAGE
    assert made.applied("a.js.gz", Headers("text/javascript", None, "gzip")) == Headers("text/javascript")
    assert HeaderRules.parse("").applied("a", PAGE) is PAGE


def test_a_changed_rule_is_a_changed_object() -> None:
    before = rules({"match": "*", "content-encoding": "gzip"}).applied("a", PAGE)
    after = rules({"match": "*", "content-encoding": "br"}).applied("a", PAGE)
    assert len({PAGE.digest(), before.digest(), after.digest()}) == 3


def test_headers_without_an_encoding_are_recorded_as_ever() -> None:
    """Manifests of before have no encodings: nothing is sent again for it."""
    assert Headers("image/jpeg").digest() == "df96167d66f81f3f58bfcf92ba87b49cdab3f3bf4899ba8055fd76798b823cda"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"match": "a"}, "needs match and one or more"),
        ({"cache-control": "x", "content-type": "a/b"}, "empty"),
        ({"match": "a", "acl": "public-read"}, "needs match"),
        ({"match": "a", "cache-control": "x\r\nEvil: 1"}, "printable"),
        ({"match": "a", "cache-control": "é"}, "printable"),
        ({"match": "a", "cache-control": 1}, "printable"),
        ({"match": "a", "cache-control": ""}, "printable"),
        ({"match": "a", "content-type": "html"}, "content-type of rule 1"),
        ({"match": "a", "content-encoding": "rot13"}, "not one of gzip"),
        ({"match": "*" * 9, "content-encoding": "gzip"}, "wildcards"),
        ("a", "needs match"),
    ],
)
def test_rules_that_are_none(given: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        HeaderRules.parse(json.dumps([given]))


@pytest.mark.parametrize("text", ["{}", "null", json.dumps([{"match": "a", "cache-control": "b"}] * 101)])
def test_no_list_of_rules(text: str) -> None:
    with pytest.raises(ValueError, match="not a list"):
        HeaderRules.parse(text)


@given(st.text("a*?/[]", max_size=40), st.text("ab/", max_size=200))
def test_matching_ends(match: str, key: str) -> None:
    began = time.process_time()
    HeaderRule(match).fits(key)
    assert time.process_time() - began < 0.5


def test_matching_takes_time_in_proportion() -> None:
    rule = HeaderRule("**/*a*a*a*b/**/c")
    began = time.process_time()
    for key in ("a" * 1000 + "/" + "a" * 20, "/".join("a" * 500)):
        assert not rule.fits(key)
    assert time.process_time() - began < 0.5


def test_pages_of_a_preview_are_marked_whatever_they_are_called():
    site = [replace(source_file(key), headers=PAGE) for key in ("index.html", "about")]
    site.append(replace(source_file("style"), headers=Headers("text/css")))
    local = replace(local_gallery(local_photo("a"), site=tuple(site)), edit_of_pages=PageEdit())
    marked = {up.key for up in make_plan(local, RemoteGallery(), TARGET).uploads if up.edit == PageEdit()}
    assert marked == {"index.html", "about"}
