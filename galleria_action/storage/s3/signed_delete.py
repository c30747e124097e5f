"""Deletes a few objects without botocore, which takes longer to load than most deploys need for their deletes."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from galleria_action.errors import GalleriaError, PermissionRefused, StorageUnavailable
from galleria_action.storage.faults import Call, Fault, describe_key_error, failure
from galleria_action.storage.persistence import Persistence
from galleria_action.storage.s3.signed_server import LINE_FAILURES, Refused, SignedServer, fault_of


@dataclass(frozen=True, slots=True)
class _Left:
    """An object that could not be deleted: what the server said, and the error that it amounts to."""

    text: str
    error: GalleriaError


def delete_each(server: SignedServer, calls: Sequence[Call], persist: Persistence) -> dict[str, str]:
    """Delete the object of each call, all at once; returns the texts of errors that concern single keys.

    Raises the errors of ``WriteStore.delete``. A permission that is missing for every key is missing as such.
    """
    with ThreadPoolExecutor(max(1, len(calls)), thread_name_prefix="delete") as pool:
        left = list(pool.map(lambda call: _delete(server, call, persist), calls))
    refused = [one.error for one in left if one and isinstance(one.error, PermissionRefused)]
    if calls and len(refused) == len(calls):
        raise refused[0]
    return {call.key or "": one.text for call, one in zip(calls, left, strict=True) if one}


def _delete(server: SignedServer, call: Call, persist: Persistence) -> _Left | None:
    refusal: Fault | None = None

    def ask() -> None:
        nonlocal refusal
        refusal = None
        try:
            server.ask("DELETE", call.target.prefix + (call.key or ""))
        except Refused as refused:
            refusal = refused.fault
            if refusal.code != "NoSuchKey":
                raise failure(refusal, call) from None
        except LINE_FAILURES as error:
            raise failure(fault_of(error), call) from error

    try:
        persist(ask)
    except (PermissionRefused, StorageUnavailable) as error:
        if refusal is None:
            raise
        return _Left(describe_key_error(refusal.code or str(refusal.status), refusal.message), error)
    return None
