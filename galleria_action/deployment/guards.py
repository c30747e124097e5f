"""What stands between a plan and a disaster. Pure: a plan in, a refusal or nothing out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from galleria_action.deployment.model import Plan
from galleria_action.errors import DeleteGuard, EmptyGallery, PlanChanged


@dataclass(frozen=True, slots=True)
class DeleteLimit:
    """How many photos a deploy may delete: a number of them, or a share of the remote ones in percent."""

    amount: Fraction = Fraction(25)
    percent: bool = True

    @classmethod
    def parse(cls, text: str) -> DeleteLimit:
        """Read ``10`` or ``25%`` (decimals permitted in a share). Raises ``ValueError``."""
        if re.fullmatch(r"[0-9]{1,9}", text):
            return cls(Fraction(text), percent=False)
        if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,6})?%", text) and Fraction(text[:-1]) <= 100:
            return cls(Fraction(text[:-1]))
        raise ValueError(f"{text[:40]!r} is neither a count such as 10 nor a share such as 25%")

    def allows(self, deleted: int, remote: int) -> bool:
        """Whether ``deleted`` of ``remote`` photos may go."""
        return deleted <= (self.amount * remote / 100 if self.percent else self.amount)

    def __str__(self) -> str:
        return f"{float(self.amount):g}{'%' if self.percent else ''}"


def check_guards(plan: Plan, limit: DeleteLimit, *, allow_empty: bool, approved_plan: str | None = None) -> None:
    """Refuse a dangerous plan before anything is written.

    Raises ``PlanChanged`` when ``approved_plan`` is given and another, ``EmptyGallery`` when no photo would be left
    of some, and ``DeleteGuard`` when more photos would go than ``limit`` allows.
    """
    if approved_plan and approved_plan != plan.plan_id:
        raise PlanChanged(
            f"The plan is not the approved one: it is {plan.plan_id}, approved was {approved_plan}. "
            "The gallery or the bucket changed in between. Nothing was written.",
            hint="Look at the new plan and approve its id.",
        )
    gone, remote = len(plan.removed_photos), plan.remote_photo_count
    if gone and gone == remote and plan.local_photo_count == 0:
        if allow_empty:
            return
        raise EmptyGallery(
            f"The gallery has no photos, the bucket has {remote}. "
            "This is usually a build that failed or a wrong source folder. Nothing was written.",
            hint="If the gallery is really to be emptied, set allow-empty: true for one run.",
        )
    if not limit.allows(gone, remote):
        raise DeleteGuard(
            f"The plan deletes {gone} of {remote} photos, more than max-delete ({limit}) permits. Nothing was written.",
            hint=f"If these photos are really to go, set max-delete: {gone} for one run.",
        )
