"""The complete store: everything S3 offers, through a boto3 (or botocore) client."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import Any

from galleria_action.errors import PermissionRefused, StorageUnavailable
from galleria_action.hands import Hands
from galleria_action.storage.faults import (
    Call,
    Fault,
    Operation,
    describe_key_error,
    failure,
)
from galleria_action.storage.faults.botocore import botocore_failures, of_botocore
from galleria_action.storage.interface import (
    DOCUMENT,
    LARGEST_PUT,
    WHOLE,
    Body,
    Condition,
    ConditionUnsupported,
    Headers,
    IfAbsent,
    IfMatch,
    IfSeen,
    ObjectHead,
    ObjectInfo,
    Part,
    StoredObject,
    Target,
    bare_etag,
    sha256_of,
)
from galleria_action.storage.persistence import Persistence
from galleria_action.storage.providers import Provider, provider_of
from galleria_action.storage.s3.deletes import BATCH, NOT_IN_XML, PASSING_IN_BATCH, BatchRefused, refuses_batches
from galleria_action.storage.s3.listing import BadListing, Page, every_object, page_of
from galleria_action.storage.settings import is_archive
from galleria_action.storage.words import clean

_FAILURES = botocore_failures()


class Boto3Store:
    """A ``WriteStore`` over ``client``. ``provider`` ``None`` recognises it by the target's endpoint; ``acl`` is a
    canned ACL sent with each object. Each request is repeated as ``persist`` says, ``None``: as the client does."""

    def __init__(
        self,
        client: Any,
        target: Target,
        *,
        provider: Provider | None = None,
        acl: str | None = None,
        persist: Persistence | None = None,
    ):
        self.target = target
        self._client = client
        self._provider = provider or provider_of(target.endpoint)
        self._acl = {"ACL": acl} if acl else {}
        self._persist = persist or Persistence(client.meta.config.max_pool_connections, attempts=1)
        self._batches = self._provider.batch_delete != "no"

    # --- reading -----------------------------------------------------------------------------------------------------

    @property
    def seconds_between_writes(self) -> float:
        """See ``Paced``."""
        return self._provider.seconds_between_writes

    def get(self, key: str, most: int = DOCUMENT) -> StoredObject | None:
        """See ``ReadStore.get``."""
        return self._persist(lambda: self._get(key, most))

    def _get(self, key: str, most: int) -> StoredObject | None:
        try:
            answer = self._client.get_object(**self._at(key))
            with closing(answer["Body"]) as stream:  # a connection whose answer was read whole is kept all the same
                body = stream.read(most + 1)
        except _FAILURES as error:
            self._raise_unless_absent(error, self._call("get", key))
            return None
        etag = self._etag(answer, self._call("get", key))
        if len(body) > most:
            raise failure(Fault("too long", message=f"more than {most:,} bytes"), self._call("get", key))
        if len(body) != answer.get("ContentLength", len(body)):
            raise failure(Fault("cut"), self._call("get", key))
        return StoredObject(body=body, etag=etag, headers=_headers(answer))

    def head(self, key: str) -> ObjectHead | None:
        """See ``ReadStore.head``."""
        return self._persist(lambda: self._head(key))

    def _head(self, key: str) -> ObjectHead | None:
        call = self._call("head", key)
        try:
            answer = self._client.head_object(**self._at(key))
        except _FAILURES:
            # Answers to HEAD have no body and so no reason (a missing bucket looks like a missing object): ask again.
            try:
                answer = self._client.get_object(**self._at(key))
                answer["Body"].close()
            except _FAILURES as error:
                self._raise_unless_absent(error, call)
                return None
        return ObjectHead(size=answer["ContentLength"], etag=self._etag(answer, call), headers=_headers(answer))

    def list(self, prefix: str = "", part: Part = WHOLE) -> Iterator[ObjectInfo]:
        """See ``ReadStore.list``."""
        call = self._call("list", prefix)
        wanted = {"Bucket": self.target.bucket, "Prefix": self.target.prefix + prefix}
        begin = {"StartAfter": self.target.prefix + part.after} if part.after else {}

        def fetch(token: str | None) -> Page:
            try:
                where = {"ContinuationToken": token} if token else begin
                return _page(self._client.list_objects_v2(**wanted, **where))
            except _FAILURES as error:
                raise failure(of_botocore(error), call) from error
            except BadListing as error:
                raise failure(Fault("malformed", message=str(error)), call) from error

        return every_object(lambda token: self._persist(lambda: fetch(token)), call, part)

    # --- writing -----------------------------------------------------------------------------------------------------

    def put(self, key: str, body: Body, headers: Headers, condition: Condition | None = None) -> str:
        """See ``WriteStore.put``. ``PreconditionFailed`` may be the echo of our own write whose answer was lost and
        which was repeated: read back before calling it a conflict."""
        return self._persist(lambda: self._put(key, body, headers, condition))

    def _put(self, key: str, body: Body, headers: Headers, condition: Condition | None) -> str:
        if isinstance(condition, IfSeen):
            condition.check(self._head(key))
            condition = None
        call = self._call("put", key)
        extra = {**self._conditional(condition), **self._checksum(body)}
        try:
            answer = self._client.put_object(
                **self._at(key), Body=bytes(body), **_stored_with(headers), **self._acl, **extra
            )
        except _FAILURES as error:
            raise failure(of_botocore(error), call, condition) from error
        return self._etag(answer, call)

    def copy(self, source: str, key: str, headers: Headers | None = None, origin: Target | None = None) -> str:
        """See ``WriteStore.copy``."""
        if not self._provider.copy:
            if origin:
                raise StorageUnavailable(f"{self._provider.name} does not copy from {origin} to {self.target}.")
            return self._copy_through_here(source, key, headers)
        return self._persist(lambda: self._copy(Call("copy", origin or self.target, source), key, headers))

    def _copy(self, call: Call, key: str, headers: Headers | None) -> str:
        replaced = {"MetadataDirective": "REPLACE", **_stored_with(headers)} if headers else {}
        try:
            answer = self._client.copy_object(
                **self._at(key), **replaced, **self._acl,
                CopySource={"Bucket": call.target.bucket, "Key": f"{call.target.prefix}{call.key or ''}"},
            )  # fmt: skip
        except _FAILURES as error:
            raise failure(of_botocore(error), call) from error
        return self._etag(answer.get("CopyObjectResult", {}), call)

    def _copy_through_here(self, source: str, key: str, headers: Headers | None) -> str:
        found = self.get(source, LARGEST_PUT)
        if found is None:
            raise failure(Fault("answer", status=404, code="NoSuchKey"), self._call("copy", source))
        return self.put(key, found.body, headers or found.headers or Headers("application/octet-stream"))

    def delete(self, keys: Iterable[str]) -> dict[str, str]:
        """See ``WriteStore.delete``."""
        odd: list[str] = []
        plain: list[str] = []
        for key in dict.fromkeys(keys):
            (odd if NOT_IN_XML.search(key) else plain).append(key)
        errors = self._delete_singly(odd)
        remaining = iter(plain)
        while batch := list(islice(remaining, BATCH)):
            errors |= self._delete_batch(batch) if self._batches else self._delete_singly(batch)
        return errors

    def _delete_batch(self, keys: Sequence[str]) -> dict[str, str]:
        """One DeleteObjects. Keys that its answer does not settle are deleted one by one."""
        root = self.target.prefix
        objects = [{"Key": root + key} for key in keys]
        try:
            answer = self._persist(lambda: self._ask_for_batch(objects))
        except BatchRefused:
            self._batches = False
            return self._delete_singly(keys)
        deleted = {item.get("Key") for item in answer.get("Deleted", [])}
        refused = {item.get("Key"): item for item in answer.get("Errors", [])}
        errors, unsettled = {}, []
        for key in keys:
            item = refused.get(root + key)
            if item is not None and item.get("Code") not in PASSING_IN_BATCH:
                if item.get("Code") != "NoSuchKey":
                    errors[key] = describe_key_error(item.get("Code", ""), item.get("Message", ""))
            elif item is not None or root + key not in deleted:
                unsettled.append(key)
        return {**errors, **self._delete_singly(unsettled)}

    def _ask_for_batch(self, objects: Sequence[dict[str, str]]) -> dict[str, Any]:
        try:
            # Not quiet: an empty answer must not pass for success.
            answer: dict[str, Any] = self._client.delete_objects(
                Bucket=self.target.bucket, Delete={"Objects": objects, "Quiet": False}
            )
        except _FAILURES as error:
            fault = of_botocore(error)
            if refuses_batches(fault):
                raise BatchRefused from error
            raise failure(fault, self._call("delete")) from error
        return answer

    def _delete_singly(self, keys: Sequence[str]) -> dict[str, str]:
        if not keys:
            return {}
        workers = min(len(keys), self._client.meta.config.max_pool_connections)
        with Hands(workers, "delete") as pool:
            return {key: text for key, text in zip(keys, pool.map(self._delete_one, keys), strict=True) if text}

    def _delete_one(self, key: str) -> str | None:
        """Delete one object; the text of an error that concerns this key alone."""
        try:
            self._persist(lambda: self._ask_for_delete(key))
        except (PermissionRefused, StorageUnavailable) as error:
            fault = of_botocore(error.__cause__) if isinstance(error.__cause__, _FAILURES) else Fault("other")
            if fault.kind == "answer":
                return describe_key_error(fault.code or str(fault.status), fault.message)
            raise
        return None

    def _ask_for_delete(self, key: str) -> None:
        try:
            self._client.delete_object(**self._at(key))
        except _FAILURES as error:
            fault = of_botocore(error)
            if fault.code != "NoSuchKey":
                raise failure(fault, self._call("delete", key)) from error

    # --- shared ------------------------------------------------------------------------------------------------------

    def _at(self, key: str) -> dict[str, str]:
        return {"Bucket": self.target.bucket, "Key": self.target.prefix + key}

    def _call(self, operation: Operation, key: str | None = None) -> Call:
        return Call(operation, self.target, key)

    def _raise_unless_absent(self, error: Exception, call: Call) -> None:
        """Return if ``error`` says that the object is not there."""
        fault = of_botocore(error)
        if fault.status == 404 and fault.code != "NoSuchBucket" and not fault.page:
            return
        raise failure(fault, call) from error

    def _etag(self, answer: dict[str, Any], call: Call) -> str:
        if not answer.get("ETag"):
            raise failure(Fault("malformed", message="an answer without an ETag"), call)
        return bare_etag(answer["ETag"])

    def _conditional(self, condition: IfMatch | IfAbsent | None) -> dict[str, str]:
        if condition is None:
            return {}
        if self._provider.conditional_put == "no":
            raise ConditionUnsupported(f"{self._provider.name} has no conditional writes")
        return (
            {"IfMatch": self._provider.if_match(condition)} if isinstance(condition, IfMatch) else {"IfNoneMatch": "*"}
        )

    def _checksum(self, body: Body) -> dict[str, str]:
        if self._provider.upload_checksum != "SHA256":
            return {}
        return {"ChecksumSHA256": base64.b64encode(bytes.fromhex(sha256_of(body))).decode()}


def _headers(answer: dict[str, Any]) -> Headers:
    encoding = answer.get("ContentEncoding", "").replace("aws-chunked", "").strip(", ")
    return Headers(
        answer.get("ContentType", "binary/octet-stream"), answer.get("CacheControl") or None, encoding or None
    )


def _stored_with(headers: Headers) -> dict[str, str]:
    cache = {"CacheControl": headers.cache_control} if headers.cache_control else {}
    encoding = {"ContentEncoding": headers.content_encoding} if headers.content_encoding else {}
    return {"ContentType": headers.content_type, **cache, **encoding}


def _page(answer: dict[str, Any]) -> Page:
    """A parsed ListObjectsV2 answer. botocore parses an empty body, or a website's, to nothing at all."""
    if "IsTruncated" not in answer and "KeyCount" not in answer:
        raise BadListing("an answer that is not a listing")
    try:
        objects = [
            ObjectInfo(o["Key"], o["Size"], bare_etag(o.get("ETag", "")), is_archive(o.get("StorageClass", "")))
            for o in answer.get("Contents", ())
        ]
    except KeyError as error:
        raise BadListing(f"a listing without {clean(str(error))}") from None
    return page_of(objects, answer.get("IsTruncated", False), answer.get("NextContinuationToken") or None)
