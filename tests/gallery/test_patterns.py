"""Patterns for what is left out of the site mean what they mean in a ``.gitignore``."""

from __future__ import annotations

import re
import time
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.gallery.local.patterns import Patterns


@pytest.mark.parametrize(
    ("pattern", "out", "kept"),
    [
        ("*.map", ["a.map", "js/a.min.js.map"], ["a.mapx", "map", "a.map/b"]),
        ("draft?.html", ["draft1.html", "x/drafts.html"], ["draft.html", "draft12.html", "draft/.html"]),
        ("notes.txt", ["notes.txt", "a/b/notes.txt"], ["my-notes.txt", "notes.txt.bak"]),
        ("/notes.txt", ["notes.txt"], ["a/notes.txt"]),
        ("js/*.map", ["js/a.map"], ["js/x/a.map", "x/js/a.map", "a.map"]),
        ("js/**/*.map", ["js/a.map", "js/x/y/a.map"], ["x/js/a.map"]),
        ("**/src/*.ts", ["src/a.ts", "x/y/src/a.ts"], ["src/x/a.ts", "xsrc/a.ts"]),
        ("docs/**", ["docs/a", "docs/a/b"], ["docs", "xdocs/a"]),
        ("drafts/", [], ["drafts", "drafts/a"]),
        ("a+b(1).txt", ["a+b(1).txt"], ["aab1.txt"]),
        ("*.html\n# a comment\n\n  *.css  ", ["a.html", "b.css"], ["# a comment", ""]),
        ("ümläut*", ["ümläut.txt"], ["umlaut.txt"]),
    ],
)
def test_files(pattern: str, out: list[str], kept: list[str]) -> None:
    patterns = Patterns.read(pattern)
    assert [path for path in out if not patterns.match(path, folder=False)] == []
    assert [path for path in kept if patterns.match(path, folder=False)] == []


@pytest.mark.parametrize(
    ("pattern", "out", "kept"),
    [
        ("drafts/", ["drafts", "a/drafts"], ["drafts2"]),
        ("/drafts/", ["drafts"], ["a/drafts"]),
        ("drafts", ["drafts", "a/drafts"], []),
        ("a/**/tmp/", ["a/tmp", "a/b/c/tmp"], ["tmp"]),
    ],
)
def test_folders(pattern: str, out: list[str], kept: list[str]) -> None:
    patterns = Patterns.read(pattern)
    assert [path for path in out if not patterns.match(path, folder=True)] == []
    assert [path for path in kept if patterns.match(path, folder=True)] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("!keep.txt", "exceptions"),
        ("a\\b", "backslash"),
        ("*", "everything"),
        ("**/*", "everything"),
        ("/", "everything"),
        ("../x", "leads elsewhere"),
        ("a/./b", "leads elsewhere"),
        ("x" * 301, "longer than 300"),
        ("x\n" * 101, "101 patterns"),
        ("**/a/**/b/**/c", "more than two"),
    ],
)
def test_patterns_that_could_not_mean_what_their_writer_thinks_are_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Patterns.read(text)


def test_nothing_is_left_out_without_patterns() -> None:
    assert not Patterns.read("\n# only a comment\n").match("a", folder=False)
    assert not Patterns().match("a", folder=True)


@given(st.text("ab*?", min_size=1, max_size=8), st.text("ab", max_size=8))
def test_stars_mean_what_they_mean_in_a_shell(pattern: str, name: str) -> None:
    if pattern.strip("*"):
        pattern = re.sub(r"\*+", "*", pattern)
        assert Patterns.read(pattern).match(name, folder=False) == fnmatchcase(name, pattern)


@pytest.mark.parametrize("pattern", ["*a*a*a*a*a*a*b", "**/*a*a*b/**/x"])
@pytest.mark.parametrize("path", ["a" * 1024, "a/" * 512])
def test_a_long_path_does_not_take_for_ever(pattern: str, path: str) -> None:
    started = time.process_time()
    assert not Patterns.read(pattern).match(path, folder=False)
    assert time.process_time() - started < 0.5
