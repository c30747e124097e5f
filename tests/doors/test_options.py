"""Where an option's value comes from, and that every mistake is told at once."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galleria_action.cli.commands import COMMANDS
from galleria_action.cli.help import page
from galleria_action.cli.parse import parse
from galleria_action.errors import ConfigInvalid
from galleria_action.options import BY_NAME, OPTIONS, SECRETS, Options, resolve

BUCKET = {"GALLERIA_BUCKET": "gallery-bucket"}


def options(args: list[str], environ: dict[str, str] | None = None, folder: Path = Path("/nowhere")) -> Options:
    found = parse(args, environ if environ is not None else BUCKET, folder)
    command = COMMANDS[found.command]
    values = {name: it.text for name, it in found.given.items()}
    return resolve(
        command.name,
        values,
        found.problems,
        mistakes=found.mistakes,
        uses_bucket=command.needs_bucket,
        needs_bucket=found.complete,
    )


def problems(args: list[str], environ: dict[str, str] | None = None, folder: Path = Path("/nowhere")) -> str:
    with pytest.raises(ConfigInvalid) as caught:
        options(args, environ, folder)
    assert caught.value.exit_code == 2
    return "\n".join(map(str, caught.value.findings))


# -- precedence ----------------------------------------------------------------------------------------------------


def test_every_place_in_its_order(tmp_path: Path):
    (tmp_path / "galleria.yml").write_text(
        "concurrency: 5\nmax-delete: 3\nenvironments:\n  live:\n    concurrency: 4\n", encoding="utf-8"
    )
    environ = dict(BUCKET)
    assert options(["plan"], environ, Path("/nowhere")).upload.concurrency == 128
    assert options(["plan"], environ, tmp_path).upload.concurrency == 5
    environ["GALLERIA_ENVIRONMENT"] = "live"
    assert options(["plan"], environ, tmp_path).upload.concurrency == 4
    assert options(["plan"], environ, tmp_path).guards.max_delete.amount == 3
    environ["GALLERIA_CONCURRENCY"] = "3"
    assert options(["plan"], environ, tmp_path).upload.concurrency == 3
    environ["INPUT_CONCURRENCY"] = "2"
    assert options(["plan"], environ, tmp_path).upload.concurrency == 2
    assert options(["plan", "--concurrency", "1"], environ, tmp_path).upload.concurrency == 1


def test_inputs_keep_their_hyphens_and_an_empty_one_is_not_given():
    environ = BUCKET | {"INPUT_MAX-DELETE": "7", "INPUT_ORPHANS": "", "INPUT_VERIFY": "  ", "GALLERIA_VERIFY": "deep"}
    found = options(["deploy"], environ)
    assert (found.guards.max_delete.amount, found.guards.max_delete.percent) == (Fraction(7), False)
    assert found.guards.orphans == "fail"
    assert found.checks.verify == "deep"


def test_gallerias_own_names():
    environ = {
        "GALLERIA_S3_PUBLIC_ENDPOINT": "https://s3.example.org",
        "GALLERIA_S3_PUBLIC_ACCESS_KEY": "key",
        "GALLERIA_S3_PUBLIC_SECRET_KEY": "secret",
        "GALLERIA_S3_PUBLIC_BUCKET": "my-bucket",
        "GALLERIA_S3_PUBLIC_REGION": "fsn1",
    }
    store = options(["plan"], environ).store
    assert store is not None
    assert (store.target.endpoint, store.target.bucket) == ("https://s3.example.org", "my-bucket")
    assert (store.access_key, store.secret_key, store.region) == ("key", "secret", "fsn1")


def test_awss_own_names_come_last_and_only_whole():
    aws = {
        "AWS_ACCESS_KEY_ID": "aws-key",
        "AWS_SECRET_ACCESS_KEY": "aws-secret",
        "AWS_SESSION_TOKEN": "aws-token",
        "AWS_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL_S3": "http://localhost:9000",
    }
    store = options(["plan"], BUCKET | aws).store
    assert store is not None
    assert (store.access_key, store.session_token, store.region) == ("aws-key", "aws-token", "eu-central-1")
    assert store.target.endpoint == "http://localhost:9000"
    own = {"GALLERIA_ACCESS_KEY": "own", "GALLERIA_SECRET_KEY": "own-secret", "GALLERIA_REGION": "auto"}
    store = options(["plan"], BUCKET | aws | own).store
    assert store is not None
    assert (store.access_key, store.session_token, store.region) == ("own", None, "auto")


def test_awss_endpoint_does_not_reach_a_folder():
    environ = {"GALLERIA_BUCKET": "file:///srv/gallery", "AWS_ENDPOINT_URL": "http://localhost:9000"}
    store = options(["plan"], environ).store
    assert store is not None
    assert store.target.endpoint == "file://"


def test_the_action_chooses_its_command_by_input():
    assert options([], BUCKET | {"INPUT_COMMAND": "verify"}).command == "verify"
    assert options([], BUCKET | {"INPUT_COMMAND": "", "GITHUB_ACTIONS": "true"}).command == "deploy"
    assert "'destroy'" in str(parse([], BUCKET | {"INPUT_COMMAND": "destroy"}, Path("/nowhere")).mistakes)


def test_in_a_shell_no_command_is_never_a_deploy():
    found = parse([], BUCKET, Path("/nowhere"))
    assert (found.command, found.exit_code) == ("", 2)
    assert "Usage: galleria-action" in (found.text or "")


def test_the_list_of_commands_cuts_no_sentence_off():
    words = " ".join(page().split())
    assert all(command.help[1:] in words for command in COMMANDS.values())
    assert "..." not in page().partition("Commands:")[2]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--help"], "Usage: galleria-action [OPTIONS] COMMAND"),
        (["plan", "--help"], "Usage: galleria-action plan [OPTIONS]"),
        (["--version"], "galleria-action 1.0.0"),
    ],
)
def test_help_and_version_end_the_run(args: list[str], said: str):
    found = parse(args, {}, Path("/nowhere"))
    assert found.exit_code == 0
    assert (found.text or "").startswith(said)


def test_flags_need_no_value_and_take_one():
    assert options(["deploy", "--dry-run", "--force"]).dry_run
    assert not options(["deploy", "--dry-run", "false"]).dry_run
    assert not options(["deploy", "--resume=false"]).upload.resume
    assert parse(["plan", "--json"], BUCKET, Path("/nowhere")).as_json


@pytest.mark.parametrize("text", ["true", "True", "TRUE"])
def test_booleans_in_yamls_core_spellings(text: str):
    assert options(["deploy"], BUCKET | {"INPUT_DRY-RUN": text}).dry_run


@pytest.mark.parametrize("text", ["yes", "on", "1", "tRUE", "truth", "y"])
def test_other_booleans_are_mistakes(text: str):
    assert f"dry-run: '{text}' is neither true nor false" in problems(["deploy"], BUCKET | {"INPUT_DRY-RUN": text})


# -- all mistakes in one report ----------------------------------------------------------------------------------------


def test_all_mistakes_in_one_report(tmp_path: Path):
    (tmp_path / "galleria.yml").write_text("orphans: sometimes\nsiet: public\nsecret-key: abc\n", encoding="utf-8")
    environ = {
        "INPUT_MAX-DELETE": "some",
        "INPUT_CONCURRENCY": "0",
        "INPUT_CORS": "perhaps",
        "GALLERIA_ACCESS_KEY": "only half",
        "INPUT_APPROVED-PLAN": "short",
        "INPUT_PUBLIC-URL": "javascript:alert(1)",
    }
    text = problems(["deploy", "--photos-only", "--site-only", "--forec", "extra"], environ, tmp_path)
    for expected in (
        "galleria.yml:1: orphans: 'sometimes' is not one of fail, warn, ignore, delete",
        "galleria.yml:2: 'siet' is not an option of this file; is 'site' meant?",
        "galleria.yml:3: 'secret-key' is a secret and does not belong in a repository",
        "max-delete: 'some' is neither a count",
        "concurrency: '0' is not a whole number",
        "cors: 'perhaps' is not one of require, warn, skip",
        "bucket: not given",
        "photos-only: together with site-only",
        "approved-plan: 'short' is not a plan id",
        "public-url: 'javascript:alert(1)' is not an http or https address",
        "--forec: no such option; is --force meant?",
        "'extra': this argument is not expected",
    ):
        assert expected in text
    assert "abc" not in text


def test_without_a_bucket_galleria_users_read_the_words_they_know():
    with pytest.raises(ConfigInvalid) as caught:
        options(["plan"], {})
    assert caught.value.message == "Error: Missing S3 configuration"


def test_half_a_key_pair_is_a_mistake():
    assert "secret-key: not given, but access-key is" in problems(["plan"], BUCKET | {"INPUT_ACCESS-KEY": "k"})


def test_a_flag_without_its_value_is_a_mistake():
    assert problems(["plan", "--bucket"], {}) == "bucket: --bucket needs a value"


def test_validate_needs_no_bucket():
    assert options(["validate"], {}).store is None


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([option.name for option in OPTIONS if option.in_config]), st.text(max_size=30)))
def test_whatever_the_texts_are_the_end_is_options_or_findings(values: dict[str, str]):
    try:
        found = resolve("deploy", values, [])
    except ConfigInvalid as error:
        assert error.findings
        assert all(len(str(finding)) < 500 and "\n" not in str(finding) for finding in error.findings)
    else:
        assert found.store is not None


# -- secrets -----------------------------------------------------------------------------------------------------------


def test_secrets_are_known_and_never_in_a_representation():
    environ = BUCKET | {
        "INPUT_ACCESS-KEY": "AKIA-linnet",
        "INPUT_SECRET-KEY": "s-linnet",
        "INPUT_GITHUB-TOKEN": "g-linnet",
    }
    found = parse(["plan"], environ, Path("/nowhere"))
    assert {found.given[name].text for name in SECRETS if name in found.given} == {
        "AKIA-linnet", "s-linnet", "g-linnet",
    }  # fmt: skip
    assert "linnet" not in repr(options(["plan"], environ))


def test_an_invocation_reads_only_the_environment_it_was_handed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GALLERIA_BUCKET", "from-the-process")
    found = parse(["plan"], {}, Path("/nowhere"))
    assert "bucket" not in found.given


def test_every_option_has_its_names():
    assert BY_NAME["max-delete"].environment_names == (
        "INPUT_MAX-DELETE",
        "PLUGIN_MAX-DELETE",
        "PLUGIN_MAX_DELETE",
        "GALLERIA_MAX_DELETE",
    )
    assert len(BY_NAME) == len(OPTIONS)
