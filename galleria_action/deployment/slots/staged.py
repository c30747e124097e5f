"""The record of a gallery that waits in its slot for somebody to promote it: ``.galleria/staged.json``."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from galleria_action.deployment.layout import Layout
from galleria_action.deployment.releases.record import TakenFrom, taken_from_of
from galleria_action.errors import ConfigInvalid, ReleaseUnavailable
from galleria_action.storage.interface import RECORDS, ReadStore
from galleria_action.values import asdict, dataclass

STAGED_KEY = f"{RECORDS}staged.json"
_SCHEMA = 1
_MOST = 1 << 16
_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Staged:
    """The gallery of the plan ``plan_id`` waits in ``slot`` since ``at``, made from the one at ``live`` whose document
    (its metadata, or its record where there is none) had the SHA-256 ``base`` (``None``: there was no gallery).
    ``holds`` is that of the document in the slot: with another one the slot holds another gallery. ``taken_from`` is
    the release of another environment that it is."""

    slot: Layout
    live: Layout
    base: str | None
    holds: str
    plan_id: str
    strategy: str
    at: datetime
    taken_from: TakenFrom | None = None

    def to_bytes(self) -> bytes:
        """The document that is stored."""
        return json.dumps({
            "schema": _SCHEMA, "slot": self.slot.folder, "live": self.live.folder, "base": self.base,
            "holds": self.holds, "plan_id": self.plan_id, "strategy": self.strategy,
            "at": f"{self.at.astimezone(UTC):{_TIME}}", "taken_from": self.taken_from and asdict(self.taken_from),
        }).encode()  # fmt: skip


def read_staged(store: ReadStore) -> Staged:
    """What waits. Raises ``ReleaseUnavailable`` where nothing does, ``ConfigInvalid`` for a newer version's record, and
    the store's errors."""
    found = store.get(STAGED_KEY, _MOST)
    if found is None:
        raise ReleaseUnavailable(
            "No gallery waits to be promoted. Nothing was written.",
            hint="A deploy with promote: manual leaves one. Was it promoted, aborted or replaced by another deploy?",
        )
    try:
        return _parsed(json.loads(found.body))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ReleaseUnavailable(
            f"{STAGED_KEY} cannot be understood ({error}), so nothing can be promoted. Nothing was written.",
            hint="Deploy again: that stages the gallery anew.",
        ) from error


def _parsed(document: Any) -> Staged:
    schema = document["schema"]
    if type(schema) is int and schema > _SCHEMA:
        raise ConfigInvalid(
            f"{STAGED_KEY} was written by a newer version of Galleria Action (schema {schema}).",
            hint="Use that version, or a newer one, for this gallery.",
        )
    texts = [document[name] for name in ("slot", "live", "holds", "plan_id", "strategy", "at")]
    base = document["base"]
    known = type(schema) is int and schema == _SCHEMA
    if not known or {type(it) for it in texts} != {str} or not isinstance(base, str | None):
        raise ValueError("something in it has a wrong type")
    slot, live, holds, plan_id, strategy, at = texts
    layout = Layout.at(slot)
    if not layout.is_slot or slot == live:
        raise ValueError("it names no idle slot")
    since = datetime.strptime(at, _TIME).replace(tzinfo=UTC)
    taken_from = taken_from_of(document.get("taken_from"))
    return Staged(layout, Layout.at(live), base, holds, plan_id, strategy, since, taken_from)
