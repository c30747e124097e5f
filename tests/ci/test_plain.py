"""The terminal, and the choice between it and GitHub."""

from __future__ import annotations

import io

import pytest

from galleria_action.ci.detect import detect
from galleria_action.ci.github.actions import GitHubActions
from galleria_action.ci.interface import CI
from galleria_action.ci.log import Log
from galleria_action.ci.occasion import COMMAND_LINE, Cause, Whose
from galleria_action.ci.plain import Plain
from galleria_action.errors import Finding


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def plain(tmp_path) -> tuple[Plain, io.StringIO]:
    stream = io.StringIO()
    return Plain(stream, tmp_path, interactive=False), stream


def test_github_is_recognised_and_nothing_else_is(tmp_path):
    assert isinstance(detect({"GITHUB_ACTIONS": "true"}, io.StringIO(), tmp_path), GitHubActions)
    assert isinstance(detect({"GITHUB_ACTIONS": "1"}, io.StringIO(), tmp_path), Plain)
    assert isinstance(detect({"CI": "true"}, io.StringIO(), tmp_path), Plain)


def test_the_workspace_is_the_one_that_exists(tmp_path):
    (tmp_path / "ws").mkdir()

    def workspace(**environ: str):
        found: CI = detect({"GITHUB_ACTIONS": "true", **environ}, io.StringIO(), tmp_path)
        return found.workspace

    assert workspace(GITHUB_WORKSPACE=str(tmp_path / "ws")) == tmp_path / "ws"
    assert workspace(GITHUB_WORKSPACE=str(tmp_path / "gone")) == tmp_path
    assert workspace() == tmp_path


@pytest.mark.parametrize("environ", [{}, {"CI": ""}, {"CI": "false"}, {"TRAVIS_PULL_REQUEST": "false"},
    {"CIRCLE_TOKEN": "x", "VERCEL_TOKEN": "x", "DRONE_TOKEN": "x", "GITHUB_TOKEN": "x", "BUILDKITE_AGENT_TOKEN": "x"},
])  # fmt: skip
def test_nothing_speaks_of_a_ci(tmp_path, environ):
    assert detect(environ, io.StringIO(), tmp_path).occasion == COMMAND_LINE


@pytest.mark.parametrize("value", ["true", "1"])
def test_a_ci_that_says_no_more(tmp_path, value):
    """What people give our container, to have reports written; most CIs set it, too."""
    usual = {"SSH_AGENT_PID": "4", "PATH": "/bin", "GALLERIA_BUCKET": "b", "PRECISION": "1", "HOSTNAME": "committee"}
    occasion = detect({"CI": value} | usual, io.StringIO(), tmp_path).occasion
    assert (occasion.cause, occasion.whose) == (Cause.UNTOLD, Whose.UNKNOWN)


@pytest.mark.parametrize(
    "environ",
    [
        {"CI": "somebody's"}, {"CI": "true", "CIRCLECI": "true"}, {"JENKINS_URL": "https://ci"}, {"TF_BUILD": "True"},
        {"GITHUB_ACTIONS": "1"}, {"CI": "true", "NEW_CI_PULL_REQUEST": "12"}, {"BITBUCKET_PR_ID": "3"},
        {"SYSTEM_PULLREQUEST_PULLREQUESTID": "4"}, {"JENKINS_HOME": "/j", "CHANGE_ID": "5"}, {"CHANGE_FORK": "guest"},
        {"BUILD_NUMBER": "7"}, {"TEAMCITY_VERSION": "2024"}, {"BUILDKITE": "true"}, {"TRAVIS": "true"},
        {"APPVEYOR": "True"}, {"CODEBUILD_WEBHOOK_EVENT": "PULL_REQUEST_CREATED"}, {"bamboo_planKey": "P"},
        {"GO_PIPELINE_NAME": "p"}, {"PROW_JOB_ID": "x"}, {"PULL_NUMBER": "4"}, {"ZUUL_CHANGE": "4"},
        {"BUILD_SUBMITTER": "git.sr.ht"}, {"DRONE_BUILD_EVENT": "push"}, {"GITHUB_EVENT_NAME": "push"},
        {"GITEA_ACTIONS": "true"}, {"CI": "true", "CI_COMMIT_SHA": "x"}, {"CI": "1", "PIPELINE_ID": "x"},
        {"CI": "true", "WORKERS_CI": "1"}, {"CI": "true", "HEAD_BRANCH": "x"}, {"CI": "true", "NEW_COMMIT_SHA": "x"},
        {"CI": "true", "NEW_CI": "x"}, {"TASKCLUSTER_ROOT_URL": "https://ci"},
    ],
)  # fmt: skip
def test_a_ci_that_is_not_known_is_told_by_name_and_not_trusted(tmp_path, environ):
    assert detect(environ, io.StringIO(), tmp_path).occasion.cause is Cause.OTHER


@pytest.mark.parametrize(
    ("stream", "environ", "expected"),
    [
        (Terminal, {"TERM": "xterm"}, True),
        (Terminal, {"TERM": "dumb"}, False),
        (Terminal, {"CI": "woodpecker"}, False),
        (Terminal, {"GITHUB_ACTIONS": "true"}, False),
        (io.StringIO, {"TERM": "xterm"}, False),
    ],
)
def test_who_watches(tmp_path, stream, environ, expected):
    assert (detect(environ, stream(), tmp_path).screen is not None) is expected


@pytest.mark.parametrize(
    ("stream", "environ", "coloured"),
    [
        (Terminal, {"TERM": "xterm"}, True),
        (Terminal, {"TERM": "xterm", "NO_COLOR": ""}, True),
        (Terminal, {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (Terminal, {"TERM": "xterm", "NO_COLOR": "0"}, False),
        (Terminal, {"TERM": "dumb"}, False),
        (Terminal, {"CI": "true"}, False),
        (io.StringIO, {"TERM": "xterm"}, False),
    ],
)
def test_colours_only_where_they_are_seen_and_wanted(tmp_path, stream, environ, coloured):
    screen = stream()
    detect(environ, screen, tmp_path).line("Deployed", "good")
    assert screen.getvalue() == ("\x1b[1;32mDeployed\x1b[0m\n" if coloured else "Deployed\n")


def test_nobodys_text_becomes_a_colour(tmp_path):
    screen = Terminal()
    detect({"TERM": "xterm"}, screen, tmp_path).line("\x1b[0mgreen\x1b[31m", "bad")
    assert screen.getvalue() == "\x1b[1;31m\\x1b[0mgreen\\x1b[31m\x1b[0m\n"


@pytest.mark.parametrize(
    "text", ["a" * 200, "  of " + "words " * 40, "", "  ", "https://example.org/" + "x" * 90 + " is there"]
)
def test_a_terminal_gets_lines_that_fit_and_words_that_are_whole(tmp_path, text):
    ci, stream = detect({"TERM": "xterm"}, screen := Terminal(), tmp_path), screen
    ci.line(text)
    lines = stream.getvalue().splitlines()
    assert all(len(line) <= 80 or " " not in line.strip() for line in lines)
    assert all(line.startswith("    " if text.startswith("  ") else "  ") for line in lines[1:])
    assert " ".join(lines).split() == text.split()


def test_a_log_is_left_as_it_is(tmp_path):
    ci, stream = plain(tmp_path)
    ci.line("words " * 40)
    assert stream.getvalue() == "words " * 40 + "\n"


def test_lines_are_written_above_the_bar(tmp_path):
    stream = Terminal()
    ci = detect({"TERM": "xterm"}, stream, tmp_path)
    assert ci.screen
    ci.line("before")
    ci.screen.show("half ━━╌╌")
    ci.screen.show("half ━━╌╌")
    ci.warning("careful")
    ci.screen.show("")
    ci.line("after")
    assert stream.getvalue() == ("before\n\r\x1b[Khalf ━━╌╌\r\x1b[KWarning: careful\nhalf ━━╌╌\r\x1b[Kafter\n")


def test_a_bar_where_the_terminal_has_no_such_characters():
    raw = io.BytesIO()
    log = Log(io.TextIOWrapper(raw, encoding="ascii"))
    log.show("━━╌╌")
    assert raw.getvalue() == b"\r\x1b[K==--"
    assert log.columns >= 20


def test_terminal_escapes_are_shown_and_not_obeyed(tmp_path):
    ci, stream = plain(tmp_path)
    ci.line("a\x1b]0;title\x07\nb\u202ec")
    assert stream.getvalue() == "a\\x1b]0;title\\x07\\nb\\u202ec\n"


def test_problems_name_their_place(tmp_path):
    ci, stream = plain(tmp_path)
    ci.error(Finding("twice", "a.json", 3))
    ci.warning("first\nsecond")
    with ci.group("Upload"):
        ci.line("x")
    ci.close()
    assert stream.getvalue() == "Error: a.json:3: twice\nWarning: first\n  second\nUpload\nx\n"


def test_secrets_are_blacked_out_in_every_form(tmp_path):
    ci, stream = plain(tmp_path)
    ci.mask("key/with+plus")
    ci.mask("key/with+plus and more")
    ci.line("key/with+plus key%2Fwith%2Bplus a2V5L3dpdGgrcGx1cw==")
    ci.error("key/with+plus and more")
    assert stream.getvalue() == "*** *** ***\nError: ***\n"


def test_there_are_no_outputs_and_no_summary(tmp_path):
    ci, stream = plain(tmp_path)
    ci.write_outputs({"a": 1})
    assert ci.summary_budget == 0
    ci.write_summary("")
    with pytest.raises(ValueError, match="no summary"):
        ci.write_summary("x")
    assert stream.getvalue() == ""


def test_a_stream_that_lacks_characters_does_not_end_the_run(tmp_path):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    Plain(stream, tmp_path, interactive=False).line("写真 📷")
    assert raw.getvalue() == b"\\u5199\\u771f \\U0001f4f7\n"
