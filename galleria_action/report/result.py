"""One result, many readers: outputs, ``result.json``, the summary and the terminal all show this one record.

``Tally`` is filled while a command runs, so that a failure half way still reports everything that was known and
done by then; ``finish`` turns it into the frozen ``Result``.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from galleria_action.deployment.events import (
    Advanced,
    BroughtBack,
    Committed,
    Compared,
    Deleted,
    Divided,
    Event,
    Listed,
    Located,
    Made,
    Owing,
    Pictured,
    PipelineRan,
    Planned,
    Previewed,
    Probed,
    Publishing,
    Recognised,
    Released,
    Sending,
    Setting,
    Settled,
    Showing,
    Stored,
    Uploaded,
    Verified,
    Warned,
)
from galleria_action.deployment.model import Copy, Mode, Plan, strongest, target_of
from galleria_action.deployment.remote.verification import Verification
from galleria_action.deployment.shards import Shard
from galleria_action.errors import Finding, GalleriaError, exit_code_of
from galleria_action.storage.interface import Target
from galleria_action.values import asdict, dataclass, field

if TYPE_CHECKING:
    from galleria_action.deployment.releases.rollback import ListedRelease


@dataclass
class Tally:
    """What is known so far. It listens to a use case, and reports read it; ``hide`` takes secrets out of
    a text."""

    command: str
    dry_run: bool = False
    mode: Mode | None = None
    target: Target | None = None
    plan: Plan | None = None
    plan_file: str | None = None
    result_file: str | None = None
    report_file: str | None = None
    url: str | None = None
    photos_uploaded: int = 0
    photos_deleted: int = 0
    files_uploaded: int = 0
    files_skipped: int = 0
    bytes_uploaded: int = 0
    metadata_uploaded: bool = False
    committed: bool | None = False
    publishing: bool = False
    verification: Verification | None = None
    located: Located = field(default_factory=lambda: Located(0, taken_out=False))
    pictures: dict[Showing, Pictured] = field(default_factory=dict)
    duplicates: int = 0
    release_id: str = ""
    previous_release: str = ""
    taken_back: str = ""
    preview_url: str = ""
    releases: tuple[ListedRelease, ...] | None = None
    environments: Mapping[str, tuple[Setting, ...]] | None = None
    pipeline: Any = None
    changed: bool = False
    purge_owed: int = 0
    probe: str = ""
    #: of the release that is live again, where one was brought back
    live_commit: str | None = None
    shard: Shard | None = None
    shards: tuple[Shard, ...] = ()
    warnings: list[str] = field(default_factory=list)
    requests: Callable[[], Mapping[str, int]] = dict
    retries: Callable[[], int] = int
    #: whether the log has shown the plan already
    plan_told: bool = False
    hide: Callable[[str], str] = str
    _sent_photos: set[str] = field(default_factory=set)
    _sending: list[Callable[[], int]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def under_way(self) -> int:
        """Uploads that are on their way at this moment."""
        return sum(under_way() for under_way in self._sending)

    def hear(self, event: Event) -> None:
        """See ``Listener``: everything is known here as soon as it has happened."""
        with self._lock:
            self._note(event)

    def _note(self, event: Event) -> None:
        match event:
            case Stored(_, None, _):  # the most frequent ones first
                self.files_skipped += 1
            case Stored(_, int(size), photo):
                self.files_uploaded += 1
                self.bytes_uploaded += size
                if photo is not None:
                    self._sent_photos.add(photo)
                    self.photos_uploaded = len(self._sent_photos)
            case Advanced():
                pass
            case Sending(under_way):
                self._sending.append(under_way)
            case Warned(text):
                told = self.hide(text)
                self.warnings += [] if told in self.warnings else [told]  # tasks of a pipeline find the same
            case Recognised(mode):
                self.mode = mode
            case Planned(plan):
                self.plan = plan
            case Divided(shards):
                self.shards = shards
            case Uploaded():
                self.photos_uploaded, self.files_uploaded = event.photos, event.files
                self.files_skipped, self.bytes_uploaded = event.skipped, event.size
            case Publishing(begun):
                self.publishing = begun
            case Committed(outcome, document):
                self.committed, self.metadata_uploaded = outcome, document
            case Released():
                self.release_id, self.previous_release, self.taken_back = event.id, event.previous, event.instead
            case Listed(releases):
                self.releases = releases
            case Deleted(photos):
                self.photos_deleted = photos
            case Verified(verification):
                self.verification = verification
            case Located():
                self.located = event
            case Pictured(showing):
                self.pictures[showing] = event
            case Compared(duplicates):
                self.duplicates = duplicates
            case Previewed(url):
                self.preview_url = url
            case Owing(addresses):
                self.purge_owed = addresses
            case BroughtBack(commit):
                self.live_commit = commit
            case Probed(sight):
                self.probe = sight
            case Made(changed):
                self.changed = changed
            case Settled(environments):
                self.environments = environments
            case PipelineRan(run):
                self.pipeline = run
            case _:
                pass


@dataclass(frozen=True, slots=True)
class Result:
    """How a run ended. ``outputs`` are the contract's outputs, typed (a list is JSON), under their kebab-case names.

    ``findings`` are the first of the single ``problems``, of which there may be more.
    """

    command: str
    exit_code: int
    message: str
    hint: str | None
    findings: tuple[Finding, ...]
    problems: int
    target: Target | None
    plan: Plan | None
    verification: Verification | None
    located: Located
    committed: bool | None
    shard: Shard | None
    pictures: tuple[Pictured, ...]
    warnings: tuple[str, ...]
    outputs: Mapping[str, str | int | bool]
    requests: Mapping[str, int]
    retries: int
    duration_seconds: float
    releases: tuple[ListedRelease, ...] | None = None
    environments: Mapping[str, tuple[Setting, ...]] | None = None
    live_commit: str | None = None
    taken_back: str = ""
    pipeline: Any = None

    @property
    def success(self) -> bool:
        """Whether the run ended with exit code 0."""
        return self.exit_code == 0

    def to_dict(self) -> dict[str, Any]:
        """The document of ``result.json`` (``schemas/result.schema.json``)."""
        found = self.verification or Verification(checked=0)
        return {
            **{name.replace("-", "_"): value for name, value in self.outputs.items()},
            "shards": json.loads(str(self.outputs["shards"])),
            "missing": list(found.missing),
            "orphaned": list(found.orphaned),
            "mismatched": list(found.mismatched),
            "positions_left": [
                {"photo": left.photo, "variant": left.variant, "key": left.key, "where": left.where}
                for left in self.located.left
            ],
            "warnings": list(self.warnings),
            "problems": self.problems,
            "findings": [{"message": f.message, "file": f.file, "line": f.line} for f in self.findings],
            "duration_seconds": round(self.duration_seconds, 3),
            "requests": dict(self.requests),
            "retries": self.retries,
            **({} if self.releases is None else {"releases": list(map(_told, self.releases))}),
            **({} if self.environments is None else {"environments": _settings(self.environments)}),
            **({} if self.pipeline is None else {"pipeline": _pipeline(self.pipeline)}),
        }


def _pipeline(run: Any) -> dict[str, Any]:
    """A run of a pipeline, as programs read it."""
    from galleria_action.pipeline.record import document_of

    return document_of(run)


def _settings(environments: Mapping[str, tuple[Setting, ...]]) -> dict[str, Any]:
    """What holds in each environment, as programs read it."""
    return {
        name: {it.option: {"value": it.value, "from": it.place} | _noted(it) for it in settings}
        for name, settings in environments.items()
    }


def _noted(setting: Setting) -> dict[str, str]:
    return {"note": setting.note} if setting.note else {}


def _told(it: ListedRelease) -> dict[str, Any]:
    """A release as programs read it."""
    release, way = it.release, it.way
    return {
        "id": release.id,
        "kind": release.kind,
        "at": release.at.isoformat(),
        "who": asdict(release.who),
        "strategy": release.strategy,
        "changed": asdict(release.counts),
        "verified": release.standing,
        "previous": release.previous,
        "restores": release.restores,
        "taken_from": release.taken_from and asdict(release.taken_from),
        "live": it.live,
        "rolled_back": it.rolled_back,
        "rollback": None if way is None else {
            "possible": it.can_come_back, "copies": len(way.copies), "deletes": len(way.deletes), "bytes": way.size,
        },
    }  # fmt: skip


def finish(record: Tally, message: str, duration_seconds: float, error: GalleriaError | None = None) -> Result:
    """Close ``record``. ``message`` is the last word of a run that went well; ``error`` replaces it."""
    text = error.message if error else message
    return Result(
        command=record.command,
        exit_code=exit_code_of(error) if error else 0,
        message=text,
        hint=error.hint if error else None,
        findings=error.findings if error else (),
        problems=error.problems if error else 0,
        target=record.target,
        plan=record.plan,
        verification=record.verification,
        located=record.located,
        committed=record.committed,
        shard=record.shard,
        pictures=tuple(record.pictures.values()),
        warnings=tuple(record.warnings),
        outputs=_outputs(record, text, error),
        requests=dict(record.requests()),
        retries=record.retries(),
        duration_seconds=duration_seconds,
        releases=record.releases,
        live_commit=record.live_commit,
        taken_back=record.taken_back,
        environments=record.environments,
        pipeline=record.pipeline,
    )


def _outputs(record: Tally, message: str, error: GalleriaError | None) -> dict[str, str | int | bool]:
    """Every output of the contract, always: an unknown one is empty, zero or false."""
    plan = record.plan
    found = record.verification
    return {
        "success": error is None,
        "dry-run": record.dry_run,
        "changed": plan.changed if plan else record.changed,
        "mode": record.mode or "",
        "plan-id": plan.plan_id if plan else "",
        "plan-file": record.plan_file or "",
        "shards": json.dumps(list(map(str, record.shards)), separators=(",", ":")),
        "result-file": record.result_file or "",
        "report-file": record.report_file or "",
        "photos-to-upload": len(plan.photo_uploads) if plan else 0,
        "photos-to-delete": len(plan.removed_photos) if plan else 0,
        "photos-unchanged": len(plan.unchanged_photos) if plan else 0,
        "photos-with-position": record.located.photos,
        "bytes-to-upload": plan.bytes_to_upload if plan else 0,
        "photos-uploaded": record.photos_uploaded,
        "photos-deleted": record.photos_deleted,
        "files-uploaded": record.files_uploaded,
        "files-skipped": record.files_skipped,
        "bytes-uploaded": record.bytes_uploaded,
        "metadata-uploaded": record.metadata_uploaded,
        "consistent": found is not None and found.consistent,
        "missing-files": len(found.missing) if found else 0,
        "orphaned-files": len(found.orphaned) if found else 0,
        "mismatched-files": len(found.mismatched) if found else 0,
        "duplicates": record.duplicates,
        "release-id": record.release_id,
        "previous-release": record.previous_release,
        "preview-url": record.preview_url,
        "purge-owed": record.purge_owed,
        "probe": record.probe,
        "pipeline-id": record.pipeline.id if record.pipeline else "",
        "url": record.url or "",
        "failure-reason": error.reason if error else "",
        "message": message,
    }


def plan_document(plan: Plan) -> dict[str, Any]:
    """The document of ``plan.json`` (``schemas/plan.schema.json``): no local paths, no times."""
    return {
        "schema": 1,
        "plan_id": plan.plan_id,
        "target": target_of(plan.target),
        "base": {"metadata_sha256": plan.base.sha256, "etag": plan.base.etag} if plan.base else None,
        "summary": {
            "upload": len(plan.photo_uploads),
            "delete": len(plan.removed_photos),
            "unchanged": len(plan.unchanged_photos),
            "bytes": plan.bytes_to_upload,
        },
        "photos": {
            "upload": [
                {
                    "id": photo,
                    "reason": strongest(uploads),
                    "files": [{"variant": up.file.variant, "key": up.key, "size": up.size} for up in uploads],
                }
                for photo, uploads in plan.photo_uploads.items()
            ],
            "delete": [
                {"id": photo, "keys": [gone.key for gone in deletes]} for photo, deletes in plan.photo_deletes.items()
            ],
        },
        "site": {
            "upload": [{"key": up.key, "reason": up.reason, "size": up.size} for up in plan.site_uploads],
            "delete": [gone.key for gone in plan.site_deletes],
        },
        "orphans": {"delete": [gone.key for gone in plan.orphan_deletes]},
        "commit": plan.commit is not None,
        **({"copy": [_copied(copy) for copy in plan.copies]} if plan.copies else {}),
    }


def _copied(copy: Copy) -> dict[str, Any]:
    return {"key": copy.key, "reason": copy.reason, "size": copy.size, "photo": copy.photo}
