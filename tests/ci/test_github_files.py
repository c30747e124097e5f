"""Outputs and summary, read back as the runner reads them."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galleria_action.ci.github.actions import GitHubActions
from galleria_action.ci.github.files import append_summary, output_entry, summary_room
from galleria_action.errors import ConfigInvalid
from tests.runner_grammar import SUMMARY_LIMIT, read_outputs

_NAME = st.from_regex(r"[a-z][a-z-]*", fullmatch=True)
_LINES = st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=("Cs",)))).map("\n".join)


def ci(tmp_path, **files: str) -> GitHubActions:
    return GitHubActions({name: str(tmp_path / file) for name, file in files.items()}, io.StringIO(), tmp_path)


@settings(deadline=None)
@given(outputs=st.dictionaries(_NAME, _LINES | st.integers() | st.booleans(), max_size=6))
def test_outputs_come_back_as_they_were(tmp_path_factory, outputs):
    folder = tmp_path_factory.mktemp("out")
    ci(folder, GITHUB_OUTPUT="out").write_outputs(outputs)
    expected = {name: str(v).lower() if isinstance(v, bool) else str(v) for name, v in outputs.items()}
    assert read_outputs((folder / "out").read_bytes()) == expected


def test_line_ends_become_lf_and_broken_text_whole(tmp_path):
    ci(tmp_path, GITHUB_OUTPUT="out").write_outputs({"message": "a\r\nb\rc \udcff", "success": True})
    assert read_outputs((tmp_path / "out").read_bytes()) == {"message": "a\nb\nc ?", "success": "true"}


def test_outputs_are_appended(tmp_path):
    (tmp_path / "out").write_text("earlier=1\n")
    ci(tmp_path, GITHUB_OUTPUT="out").write_outputs({"later": 2})
    assert read_outputs((tmp_path / "out").read_bytes()) == {"earlier": "1", "later": "2"}


def test_a_value_that_knows_the_delimiter_gets_another():
    delimiters = iter(["one", "two"])
    entry = output_entry("a", "x\none\nstolen=1", lambda: next(delimiters))
    assert read_outputs(entry.encode()) == {"a": "x\none\nstolen=1"}


def test_delimiters_cannot_be_foreseen():
    first, second = (output_entry("a", "x").split("<<")[1].split("\n")[0] for _ in range(2))
    assert first != second


def test_the_summary_may_fill_the_file_to_the_last_byte(tmp_path):
    (tmp_path / "summary").write_text("before\n")
    github = ci(tmp_path, GITHUB_STEP_SUMMARY="summary")
    github.write_summary("é" + "x" * (github.summary_budget - 2))
    assert (tmp_path / "summary").stat().st_size == SUMMARY_LIMIT
    assert github.summary_budget == 0


def test_one_byte_more_is_refused_and_nothing_written(tmp_path):
    path = tmp_path / "summary"
    with pytest.raises(ValueError, match="does not fit"):
        append_summary(path, "x" * (summary_room(path) + 1))
    assert not path.exists()


def test_a_full_summary_takes_the_empty_text(tmp_path):
    path = tmp_path / "summary"
    path.write_bytes(b"x" * SUMMARY_LIMIT)
    append_summary(path, "")
    assert path.stat().st_size == SUMMARY_LIMIT


def test_summaries_have_lf_only(tmp_path):
    ci(tmp_path, GITHUB_STEP_SUMMARY="summary").write_summary("a\r\nb\udcff")
    assert (tmp_path / "summary").read_bytes() == b"a\nb?\n"


def test_without_the_files_nothing_happens(tmp_path):
    github = GitHubActions({}, io.StringIO(), tmp_path)
    github.write_outputs({"a": "b"})
    assert github.summary_budget == 0
    github.write_summary("")
    with pytest.raises(ValueError, match="no summary"):
        github.write_summary("x")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_explained(tmp_path):
    with pytest.raises(ConfigInvalid, match="cannot be written") as caught:
        ci(tmp_path, GITHUB_OUTPUT="no/such/folder").write_outputs({"a": "b"})
    assert "root" in str(caught.value.hint)
