"""plan.json and result.json are what their schemas say."""

from __future__ import annotations

import dataclasses
import json

import pytest
from jsonschema import Draft202012Validator

from galleria_action.deployment.galleries import LocalGallery, RemoteGallery
from galleria_action.deployment.model import Base, Delete, Reason
from galleria_action.deployment.planner import make_plan
from galleria_action.deployment.remote.verification import Verification
from galleria_action.errors import REASONS, Finding, GalleryInvalid
from galleria_action.report.documents import plan_json, result_json
from galleria_action.report.result import Tally, finish
from galleria_action.schemas import load_schema
from galleria_action.storage.interface import Target
from tests.report import examples

PLAN = Draft202012Validator(load_schema("plan"))
RESULT = Draft202012Validator(load_schema("result"))


def directory_plan():
    photos = (examples.SourcePhoto("a.jpg", "a" * 64, (examples.page("photos/a.jpg"),)),)
    return make_plan(LocalGallery("directory", photos, (examples.page("x"),)), RemoteGallery(), Target(None, "b"))


def orphan_plan():
    return dataclasses.replace(
        examples.mixed_plan(), base=Base("b" * 64, "e"), deletes=(Delete("photos/x", Reason.ORPHAN),)
    )


@pytest.mark.parametrize(
    "make",
    [
        examples.mixed_plan,
        directory_plan,
        orphan_plan,
        lambda: examples.growing_plan(0),
        lambda: examples.named_plan(examples.HOSTILE),
    ],
)
def test_every_plan_is_valid(make):
    plan = make()
    raw = plan_json(plan)
    assert raw.endswith(b"}\n")
    document = json.loads(raw)
    PLAN.validate(document)
    assert document["plan_id"] == plan.plan_id


@pytest.mark.parametrize(
    "make",
    [
        lambda: examples.planned(examples.mixed_plan()),
        lambda: examples.deployed(examples.mixed_plan()),
        examples.hostile,
        lambda: finish(Tally("validate"), "fine", 0.0),
        lambda: examples.failed(GalleryInvalid("x", findings=[Finding("y", "z", 1), Finding("y")])),
    ],
)
def test_every_result_is_valid(make):
    result = make()
    raw = result_json(result)
    assert raw.endswith(b"}\n")
    document = json.loads(raw)
    RESULT.validate(document)
    assert set(document) == set(RESULT.schema["required"]), "all outputs, always"


def test_the_lists_are_in_the_result():
    done = examples.record("verify")
    done.verification = Verification(3, ("a", "b"), ("c",), ())
    document = json.loads(result_json(finish(done, "x", 1.23456)))
    assert (document["missing"], document["orphaned"], document["mismatched"]) == (["a", "b"], ["c"], [])
    assert document["duration_seconds"] == 1.235


def test_the_schema_knows_every_failure_reason():
    assert set(RESULT.schema["properties"]["failure_reason"]["enum"]) == {"", *REASONS}


def test_the_schema_knows_every_reason_for_an_upload():
    known = set(PLAN.schema["$defs"]["upload_reason"]["enum"])
    assert known == set(Reason) - {Reason.REMOVED, Reason.ORPHAN}


@pytest.mark.parametrize("schema", [PLAN, RESULT])
def test_schemas_are_schemas_and_describe_every_field(schema):
    Draft202012Validator.check_schema(schema.schema)
    # what only history, rollback, environments and pipeline have to tell is not in every document
    assert set(schema.schema["required"]) == set(schema.schema["properties"]) - {
        "releases",
        "copy",
        "environments",
        "pipeline",
    }


def _spoiled(document, path, value):
    *parents, last = path
    for step in parents:
        document = document[step]
    if value is None:
        del document[last]
    else:
        document[last] = value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["schema"], 2),
        (["plan_id"], "abc"),
        (["target", "prefix"], "no-slash"),
        (["target", "bucket"], None),
        (["base", "etag"], None),
        (["summary", "upload"], -1),
        (["summary", "bytes"], 1.5),
        (["photos", "upload", 0, "reason"], "removed"),
        (["photos", "upload", 0, "files"], []),
        (["photos", "upload", 0, "files", 0, "variant"], "huge"),
        (["photos", "upload", 0, "files", 0, "path"], "/home/me/a.jpg"),
        (["photos", "delete", 0, "keys"], []),
        (["site", "delete"], [""]),
        (["commit"], "yes"),
        (["time"], "now"),
    ],
)
def test_the_plan_schema_refuses(path, value):
    document = json.loads(plan_json(examples.mixed_plan()))
    _spoiled(document, path, value)
    assert not PLAN.is_valid(document)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["success"], "true"),
        (["mode"], "other"),
        (["plan_id"], "x"),
        (["failure_reason"], "bad luck"),
        (["photos_uploaded"], -1),
        (["missing"], [""]),
        (["findings"], [{"message": "x", "file": None, "line": 0}]),
        (["requests", "put"], -1),
        (["duration_seconds"], -0.1),
        (["warnings"], None),
        (["secret"], "x"),
    ],
)
def test_the_result_schema_refuses(path, value):
    document = json.loads(result_json(examples.deployed(examples.mixed_plan())))
    _spoiled(document, path, value)
    assert not RESULT.is_valid(document)
