"""Untrusted text in the log of a GitHub run is shown and never obeyed."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from galleria_action.ci.github.actions import GitHubActions
from galleria_action.ci.github.commands import command, escape_data
from galleria_action.errors import Finding
from tests.runner_grammar import COMMANDS, Command, commands, read_log

_PIECES = (
    "::",
    "##[",
    "]",
    ":",
    " ",
    "\n",
    "\r",
    "\u2028",
    "\u200b",
    "\u202e",
    "%0A",
    "%",
    ",",
    "=",
    "\x1b[0m",
    "\udc80",
    "a",
)
hostile_text = st.lists(
    st.sampled_from([*_PIECES, *sorted(COMMANDS)]) | st.text(st.characters(), max_size=5), max_size=12
).map("".join)


def ci(tmp_path, **environ: str) -> tuple[GitHubActions, Callable[[], str]]:
    stream = io.StringIO()
    return GitHubActions(environ, stream, tmp_path), stream.getvalue


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("workspace")


@settings(deadline=None)
@given(text=hostile_text)
@example(text="::stop-commands::x")
@example(text="\u3000:::error::x")
@example(text="x ##[error]y ###[set-env name=A]b")
@example(text="a\r::add-mask::b")
def test_a_line_is_one_line_and_no_command(folder, text):
    github, log = ci(folder)
    github.line(text)
    entries = read_log(log())
    assert len(entries) == 1
    assert isinstance(entries[0], str)


@settings(deadline=None)
@given(text=hostile_text)
def test_an_annotation_is_that_annotation_only(folder, text):
    github, log = ci(folder)
    github.error(Finding(text, text, 7))
    github.warning(text)
    first, second = commands(log())
    assert (first.name, second.name) == ("error", "warning")
    assert first.data == second.data
    assert len(read_log(log())) == 2
    for line in first.data.splitlines():
        assert "##[" not in line


@settings(deadline=None)
@given(text=hostile_text)
def test_a_group_opens_and_closes_and_nothing_else(folder, text):
    github, log = ci(folder)
    with github.group(text):
        github.line(text)
    names = [entry.name for entry in read_log(log()) if isinstance(entry, Command)]
    assert names == ["group", "endgroup"]
    assert len(read_log(log())) == 3


@settings(deadline=None)
@given(name=st.sampled_from(sorted(COMMANDS)), data=st.text(), value=st.text(min_size=1))
def test_every_command_comes_back_as_it_was(name, data, value):
    line = command(name, data, {"file": value, "line": 3})
    assert commands(f"{line}\n") == [Command(name, data, {"file": value, "line": "3"})]


def test_escaping_by_hand():
    assert escape_data("100%\r\n") == "100%25%0D%0A"
    assert command("error", "a:b,c", {"file": "a:b,c%"}) == "::error file=a%3Ab%2Cc%25::a:b,c"
    assert command("endgroup", "") == "::endgroup::"


def test_ordinary_text_stays_as_it_is(folder):
    github, log = ci(folder)
    for text in ("photos/full/a b.jpg: 3.1 MB", "std::vector at [::1]:9000", "  indented", "写真 ümläut 📷"):
        github.line(text)
    assert log().splitlines() == [
        "photos/full/a b.jpg: 3.1 MB", "std::vector at [::1]:9000", "  indented", "写真 ümläut 📷"
    ]  # fmt: skip


def test_a_message_with_lines_stays_one_annotation_with_lines(folder):
    github, log = ci(folder)
    github.error("first\n\nsecond")
    assert commands(log()) == [Command("error", "first\nsecond")]


def test_files_are_named_from_the_workspace(tmp_path):
    (tmp_path / "inside").mkdir()
    github, log = ci(tmp_path, GITHUB_WORKSPACE=str(tmp_path / "inside"))
    github.error(Finding("x", str(tmp_path / "inside" / "a" / "b.json"), 3))
    github.error(Finding("x", "a/b.json"))
    github.error(Finding("x", str(tmp_path / "elsewhere.json")))
    files = [found.properties["file"] for found in commands(log())]
    assert files == ["a/b.json", "a/b.json", str(tmp_path / "elsewhere.json")]


def test_at_most_ten_annotations_of_a_level_and_the_rest_counted(folder):
    github, log = ci(folder)
    for number in range(25):
        github.error(Finding(f"::warning::problem {number}", "a.json", number + 1))
    github.warning("only one")
    github.close()
    found = commands(log())
    errors = [entry for entry in found if entry.name == "error"]
    assert len(errors) == 10
    assert "16 more errors" in errors[-1].data
    assert [entry.data for entry in found if entry.name == "warning"] == ["only one"]
    shown = [entry for entry in read_log(log()) if isinstance(entry, str)]
    assert shown[-1] == "Error: a.json:25: ::warning::problem 24", "what is no annotation is still in the log"


def test_nine_annotations_need_no_more(folder):
    github, log = ci(folder)
    for number in range(9):
        github.warning(str(number))
    github.close()
    assert len(commands(log())) == 9


def test_every_form_of_a_secret_is_masked(folder):
    github, log = ci(folder)
    github.mask("first/line+1\nsecond%line\r\nxy")
    found = commands(log())
    masked = {entry.data for entry in found}
    assert {entry.name for entry in found} == {"add-mask"}
    assert {"first/line+1", "second%line"} <= masked
    assert "first%2Fline%2B1%0Asecond%25line%0D%0Axy" in masked
    assert "Zmlyc3QvbGluZSsxCnNlY29uZCVsaW5lDQp4eQ==" in masked
    assert "xy" not in masked, "short strings occur everywhere"


@pytest.mark.parametrize("secret", ["", "a", "abcde", " \n ", "abc\n"])
def test_short_secrets_are_not_masked(folder, secret):
    github, log = ci(folder)
    github.mask(secret)
    assert log() == ""


def test_lines_of_many_threads_stay_whole(folder):
    github, log = ci(folder)
    threads = [threading.Thread(target=lambda n=n: [github.line(str(n) * 50) for _ in range(50)]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(set(log().split())) == [str(n) * 50 for n in range(4)]


def test_the_group_closes_when_the_work_fails(folder):
    github, log = ci(folder)
    with pytest.raises(KeyError), github.group("work"):
        raise KeyError
    assert [entry.name for entry in commands(log())] == ["group", "endgroup"]
