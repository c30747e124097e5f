"""What a guard lets through and what it refuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.deployment.guards import DeleteLimit, check_guards
from galleria_action.deployment.planner import make_plan
from galleria_action.errors import DeleteGuard, EmptyGallery, PlanChanged
from tests.deployment.values import TARGET, local_gallery, local_photo, remote_gallery

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
