"""GitLab CI: what its log, its dotenv report and its merge requests get from whole runs."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.ci.detect import detect
from galleria_action.ci.gitlab import DOTENV_FILE, GitLab
from galleria_action.ci.gitlab_notes import GitLabNotes, _without_quick_actions, open_notes
from galleria_action.ci.interface import Wishes
from galleria_action.ci.occasion import Cause, Whose
from galleria_action.deployment.stop import Stop
from galleria_action.options import BY_NAME
from galleria_action.run import World, run
from tests.builders import Gallery, make_gallery
from tests.ci.fake_forge import Forge, serving
from tests.report.examples import HOSTILE, named_plan, planned

TOKEN = "glpat-a-token"


@pytest.fixture
def forge() -> Iterator[Forge]:
    with serving(Forge({TOKEN: "project_7_bot", "other": "somebody"}, "username")) as forge:
        yield forge


@dataclass
class Project:
    """A project with a gallery, and its jobs."""

    folder: Path
    forge: Forge
    gallery: Gallery
    job: int = 1000
    environ: dict[str, str] = field(default_factory=dict)

    def run(self, *args: str, **environ: str) -> tuple[int, str]:
        self.job += 1
        variables = {
            "CI": "true",
            "GITLAB_CI": "true",
            "CI_PROJECT_DIR": str(self.folder),
            "CI_PIPELINE_ID": str(self.job // 10),
            "CI_JOB_ID": str(self.job),
            "CI_JOB_URL": f"https://gitlab.example/group/wedding/-/jobs/{self.job}",
            "CI_COMMIT_SHA": "c" * 40,
            "CI_API_V4_URL": f"{self.forge.url}/api/v4",
            "CI_MERGE_REQUEST_IID": "5",
            "CI_MERGE_REQUEST_PROJECT_ID": "7",
            "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "7",
            "CI_MERGE_REQUEST_PROJECT_URL": "https://gitlab.example/group/wedding",
            "GITLAB_TOKEN": TOKEN,
            "GALLERIA_BUCKET": f"file://{self.folder.parent}/bucket",
        }
        log = io.StringIO()
        world = World({**variables, **environ}, self.folder, log, log, Stop())
        return run(args, world), log.getvalue()

    def push(self) -> tuple[int, str]:
        """Deploy after the merge."""
        beside = dict.fromkeys(("IID", "PROJECT_ID", "SOURCE_PROJECT_ID", "PROJECT_URL"), "")
        merged = {f"CI_MERGE_REQUEST_{name}": value for name, value in beside.items()}
        return self.run("deploy", CI_PIPELINE_SOURCE="push", **merged)

    def variables(self) -> dict[str, str]:
        """What GitLab reads from the dotenv report, with its rules."""
        raw = (self.folder / DOTENV_FILE).read_bytes()
        assert len(raw) <= 5 * 1024
        lines = raw.decode("utf-8").removesuffix("\n").split("\n")
        assert len(lines) <= 20
        pairs = [line.partition("=") for line in lines]
        assert all(re.fullmatch("[A-Za-z0-9_]{1,255}", key) and equals for key, equals, _ in pairs)
        return {key: value for key, _, value in pairs}


@pytest.fixture
def project(tmp_path: Path, forge: Forge) -> Project:
    folder = tmp_path / "project"
    return Project(folder, forge, make_gallery(folder / "prod/pics", 2))


def sections(log: str) -> list[tuple[str, str]]:
    """The sections as GitLab's log viewer sees them: (title, lines inside)."""
    marker = re.compile(r"\x1b\[0Ksection_(start|end):(\d+):([a-zA-Z0-9_.-]+)(?:\[collapsed=true\])?\r\x1b\[0K")
    found, open_name, title, start = [], "", "", 0
    for match in marker.finditer(log):
        if match[1] == "start":
            assert not open_name
            open_name, start = match[3], log.index("\n", match.end())
            title = log[match.end() : start]
        else:
            assert match[3] == open_name
            found.append((title, log[start : match.start()]))
            open_name = ""
    assert not open_name
    return found


def test_gitlab_is_recognised(tmp_path: Path):
    assert isinstance(detect({"GITLAB_CI": "true"}, io.StringIO(), tmp_path), GitLab)


def test_the_log_folds_and_the_outputs_are_a_dotenv_report(project: Project):
    code, log = project.push()
    assert code == 0, log
    assert [title for title, _ in sections(log)] == ["Validate", "Plan", "Deploy"]
    outputs = project.variables()
    assert outputs["GALLERIA_OUTPUT_SUCCESS"] == "true"
    assert outputs["GALLERIA_OUTPUT_PHOTOS_UPLOADED"] == "2"
    assert len(outputs["GALLERIA_OUTPUT_PLAN_ID"]) == 64
    assert "\x1b" not in "".join(inside for _, inside in sections(log))


def test_no_output_becomes_an_option_of_a_later_job(project: Project):
    project.run("plan")
    names = {name for option in BY_NAME.values() for name in option.environment_names}
    assert not names & project.variables().keys()


@given(text=st.text(st.characters(), max_size=30) | st.sampled_from(["\x1b[0Ksection_end:1:galleria_1\r\x1b[0K"]))
def test_whatever_is_printed_opens_and_closes_no_section(tmp_path_factory, text: str):
    stream = io.StringIO()
    ci = GitLab({}, stream, tmp_path_factory.getbasetemp())
    with ci.group(text):
        ci.line(text)
        ci.error(text)
    assert len(sections(stream.getvalue())) == 1


@given(values=st.dictionaries(st.sampled_from(["plan-id", "preview-url", "failure-reason"]), st.text(max_size=300)))
def test_any_value_is_one_variable(tmp_path_factory, values: dict[str, str]):
    folder = tmp_path_factory.mktemp("dotenv")
    GitLab({}, io.StringIO(), folder).write_outputs(values)
    lines = (folder / DOTENV_FILE).read_bytes().decode("utf-8").split("\n")[:-1]
    assert len(lines) == len(values)
    assert all(len(line) < 250 for line in lines)


# -- the note --------------------------------------------------------------------------------------------------------


def test_one_note_is_kept_up_to_date(project: Project, forge: Forge):
    for number in range(5):
        forge.add("somebody", f"nice photo {number}")
    assert project.run("plan")[0] == 0
    note = forge.comments[-1]
    assert note["author"]["username"] == "project_7_bot"
    assert "2 photos" in note["body"] and "planned by [this run](https://gitlab.example/" in note["body"]
    for _ in range(2):
        forge.add("somebody", "and another")
    project.gallery.add(7)
    assert project.run("plan")[0] == 0
    assert [one["id"] for one in forge.comments if one["author"]["username"] != "somebody"] == [note["id"]]
    assert "3 photos" in note["body"]


def test_somebody_elses_note_with_our_marker_is_left_alone(project: Project, forge: Forge):
    project.run("plan")
    forged = forge.comments.pop()
    forge.add("somebody", forged["body"])
    project.run("plan", "--force")
    assert forge.comments[0]["body"] == forged["body"]
    assert len(forge.comments) == 2


def test_an_older_job_does_not_set_the_note_back(project: Project, forge: Forge):
    project.run("plan")
    project.gallery.add(7)
    newer, project.job = forge.comments[0]["body"], 0
    code, log = project.run("plan")
    assert code == 0
    assert "newer job" in log
    assert forge.comments[0]["body"] == newer


def test_labels_keep_galleries_apart(project: Project, forge: Forge):
    project.run("plan", "--label", "first")
    project.run("plan", "--label", "second")
    assert len(forge.comments) == 2


def test_no_note_without_changes_unless_it_is_always_wanted(project: Project, forge: Forge):
    assert project.push()[0] == 0
    assert not forge.asked
    project.run("plan")
    assert not forge.comments
    project.run("plan", "--comment", "always")
    assert len(forge.comments) == 1


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refused_note_is_a_warning_that_says_what_token_it_takes(project: Project, forge: Forge, status: int):
    forge.failures = [(status, "insufficient_scope")] * 5
    code, log = project.run("plan")
    assert code == 0
    assert "insufficient_scope" in log and "scope api" in log
    assert TOKEN not in log


def test_passing_faults_are_waited_out(project: Project, forge: Forge):
    forge.failures = [(502, "Bad Gateway"), (429, "Too Many Requests")]
    assert project.run("plan")[0] == 0
    assert len(forge.comments) == 1


def test_without_a_token_or_a_merge_request_nothing_is_asked(project: Project, forge: Forge):
    code, log = project.run("plan", GITLAB_TOKEN="")
    assert (code, "no token" in log) == (0, True)
    assert project.run("plan", CI_MERGE_REQUEST_IID="")[0] == 0
    assert not forge.asked


def test_the_token_of_github_does_not_go_to_gitlab(project: Project, forge: Forge):
    forge.people["github-token"] = "thief"
    project.run("plan", "--github-token", "github-token", GITLAB_TOKEN="")
    assert not forge.asked


def test_the_token_is_never_shown(project: Project, forge: Forge):
    project.gallery.photos[0]["id"] = f"photo {TOKEN}"
    project.gallery.save()
    _, log = project.run("plan", "--comment", "always")
    assert TOKEN not in log
    assert TOKEN not in forge.comments[0]["body"]


def test_a_forks_merge_request_is_planned_without_secrets_and_stays_green(project: Project):
    code, log = project.run(
        "plan", "--bucket", "wedding", CI_MERGE_REQUEST_SOURCE_PROJECT_ID="8", GITLAB_TOKEN="", GALLERIA_BUCKET=""
    )
    assert code == 0, log
    assert "merge request of a fork" in log


def test_no_line_of_a_note_is_an_order_to_gitlab():
    notes = open_notes(
        {
            "CI_API_V4_URL": "http://127.0.0.1:9",
            "CI_MERGE_REQUEST_IID": "5",
            "CI_MERGE_REQUEST_PROJECT_ID": "7",
            "GITLAB_TOKEN": TOKEN,
        },
        Wishes(comment="always"),
        warn=print,
        line=print,
        hide=str,
    )
    assert isinstance(notes, GitLabNotes)
    body = notes._written(planned(named_plan([*HOSTILE, "/merge", "\n/close"])), _marker(), None)
    assert body and not re.search(r"(?m)^\s*/", body)
    assert _without_quick_actions("/merge\na /b\n  /close") == "&#47;merge\na /b\n  &#47;close"


def test_other_commands_write_no_note(project: Project, forge: Forge):
    assert project.push()[0] == 0
    for command in ("verify", "validate", "cors"):
        assert project.run(command, "--comment", "always")[0] == 0
    assert not forge.asked


def _marker():
    from galleria_action.ci.reviews.marker import Marker

    return Marker("x" * 32, (1, 1))


# -- what started the pipeline -----------------------------------------------------------------------------------------

_MERGE_REQUEST = {"CI_MERGE_REQUEST_IID": "5", "CI_MERGE_REQUEST_PROJECT_ID": "7"}


@pytest.mark.parametrize(
    ("environ", "cause", "whose"),
    [
        ({"CI_PIPELINE_SOURCE": "push"}, Cause.PUSH, Whose.OURS),
        ({"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_TAG": "v1"}, Cause.TAG, Whose.OURS),
        ({"CI_PIPELINE_SOURCE": "web"}, Cause.DISPATCH, Whose.OURS),
        ({"CI_PIPELINE_SOURCE": "trigger"}, Cause.DISPATCH, Whose.OURS),
        ({"CI_PIPELINE_SOURCE": "schedule"}, Cause.SCHEDULE, Whose.OURS),
        ({"CI_PIPELINE_SOURCE": "external_pull_request_event"}, Cause.OTHER, Whose.OURS),
        ({"CI_PIPELINE_SOURCE": "push", "CI_EXTERNAL_PULL_REQUEST_IID": "3"}, Cause.PULL_REQUEST, Whose.UNKNOWN),
        ({"CI_PIPELINE_SOURCE": "api", "CI_MERGE_REQUEST_ID": "3"}, Cause.PULL_REQUEST, Whose.UNKNOWN),
        (
            {"CI_PIPELINE_SOURCE": "api", "CI_COMMIT_REF_NAME": "refs/merge-requests/3/head"},
            Cause.PULL_REQUEST,
            Whose.UNKNOWN,
        ),
        ({"CI_PIPELINE_SOURCE": "parent_pipeline"}, Cause.OTHER, Whose.OURS),
        ({"CI_PIPELINE_SOURCE": "tomorrow's"}, Cause.OTHER, Whose.OURS),
        ({}, Cause.OTHER, Whose.OURS),
        ({"CI_PIPELINE_SOURCE": "merge_request_event"}, Cause.PULL_REQUEST, Whose.UNKNOWN),
        (_MERGE_REQUEST | {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "7"}, Cause.PULL_REQUEST, Whose.OURS),
        (_MERGE_REQUEST | {"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "8"}, Cause.PULL_REQUEST, Whose.FORK),
        (_MERGE_REQUEST, Cause.PULL_REQUEST, Whose.FORK),
        (_MERGE_REQUEST | {"CI_PIPELINE_SOURCE": "push"}, Cause.PULL_REQUEST, Whose.FORK),
        (_MERGE_REQUEST | {"CI_PIPELINE_SOURCE": "parent_pipeline"}, Cause.PULL_REQUEST, Whose.FORK),
    ],
)
def test_what_started_the_pipeline(tmp_path: Path, environ: dict[str, str], cause: Cause, whose: Whose):
    found = detect({"GITLAB_CI": "true"} | environ, io.StringIO(), tmp_path).occasion
    assert (found.cause, found.whose) == (cause, whose)
