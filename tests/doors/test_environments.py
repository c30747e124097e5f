"""Presets, and the command that tells what holds in which environment and why."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.deployment.stop import Stop
from galleria_action.errors import ConfigInvalid
from galleria_action.options import BY_NAME, resolve
from galleria_action.options.presets import PRESETS, Preset, settings_of
from galleria_action.options.strategy import Strategy
from galleria_action.run import World, run
from tests.doors.job import Job
from tests.doors.test_options import options, problems

CONFIG = """\
site: prod/site
keep-releases: 7
environments:
  staging: {preset: staging, bucket: wedding-staging}
  production:
    preset: production
    bucket: wedding
    max-delete: 5%
"""
SECRET = "s3cr3tOfTheBucket"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "galleria.yml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def told(workspace: Path, *args: str, **environ: str) -> tuple[int, str, dict[str, dict[str, dict[str, str]]]]:
    """Exit code, log, and the environments of the result."""
    out, err = io.StringIO(), io.StringIO()
    code = run(["environments", *args, "--json"], World(environ, workspace, out, err, Stop()))
    return code, err.getvalue(), json.loads(out.getvalue()).get("environments", {})


@pytest.mark.parametrize("preset", Preset)
def test_each_preset_says_what_can_be_said_and_why(preset: Preset):
    settings = PRESETS[preset]
    assert len({(it.option, it.text, it.needs) for it in settings}) == len(settings)
    assert {it.option for it in settings if [other.option for other in settings].count(it.option) > 1} <= {"strategy"}
    for it in settings:
        option, default = BY_NAME[it.option], it.option == "strategy" and it.text == "rolling"
        usual = option.kind.parse(option.default) if option.default else None
        assert (str(option.kind.parse(it.text)) == str(usual)) is default
        assert option.in_config and not option.kind.secret
        assert len(it.why) > 10


def test_what_is_given_explicitly_wins_over_the_preset(workspace: Path):
    found = options(["deploy", "--environment", "production"], {}, workspace)
    assert (found.guards.max_delete.amount, found.guards.max_delete.percent) == (5, True)
    assert found.releases.keep_releases == 7
    assert found.releases.keep_days == 30
    assert options(["deploy", "--environment", "production", "--keep-days", "9"], {}, workspace).releases.keep_days == 9
    assert options(["deploy", "--preset", "testing", "--bucket", "wedding"], {}, workspace).checks.verify == "deep"
    assert options(["deploy", "--bucket", "wedding"], {}, workspace).checks.verify == "list"


def test_what_needs_another_option_counts_with_it_only(workspace: Path):
    assert options(["deploy", "--environment", "production"], {}, workspace).edge.probe == "off"
    seen = ["deploy", "--environment", "production", "--public-url", "https://gallery.example"]
    assert options(seen, {}, workspace).edge.probe == "rollback"


STRATEGIES = [
    ("development", {}, "recreate", ""),
    ("development", {"max-delete": "10%"}, "rolling", "not recreate: it takes every photo down first, more than"),
    ("development", {"router": "pointer"}, "rolling", "not recreate: recreate takes down the gallery in place"),
    ("development", {"from": "staging"}, "rolling", "not recreate: a release of another environment"),
    ("development", {"shard-count": "3"}, "rolling", "not recreate: shards know rolling only"),
    ("testing", {"router": "pointer"}, "rolling", ""),
    ("staging", {}, "blue-green", ""),
    ("staging", {"router": "folder"}, "blue-green", ""),
    ("staging", {"batch": "3"}, "rolling", "not blue-green: only rolling commits bit by bit"),
    ("production", {}, "rolling", "not canary: no router sends visitors to a slot"),
    ("production", {"router": "copy"}, "rolling", "not canary: no router sends visitors to a slot"),
    ("production", {"router": "pointer"}, "canary", ""),
    ("production", {"router": "folder"}, "blue-green", "not canary: canary needs a router that can send a share"),
    ("production", {"promote": "manual"}, "blue-green", "not canary: no router"),
    ("production", {"router": "pointer", "promote": "manual"}, "canary", ""),
]


@pytest.mark.parametrize(("preset", "given", "strategy", "note"), STRATEGIES)
def test_a_presets_strategy_is_one_that_goes_with_the_rest(
    tmp_path: Path, preset: str, given: dict[str, str], strategy: str, note: str
):
    bucket = f"file://{tmp_path}/gallery" if given.get("router") == "folder" else "wedding"
    rest = "".join(f", {name}: {text}" for name, text in {**given, "bucket": bucket}.items())
    staging = "staging: {bucket: of-staging}, " if "from" in given else ""
    (tmp_path / "galleria.yml").write_text(
        f"environments: {{{staging}live: {{preset: {preset}{rest}}}}}\n", encoding="utf-8"
    )
    code, log, found = told(tmp_path)
    assert code == 0, log
    told_of = found["live"]["strategy"]
    assert (told_of["value"], told_of["from"]) == (strategy, f"preset {preset}")
    assert told_of.get("note", "").startswith(note) and bool(note) == ("note" in told_of)
    assert not note or f"strategy={strategy}  ({note}" in log
    assert options(["deploy", "--environment", "live"], {}, tmp_path).strategy.strategy == strategy


#: what may be said beside a preset
_BESIDE = {
    "router": ["copy", "pointer", "cloudfront:E123456789ABC", "nothing"],
    "promote": ["auto", "manual"],
    "batch": ["3"],
    "max-delete": ["0", "10%", "100%", "100", "lots"],
    "shard-count": ["2"],
    "from": ["other"],
    "canary": ["10", "5,50"],
}


@given(
    st.sampled_from(sorted(Preset)),
    st.fixed_dictionaries({}, optional={name: st.sampled_from(texts) for name, texts in _BESIDE.items()}),
)
def test_a_preset_makes_nothing_wrong_that_is_right_without_it(preset: Preset, beside: dict[str, str]):
    """Whatever else is given: with the preset's strategy nothing is refused that any strategy would permit."""

    def fine(**more: str) -> bool:
        try:
            resolve("deploy", {"bucket": "wedding", "environment": "live", **beside, **more})
        except ConfigInvalid:
            return False
        return True

    strategy = next((it.text for it in settings_of(preset, beside) if it.option == "strategy"), None)
    if strategy is None:
        assert not any(fine(strategy=it.text) for it in PRESETS[preset] if it.option == "strategy")
    elif any(fine(strategy=it.value) for it in Strategy):
        assert fine(strategy=strategy)


def test_a_plan_for_shards_has_the_strategy_that_shards_know():
    with pytest.raises(ConfigInvalid) as caught:
        resolve("plan", {"bucket": "wedding", "shard-count": "2", "strategy": "blue-green"})
    assert "shards know rolling only" in str(caught.value.findings)


def test_an_explicit_strategy_that_cannot_work_is_a_mistake(tmp_path: Path):
    (tmp_path / "galleria.yml").write_text(
        "environments: {live: {preset: production, bucket: b, strategy: canary}}\n", encoding="utf-8"
    )
    code, log, _ = told(tmp_path)
    assert code == 2
    assert "live: strategy: canary needs a router" in log


def test_a_run_says_why_its_strategy_is_another(make_job: Callable[..., Job]):
    job = make_job()
    ran = job.runner.run("deploy", preset="production")
    assert ran.exit_code == 0, ran.log
    assert "strategy: rolling, by preset production (not canary: no router sends visitors to a slot" in ran.log
    assert "strategy:" not in job.runner.run("verify", preset="production").log


def test_a_preset_that_is_not_there(workspace: Path):
    assert "preset: 'prod' is not one of development, testing" in problems(["plan", "--preset", "prod"], {}, workspace)


def test_every_setting_and_where_it_comes_from(workspace: Path):
    code, log, found = told(workspace, GALLERIA_REGION="fsn1")
    assert code == 0, log
    assert list(found) == ["staging", "production"]
    production = found["production"]
    assert production["max-delete"] == {"value": "5%", "from": "galleria.yml:8"}
    assert production["keep-days"] == {"value": "30", "from": "preset production"}
    assert production["keep-releases"] == {"value": "7", "from": "galleria.yml:2"}
    assert production["region"] == {"value": "fsn1", "from": "GALLERIA_REGION"}
    assert production["orphans"] == {"value": "fail", "from": "default"}
    assert found["staging"]["bucket"] == {"value": "wedding-staging", "from": "galleria.yml:4"}
    assert "preset staging" in log and "verify=deep" in log
    _, _, flagged = told(workspace, "--environment", "staging", "--verify", "list")
    assert list(flagged) == ["staging"]
    assert flagged["staging"]["verify"] == {"value": "list", "from": "--verify"}


def test_what_differs(workspace: Path):
    code, log, found = told(workspace, "--diff", "staging", "production")
    assert code == 0, log
    differing = {"bucket", "keep-days", "max-delete", "noindex", "plan-approval", "preset", "strategy", "verify"}
    assert set(found["staging"]) == set(found["production"]) == differing
    assert found["staging"]["max-delete"] == {"value": "25%", "from": "default"}
    assert "production: rolling  (preset production, not canary: no router sends visitors" in log
    assert told(workspace, "--diff=staging,staging")[2] == {"staging": {}}


@pytest.mark.parametrize(
    ("words", "told_of"),
    [
        (["--diff", "staging", "prod"], "'prod' is not an environment; there are staging, production"),
        (["--diff", "staging"], "'staging' is not two environments"),
        (["--environment", "prod"], "it has 'staging', 'production'"),
    ],
)
def test_environments_that_are_not_there(workspace: Path, words: list[str], told_of: str):
    code, log, _ = told(workspace, *words)
    assert code == 2
    assert told_of in log


def test_without_a_file_there_are_none(tmp_path: Path):
    code, log, _ = told(tmp_path)
    assert code == 2
    assert "There are no environments" in log


def test_a_setting_that_cannot_be_is_told_of_its_environment(workspace: Path):
    (workspace / "galleria.yml").write_text("environments: {live: {bucket: b, max-delete: lots}}\n", encoding="utf-8")
    code, log, _ = told(workspace)
    assert code == 2
    assert "live: max-delete: 'lots'" in log


def test_secrets_are_never_shown(workspace: Path):
    secrets = {"GALLERIA_ACCESS_KEY": "AKIA" + SECRET, "GALLERIA_SECRET_KEY": SECRET, "GALLERIA_GITHUB_TOKEN": SECRET}
    for words in ([], ["--diff", "staging", "production"]):
        code, log, found = told(workspace, *words, **secrets)
        assert code == 0, log
        assert SECRET not in log + json.dumps(found)
    assert told(workspace, **secrets)[2]["staging"]["secret-key"] == {
        "value": "(secret)", "from": "GALLERIA_SECRET_KEY",
    }  # fmt: skip


def test_a_file_of_anybody_loosens_nothing_by_a_preset(workspace: Path):
    """A pull request's target run: what the preset would loosen is left aside like any such word."""
    (workspace / "galleria.yml").write_text("environments: {dev: {preset: development}}\n", encoding="utf-8")
    event = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request_target", "CI": "true"}
    _, _, found = told(workspace, **event)
    assert found["dev"]["max-delete"] == {"value": "25%", "from": "default"}
    assert found["dev"]["orphans"] == {"value": "fail", "from": "default"}
