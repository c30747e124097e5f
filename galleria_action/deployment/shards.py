"""One plan, many machines: whose share a photo is, what a shard reports, and whether all of it is there. Pure.

Only photos are divided. Under ``.galleria/shards/<plan id>/`` lie, until the plan is finalized, a report of each shard,
and, once its finalizing has begun, the plan itself: what is left of it may be finished although the bucket has changed
since. Until then shards change nothing that a plan is made from: what replaces a live object, or brings a lost one
back, waits in the pool. Both come from a bucket that others may write to, so nothing in them is trusted to have the
right shape.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from galleria_action.deployment.model import Plan, Upload
from galleria_action.deployment.state.begun import MOST_SHARDS
from galleria_action.deployment.state.manifest import Manifest, ManifestEntry
from galleria_action.deployment.state.pool import pool_key
from galleria_action.deployment.state.written import ManifestUnreadable, parse_recorded, written
from galleria_action.errors import Finding, GalleriaError, PlanChanged, UploadFailed
from galleria_action.storage.interface import RECORDS, ObjectInfo
from galleria_action.values import dataclass, field

SHARDS_FOLDER = f"{RECORDS}shards/"
#: fewer files than these are not worth a machine
FILES_EACH = 100
_SCHEMA = 1


# -- whose share it is ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class Shard:
    """One of ``count`` shards; ``number`` counts from 1."""

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read ``3/8``. Raises ``ValueError``."""
        found = re.fullmatch(r"([0-9]{1,3})/([0-9]{1,3})", text)
        if found and 1 <= int(found[1]) <= int(found[2]) <= MOST_SHARDS:
            return cls(int(found[1]), int(found[2]))
        raise ValueError(f"{text[:40]!r} is not a shard such as 3/8 (from 1/1 to {MOST_SHARDS}/{MOST_SHARDS})")

    def owns(self, key: str) -> bool:
        """Whether the object ``key`` is this shard's: by a hash of the key alone, so that every machine agrees."""
        digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
        return int.from_bytes(digest[:8]) % self.count == self.number - 1

    def share(self, plan: Plan) -> dict[str, Upload]:
        """The uploads of ``plan`` that are this shard's, by key."""
        return {up.key: up for up in _photos(plan) if self.owns(up.key)}

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


def all_of(count: int) -> tuple[Shard, ...]:
    """The shards of a division by ``count``."""
    return tuple(Shard(number, count) for number in range(1, count + 1))


def shards_of(plan: Plan, most: int) -> tuple[Shard, ...]:
    """The shards of ``plan``: one for every ``FILES_EACH`` photo files, at most ``most`` and at least one."""
    files = sum(1 for _ in _photos(plan))
    return all_of(max(1, min(most, -(-files // FILES_EACH))))


def _photos(plan: Plan) -> Iterable[Upload]:
    return (up for up in plan.uploads if up.photo is not None)


# -- what a shard reports ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Report:
    """What ``shard`` has stored of the plan ``plan_id``; at the same time its checkpoint while it is not ``complete``.

    ``fingerprint`` stands for the settings under which the bytes were made. ``sent`` and ``skipped`` count files,
    ``photos`` are the ids of those of which files were sent. Of the ``entries``, ``staged`` are the keys whose bytes
    wait in the pool for their publication.
    """

    shard: Shard
    plan_id: str
    fingerprint: str
    complete: bool = False
    sent: int = 0
    skipped: int = 0
    bytes_sent: int = 0
    photos: tuple[str, ...] = ()
    entries: Mapping[str, ManifestEntry] = field(default_factory=dict)
    staged: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        """Where it lies."""
        return report_key(self.plan_id, self.shard)

    def about(self) -> dict[str, Any]:
        """Everything but fingerprint and entries, as it stands in the document."""
        return {
            "plan": self.plan_id,
            "shard": str(self.shard),
            "complete": self.complete,
            "sent": self.sent,
            "skipped": self.skipped,
            "bytes_sent": self.bytes_sent,
            "photos": sorted(self.photos),
            "staged": sorted(self.staged),
        }

    def to_bytes(self) -> bytes:
        """The document that is stored: a manifest of the shard's own, with the rest beside it."""
        return written(Manifest(self.entries), fingerprint=self.fingerprint, **self.about())


def parse_report(raw: bytes) -> Report:
    """Read a stored report. Raises ``ManifestUnreadable`` for anything but one of this schema."""
    manifest, about = parse_recorded(raw)
    try:
        report = Report(
            Shard.parse(about["shard"]),
            about["plan"],
            about["fingerprint"],
            about["complete"],
            about["sent"],
            about["skipped"],
            about["bytes_sent"],
            tuple(about["photos"]),
            manifest.objects,
            frozenset(about.get("staged", ())),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ManifestUnreadable(f"it is not the report of a shard: {error}") from error
    counts = (report.sent, report.skipped, report.bytes_sent)
    well_formed = (
        all(type(text) is str for text in (report.plan_id, report.fingerprint, *report.photos, *report.staged))
        and type(report.complete) is bool
        and all(type(number) is int and number >= 0 for number in counts)
    )
    if not well_formed:
        raise ManifestUnreadable("it is not the report of a shard: something in it has a wrong type")
    return report


def folder_of(plan_id: str) -> str:
    """Where everything about the shards of a plan lies."""
    return f"{SHARDS_FOLDER}{plan_id}/"


def report_key(plan_id: str, shard: Shard) -> str:
    """Where the report of a shard lies."""
    return f"{folder_of(plan_id)}{shard.number}-of-{shard.count}.json"


# -- a plan that has begun -------------------------------------------------------------------------------------------


def begun_key(plan_id: str) -> str:
    """Where the plan lies once its finalizing has begun."""
    return f"{folder_of(plan_id)}finalize.json"


# -- is all of it there? -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a shard does not count. ``ran`` tells whether it did something else, or did not do (all of) its part."""

    shard: Shard
    text: str
    ran: Literal["not whole", "otherwise"] = "not whole"


def read_reports(
    plan: Plan, plan_id: str, fingerprint: str, found: Mapping[Shard, bytes | None]
) -> tuple[list[Report], list[Trouble]]:
    """Judge what lies under the keys of the reports: those that cover their share of ``plan``, and what is wrong with
    the others."""
    reports: list[Report] = []
    troubles: list[Trouble] = []
    for shard, raw in found.items():
        judged = _judged(plan, Report(shard, plan_id, fingerprint), raw)
        if isinstance(judged, Report):
            reports.append(judged)
        else:
            troubles.append(judged)
    return reports, troubles


def _judged(plan: Plan, expected: Report, raw: bytes | None) -> Report | Trouble:
    shard = expected.shard
    if raw is None:
        return Trouble(shard, "there is no report of it: it never ran, or died before it had stored much")
    try:
        report = parse_report(raw)
    except ManifestUnreadable as error:
        return Trouble(shard, f"its report cannot be understood: {error}")
    if (report.plan_id, report.shard) != (expected.plan_id, shard):
        return Trouble(shard, f"its report is that of shard {report.shard} of another plan", "otherwise")
    if report.fingerprint != expected.fingerprint:
        return Trouble(
            shard, "it ran with other settings (bucket, prefix, mode, acl, encryption, storage class)", "otherwise"
        )
    if not report.complete:
        return Trouble(shard, f"it died half-way, after {len(report.entries):,} files")
    share = shard.share(plan)
    lacking = [key for key, up in share.items() if not _is_of(report.entries.get(key), up)]
    if lacking:
        return Trouble(shard, f"its report lacks {len(lacking):,} of its {len(share):,} files, such as {lacking[0]}")
    return report


def _is_of(entry: ManifestEntry | None, upload: Upload) -> bool:
    """Whether ``entry`` records the object that ``upload`` is to become."""
    edit = upload.edit.digest() if upload.edit else ""
    wanted = (upload.file.sha256, upload.file.headers.digest(), edit, "photo", upload.photo)
    return entry is not None and (entry.source, entry.headers, entry.edit, entry.kind, entry.photo) == wanted


def not_as_reported(plan: Plan, reports: Iterable[Report], listing: Mapping[str, ObjectInfo]) -> list[Trouble]:
    """The shards of whose share the bucket holds something else than they have reported."""
    troubles = []
    for report in reports:
        wrong = [key for key in report.shard.share(plan) if not _is_there(report, key, listing)]
        if wrong:
            text = f"{len(wrong):,} of its files are not in the bucket as it reported, such as {wrong[0]}: "
            troubles.append(
                Trouble(report.shard, f"{text}it ran twice at once, or somebody else wrote or deleted there")
            )
    return troubles


def _is_there(report: Report, key: str, listing: Mapping[str, ObjectInfo]) -> bool:
    entry = report.entries[key]
    found = listing.get(pool_key(entry.sha256) if key in report.staged else key)
    return found is not None and entry.describes(found)


def refusal(troubles: Iterable[Trouble], count: int, keys: Iterable[str]) -> GalleriaError:
    """The one error for all ``troubles`` with a plan of ``count`` shards, each named; ``keys`` are those of the
    plan's folder."""
    listed = sorted(troubles, key=lambda trouble: trouble.shard)
    findings = [Finding(f"shard {trouble.shard}: {trouble.text}") for trouble in listed]
    names = ", ".join(str(trouble.shard) for trouble in listed[:10]) + (", …" if len(listed) > 10 else "")
    message = (
        f"{len(listed)} of {count} shards {'are' if len(listed) > 1 else 'is'} not there or not whole: {names}. "
        "Nothing was committed; the gallery that visitors see is as before."
    )
    others = sorted({int(n) for key in keys if (n := _divided_by(key)) and int(n) != count})
    if others and len(listed) == count:
        return PlanChanged(
            f"{message} There are reports of a division by {', '.join(map(str, others))}.",
            hint="plan and finalize need the same shard-count, and the matrix the output `shards` of plan.",
            findings=findings,
        )
    if all(trouble.ran == "otherwise" for trouble in listed):
        return PlanChanged(
            message,
            hint=f"All jobs need the same commit and options. Put them right, re-run {names}, then finalize.",
            findings=findings,
        )
    return UploadFailed(
        message,
        hint=f"Re-run only the jobs of {names}, then finalize. What is there already is not sent again.",
        findings=findings,
    )


def _divided_by(key: str) -> str | None:
    found = re.search(r"/[0-9]{1,3}-of-([0-9]{1,3})\.json$", key)
    return found[1] if found else None
