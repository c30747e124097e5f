"""Who may decide: what each occasion permits, and what a config file may say there."""

from __future__ import annotations

import io
import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galleria_action import policy
from galleria_action.ci.occasion import COMMAND_LINE, Cause, Occasion, Whose
from galleria_action.ci.plain import Plain
from galleria_action.cli.commands import COMMANDS, Command
from galleria_action.deployment.stop import Stop
from galleria_action.options import BY_NAME, OPTIONS, Options
from galleria_action.options.checks import CheckOptions
from galleria_action.options.declaration import Option, Topic
from galleria_action.options.kinds import TEXT
from galleria_action.options.origin import Given, Origin, Trust, texts
from galleria_action.policy import Writes
from galleria_action.run import World, run
from tests.builders import make_gallery

#: the only occasions on which anything is written, said once more and by hand
WRITING = {
    (cause, Whose.OURS)
    for cause in (Cause.PUSH, Cause.TAG, Cause.RELEASE, Cause.SCHEDULE, Cause.DISPATCH, Cause.COMMAND_LINE)
}
#: the only ones on which a preview is written, or removed
PREVIEWING = WRITING | {(Cause.PULL_REQUEST, Whose.OURS)}
#: the only ones whose config file may say where to
TRUSTED = set(PREVIEWING)
#: there the job alone says where to
WRITING |= {(Cause.UNTOLD, Whose.UNKNOWN)}
PREVIEWING |= WRITING


def occasion(cause: Cause, whose: Whose) -> Occasion:
    return Occasion(cause, whose, "something")


FORK = occasion(Cause.PULL_REQUEST, Whose.FORK)
TARGET = occasion(Cause.OTHER, Whose.FORK)
PUSH = occasion(Cause.PUSH, Whose.OURS)


def everything(option: Option) -> bool:
    return True


def said(origin: Origin = Origin.CONFIG, **texts: str) -> dict[str, Given]:
    return {name.replace("_", "-"): Given(text, origin) for name, text in texts.items()}


# -- occasion × command ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cause", "whose"), list(product(Cause, Whose)))
def test_no_combination_outside_of_the_table_writes(cause: Cause, whose: Whose):
    flags = (False, True)
    for command, dry_run, asked, preview in product(COMMANDS.values(), flags, flags, flags):
        options = Options(command=command.name, dry_run=dry_run, checks=CheckOptions(setup_cors=asked))
        writes = command.would_write(options, preview=preview)
        refused = policy.refusal(occasion(cause, whose), writes=writes)
        beside = command.name == "cleanup" or (command.name == "deploy" and preview)
        if writes and (cause, whose) not in (PREVIEWING if beside else WRITING):
            assert refused is not None
            assert refused.exit_code == 2
        else:
            assert refused is None


def test_a_command_that_nobody_has_thought_of_is_refused():
    new = Command(name="new", help="something", topics=Topic.BUCKET, run=COMMANDS["plan"].run)
    assert policy.refusal(TARGET, writes=new.would_write(Options(command="new")))


def test_what_each_occasion_permits_is_told_in_full():
    assert {(cause, whose) for cause, whose, it in policy.occasions() if it.writes is Writes.GALLERY} == WRITING
    assert {(cause, whose) for cause, whose, it in policy.occasions() if it.writes} == PREVIEWING
    assert {(cause, whose) for cause, whose, it in policy.occasions() if it.trusts_config} == TRUSTED
    assert len(policy.occasions()) == len(Cause) * len(Whose)


# -- origin of options -------------------------------------------------------------------------------------------------

_UNTRUSTED = [occasion(*pair) for pair in product(Cause, Whose) if pair not in TRUSTED]
_VALUES = {
    option.name: [*option.kind.choices, option.default or "x"]
    + (["true", "false"] if option.kind.bare == "true" else [])
    for option in OPTIONS
} | {"max-delete": ["0", "0%", "3", "10%", "25%", "25.1%", "100%", "999999"]}


@pytest.mark.parametrize("origin", [it for it in Origin if it is not Origin.CONFIG])
def test_what_the_workflow_says_always_counts(origin: Origin):
    for option, where in product(OPTIONS, (*_UNTRUSTED, PUSH, COMMAND_LINE)):
        given_ = {option.name: Given("x", origin)}
        heeded = policy.heed(where, given_, everything)
        assert (heeded.given, heeded.refused, heeded.warnings) == (given_, (), ()), (option.name, where)


@pytest.mark.parametrize(
    "name",
    [
        "bucket", "prefix", "endpoint", "region", "provider", "acl", "public-url", "environment-url", "checkpoint-file",
        "plan-file", "result-file", "report-file", "label", "shard-count", "state",
    ],
)  # fmt: skip
def test_where_to_is_not_said_by_a_file_that_may_be_anybodys(name: str):
    for where in _UNTRUSTED:
        heeded = policy.heed(where, {name: Given("x", Origin.CONFIG)}, everything)
        assert not heeded.given
        assert f"{name}: not from the config file" in str(heeded.refused)
        assert "as an input in the workflow" in str(heeded.refused)
    assert policy.heed(PUSH, {name: Given("x", Origin.CONFIG)}, everything).given


@given(st.data())
@settings(deadline=None)
def test_a_file_that_may_be_anybodys_never_loosens(data: st.DataObject):
    where = data.draw(st.sampled_from(_UNTRUSTED))
    name = data.draw(st.sampled_from([option.name for option in OPTIONS]))
    text = data.draw(st.sampled_from(_VALUES[name]) | st.text(max_size=8))
    option = BY_NAME[name]
    heeded = policy.heed(where, {name: Given(text, Origin.CONFIG)}, everything)
    if heeded.given and option.config.trust is Trust.TIGHTEN:
        assert option.config.tightens(option.kind.parse(text), option.kind.parse(option.default))
    elif heeded.given:
        assert option.config.trust is Trust.FREE
    else:
        assert heeded.refused or heeded.warnings


@pytest.mark.parametrize(
    ("name", "tighter", "looser"),
    [
        ("max-delete", ["25%", "10%", "0", "0%"], ["26%", "100%", "1", "some"]),
        ("allow-empty", ["false"], ["true", "TRUE"]),
        ("force", ["false"], ["true"]),
        ("orphans", ["fail"], ["warn", "ignore", "delete"]),
        ("verify", ["list", "deep"], ["off"]),
        ("hash-check", ["warn", "strict"], ["off"]),
        ("exif-errors", ["warn", "fail"], []),
        ("cors", ["require"], ["warn", "skip"]),
        ("setup-cors", ["false"], ["true"]),
        ("plan-approval", ["off", "warn", "require"], []),
        ("strip-gps", ["true", "false"], []),
        ("redact-paths", ["true", "false"], []),
        ("comment", ["changes", "always"], ["off"]),
        ("dry-run", ["true", "false"], []),
        ("on-error", ["fail"], ["skip"]),
        ("duplicates", ["off", "warn", "fail"], []),
        ("threshold", ["10", "12"], ["9", "0"]),
        ("min-resolution", ["100", "0"], ["101"]),
    ],
)
def test_what_tightens_and_what_loosens(name: str, tighter: list[str], looser: list[str]):
    for text in tighter:
        assert policy.heed(TARGET, {name: Given(text, Origin.CONFIG)}, everything).given, text
    for text in looser:
        heeded = policy.heed(TARGET, {name: Given(text, Origin.CONFIG)}, everything)
        assert not heeded.given, text
        assert f"{name}: '{text}' in the config file would loosen the default" in heeded.warnings[0]


def test_the_scale_of_every_option_that_may_be_tightened_holds_all_its_values():
    for option in OPTIONS:
        if option.config.trust is Trust.TIGHTEN:
            flag = ("true", "false") if option.kind.bare == "true" else (option.default,)
            for word in option.kind.choices or flag:
                default = option.kind.parse(option.default)
                assert isinstance(option.config.tightens(option.kind.parse(word), default), bool), (option.name, word)


def test_an_approval_is_never_in_a_config_file():
    for where in (*_UNTRUSTED, PUSH, COMMAND_LINE):
        heeded = policy.heed(where, said(approved_plan="a" * 64), everything)
        assert not heeded.given
        assert heeded.refused


def test_an_option_that_nobody_has_declared_harmless_is_refused():
    assert Option("new", "something", TEXT, "", Topic.ANY).config.trust is Trust.REVIEWED
    heeded = policy.heed(PUSH, said(of_tomorrow="x"), everything)
    assert not heeded.given
    assert heeded.refused, "unknown even here"


def test_what_does_not_matter_to_the_command_is_left_aside_without_a_word():
    heeded = policy.heed(TARGET, said(bucket="x", site="y"), COMMANDS["validate"].shows)
    assert (texts(heeded.given), heeded.refused, heeded.warnings) == ({"site": "y"}, (), ())


def test_a_run_without_keys_does_without_what_the_file_says():
    heeded = policy.heed(FORK, said(bucket="x", public_url="http://169.254.1.1"), everything, publicly=True)
    assert not heeded.given
    assert not heeded.refused
    assert len(heeded.warnings) == 2


def test_keys_from_the_workflow_end_the_run_without_secrets():
    assert policy.goes_without(FORK, {})
    assert not policy.goes_without(FORK, said(Origin.ENVIRONMENT, access_key="k"))
    assert not policy.goes_without(TARGET, {})
    assert not policy.goes_without(occasion(Cause.PULL_REQUEST, Whose.OURS), {})


# -- all of it, by whole runs ------------------------------------------------------------------------------------------

#: every event of GitHub's documentation, and some of nobody's
EVENTS = (
    "branch_protection_rule", "check_run", "check_suite", "create", "delete", "deployment", "deployment_status",
    "discussion", "discussion_comment", "fork", "gollum", "issue_comment", "issues", "label", "merge_group",
    "milestone", "page_build", "public", "pull_request", "pull_request_comment", "pull_request_review",
    "pull_request_review_comment", "pull_request_target", "push", "registry_package", "release", "repository_dispatch",
    "schedule", "status", "watch", "workflow_call", "workflow_dispatch", "workflow_run", "PUSH", "push2",
)  # fmt: skip
DEPLOYING = {"push", "release", "repository_dispatch", "schedule", "workflow_dispatch"}


def deploys(tmp_path: Path, environ: dict[str, str], *args: str) -> bool:
    """Whether ``deploy`` on this occasion writes anything."""
    workspace, bucket = tmp_path / "workspace", tmp_path / "bucket"
    if not workspace.exists():
        make_gallery(workspace / "prod/pics", 1)
    log = io.StringIO()
    code = run(["deploy", "--bucket", f"file://{bucket}", *args], World(environ, workspace, log, log, Stop()))
    wrote = bucket.exists() and any(bucket.rglob("*"))
    assert wrote == (code == 0 and "Dry run" not in log.getvalue() and "not planned" not in log.getvalue())
    return wrote


ASKED = {
    "plain": {}, "from the environment": {"GALLERIA_SETUP_CORS": "true", "GALLERIA_FORCE": "true"},
    "from the file": {"config": "setup-cors: true\nallow-empty: true\nmax-delete: 100%\norphans: delete\n"},
    "to elsewhere, from the file": {"config": "bucket: file:///{elsewhere}\ncheckpoint-file: x.json\n"},
}  # fmt: skip


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("command", [command.name for command in COMMANDS.values() if command.needs_bucket])
def test_no_whole_run_outside_of_the_table_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, asked: str
):
    """Every occasion on which nothing may be written, every command that knows a bucket, each pair of these plainly and
    from one origin: nothing is there. On the others more or less is written; what a command may do there is not decided
    by the occasion."""
    workspace, bucket, elsewhere = tmp_path / "workspace", tmp_path / "bucket", tmp_path / "elsewhere"
    make_gallery(workspace / "prod/pics", 1)
    environ = dict(ASKED[asked]) | {"GALLERIA_APPROVED_PLAN": "a" * 64, "GALLERIA_SHARD_COUNT": "1"}
    if config := environ.pop("config", ""):
        (workspace / "galleria.yml").write_text(config.replace("{elsewhere}", str(elsewhere)), encoding="utf-8")
    occasions = [it for it in product(Cause, Whose) if it not in WRITING]
    first = (list(ASKED).index(asked) + list(COMMANDS).index(command)) % 3
    for cause, whose in occasions if asked == "plain" else occasions[first::3]:
        ci = Plain(io.StringIO(), workspace, interactive=False, occasion=occasion(cause, whose))
        monkeypatch.setattr("galleria_action.run.detect", lambda *_, ci=ci: ci)
        log = io.StringIO()
        target = [] if "elsewhere" in asked else ["--bucket", f"file://{bucket}"]
        run([command, *target, "--comment", "off"], World(environ, workspace, log, log, Stop()))
        assert not bucket.exists(), (cause, whose)
        assert not elsewhere.exists(), (cause, whose)


def on_github(tmp_path: Path, name: str, payload: Any) -> dict[str, str]:
    file = tmp_path / "event.json"
    file.write_text(json.dumps(payload), encoding="utf-8")
    return {
        "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(file),
        "GITHUB_REPOSITORY": "maker/wedding", "INPUT_COMMENT": "off",
    }  # fmt: skip


@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize("repository", ["maker/wedding", "guest/wedding"])
def test_every_event_of_github(tmp_path: Path, name: str, repository: str):
    origin = {"repo": {"full_name": repository}, "sha": "a" * 40}
    payload = {"pull_request": {"number": 5, "head": origin}, "comment": {"body": "/deploy"}}
    assert deploys(tmp_path, on_github(tmp_path, name, payload)) == (name in DEPLOYING)


@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize("repository", ["maker/wedding", "guest/wedding"])
def test_every_event_of_github_before_a_workflow_run(tmp_path: Path, name: str, repository: str):
    payload = {"workflow_run": {"event": name, "head_repository": {"full_name": repository}, "head_sha": "a" * 40}}
    expected = name in DEPLOYING and repository == "maker/wedding"
    assert deploys(tmp_path, on_github(tmp_path, "workflow_run", payload)) == expected


@pytest.mark.parametrize("payload", [None, [], {}, {"workflow_run": None}, {"workflow_run": {"event": "push"}}])
def test_a_workflow_run_of_which_nothing_is_known(tmp_path: Path, payload: Any):
    assert not deploys(tmp_path, on_github(tmp_path, "workflow_run", payload))


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, True),
        ({"CI": "true"}, True),
        ({"GITHUB_ACTIONS": "true"}, False),
        ({"GITLAB_CI": "true", "CI_PIPELINE_SOURCE": "push"}, True),
        ({"GITLAB_CI": "true", "CI_PIPELINE_SOURCE": "merge_request_event"}, False),
        ({"GITLAB_CI": "true"}, False),
        ({"CI": "woodpecker", "CI_PIPELINE_EVENT": "tag"}, True),
        ({"CI": "woodpecker", "CI_PIPELINE_EVENT": "pull_request"}, False),
        ({"CI": "woodpecker"}, False),
        ({"DRONE": "true", "DRONE_BUILD_EVENT": "push"}, True),
        ({"DRONE": "true", "DRONE_BUILD_EVENT": "pull_request"}, False),
        ({"FORGEJO_ACTIONS": "true", "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push"}, True),
        ({"FORGEJO_ACTIONS": "true", "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "issue_comment"}, False),
        ({"CI": "true", "CIRCLECI": "true"}, False),
        ({"CI": "true", "SOME_PULL_REQUEST": "5"}, False),
    ],
)
def test_every_ci(tmp_path: Path, environ: dict[str, str], expected: bool):
    assert deploys(tmp_path, environ | {"GALLERIA_COMMENT": "off"}) == expected


def test_a_dry_run_is_welcome_everywhere(tmp_path: Path):
    assert not deploys(tmp_path, on_github(tmp_path, "issue_comment", {}), "--dry-run")
