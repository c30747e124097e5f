"""Which plan was begun, and what is left of it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from galleria_action.deployment.galleries import RemoteGallery
from galleria_action.deployment.model import Base, Reason, Storing
from galleria_action.deployment.planner import make_plan
from galleria_action.deployment.state.begun import begun_document, parse_begun
from galleria_action.storage.interface import Target
from tests.deployment.values import document, local_gallery, local_photo, source_file

TARGET = Target("https://s3.example", "wedding", "wedding/")
PLAN = make_plan(
    local_gallery(local_photo("A"), local_photo("B"), site=(source_file("index.html"),)), RemoteGallery(), TARGET
)


def test_a_plan_that_lies_in_the_bucket_proves_itself():
    raw = begun_document(PLAN, 5)
    begun = parse_begun(raw)
    assert begun is not None
    assert (begun.plan_id, begun.shards) == (PLAN.plan_id, 5)
    assert begun.covers(PLAN)
    forged = parse_begun(raw.replace(b"wedding/", b"funeral/"))
    assert forged is not None
    assert forged.plan_id != PLAN.plan_id


def test_what_is_left_is_a_part_on_its_way():
    begun = parse_begun(begun_document(PLAN))
    assert begun is not None
    assert PLAN.commit is not None
    committed = Base(PLAN.commit.sha256, "etag")
    assert begun.covers(replace(PLAN, uploads=PLAN.uploads[3:]))
    assert begun.covers(replace(PLAN, uploads=(), commit=None, base=committed))
    for other in (
        replace(PLAN, base=Base("0" * 64, "etag")),
        replace(PLAN, uploads=(), commit=None, base=Base("0" * 64, "etag")),
        replace(PLAN, commit=document("another gallery")),
        replace(PLAN, target=Target(None, "elsewhere")),
        replace(PLAN, uploads=(replace(PLAN.uploads[0], reason=Reason.FORCED),)),
        replace(PLAN, storing=Storing(acl="public-read")),
        replace(PLAN, storing=Storing(storage_class="STANDARD_IA")),
    ):
        assert not begun.covers(other)


@pytest.mark.parametrize("shards", [0, 257, "5", None, [5], True, 1.0])
def test_what_no_plan_was_ever_divided_into_is_no_plan(shards: object):
    raw = json.dumps(json.loads(begun_document(PLAN)) | {"shards": shards}).encode()
    assert parse_begun(raw) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b"null", b"[" * 100_000, b'{"plan": "{}", "shards": 1}', b'{"plan": 1, "shards": 1}',
        b'{"shards":1,"plan":"{\\"about\\":{\\"target\\":{},\\"base\\":[]},\\"actions\\":[1]}"}',
        b'{"shards":1,"plan":"{\\"about\\":{\\"target\\":{},\\"base\\":[]},\\"actions\\":[]}"}',
    ],
)  # fmt: skip
def test_what_is_no_plan_is_none(raw: bytes):
    assert parse_begun(raw) is None
