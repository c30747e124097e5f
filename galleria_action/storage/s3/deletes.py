"""Deletes objects: a few by a request each, many by DeleteObjects. What a batch leaves open is settled key by key."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from galleria_action.errors import GalleriaError, PermissionRefused, StorageUnavailable
from galleria_action.expressions import expression
from galleria_action.hands import Hands
from galleria_action.storage.faults import Call, Fault, describe_key_error, failure
from galleria_action.storage.interface import Target
from galleria_action.storage.persistence import Persistence
from galleria_action.storage.s3.documents import BadDocument, children, document, element, leaf, name_of, parsed, text
from galleria_action.storage.s3.server import LINE_FAILURES, BucketServer, Refused, fault_of
from galleria_action.values import dataclass

#: The most that DeleteObjects takes.
BATCH = 1000
#: Up to so many keys are deleted by a request each.
FEW = 16
#: an answer names each key of at most 1,024 bytes, and why it was refused
_LONGEST_ANSWER = 8 << 20
#: requests at once for keys that are settled one by one
_AT_ONCE = 16
#: Codes by which a service says that it has no DeleteObjects, or not ours.
_BATCH_REFUSED = frozenset({
    "BadDigest", "InvalidArgument", "InvalidDigest", "InvalidRequest", "MalformedXML", "MethodNotAllowed",
    "MissingContentLength", "MissingContentMD5", "NotImplemented", "UnsupportedOperation",
})  # fmt: skip
#: Errors of a single key in a batch that a second try may overcome.
PASSING_IN_BATCH = frozenset((
    "InternalError", "SlowDown", "ServiceUnavailable", "RequestTimeout", "OperationAborted",
))  # fmt: skip
#: XML 1.0 cannot hold these or changes them; one such key would spoil its batch.
NOT_IN_XML = expression(r"[\x00-\x1f\x7f-\x9f\ufffe\uffff]")


class BatchRefused(Exception):
    """The service has no DeleteObjects, or not ours."""


def refuses_batches(fault: Fault) -> bool:
    """Whether ``fault``, the answer to a batch, says that of the service."""
    return fault.code in _BATCH_REFUSED or fault.status in (405, 411, 501)


@dataclass(frozen=True, slots=True)
class _Left:
    """An object that could not be deleted: what the server said, and the error that it amounts to."""

    text: str
    error: GalleriaError


class Deleting:
    """Deletes objects of ``target`` on ``server``; ``batches`` says whether the service is known to take many keys."""

    def __init__(self, server: BucketServer, target: Target, persist: Persistence, *, batches: bool) -> None:
        self._server = server
        self._target = target
        self._persist = persist
        self._batches = batches

    def __call__(self, keys: Iterable[str]) -> dict[str, str]:
        """See ``WriteStore.delete``. A permission that is missing for every one of a few keys is missing as such."""
        wanted = list(dict.fromkeys(keys))
        if len(wanted) <= FEW:
            return self._singly(wanted)
        odd = [key for key in wanted if NOT_IN_XML.search(key)]
        errors = self._singly(odd)
        for batch in _batches(key for key in wanted if not NOT_IN_XML.search(key)):
            errors |= self._batch(batch) if self._batches else self._singly(batch)
        return errors

    def _batch(self, keys: Sequence[str]) -> dict[str, str]:
        try:
            outcomes = self._persist(lambda: self._ask_for_batch(keys))
        except BatchRefused:
            self._batches = False
            return self._singly(keys)
        errors = {key: told for key, told in outcomes.items() if told}
        return {**errors, **self._singly([key for key in keys if key not in outcomes])}

    def _ask_for_batch(self, keys: Sequence[str]) -> dict[str, str]:
        """The keys that one DeleteObjects settled, with the text of an error or ``""``."""
        root = self._target.prefix
        # Not quiet: an empty answer must not pass for success.
        objects = (element("Object", leaf("Key", root + key)) for key in keys)
        body = document("Delete", *objects, leaf("Quiet", "false"))
        md5 = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
        call = Call("delete", self._target)
        try:
            answer = self._server.ask(
                "POST",
                query="delete=",
                headers={"content-md5": md5, "content-type": "application/xml"},
                body=body,
                most=_LONGEST_ANSWER,
            )
        except Refused as refused:
            fault = refused.fault
            if refuses_batches(fault):
                raise BatchRefused from None
            raise failure(fault, call) from None
        except LINE_FAILURES as error:
            raise failure(fault_of(error), call) from error
        return {key[len(root) :]: told for key, told in _outcomes(answer.body) if key.startswith(root)}

    def _singly(self, keys: Sequence[str]) -> dict[str, str]:
        calls = [Call("delete", self._target, key) for key in keys]
        with Hands(min(len(calls), _AT_ONCE), "delete") as pool:
            left = list(pool.map(self._one, calls))
        refused = [one.error for one in left if one and isinstance(one.error, PermissionRefused)]
        if len(keys) <= FEW and refused and len(refused) == len(calls):
            raise refused[0]
        return {key: one.text for key, one in zip(keys, left, strict=True) if one}

    def _one(self, call: Call) -> _Left | None:
        refusal: Fault | None = None

        def ask() -> None:
            nonlocal refusal
            refusal = None
            try:
                self._server.ask("DELETE", call.target.prefix + (call.key or ""))
            except Refused as refused:
                refusal = refused.fault
                if refusal.code != "NoSuchKey":
                    raise failure(refusal, call) from None
            except LINE_FAILURES as error:
                raise failure(fault_of(error), call) from error

        try:
            self._persist(ask)
        except (PermissionRefused, StorageUnavailable) as error:
            if refusal is None:
                raise
            return _Left(describe_key_error(refusal.code or str(refusal.status), refusal.message), error)
        return None


def _outcomes(body: bytes) -> Iterator[tuple[str, str]]:
    """Whole key and error text for each key that a DeleteResult settles; nothing for what is not one."""
    try:
        root = parsed(body, "the answer to a batch of deletes")
    except BadDocument:
        return
    if name_of(root) != "DeleteResult":
        return
    for item in children(root, "Deleted"):
        yield text(item, "Key"), ""
    for item in children(root, "Error"):
        code = text(item, "Code")
        if code not in PASSING_IN_BATCH:
            yield text(item, "Key"), "" if code == "NoSuchKey" else describe_key_error(code, text(item, "Message"))


def _batches(keys: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(keys)
    while batch := list(islice(remaining, BATCH)):
        yield batch
