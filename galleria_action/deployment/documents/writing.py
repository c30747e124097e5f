"""The one write that makes a new gallery visible.

It is conditional on the document that the plan was made against, so of two deploys exactly one wins. An
unknown outcome is settled by reading back, never assumed.
"""

from __future__ import annotations

from galleria_action.deployment.documents.readback import kept, not_kept
from galleria_action.deployment.model import Base
from galleria_action.errors import Conflict, GalleriaError, StorageUnavailable
from galleria_action.storage.interface import (
    Condition,
    ConditionUnsupported,
    Headers,
    IfAbsent,
    IfMatch,
    IfSeen,
    ObjectHead,
    PreconditionFailed,
    ReadStore,
    WriteStore,
)
from galleria_action.values import dataclass


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A confirmed commit. ``narrowed`` means that the store could not check the condition itself."""

    etag: str
    narrowed: bool = False


class Unsettled(StorageUnavailable):
    """Whether ``key`` was written could not be learnt."""

    def __init__(self, key: str, problem: GalleriaError) -> None:
        super().__init__(
            f"Whether {key} was written could not be learnt, because the storage does not answer any more: "
            f"{problem.message} The live gallery is the old one or the new one.",
            hint="Run again: it finds out and goes on from there.",
        )
        self.key, self.problem = key, problem


def commit(store: WriteStore, key: str, body: bytes, headers: Headers, base: Base | None) -> Confirmed:
    """Write ``body`` under ``key`` if the object there is still ``base`` (absent when ``None``).

    Raises ``Conflict`` when another deploy was faster, ``StorageUnavailable`` when the write failed, ``Unsettled``
    when its outcome cannot be learnt.
    """
    done = _write(store, key, body, headers, base)
    try:
        return done if kept(store, key, body, done.etag) else _write_again(store, key, body, headers, done)
    except GalleriaError as problem:
        raise Unsettled(key, problem) from problem


def _write(store: WriteStore, key: str, body: bytes, headers: Headers, base: Base | None) -> Confirmed:
    condition: Condition = IfMatch(base.etag) if base else IfAbsent()
    try:
        return Confirmed(store.put(key, body, headers, condition))
    except PreconditionFailed:
        return _settled(store, key, body, base, None)
    except ConditionUnsupported:
        return _commit_narrowed(store, key, body, headers, base)
    except StorageUnavailable as error:
        return _settled(store, key, body, base, error)


def _commit_narrowed(store: WriteStore, key: str, body: bytes, headers: Headers, base: Base | None) -> Confirmed:
    """For stores without conditional writes: look right before writing. A window remains, but a small one."""
    try:
        return Confirmed(store.put(key, body, headers, IfSeen(base.etag if base else None)), narrowed=True)
    except PreconditionFailed:
        done = _settled(store, key, body, base, None)
    except StorageUnavailable as error:
        done = _settled(store, key, body, base, error)
    return Confirmed(done.etag, narrowed=True)


def _settled(
    store: WriteStore, key: str, body: bytes, base: Base | None, error: StorageUnavailable | None
) -> Confirmed:
    """Learn from the store itself how a refused or interrupted write ended."""
    try:
        live = store.get(key)
    except GalleriaError as unreadable:
        raise Unsettled(key, unreadable) from unreadable
    if live and live.body == body:
        return Confirmed(live.etag)
    if error and (live.etag if live else None) == (base.etag if base else None):
        raise error
    raise conflict(key)


def _write_again(store: WriteStore, key: str, body: bytes, headers: Headers, done: Confirmed) -> Confirmed:
    """For a store that damaged the document: visitors see it already, so it is replaced at once."""
    try:
        etag = store.put(key, body, headers, IfSeen(done.etag) if done.narrowed else IfMatch(done.etag))
    except PreconditionFailed:
        return done  # another deploy has replaced it
    if not kept(store, key, body, etag):
        raise not_kept(key)
    return Confirmed(etag, done.narrowed)


def check_base(store: ReadStore, key: str, base: Base | None) -> ObjectHead | None:
    """What lies under ``key``, where that is ``base`` still. Raises ``Conflict`` where it is not."""
    if base is None:  # that there is nothing has to be said by an answer with a reason, which those to a HEAD have not
        if store.get(key) is not None:
            raise conflict(key)
        return None
    head = store.head(key)
    if head is None or head.etag != base.etag:
        raise conflict(key)
    return head


def conflict(key: str) -> Conflict:
    """The loser's error."""
    return Conflict(
        f"Another deploy committed first: {key} is not the one that this plan was made against. "
        "Nothing was committed or deleted.",
        hint="Run again: a new plan is made against what is live now. A `concurrency:` group in the workflow "
        "keeps deploys from running at the same time.",
    )
