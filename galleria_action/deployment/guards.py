"""What stands between a plan and a disaster. Pure: a plan in, a refusal or nothing out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from galleria_action.deployment.model import Plan, Reason
from galleria_action.errors import DeleteGuard, EmptyGallery, PlanChanged
from galleria_action.gallery.media import is_page
from galleria_action.values import dataclass

if TYPE_CHECKING:
    from fractions import Fraction


@dataclass(frozen=True, slots=True)
class DeleteLimit:
    """How many photos a deploy may delete: a number of them, or a share of the remote ones in percent."""

    amount: int | Fraction = 25
    percent: bool = True

    @classmethod
    def parse(cls, text: str) -> DeleteLimit:
        """Read ``10`` or ``25%`` (decimals permitted in a share). Raises ``ValueError``."""
        if re.fullmatch(r"[0-9]{1,9}", text):
            return cls(int(text), percent=False)
        if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,6})?%", text) and (share := _exactly(text[:-1])) <= 100:
            return cls(share)
        raise ValueError(f"{text[:40]!r} is neither a count such as 10 nor a share such as 25%")

    def allows(self, deleted: int, remote: int) -> bool:
        """Whether ``deleted`` of ``remote`` photos may go."""
        return deleted * 100 <= self.amount * remote if self.percent else deleted <= self.amount

    def __str__(self) -> str:
        return f"{float(self.amount):g}{'%' if self.percent else ''}"


def _exactly(number: str) -> int | Fraction:
    """The value of ``number``. Most are whole, and those that are not take some time to load."""
    if number.isdecimal():
        return int(number)
    from fractions import Fraction

    return Fraction(number)


def check_guards(plan: Plan, limit: DeleteLimit, *, allow_empty: bool, approved_plan: str | None = None) -> None:
    """Refuse a dangerous plan before anything is written.

    Raises ``PlanChanged`` when ``approved_plan`` is given and another, ``EmptyGallery`` when no photo would be left
    of some, and ``DeleteGuard`` when more photos, files of the site or orphans would go than ``limit`` allows, each
    counted among its own kind.
    """
    if approved_plan and approved_plan != plan.plan_id:
        raise PlanChanged(
            f"The plan is not the approved one: it is {plan.plan_id}, approved was {approved_plan}. "
            "The gallery or the bucket changed in between. Nothing was written.",
            hint="Look at the new plan and approve its id.",
        )
    gone, remote = len(plan.removed_photos), plan.remote_photo_count
    emptied = bool(gone) and gone == remote and plan.local_photo_count == 0
    if emptied and not allow_empty:
        raise EmptyGallery(
            f"The gallery has no photos, the bucket has {remote}. "
            "This is usually a build that failed or a wrong source folder. Nothing was written.",
            hint="If the gallery is really to be emptied, set allow-empty: true for one run.",
        )
    if not emptied:
        _check(limit, gone, remote, "photos")
    _check(limit, _lost_site_files(plan, limit), plan.remote_site_count, "files of the site")
    orphans = len(plan.orphan_deletes)
    _check(limit, orphans, orphans + plan.local_file_count, "objects in the gallery's folders")


def _check(limit: DeleteLimit, gone: int, of: int, what: str) -> None:
    if not limit.allows(gone, of):
        raise DeleteGuard(
            f"The plan deletes {gone} of {of} {what}, more than max-delete ({limit}) permits. Nothing was written.",
            hint=f"If these are really to go, set max-delete: {gone} for one run.",
        )


def _lost_site_files(plan: Plan, limit: DeleteLimit) -> int:
    """Files of the site that go. Under a share of them, assets that new ones replace are not lost: builds give them
    another name with every change."""
    pages = sum(is_page(gone.key) for gone in plan.site_deletes)
    assets = len(plan.site_deletes) - pages
    if not limit.percent:
        return pages + assets
    new = sum(up.reason is Reason.NEW and not is_page(up.key) for up in plan.site_uploads)
    return pages + max(0, assets - new)
