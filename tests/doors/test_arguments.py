"""The words of a command line: what they mean, and that a mistake is told alone."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.cli.arguments import read_arguments
from galleria_action.cli.parse import parse
from galleria_action.deployment.stop import Stop
from galleria_action.options import OPTIONS
from galleria_action.run import World, run
from tests.builders import make_gallery


def mistakes(*words: str) -> list[str]:
    return [str(it) for it in read_arguments(words).mistakes]


def test_values_stand_behind_a_blank_or_an_equals_sign():
    found = read_arguments(["plan", "--bucket", "a", "--prefix=b=c", "-s", "pics", "--label=--odd"])
    assert found.flags == {"bucket": "a", "prefix": "b=c", "source": "pics", "label": "--odd"}
    assert not found.mistakes


def test_flags_alone():
    assert read_arguments(["deploy", "--dry-run", "--force=false", "--progress", "--bucket", "x"]).flags == {
        "dry-run": "true",
        "force": "false",
        "progress": "auto",
        "bucket": "x",
    }
    assert read_arguments(["deploy", "--progress", "off"]).flags == {"progress": "off"}
    assert read_arguments(["deploy", "--progress", "-s", "x"]).flags == {"progress": "auto", "source": "x"}


@pytest.mark.parametrize("following", [[], ["--json"], ["--site", "x"], ["-s", "y"], ["--help"], ["--what"]])
def test_an_option_does_not_swallow_the_next_one(following: list[str]):
    found = read_arguments(["plan", "--bucket", *following])
    assert str(found.mistakes[0]) == "bucket: --bucket needs a value"
    assert "bucket" not in found.flags


def test_mistyped_options_take_their_value_along():
    assert mistakes("plan", "--buckte", "gallery", "--site", "x") == ["--buckte: no such option; is --bucket meant?"]
    assert mistakes("plan", "--forec", "extra") == [
        "--forec: no such option; is --force meant?",
        "'extra': this argument is not expected",
    ]
    assert mistakes("plan", "-x") == ["-x: no such option"]
    assert mistakes("plan", "--", "--bucket")[0].startswith("--: no such option")


def test_the_first_word_is_the_command():
    assert mistakes("verfy", "--json", "--bucket", "x") == ["command: 'verfy' is not a command; is verify meant?"]
    assert mistakes("--bucket", "x")[0].startswith("command: not given; the first word is one of validate, plan")
    assert read_arguments(["--bucket", "x"], "deploy").command == "deploy"
    assert read_arguments(["plan", "--bucket", "x"], "deploy").command == "plan"


@pytest.mark.parametrize(
    ("words", "page"),
    [(["help"], ""), (["help", "plan"], "plan"), (["help", "pln"], ""), (["--help"], ""), (["plan", "--help"], "plan")],
)
def test_help_is_a_word_too(words: list[str], page: str):
    found = read_arguments(words)
    assert (found.help, found.mistakes) == (page, [])


@given(st.lists(st.text(max_size=8) | st.sampled_from([f"--{option.name}" for option in OPTIONS] + ["--json", "-s"])))
def test_no_words_are_an_error(words: list[str]):
    for found in (read_arguments(words), read_arguments(["plan", *words])):
        assert all(isinstance(text, str) for text in found.flags.values())


# -- the whole way -----------------------------------------------------------------------------------------------------


def told(tmp_path: Path, *words: str, **environ: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    return run(words, World(environ, tmp_path, out, err, Stop())), out.getvalue(), err.getvalue()


@pytest.mark.parametrize(
    "words",
    [
        ["verify", "--json", "--bucket"],
        ["verify", "--bucket", "--json"],
        ["verify", "--json=true", "--bucket", "x y"],
        ["verify", "--json=perhaps"],
        ["verfy", "--json"],
        ["--json"],
        ["--json", "verify"],
        ["plan", "--json", "extra"],
        ["plan", "--json", "--config", "none.yml"],
        ["plan", "--json", "--source", "a\nb"],
    ],
)
def test_every_mistake_is_json_where_json_is_asked_for(tmp_path: Path, words: list[str]):
    code, out, err = told(tmp_path, *words)
    result = json.loads(out)
    assert (code, result["success"], result["failure_reason"]) == (2, False, "config-invalid")
    assert "Error" in err


def test_a_mistake_is_told_without_what_follows_from_it(tmp_path: Path):
    code, out, _ = told(tmp_path, "plan", "--bukcet", "x")
    assert code == 2
    assert "is --bucket meant?" in out
    assert "not given" not in out
    assert "See `galleria-action plan --help`" in out
    code, out, _ = told(tmp_path, "nothing", "--at-all")
    assert (code, "there are validate, plan, deploy" in out, "at-all" in out) == (2, True, False)
    assert "See `galleria-action --help`" in out


def test_a_config_file_that_cannot_be_read_is_told_without_what_it_may_have_said(tmp_path: Path):
    (tmp_path / "galleria.yml").write_text("bucket: [", encoding="utf-8")
    _, out, _ = told(tmp_path, "plan")
    assert "galleria.yml:1: not valid YAML" in out
    assert "not given" not in out


def test_two_buckets_as_galleria_may_have_them(tmp_path: Path):
    code, out, _ = told(tmp_path, "plan", GALLERIA_S3_PICS_BUCKET="pics", GALLERIA_S3_SITE_BUCKET="site")
    assert code == 2
    assert "GALLERIA_S3_PICS_BUCKET is of one of two buckets: deploy the photos with photos-only" in out


def test_quiet_says_how_it_ended_and_nothing_else(tmp_path: Path):
    make_gallery(tmp_path / "prod/pics", 2)
    words = ["deploy", "--bucket", f"file://{tmp_path}/bucket"]
    code, out, _ = told(tmp_path, *words, "--quiet")
    assert code == 0
    assert "online" in out
    assert len(out.splitlines()) <= 3
    code, out, _ = told(tmp_path, "plan", "--quiet", "--concurrency", "0")
    assert code == 2
    assert "concurrency: '0' is not" in out, "a mistake is told whole"


@pytest.mark.parametrize("name", ["access-key", "secret-key", "session-token", "github-token"])
@pytest.mark.parametrize("bad", ["cana ry", "cana\nry", "cana\try", "cañary", "cana\x00ry", "cana\udc80ry"])
def test_what_no_credential_can_hold_is_refused_and_never_shown(tmp_path: Path, name: str, bad: str):
    keys = {"access-key": "AKIA0000", "secret-key": "secret00"} | {name: bad}
    environ = {f"INPUT_{it.upper()}": text for it, text in keys.items()} | {"INPUT_BUCKET": "gallery"}
    code, out, _ = told(tmp_path, "plan", **environ)
    assert code == 2
    assert f"{name}: it holds a blank, a line break or a letter that no credential has" in out
    assert "cana" not in out


@pytest.mark.parametrize("bad", ["a\nb", "a\x00b", "a\x1b[31mb", "a\u2028b", "a\x85b", "a\udc80b"])
def test_control_characters_are_refused_by_the_options_name(tmp_path: Path, bad: str):
    for option in OPTIONS:
        if option.kind.secret or (option.kind.multiline and "\n" in bad):
            continue
        code, out, _ = told(tmp_path, "deploy", f"--{option.name}", bad)
        assert code == 2, option.name
        assert f"{option.name}: " in out
        assert bad not in out, option.name
        assert ("locale" in out) is ("\ud800" <= bad[-2] <= "\udfff"), "bytes that Python could not read as text"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("GALLERIA_STRIP_GSP", "GALLERIA_STRIP_GPS"),
        ("INPUT_MAX_DELETE", "INPUT_MAX-DELETE"),
        ("PLUGIN_ORPHAN", "PLUGIN_ORPHANS"),
        ("GALLERIA_A_ACCESS_KEY", ""),
        ("GALLERIA_DEBUG", ""),
        ("GALLERIA_S3_PICS_BUCKET", ""),
        ("GALLERIA_OUTPUT_PLAN_ID", ""),
        ("STRIP_GPS", ""),
    ],
)
def test_a_variable_that_is_nearly_an_option_is_told(tmp_path: Path, name: str, meant: str):
    warnings = parse(["validate"], {name: "true"}, tmp_path).warnings
    assert warnings == ((f"The variable {name} is not read; is {meant} meant?",) if meant else ())
    assert not parse(["validate"], {name: ""}, tmp_path).warnings


@pytest.mark.parametrize(("asked", "bucket"), [("photos-only", "pics"), ("site-only", "site"), ("", "")])
def test_galleria_s_two_buckets_are_those_of_their_parts(tmp_path: Path, asked: str, bucket: str):
    environ = {
        "GALLERIA_S3_PICS_BUCKET": "pics", "GALLERIA_S3_PICS_ACCESS_KEY": "key-of-pics",
        "GALLERIA_S3_PICS_REGION": "eu",
        "GALLERIA_S3_SITE_BUCKET": "site", "GALLERIA_S3_SITE_ACCESS_KEY": "key-of-site",
    }  # fmt: skip
    words = ["plan", *([f"--{asked}"] if asked else [])]
    given = parse(words, environ, tmp_path).given
    assert ("bucket" in given) is bool(bucket)
    if bucket:
        assert (given["bucket"].text, given["access-key"].text) == (bucket, f"key-of-{bucket}")
        assert ("region" in given) is (bucket == "pics")
    assert parse([*words, "--bucket", "other"], environ, tmp_path).given["bucket"].text == "other"
    public = {**environ, "GALLERIA_S3_PUBLIC_BUCKET": "public"}
    assert parse(words, public, tmp_path).given["bucket"].text == "public"
