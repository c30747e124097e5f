"""A plan in few bytes still tells what another plan does differently."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

from galleria_action.deployment.fingerprint import Fingerprint, fingerprints
from galleria_action.deployment.model import Plan, Reason
from tests.report import examples


def by(plan: Plan, detail: str) -> Fingerprint:
    return next(one for one in fingerprints(plan) if one.detail == detail)


def test_a_plan_covers_itself_and_what_is_left_of_it():
    plan = examples.mixed_plan()
    files = by(plan, "files")
    assert files.covers(plan)
    assert files.covers(replace(plan, uploads=(), commit=None))
    assert files.covers(replace(plan, base=None))
    assert files.differences(plan) == []


def test_a_plan_does_not_cover_more_or_other_actions():
    plan = examples.mixed_plan()
    files = by(plan, "files")
    first, *others = plan.uploads
    more = replace(plan, deletes=(*plan.deletes, replace(plan.deletes[0], key="more")))
    assert not files.covers(more)
    assert files.differences(more) == ["more"]
    for other in (
        replace(first, digest="0" * 64),
        replace(first, reason=Reason.FORCED),
        replace(first, file=replace(first.file, headers=replace(first.file.headers, cache_control="x"))),
    ):
        changed = replace(plan, uploads=(other, *others))
        assert not files.covers(changed)
        assert files.differences(changed) == [first.key]
    assert not by(replace(plan, commit=examples.document("0")), "files").covers(plan)


def test_a_delete_in_place_of_an_upload_is_seen():
    plan = examples.mixed_plan()
    first, *others = plan.uploads
    swapped = replace(plan, uploads=tuple(others), deletes=(*plan.deletes, replace(plan.deletes[0], key=first.key)))
    assert not by(plan, "files").covers(swapped)
    assert by(plan, "files").differences(swapped) == [first.key]


def test_folders_tell_where_but_prove_nothing():
    plan = examples.mixed_plan()
    folders = by(plan, "folders")
    assert not folders.covers(plan)
    assert folders.differences(plan) == []
    less = replace(plan, uploads=plan.uploads[1:])
    assert folders.differences(less) == [f"{plan.uploads[0].key.rpartition('/')[0]}/"]


def test_nothing_known_is_nothing_claimed():
    plan = examples.mixed_plan()
    nothing = Fingerprint("none", {})
    assert not nothing.covers(plan)
    assert nothing.differences(plan) == []


def test_the_plan_id_is_that_of_its_text():
    made = examples.mixed_plan()
    assert made.plan_id == hashlib.sha256(made.canonical.encode()).hexdigest()
    expected = sorted(json.loads(action.canonical())["key"] for action in made.actions())
    assert sorted(action["key"] for action in json.loads(made.canonical)["actions"]) == expected
    assert json.loads(replace(made, uploads=(), deletes=(), copies=(), commit=None).canonical)["actions"] == []
