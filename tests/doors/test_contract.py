"""The declared options, commands and outputs are the contract's, and what is made from them is fresh."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from galleria_action import __version__
from galleria_action.cli.arguments import read_arguments
from galleria_action.cli.commands import COMMANDS
from galleria_action.cli.generate import FILES
from galleria_action.cli.outputs import OUTPUTS as DECLARED_OUTPUTS
from galleria_action.errors import REASONS
from galleria_action.options import GROUPS, OPTIONS, Options
from galleria_action.options.declaration import options_of
from galleria_action.report.result import Tally, finish

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
REFERENCE = (ROOT / "docs/reference.md").read_text(encoding="utf-8")
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))

#: the public contract: option → default. What it says of defaults in words is empty here.
CONTRACT = {
    "source": "prod/pics", "metadata-file": "", "site": "", "exclude": "", "photos-only": "false", "site-only": "false",
    "bucket": "", "prefix": "", "endpoint": "", "region": "us-east-1", "access-key": "", "secret-key": "",
    "session-token": "", "provider": "auto", "dry-run": "false", "force": "false", "cors": "require",
    "setup-cors": "false", "max-delete": "25%", "allow-empty": "false", "orphans": "fail", "verify": "list",
    "hash-check": "warn", "exif-errors": "warn", "strip-gps": "false", "redact-paths": "false", "acl": "",
    "address-style": "auto", "encryption": "", "storage-class": "", "state": "", "headers": "",
    "cache-control-photos": "public, max-age=86400",
    "cache-control-site": "public, max-age=0, must-revalidate", "cache-control-metadata": "no-cache",
    "strategy": "rolling", "batch": "", "router": "copy", "promote": "auto", "canary": "10", "canary-wait": "60",
    "abort": "false",
    "cdn": "", "invalidate-cdn": "true", "purge": "warn", "purge-max": "30", "purge-wait": "false",
    "probe": "off", "probe-timeout": "120",
    "keep-releases": "5", "keep-days": "", "to": "", "steps": "1", "hold": "false", "photo": "",
    "preview": "off", "preview-bucket": "", "preview-days": "14",
    "check-files": "auto", "unproven": "upload", "allow-older": "false", "links": "warn",
    "concurrency": "128", "resume": "true", "checkpoint-file": "", "shard-count": "", "shard": "",
    "config": "", "environment": "", "plan-file": "", "result-file": "", "approved-plan": "", "plan-approval": "off",
    "comment": "changes", "label": "", "github-token": "", "public-url": "", "environment-url": "", "progress": "auto",
    "originals": "", "web-originals": "", "collection": "wedding", "timestamp-offset-hours": "0",
    "target-timezone-offset-hours": "13", "on-error": "fail", "web-size": "2048", "thumb-size": "400",
    "jpeg-quality": "85", "webp-quality": "85", "avif": "false", "albums": "off", "site-title": "", "noindex": "false",
    "album-zip": "off", "templates": "", "duplicates": "off", "threshold": "10", "hash-size": "8",
    "min-resolution": "100", "use-ssim": "false", "output": "", "json-output": "", "report-file": "",
    "preset": "", "from": "", "release": "", "only": "", "from-stage": "", "continue": "", "diff": "",
    "notify": "", "notify-on": "failure", "metrics-file": "", "metrics-push": "",
}  # fmt: skip
CHOICES = {
    "cors": "require warn skip", "orphans": "fail warn ignore delete", "verify": "list deep off",
    "strip-gps": "false warn true",
    "hash-check": "strict warn off", "exif-errors": "warn fail", "comment": "always changes off",
    "check-files": "auto hash size off", "unproven": "upload keep",
    "links": "warn fail off", "strategy": "rolling recreate blue-green canary", "promote": "auto manual",
    "purge": "warn fail", "probe": "off warn fail rollback",
    "plan-approval": "off warn require", "progress": "auto off", "address-style": "auto path virtual",
    "on-error": "fail skip", "albums": "off folder day", "album-zip": "off web full", "duplicates": "off warn fail",
    "preset": "development testing staging production",
    "notify-on": "failure change always",
}  # fmt: skip
OUTPUTS = [
    "success", "dry-run", "changed", "mode", "plan-id", "plan-file", "shards", "result-file", "report-file",
    "photos-to-upload",
    "photos-to-delete", "photos-unchanged", "photos-with-position",
    "bytes-to-upload", "photos-uploaded", "photos-deleted", "files-uploaded",
    "files-skipped", "bytes-uploaded", "metadata-uploaded", "consistent", "missing-files", "orphaned-files",
    "mismatched-files", "duplicates", "release-id", "previous-release", "preview-url", "purge-owed", "probe",
    "pipeline-id", "url", "failure-reason", "message",
]  # fmt: skip
EXITS = {
    "internal": 1, "config-invalid": 2, "gallery-invalid": 3, "verify-failed": 4, "storage-unavailable": 5,
    "credentials": 6, "permission": 6, "bucket-missing": 6, "delete-guard": 7, "empty-gallery": 7, "cors": 8,
    "plan-changed": 9, "conflict": 9, "older": 9, "held": 9, "upload-failed": 10, "delete-failed": 11,
    "probe-failed": 12, "purge-failed": 13, "release-unavailable": 14, "duplicates-found": 15, "budget-exceeded": 15,
    "approval-needed": 16, "pipeline-failed": 17,
    "cancelled": 130,
}  # fmt: skip


def table(heading: str) -> list[list[str]]:
    """The cells of the reference's table whose first column is headed ``heading``."""
    rows = REFERENCE[REFERENCE.index(f"| {heading} |") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def test_the_options_are_the_contracts():
    assert {option.name: option.default for option in OPTIONS} == CONTRACT
    assert {o.name: set(o.kind.choices) for o in OPTIONS if o.kind.choices} == {
        name: set(values.split()) for name, values in CHOICES.items()
    }
    assert set(COMMANDS) == {
        "validate",
        "plan",
        "deploy",
        "finalize",
        "verify",
        "history",
        "rollback",
        "release-hold",
        "promote",
        "forget",
        "cleanup",
        "cors",
        "init",
        "process",
        "duplicates",
        "environments",
        "pipeline",
    }


@pytest.mark.parametrize("name", FILES)
def test_what_is_generated_is_fresh(name: str):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert FILES[name](text) == text, f"{name} is stale: make generate"


def test_action_yml_has_each_option_and_no_default_that_would_hide_the_config_file():
    assert ACTION["inputs"].keys() == {"command", *CONTRACT} - {"headers"}
    assert {name for name, given in ACTION["inputs"].items() if "default" in given} == {"github-token"}
    assert not any(given["required"] for given in ACTION["inputs"].values())


def test_action_yml_declares_each_output():
    assert list(ACTION["outputs"]) == OUTPUTS
    assert list(DECLARED_OUTPUTS) == list(finish(Tally("plan"), "", 0.0).outputs) == OUTPUTS
    assert (ACTION["runs"]["using"], ACTION["runs"]["image"]) == ("docker", "Dockerfile")
    assert ACTION["branding"]["icon"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_every_option(command: str):
    """So that one set of inputs serves all; help shows those that matter."""
    words = [word for name in CONTRACT for word in (f"--{name}", "x")]
    found = read_arguments([command, *words])
    assert not found.mistakes
    assert found.flags.keys() == CONTRACT.keys()


def test_the_reference_has_each_option_and_output():
    rows = re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", REFERENCE, re.MULTILINE)
    defaults = {name: rest.split(" | ")[0] for name, rest in rows if " | " in rest}
    assert defaults == {name: f"`{default}`" if default else "–" for name, default in CONTRACT.items()}
    assert [name for name, rest in rows if " | " not in rest] == [*COMMANDS, *OUTPUTS]


def test_the_references_reasons():
    rows = {row[0]: re.findall(r"`([a-z-]+)`", row[1]) for row in table("exit")}
    told = {reason: int(code.split(",")[0]) for code, reasons in rows.items() for reason in reasons}
    assert told == EXITS
    assert REASONS == EXITS


def test_the_config_file_takes_every_option_but_secrets_and_what_chooses_the_file():
    schema = json.loads((ROOT / "schemas/galleria-config.schema.json").read_text(encoding="utf-8"))
    assert CONTRACT.keys() - schema["$defs"]["options"]["properties"].keys() == {
        "access-key", "secret-key", "session-token", "github-token", "config", "environment", "shard", "approved-plan",
        "abort", "to", "steps", "hold", "photo", "diff", "release", "only", "from-stage", "continue",
        "notify",
    }  # fmt: skip


def test_every_default_is_what_its_text_says():
    values = Options(command="deploy")
    for group in (values, *(getattr(values, name) for name in GROUPS)):
        for option in options_of(type(group)):
            value = getattr(group, option.parameter)
            assert value == (option.kind.parse(option.default) if option.default and value is not None else None)


def test_the_readmes_workflows_use_inputs_that_exist():
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)]
    workflows = [block for block in blocks if "jobs" in block]
    assert len(workflows) == 2
    for workflow in workflows:
        assert workflow["permissions"]
        (job,) = workflow["jobs"].values()
        (step,) = [step for step in job["steps"] if "galleria-action" in step["uses"]]
        assert step["with"].keys() <= ACTION["inputs"].keys()
        secrets = {name for name, value in step["with"].items() if "secrets." in str(value)}
        assert secrets == {"access-key", "secret-key"}
    assert any(workflow.get("concurrency") for workflow in workflows)


def test_one_version():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{__version__}"' in text


def test_the_licence_travels_with_the_image():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for name in ("requirements.txt", "entrypoint.py", "LICENSE", "schemas", "galleria_action"):
        assert f"!{name}" in ignored
        assert name in dockerfile
