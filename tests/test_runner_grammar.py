"""The grammar has to see what the runner sees, or the tests that use it prove nothing."""

from __future__ import annotations

import pytest

from tests.runner_grammar import Command, FileCommandError, read_line, read_log, read_outputs


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("::error::x", Command("error", "x")),
        ("\u3000 \t::Error file=a%2Cb,line=3::50%25%0Ay", Command("error", "50%\ny", {"file": "a,b", "line": "3"})),
        ("seen ##[warning]y", Command("warning", "y")),
        ("##[set-env name=A]B", Command("set-env", "B", {"name": "A"})),
        ("::unknown::x ##[error]y", Command("error", "y")),
        ("x ::error::y", None),
        ("::error: x", None),
        ("##[unknown]x", None),
        ("##[error", None),
        ("", None),
    ],
)
def test_lines(line, expected):
    assert read_line(line) == expected


def test_a_carriage_return_ends_a_line():
    assert read_log("a\r::error::b\n") == ["a", Command("error", "b")]


def test_outputs():
    assert read_outputs(b"a=1=2\n\nb<<E\nx\n\ny\nE\nc<<E\nE\n") == {"a": "1=2", "b": "x\n\ny", "c": ""}


@pytest.mark.parametrize("raw", [b"a<<E\nx\n", b"a<<\n", b"<<E\nE\n", b"nothing\n"])
def test_broken_outputs(raw):
    with pytest.raises(FileCommandError):
        read_outputs(raw)
