import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.gallery.keys import METADATA_KEY, all_ordinary, each_folded, folded, is_ordinary, key_problem


@pytest.mark.parametrize(
    "key",
    [
        "a.jpg",
        "photos/full/a.jpg",
        "full/My photo (1) #2 100% a+b=c?.jpg",
        "a.webp",
        " leading and trailing ",
        "…/ü/é.jpg",
        "é.jpg",
        "📷/🌅.jpg",
        "..a/b..",
        "...",
        ".well-known/x",
        "x/.galleria/y",
        "x/gallery-metadata.json",
        "gallery-metadata.json.bak",
        ".galleria.jpg",
        "12:30.jpg",
        "a" * 1024,
        "é" * 512,
    ],
)
def test_odd_but_sound_keys_pass(key: str) -> None:
    assert key_problem(key) is None


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("", "empty"),
        ("/etc/passwd", "absolute"),
        ("//host/share", "absolute"),
        ("C:/a.jpg", "absolute"),
        ("c:a.jpg", "absolute"),
        ("a\\b.jpg", "backslash"),
        ("..\\..\\a.jpg", "backslash"),
        ("../a.jpg", "'..'"),
        ("a/../b.jpg", "'..'"),
        ("a/..", "'..'"),
        ("..", "'..'"),
        ("./a.jpg", "'.'"),
        ("a/./b.jpg", "'.'"),
        ("a//b.jpg", "empty part"),
        ("a/", "empty part"),
        ("a\0.jpg", "U+0000"),
        ("a\n.jpg", "U+000A"),
        ("a.jpg\n", "U+000A"),
        ("a\x7f.jpg", "U+007F"),
        ("a\x85.jpg", "U+0085"),
        ("a\uffff.jpg", "U+FFFF"),
        ("a\udc80.jpg", "surrogate"),
        ("a" * 1025, "1,025 bytes"),
        ("é" * 513, "1,026 bytes"),
        (".galleria/manifest.json", "own records"),
        (".Galleria/x", "own records"),
        (".galleria", "own records"),
        ("gallery-metadata.json", "metadata itself"),
        ("Gallery-Metadata.JSON", "metadata itself"),
    ],
)
def test_keys_that_break_something_are_refused(key: str, words: str) -> None:
    problem = key_problem(key)
    assert problem is not None
    assert words in problem


@given(st.text(st.characters(), max_size=30) | st.lists(st.sampled_from(["a", "..", ".", "", "\\", ":"])).map("/".join))
def test_a_sound_key_stays_in_its_folder_and_can_be_written(key: str) -> None:
    if key_problem(key) is None:
        assert key.encode()
        assert not key.startswith("/")
        assert not {"", ".", ".."} & set(key.split("/"))
        assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in key)


def test_folding_unites_case_and_normalisation() -> None:
    assert folded("Été/STRASSE.JPG") == folded(unicodedata.normalize("NFD", "été/straße.jpg"))
    assert folded("A/b.JPG") == folded("a/B.jpg")
    assert folded("a.jpg") != folded("b.jpg")


@given(st.text())
def test_folding_does_not_care_for_case_or_form(key: str) -> None:
    for form in ("NFC", "NFD"):
        assert folded(unicodedata.normalize(form, key)) == folded(key)
    assert folded(folded(key)) == folded(key)


_PARTS = st.sampled_from(
    ["a", "b.jpg", "-_+9", "a b", ".", "..", ".a", " a", "", "\n", "é", "\\", "gallery-metadata.json", "x" * 600]
)
_KEYS = st.lists(st.lists(_PARTS, min_size=1, max_size=3).map("/".join), min_size=1, max_size=3)


@given(_KEYS)
def test_many_keys_are_ordinary_where_each_is(keys: list[str]):
    """What holds the name of the metadata anywhere is looked at by itself."""
    expected = all(map(is_ordinary, keys)) and not any(METADATA_KEY in key for key in keys)
    assert all_ordinary(keys) == expected
    if expected:
        assert not any(map(key_problem, keys))
    assert sorted(each_folded(keys)) == sorted(map(folded, keys))
