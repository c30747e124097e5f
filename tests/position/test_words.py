"""The last look at bare bytes: each word and record of a position is found, however it is written, and nothing less."""

from __future__ import annotations

import random

import pytest

from galleria_action.gallery.position.words import _WORDS, RECORDS, says_position

_AROUND = (b"", random.Random(1).randbytes(300))


@pytest.mark.parametrize("word", _WORDS)
def test_a_word_is_found_in_any_case_and_in_wide_letters(word: bytes) -> None:
    letters = word.decode("latin-1")
    for text in (letters, letters.upper(), letters.title()):
        for around in _AROUND:
            for encoding in ("latin-1", "utf-16-le", "utf-16-be"):
                assert says_position(around + text.encode(encoding) + around)
    assert not says_position(letters[:-1].encode("latin-1") + b"?") or word in (b"geo:long",)


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_is_found_only_whole(record: bytes) -> None:
    for around in _AROUND:
        assert says_position(around + record + around)
    assert not says_position(record[1:])


def test_what_lies_between_the_letters_keeps_a_word_apart() -> None:
    assert not says_position(b"gps\xfflat geo\x80:lat $gp\xf0gga")
