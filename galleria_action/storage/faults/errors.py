"""From a fault to the error that users meet."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from galleria_action.errors import BucketMissing, ConfigInvalid, CredentialsError, GalleriaError, StorageUnavailable
from galleria_action.storage.faults.codes import Meaning, meaning_of
from galleria_action.storage.faults.fault import REDIRECTS, Call, Fault, FaultKind, LargerThanAsked, Operation, Passing
from galleria_action.storage.interface import Condition, ConditionUnsupported, IfMatch, PreconditionFailed
from galleria_action.storage.words import clean, shown, size_in_words


def failure(fault: Fault, call: Call, condition: Condition | None = None) -> Exception:
    """The exception to raise for ``fault``: a ``GalleriaError``, or for a conditional write also
    ``PreconditionFailed`` or ``ConditionUnsupported``."""
    if condition and (verdict := _verdict_on_condition(fault, condition)):
        return verdict
    if fault.kind == "answer":
        return _refusal(fault, call)
    if fault.kind == "credentials":
        text = f"{_doing(call)} failed: the credentials could not be used ({clean(fault.message)})."
        return CredentialsError(text, hint="Give access-key and secret-key, or sign in again before this step.")
    meaning, hint = ON_THE_WAY[fault.kind]
    detail = f" ({clean(fault.message)})" if fault.message else ""
    return _unavailable(fault, f"{_doing(call)} failed: {meaning.format(host=_host(call))}{detail}.", hint)


def describe_key_error(code: str, message: str) -> str:
    """The text for one key of a batch that the server refused."""
    return ": ".join(part for part in (clean(code), clean(message)) if part) or "refused without a reason"


def _verdict_on_condition(fault: Fault, condition: Condition) -> Exception | None:
    """What the fault says about the condition itself, if anything.

    AWS answers 412, or 404 NoSuchKey to If-Match on a missing key; its 409 ConditionalRequestConflict during another
    write says nothing yet and is asked again (docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html).
    Services without conditional writes answer 501.
    """
    gone = isinstance(condition, IfMatch) and fault.status == 404 and fault.code in ("NoSuchKey", "") and not fault.page
    if fault.status == 412 or fault.code == "PreconditionFailed" or gone:
        return PreconditionFailed(clean(fault.message) or "the object is not as expected")
    if fault.status == 501 or fault.code == "NotImplemented":
        return ConditionUnsupported(clean(fault.message) or "conditional writes are not implemented")
    if fault.status == 400 and re.search(r"if-(?:none-)?match", fault.message, re.IGNORECASE):
        return ConditionUnsupported(clean(fault.message))
    return None


ON_THE_WAY: dict[FaultKind, tuple[str, str]] = {
    "refused": (
        "{host} does not accept connections",
        "Check endpoint and its port, and whether a firewall or proxy is in the way.",
    ),
    "dns": ("the host name {host} is unknown", "Check endpoint for a typing error, and the network of this machine."),
    "tls": (
        "no secure connection to {host} could be made",
        "Check endpoint: http:// or https://, the right host name. For a private certificate authority set "
        "AWS_CA_BUNDLE or SSL_CERT_FILE to its certificate.",
    ),
    "proxy": (
        "the proxy does not connect to {host}",
        "Check HTTPS_PROXY (user and password included), or put the storage's host into NO_PROXY.",
    ),
    "timeout": ("{host} did not answer in time", "Run again; with a slow line lower concurrency."),
    "cut": ("the connection to {host} was cut", "Run again; with a slow line lower concurrency."),
    "malformed": (
        "{host} gave an answer that S3 does not give",
        "Check endpoint: it must be the S3 address, not that of a website, console or proxy.",
    ),
    "too long": (
        "{host} gave more than was asked for",
        "Look at the object: is it what it should be? If endpoint is right, somebody else has written it.",
    ),
    "disk": ("the folder could not be used", "Check that the folder exists, that the disk has room, and its owner."),
    "other": ("{host} could not be used", "Run again; if it stays, check endpoint and bucket."),
}

_CALLS: dict[Operation, tuple[str, str]] = {
    "get": ("Reading", "s3:GetObject, and s3:ListBucket on the bucket (without it a missing object looks forbidden)"),
    "head": ("Looking up", "s3:GetObject, and s3:ListBucket on the bucket (without it a missing object is forbidden)"),
    "list": ("Listing", "s3:ListBucket"),
    "put": ("Uploading", "s3:PutObject (with acl also s3:PutObjectAcl)"),
    "copy": ("Copying", "s3:GetObject and s3:PutObject (with acl also s3:PutObjectAcl)"),
    "delete": ("Deleting", "s3:DeleteObject"),
    "get cors": ("Reading the CORS rules of", "s3:GetBucketCORS"),
    "put cors": ("Writing the CORS rules of", "s3:PutBucketCORS"),
}


def _refusal(fault: Fault, call: Call) -> GalleriaError:
    """A server's refusal as an error: what ``codes.TABLE`` says, but for redirects, which say themselves where to."""
    if fault.region or fault.status in REDIRECTS:
        return _elsewhere(fault, call)
    if fault.late_signature:
        text = f"{_doing(call)} failed: the request was so long on its way that its signature ran out{_said(fault)}."
        return _passing(Passing(text, hint="Run again; with a slow line lower concurrency."), fault)
    meaning = meaning_of(fault.status, fault.code, fault.message, page=fault.page)
    facts = {
        "bucket": call.target.bucket,
        "permission": _CALLS[call.operation][1],
        "size": size_in_words(call.size),
    }
    text = f"{_doing(call)} {_verb(meaning)}: {meaning.cause.format(**facts)}{_said(fault)}."
    hint = meaning.remedy.format(**facts)
    if not meaning.passes:
        return meaning.error(text, hint=hint)
    error = _passing(Passing(text, hint=hint), fault)
    error.likely = not meaning.doubtful
    error.overload = meaning.overload
    return error


def _verb(meaning: Meaning) -> str:
    return "failed" if meaning.passes or issubclass(meaning.error, BucketMissing) else "was refused"


def _elsewhere(fault: Fault, call: Call) -> GalleriaError:
    """The error for an answer that sends us to another place. It is not followed: what is signed goes to the host that
    was named, and to no other."""
    failed = f"{_doing(call)} failed: the bucket is"
    if fault.region:
        where = clean(fault.region)
        return BucketMissing(f"{failed} in region {where}{_said(fault)}.", hint=f"Set region to {where}.")
    if fault.code or not fault.location:
        hint = "Set region (and endpoint) to the bucket's."
        return BucketMissing(f"{failed} in another region or at another endpoint{_said(fault)}.", hint=hint)
    there = urlsplit(fault.location)
    host = clean(there.hostname or "")
    if there.scheme == "https" and _host(call).startswith("http://"):
        return ConfigInvalid(
            f"{_doing(call)} failed: {_host(call)} sends every request on to https:// ({fault.status}), and what is "
            "signed for one address is not taken to another.",
            hint=f"Write https:// in endpoint: https://{host}" + (f":{there.port}." if there.port else "."),
        )
    return ConfigInvalid(
        f"{_doing(call)} failed: {_host(call)} sends the request on to {host or 'another place'} ({fault.status}). "
        "That is not followed, because credentials go to the host that was named and to no other.",
        hint="If that is where the bucket is, write it as endpoint. A website's address also answers so; endpoint must "
        "be that of the S3 API.",
    )


def _unavailable(fault: Fault, text: str, hint: str) -> StorageUnavailable:
    """The error for what went wrong on the way: it may pass, but for a wrong certificate, a proxy that does not let
    through, a broken disk and an answer that is longer than what was asked for."""
    if fault.kind == "too long":
        return LargerThanAsked(text, hint=hint)
    if fault.kind in ("tls", "proxy", "disk"):
        return StorageUnavailable(text, hint=hint)
    error = _passing(Passing(text, hint=hint), fault)
    error.likely = fault.kind in ("timeout", "cut")
    error.late = fault.kind == "timeout"
    return error


def _passing(error: Passing, fault: Fault) -> Passing:
    error.retry_after = fault.retry_after
    return error


def _doing(call: Call) -> str:
    verb = _CALLS[call.operation][0]
    if call.key is None or call.operation == "list":
        return f"{verb} {call.target}{shown(call.key or '')}"
    return f"{verb} {shown(call.key)!r} in {call.target}"


def _said(fault: Fault) -> str:
    """The server's own words in brackets."""
    words = " ".join(str(part) for part in (fault.status, clean(fault.code)) if part)
    text = ": ".join(part for part in (words, clean(fault.message)) if part)
    return f" ({text.rstrip('.')})" if text else ""


def _host(call: Call) -> str:
    return call.target.endpoint or "AWS"
