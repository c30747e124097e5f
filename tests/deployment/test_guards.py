"""What a guard lets through and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.deployment.guards import DeleteLimit, check_guards
from galleria_action.deployment.model import Plan
from galleria_action.deployment.planner import make_plan
from galleria_action.errors import DeleteGuard, EmptyGallery, PlanChanged
from galleria_action.storage.interface import ObjectInfo
from tests.deployment.values import TARGET, local_gallery, local_photo, remote_gallery, source_file

PHOTOS = [local_photo(f"p{number}") for number in range(8)]


def plan_keeping(kept: int):
    return make_plan(local_gallery(*PHOTOS[:kept]), remote_gallery(*PHOTOS), TARGET)


@pytest.mark.parametrize(("kept", "limit"), [(8, "0"), (7, "1"), (6, "25%"), (0 + 1, "7"), (1, "100%"), (7, "12.5%")])
def test_within_the_limit(kept: int, limit: str):
    check_guards(plan_keeping(kept), DeleteLimit.parse(limit), allow_empty=False)


@pytest.mark.parametrize(("kept", "limit"), [(7, "0"), (6, "1"), (5, "25%"), (7, "12.4%"), (1, "6")])
def test_beyond_the_limit(kept: int, limit: str):
    with pytest.raises(DeleteGuard) as caught:
        check_guards(plan_keeping(kept), DeleteLimit.parse(limit), allow_empty=False)
    assert f"deletes {8 - kept} of 8 photos" in caught.value.message
    assert f"max-delete: {8 - kept}" in (caught.value.hint or "")


def test_an_empty_gallery_never_replaces_one_with_photos_unasked():
    with pytest.raises(EmptyGallery):
        check_guards(plan_keeping(0), DeleteLimit.parse("100%"), allow_empty=False)
    check_guards(plan_keeping(0), DeleteLimit.parse("0"), allow_empty=True)


def test_allow_empty_does_not_switch_off_the_guard_for_galleries_with_photos():
    with pytest.raises(DeleteGuard):
        check_guards(plan_keeping(1), DeleteLimit(), allow_empty=True)


def test_another_plan_than_the_approved_one_is_refused():
    made = plan_keeping(8)
    check_guards(made, DeleteLimit(), allow_empty=False, approved_plan=made.plan_id)
    with pytest.raises(PlanChanged) as caught:
        check_guards(made, DeleteLimit(), allow_empty=False, approved_plan="0" * 64)
    assert made.plan_id in caught.value.message


@pytest.mark.parametrize("text", ["", "25", "0", "100%", "0.5%", "007"])
def test_limits_that_can_be_read(text: str):
    if text:
        assert DeleteLimit.parse(text).amount >= 0
    else:
        with pytest.raises(ValueError, match="neither a count"):
            DeleteLimit.parse(text)


@given(st.text(max_size=12))
def test_anything_else_is_refused_with_a_text(text: str):
    try:
        limit = DeleteLimit.parse(text)
    except ValueError as error:
        assert "neither a count such as 10 nor a share such as 25%" in str(error)
    else:
        assert text.isascii()
        assert limit.allows(0, 0)


def test_the_effective_default_is_a_quarter():
    assert str(DeleteLimit()) == "25%"
    assert DeleteLimit().allows(1, 4)
    assert not DeleteLimit().allows(2, 4)


# -- the site, and what nothing names ------------------------------------------------------------------------------


def site_plan(before: list[str], after: list[str]) -> Plan:
    """A site of ``before`` becomes one of ``after``; the photos stay."""
    remote = remote_gallery(*PHOTOS, site=tuple(source_file(key) for key in before))
    return make_plan(local_gallery(*PHOTOS, site=tuple(source_file(key) for key in after)), remote, TARGET)


PAGES = [f"p{number}.html" for number in range(8)]


@pytest.mark.parametrize("limit", ["0", "25%", "7"])
def test_an_empty_build_does_not_take_the_site_away(limit: str):
    with pytest.raises(DeleteGuard, match="8 of 8 files of the site"):
        check_guards(site_plan(PAGES, []), DeleteLimit.parse(limit), allow_empty=True)


def test_a_page_that_goes_is_one_of_the_pages():
    check_guards(site_plan(PAGES, PAGES[1:]), DeleteLimit.parse("1"), allow_empty=False)
    with pytest.raises(DeleteGuard):
        check_guards(site_plan(PAGES, PAGES[1:]), DeleteLimit.parse("0"), allow_empty=False)


def test_an_asset_that_a_build_has_renamed_is_not_lost():
    plan = site_plan(["index.html", "app.1.js", "app.1.css"], ["index.html", "app.2.js", "app.2.css"])
    check_guards(plan, DeleteLimit(), allow_empty=False)
    with pytest.raises(DeleteGuard):
        check_guards(plan, DeleteLimit.parse("1"), allow_empty=False)


def test_orphans_are_counted_too():
    remote = remote_gallery(*PHOTOS)
    strays = {f"full/stray{number}.jpg": ObjectInfo(f"full/stray{number}.jpg", 1, "e") for number in range(9)}
    remote = replace(remote, listing={**(remote.listing or {}), **strays})
    plan = make_plan(local_gallery(*PHOTOS), remote, TARGET, delete_orphans=True)
    assert len(plan.orphan_deletes) == len(plan.orphans) == 9
    check_guards(plan, DeleteLimit.parse("9"), allow_empty=False)
    for limit in ("8", "25%"):
        with pytest.raises(DeleteGuard, match="9 of 33 objects"):
            check_guards(plan, DeleteLimit.parse(limit), allow_empty=False)
