"""Whatever a name or message contains, it stays text: checked in what a Markdown parser makes of it."""

from __future__ import annotations

import re
import time
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from galleria_action.report.escape import code, link, prose, shorten, visible, visible_lines
from tests.report.examples import HOSTILE
from tests.report.rendered import Page

_PIECES = (
    "@", "user", "org/team", "#", "1", "GH-", "-", "[", "](", ")", "!", "<", ">", "<!--", "-->", "`", "``", "|", "\\",
    "*", "_", "~", "$", ":", "&", "&#64;", "&lt;", "http://", "www.", "a.b", "deadbeef", "\n", "\r", "\t", " ", "  ",
    "\u202e", "\u200b", "\u2028", "\x00", "\ud800", "1.", "+", "=", "---", "<br>", "<b>", "</code>", "'", '"', "(",
)  # fmt: skip
hostile_text = st.lists(st.sampled_from(_PIECES) | st.text(st.characters(), max_size=4), max_size=14).map("".join)

#: What GitHub turns into links or pictures after rendering, outside of code.
_ACTIVE = re.compile(
    r"@\w|#\d|\bGH-\d|https?:/|ftp:/|www\.\w|\w@\w|:\w+:|\$|\b[0-9a-f]{7,40}\b|\b[a-z]+-\d+\b(?!-)|mailto:|xmpp:",
    re.IGNORECASE | re.ASCII,
)
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069\u200b-\u200f\u061c\ufeff\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")


def assert_harmless(page: Page, *own_tags: str) -> None:
    assert set(page.tags) <= {"p", "code", *own_tags}
    assert page.attributes == []
    assert page.comments == []
    assert not _ACTIVE.search(page.loose_text), page.loose_text
    assert not _BIDI.search(page.html.replace("\n", ""))


@given(text=hostile_text)
@example(text="`" * 90 + "@user")
@example(text="a\\|b\\\\|c")
@example(text="@user")
@example(text=" x ")
@settings(max_examples=150, deadline=None)
def test_code_says_exactly_the_text_in_a_paragraph_and_in_a_table(text):
    page = Page(f"x {code(text)} y")
    assert_harmless(page)
    assert "".join(page.codes) == shorten(visible(text), 120)

    page = Page(f"| a | b |\n|---|---|\n| {code(text)} | end |\n")
    assert_harmless(page, "table", "thead", "tbody", "tr", "th", "td")
    assert page.tags.count("td") == 2
    assert "".join(page.codes).strip() == shorten(visible(text), 120).strip()


@given(text=hostile_text)
@example(text="1. x")
@example(text="- x")
@example(text="# x")
@example(text="    x")
@example(text="x\n===")
@example(text="x\n---")
@example(text="> [!NOTE]\n> x")
@example(text="[a]: https://evil.example")
@example(text="[a](b)")
@example(text="GH-GH-1 x-deadbeef édeadbeef-x")
@example(text="fixes #1, closes GH-1 at deadbeef by @a/b")
@settings(max_examples=200, deadline=None)
def test_prose_is_words_and_code_and_nothing_else(text):
    page = Page(prose(text))
    assert_harmless(page, "br")
    assert page.tags.count("p") <= 1
    page = Page(f"> [!CAUTION]\n> {prose(text)}\n\n- {prose(text)}\n")
    assert_harmless(page, "br", "blockquote", "ul", "li")
    assert page.tags.count("li") == 1


@settings(deadline=None)
@given(words=st.lists(st.from_regex(r"\S{1,60}", fullmatch=True), min_size=1, max_size=5))
def test_prose_keeps_every_word(words):
    said = Page(prose(" ".join(words))).text.replace("\n", " ").replace("`", "")
    for word in " ".join(map(visible, words)).replace("`", "").split():
        assert word in said, "but the backticks around a command, which set it as code"


@pytest.mark.parametrize(
    "text",
    [
        "Nothing was committed. What is there already (3 files) the next run won't repeat.",
        "1,200 photos (25%) would be deleted; max-delete permits 30, i.e. fewer!",
        "Zwei Fotos fehlen – bitte “neu” hochladen.",
        "2 files, 1.5 hours",
    ],
)
def test_ordinary_sentences_stay_as_they_are(text):
    assert prose(text) == text


@pytest.mark.parametrize("text", ["!" * 100_000 + "x" + "!" * 100_000 + "-", "a" * 200_000, "a-" * 100_000])
def test_long_words_take_no_long_time(text):
    started = time.process_time()
    prose(text)
    assert time.process_time() - started < 1


def test_what_is_no_word_becomes_code():
    assert prose('Photo "IMG_1" names photos/full/a.jpg twice.') == 'Photo "`IMG_1`" names `photos/full/a.jpg` twice.'
    assert prose("Run it\n  again") == "Run it<br>again"
    assert prose("") == prose("\n \n") == ""


@settings(deadline=None)
@given(text=st.text(st.characters()) | st.sampled_from(HOSTILE))
def test_visible_text_is_one_line_of_visible_characters(text):
    shown = visible(text)
    shown.encode()
    assert all(char.isprintable() or unicodedata.category(char) == "Zs" for char in shown)
    assert visible(shown) == shown


def test_visible_by_hand():
    assert visible("a\nb\r\t\x1b[0m\u202e\u200d\udcff\U000e0041") == (
        "a\\nb\\r\\t\\x1b[0m\\u202e\\u200d\\udcff\\U000e0041"
    )
    assert visible("写真 ümläut ❤️ שלום") == "写真 ümläut ❤️ שלום"
    assert visible("\u3164\u2800\ufe01") == "\\u3164\\u2800\\ufe01"
    assert visible_lines("a\r\n\n b\x00\u2028c") == "a\n b\\x00\nc"


@settings(deadline=None)
@given(text=st.text(), limit=st.integers(1, 30))
def test_shortened_text_keeps_its_ends(text, limit):
    short = shorten(text, limit)
    assert len(short) <= max(limit, 1)
    if len(text) <= limit:
        assert short == text
    else:
        head, tail = short.split("…", 1) if text.count("…") == 0 else ("", "")
        assert text.startswith(head)
        assert text.endswith(tail)


@pytest.mark.parametrize("url", ["https://photos.example.org/2026/", "http://localhost:8000", "https://a.b/c%20d"])
def test_plain_addresses_are_links(url):
    assert Page(link(url)).links == [url]


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "https://a.b/<script>",
        "https://a.b/ x",
        "https://a.b/)[x](",
        "https://user@a.b/",
        "https://a.b/\u202e",
        "a.b",
    ],
)
def test_other_addresses_are_text(url):
    page = Page(link(url))
    assert_harmless(page)
    assert "".join(page.codes) == visible(url)
