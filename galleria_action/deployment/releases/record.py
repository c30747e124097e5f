"""The record of a release: one committed state of a gallery, and how to take it back.

``.galleria/releases/<id>.json``, written before the publish begins under a name that says that it is open, and under
its own name when all is over. It is as large as what changed, never as the gallery. Fields that are not known are
ignored; a newer schema is refused; what is not a record is never trusted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from galleria_action.deployment.state.publication import Replaced, replaced_of
from galleria_action.errors import ConfigInvalid
from galleria_action.expressions import expression
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.storage.interface import RECORDS
from galleria_action.values import asdict, dataclass, field, fields

RELEASES_FOLDER = f"{RECORDS}releases/"
_OPEN, _ENDED = ".open.json", ".json"
_SCHEMA = 1
_NESTED = ("who", "counts", "undo", "taken_from")
_TIME = "%Y%m%dT%H%M%SZ"
_ID = expression(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}")


class ReleaseUnreadable(ValueError):
    """What lies there is not the record of a release."""


class Kind(StrEnum):
    """How a release came to be; ``FOUND`` is the gallery that was there before releases were recorded."""

    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    FORGET = "forget"
    FOUND = "found"


class Standing(StrEnum):
    """How a release ended; ``OPEN`` until somebody knows."""

    OPEN = "open"
    UNVERIFIED = "unverified"
    VERIFIED = "verified"
    FAILED = "verify-failed"


@dataclass(frozen=True, slots=True)
class Who:
    """Who made a release, as the place it was made in tells; empty where it does not."""

    commit: str = ""
    ref: str = ""
    actor: str = ""
    run: str = ""
    pull_request: str = ""
    pipeline: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """What changed with a release: photos, and files of all kinds; ``bytes`` are those of the files written."""

    photos_written: int = 0
    photos_deleted: int = 0
    files_written: int = 0
    files_deleted: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class TakenFrom:
    """Where a release was taken over from: the ``release`` (empty: it had no record) that was live in another
    ``environment``, at ``place``."""

    environment: str
    release: str
    place: str


@dataclass(frozen=True, slots=True)
class Release:
    """One release.

    ``undo`` has what each key held that was written or deleted, ``None`` for those that were new; the metadata document
    is one of them. ``metadata`` is the SHA-256 of the document that is live with this release, ``commit`` of the one
    that its commit wrote (``None``: the record commits). ``previous`` is the release to which a step back leads, and
    ``restores`` the one whose state this is (``None``: a state of its own). ``forgotten`` counts photos that were taken
    out of it afterwards. ``taken_from`` is the release of another environment that this one is, ``strategy`` how it
    went live.
    """

    id: str
    plan_id: str
    kind: Kind = Kind.DEPLOY
    who: Who = Who()
    counts: Counts = Counts()
    metadata: str | None = None
    commit: str | None = None
    previous: str | None = None
    restores: str | None = None
    undo: Mapping[str, Replaced | None] = field(default_factory=dict)
    standing: Standing = Standing.OPEN
    forgotten: int = 0
    strategy: str = "rolling"
    taken_from: TakenFrom | None = None

    @property
    def state(self) -> str:
        """The id of the release whose state this is."""
        return self.restores or self.id

    @property
    def at(self) -> datetime:
        """When it was made."""
        return time_of(self.id)

    @property
    def key(self) -> str:
        """Where its record lies."""
        return f"{RELEASES_FOLDER}{self.id}{_OPEN if self.standing is Standing.OPEN else _ENDED}"

    def kept(self) -> frozenset[str]:
        """The objects of the pool that taking it back needs."""
        return frozenset(held.kept for held in self.undo.values() if held and held.kept)

    def to_bytes(self) -> bytes:
        """The document that is stored (``schemas/release.schema.json``)."""
        undo = {key: held and asdict(held) for key, held in sorted(self.undo.items())}
        flat = {it.name: getattr(self, it.name) for it in fields(self) if it.name not in _NESTED}
        parts = {"who": asdict(self.who), "counts": asdict(self.counts), "undo": undo}
        if self.taken_from:
            parts["taken_from"] = asdict(self.taken_from)
        document = {"schema": _SCHEMA, **flat, **parts}
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def id_for(plan_id: str, now: datetime, last: str | None) -> str:
    """The id of a release of ``plan_id`` that is made ``now``: later than ``last`` whatever the clocks say, so that ids
    sort as releases follow each other."""
    later = max(now, time_of(last) + timedelta(seconds=1)) if last else now
    return f"{later.astimezone(UTC):{_TIME}}-{plan_id[:8]}"


def time_of(release: str) -> datetime:
    """When the release with this id was made."""
    return datetime.fromisoformat(release[:16])


def is_id(text: str) -> bool:
    """Whether ``text`` is the id of a release, as far as its form goes."""
    if not _ID.fullmatch(text):
        return False
    try:
        return time_of(text).year > 1
    except ValueError:
        return False


def id_in(key: str) -> str | None:
    """The id of the release whose record lies under ``key``; ``None`` for any other key."""
    name = key.removeprefix(RELEASES_FOLDER).removesuffix(_ENDED).removesuffix(_OPEN.removesuffix(_ENDED))
    return name if key.startswith(RELEASES_FOLDER) and key.endswith(_ENDED) and is_id(name) else None


def is_open(key: str) -> bool:
    """Whether ``key`` is that of a release of which nobody has said how it ended."""
    return key.endswith(_OPEN) and id_in(key) is not None


def parse_release(raw: bytes, release: str) -> Release:
    """Read the stored record of ``release``.

    Raises ``ReleaseUnreadable`` for anything else (the state may be writable by others, so every key in it is checked
    like a key of the metadata), and ``ConfigInvalid`` for one that a newer version has written.
    """
    try:
        document = json.loads(raw)
        schema = document["schema"]
        if type(schema) is int and schema > _SCHEMA:
            raise ConfigInvalid(
                f"The record of the release {release} was written by a newer version of Galleria Action "
                f"(schema {schema}).",
                hint="Use that version, or a newer one, for this gallery.",
            )
        if schema != _SCHEMA or document["id"] != release:
            raise ReleaseUnreadable("it is not the record of this release")
        return Release(
            id=release,
            plan_id=_text(document["plan_id"]),
            kind=Kind(document["kind"]),
            who=Who(**{it.name: _text(document["who"].get(it.name, "")) for it in fields(Who)}),
            counts=Counts(**{it.name: _number(document["counts"].get(it.name, 0)) for it in fields(Counts)}),
            metadata=_maybe(document["metadata"]),
            commit=_maybe(document["commit"]),
            previous=_release(document["previous"]),
            restores=_release(document["restores"]),
            undo={key: replaced_of(key, it, METADATA_KEY) for key, it in document["undo"].items()},
            standing=Standing(document["standing"]),
            forgotten=_number(document.get("forgotten", 0)),
            strategy=_text(document.get("strategy", "rolling")),
            taken_from=taken_from_of(document.get("taken_from")),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ReleaseUnreadable(str(error)) from error


def _text(value: Any) -> str:
    if type(value) is not str or len(value) > 2000:
        raise ReleaseUnreadable("something in it has a wrong type")
    return value


def taken_from_of(value: Any) -> TakenFrom | None:
    """Where a release was taken over from as it stands in a document of ours. Raises ``ReleaseUnreadable`` and what
    follows from a wrong type."""
    return None if value is None else TakenFrom(*(_text(value[it.name]) for it in fields(TakenFrom)))


def _number(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ReleaseUnreadable("something in it has a wrong type")
    return value


def _maybe(value: Any) -> str | None:
    return None if value is None else _text(value)


def _release(value: Any) -> str | None:
    if value is not None and not is_id(_text(value)):
        raise ReleaseUnreadable("it names a release that cannot be")
    return _maybe(value)
