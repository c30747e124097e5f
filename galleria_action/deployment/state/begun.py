"""Which plan a deploy has begun: what an interruption leaves of it is another plan, and nobody has approved that one.

The document holds the whole plan as the text whose SHA-256 is its id. So it proves itself: whoever knows the id that
was approved knows every action that was. It lies in a bucket that others may write to, and is read accordingly.
"""

from __future__ import annotations

import hashlib
import json

from galleria_action.deployment.model import Plan, canonical
from galleria_action.errors import GalleriaError
from galleria_action.storage.interface import RECORD_HEADERS, RECORDS, ReadStore, Target, WriteStore
from galleria_action.values import dataclass

BEGUN_KEY = f"{RECORDS}begun.json"
#: as many as a job matrix of GitHub may have
MOST_SHARDS = 256
_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Begun:
    """A plan that was begun: its id, into how many shards it was divided, where it goes, how objects are kept and what
    is done (in canonical texts). ``metadata`` is what it was and was to become (SHA-256), where it was to change."""

    plan_id: str
    shards: int
    target: Target
    metadata: frozenset[str | None]
    storing: str
    actions: frozenset[str]

    def covers(self, plan: Plan) -> bool:
        """Whether ``plan`` does nothing that this one does not, in the same place, on its way: it is what an
        interrupted deploy has left to be done."""
        base = plan.base and plan.base.sha256
        return (
            self.target == plan.target
            and self.storing == canonical(plan.told())
            and (not self.metadata or base in self.metadata)
            and {action.canonical() for action in plan.actions()} <= self.actions
        )


def begun_document(plan: Plan, shards: int = 1) -> bytes:
    """``plan`` as the text whose SHA-256 is its id."""
    return json.dumps({"schema": _SCHEMA, "shards": shards, "plan": plan.canonical}).encode()


def parse_begun(raw: bytes) -> Begun | None:
    """The plan in a stored document; ``None`` for anything else."""
    try:
        document = json.loads(raw)
        text, shards = document["plan"], document["shards"]
        plan = json.loads(text)
        about, actions = plan["about"], plan["actions"]
        if type(shards) is not int or not 1 <= shards <= MOST_SHARDS:
            return None
        commits = {action["sha256"] for action in actions if action["action"] == "commit"}
        told = {name: value for name, value in about.items() if name not in ("schema", "target", "base")}
        return Begun(
            hashlib.sha256(text.encode()).hexdigest(),
            shards,
            Target(**about["target"]),
            frozenset({about["base"], *commits} if commits else ()),
            canonical(told),
            frozenset(map(canonical, actions)),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def read_begun(store: ReadStore) -> Begun | None:
    """What the target says was begun. Raises the store's errors."""
    found = store.get(BEGUN_KEY)
    return parse_begun(found.body) if found else None


def write_begun(store: WriteStore, plan: Plan) -> None:
    """Say that ``plan`` has begun. Raises the store's errors."""
    store.put(BEGUN_KEY, begun_document(plan), RECORD_HEADERS)


def end_begun(store: WriteStore) -> str:
    """Nothing that was begun is under way any more. Returns why that could not be said, which harms nobody."""
    try:
        return store.delete([BEGUN_KEY]).get(BEGUN_KEY, "")
    except GalleriaError as error:
        return error.message
