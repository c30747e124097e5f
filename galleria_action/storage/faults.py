"""What went wrong, in one vocabulary: the exceptions of obstore and botocore become a ``Fault``, and a ``Fault``
becomes one of the house's errors with a text that names the call, the usual cause and the remedy.

What a server says is hostile input: it is cleaned before it enters any text. Request headers and URLs, which may carry
signatures, never enter one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from galleria_action.errors import (
    BucketMissing,
    CredentialsError,
    GalleriaError,
    PermissionRefused,
    StorageUnavailable,
)
from galleria_action.storage.interface import Condition, ConditionUnsupported, IfMatch, PreconditionFailed, Target
from galleria_action.storage.words import clean, shown

Operation = Literal["get", "head", "list", "put", "copy", "delete", "get cors", "put cors"]
Kind = Literal["answer", "refused", "dns", "tls", "timeout", "cut", "malformed", "disk", "credentials", "other"]


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a store, as texts name it."""

    operation: Operation
    target: Target
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a call failed. ``kind`` ``"answer"`` is a refusal by the server, with its HTTP ``status`` (``None`` when
    the library hides it) and S3 error ``code``; all others happened on the way. ``region`` is the bucket's true
    region where the server gave it away."""

    kind: Kind
    status: int | None = None
    code: str = ""
    message: str = ""
    region: str = ""
    retry_after: float | None = None


class Passing(StorageUnavailable):
    """A fault that may be gone when the same is asked again.

    ``likely`` says that it usually is; ``overload`` that the service wants less, and ``retry_after`` when, in seconds;
    ``late`` that it took too long.
    """

    likely = True
    overload = False
    late = False
    retry_after: float | None = None


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
    meaning, hint = _ON_THE_WAY[fault.kind]
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
    gone = isinstance(condition, IfMatch) and fault.status == 404 and fault.code in ("NoSuchKey", "")
    if fault.status == 412 or fault.code == "PreconditionFailed" or gone:
        return PreconditionFailed(clean(fault.message) or "the object is not as expected")
    if fault.status == 501 or fault.code == "NotImplemented":
        return ConditionUnsupported(clean(fault.message) or "conditional writes are not implemented")
    if fault.status == 400 and re.search(r"if-(?:none-)?match", fault.message, re.IGNORECASE):
        return ConditionUnsupported(clean(fault.message))
    return None


#: What the usual codes mean: error class, cause, remedy.
_CREDENTIALS = {
    "InvalidAccessKeyId": ("the access key is unknown there", "Check access-key, and that endpoint belongs to it."),
    "SignatureDoesNotMatch": (
        "the secret key does not belong to the access key",
        "Copy secret-key again, without spaces or line ends; a wrong region can look the same.",
    ),
    "ExpiredToken": (
        "the credentials have expired",
        "Get new ones and run again; with OIDC raise role-duration-seconds. What is uploaded is kept.",
    ),
    "InvalidToken": ("the session token is wrong", "Give session-token together with the keys it was issued with."),
    "RequestTimeTooSkewed": (
        "the clock of this machine and that of the service differ by more than 15 minutes",
        "Set the clock of this machine (or restart its time service) and run again.",
    ),
    "Unauthorized": (
        "the service did not accept the signed request",
        "Check the keys. Cloudflare R2 answers this also to checksums it does not know: set provider to r2.",
    ),
    "AccountProblem": ("there is a problem with the account", "Ask the provider; often it is the billing."),
    "NotSignedUp": ("the account is not signed up for the service", "Ask the provider."),
}
for _alias, _code in {
    "ExpiredTokenException": "ExpiredToken",
    "RequestExpired": "ExpiredToken",
    "TokenRefreshRequired": "ExpiredToken",
    "InvalidAccessKey": "InvalidAccessKeyId",
    "InvalidClientTokenId": "InvalidAccessKeyId",
    "UnrecognizedClientException": "InvalidAccessKeyId",
}.items():
    _CREDENTIALS[_alias] = _CREDENTIALS[_code]

_WRONG_REGION = ("PermanentRedirect", "TemporaryRedirect", "IllegalLocationConstraintException", "BareRedirect")
_MISSING_BUCKET = ("NoSuchBucket", "InvalidBucketName")
#: codes of faults that pass, whatever the status they come with
_PASSING = frozenset((
    "ConditionalRequestConflict", "IncompleteBody", "InternalError", "OperationAborted", "RequestTimeout",
    "ServiceUnavailable",
))  # fmt: skip
_OVERLOAD = frozenset(("RequestLimitExceeded", "SlowDown", "Throttling", "ThrottlingException", "TooManyRequests"))
_DAMAGED = ("BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "IncompleteBody")

_ON_THE_WAY: dict[Kind, tuple[str, str]] = {
    "refused": (
        "{host} does not accept connections",
        "Check endpoint and its port, and whether a firewall or proxy is in the way.",
    ),
    "dns": ("the host name {host} is unknown", "Check endpoint for a typing error, and the network of this machine."),
    "tls": (
        "no secure connection to {host} could be made",
        "Check endpoint: http:// or https://, the right host name. For a private certificate authority set "
        "SSL_CERT_FILE and AWS_CA_BUNDLE to its certificate.",
    ),
    "timeout": ("{host} did not answer in time", "Run again; with a slow line lower concurrency."),
    "cut": ("the connection to {host} was cut", "Run again; with a slow line lower concurrency."),
    "malformed": (
        "{host} gave an answer that S3 does not give",
        "Check endpoint: it must be the S3 address, not that of a website, console or proxy.",
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
    """A server's refusal as an error. Codes decide; the status only where there is no code that says more."""
    doing, said = _doing(call), _said(fault)
    if fault.code in _WRONG_REGION or fault.status in (301, 307) or fault.region:
        where = f"in region {clean(fault.region)}" if fault.region else "in another region or at another endpoint"
        hint = f"Set region to {clean(fault.region)}." if fault.region else "Set region (and endpoint) to the bucket's."
        return BucketMissing(f"{doing} failed: the bucket is {where}{said}.", hint=hint)
    if known := _CREDENTIALS.get(fault.code):
        return CredentialsError(f"{doing} was refused: {known[0]}{said}.", hint=known[1])
    if fault.status == 401 or fault.code == "AuthorizationHeaderMalformed":
        hint = "Check access-key, secret-key, session-token and region."
        return CredentialsError(f"{doing} was refused: the credentials were not accepted{said}.", hint=hint)
    if fault.status == 403 or fault.code in ("AccessDenied", "AllAccessDisabled"):
        return _forbidden(call, said)
    if fault.code == "NoSuchKey":
        return StorageUnavailable(f"{doing} failed: the object is not there{said}.", hint="Run again.")
    if fault.code in _MISSING_BUCKET or fault.status == 404:
        hint = "Create the bucket, or check bucket, endpoint and region for a typing error."
        return BucketMissing(f"{doing} failed: there is no bucket {call.target.bucket!r} there{said}.", hint=hint)
    if fault.code in _DAMAGED:
        hint = "Run again; if it stays, the service may not know the checksum: set provider to its profile or generic."
        return _unavailable(fault, f"{doing} failed: the data arrived damaged, as the service sees it{said}.", hint)
    if _is_passing(fault):
        hint = "The service is overloaded or disturbed. Run again later; lower concurrency if it happens often."
        return _unavailable(fault, f"{doing} failed after all retries{said}.", hint)
    hint = "If the service is S3-compatible but not AWS, set provider to its profile or to generic."
    return StorageUnavailable(f"{doing} failed: the service does not accept the request{said}.", hint=hint)


def _is_passing(fault: Fault) -> bool:
    """Whether a refusal is one of the moment. 501 is one for ever."""
    if fault.code in _PASSING | _OVERLOAD or fault.status is None or fault.status in (408, 429):
        return True
    return fault.status >= 500 and fault.status != 501


def _unavailable(fault: Fault, text: str, hint: str) -> StorageUnavailable:
    """The error for a fault that concerns no rights and no names: one that may pass, but for a wrong certificate and
    a broken disk."""
    if fault.kind in ("tls", "disk"):
        return StorageUnavailable(text, hint=hint)
    error = Passing(text, hint=hint)
    error.likely = fault.kind in ("timeout", "cut") or (fault.kind == "answer" and fault.code not in _DAMAGED)
    error.late = fault.kind == "timeout"
    error.overload = fault.status in (429, 503) or fault.code in _OVERLOAD
    error.retry_after = fault.retry_after
    return error


def _forbidden(call: Call, said: str) -> PermissionRefused:
    return PermissionRefused(
        f"{_doing(call)} was refused: the credentials are not allowed to do this{said}.",
        hint=f"Allow {_CALLS[call.operation][1]} for bucket {call.target.bucket!r} in the policy of these credentials, "
        "and check that the bucket is theirs.",
    )


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


# --- obstore: exceptions are strings ---------------------------------------------------------------------------------
#
# An obstore error reads "<sentence with raw key and raw body>\n\nDebug source:\n<Rust debug form>". The sentence may
# contain anything that a key or a server likes to say, so only the debug form is read: there every foreign string is
# quoted and escaped on one line of its own. obstore 0.12 / object_store 0.14.

_STATUS = re.compile(r"^\s+inner: (?:Status|Response) \{\n\s+status: (\d{3}),\n\s+body: (?:Some\(\n)?\s*(.*)$", re.M)
_WIRE: tuple[tuple[str, Kind], ...] = (
    (r"^\s+kind: Timeout,$", "timeout"),
    (r'^\s+"dns error",$', "dns"),
    (r"^\s+kind: ConnectionRefused,$", "refused"),
    (r"InvalidCertificate\(|InvalidMessage\(|kind: InvalidData,$|AlertReceived\(", "tls"),
    (r"^\s+kind: Connect,$", "refused"),
    (r"IncompleteMessage|ConnectionReset|BrokenPipe|NoContentRange|kind: (?:Interrupted|Decode),$", "cut"),
    (r"MissingEtag|Metadata \{", "malformed"),
)  # fmt: skip
_ESCAPES = {r"\"": '"', r"\n": "\n", r"\r": "\r", r"\t": "\t", r"\'": "'", r"\\": "\\"}


def of_obstore(error: Exception) -> Fault:
    """Read an exception that obstore raised for S3."""
    debug = str(error).rpartition("\n\nDebug source:\n")[2]
    if answer := _STATUS.search(debug):
        body = re.sub(r"\\.", lambda match: _ESCAPES.get(match[0], " "), answer[2])
        return of_answer(int(answer[1]), body)
    if "BareRedirect" in debug:
        return Fault("answer", code="BareRedirect")
    for pattern, kind in _WIRE:
        if re.search(pattern, debug, re.M):
            return Fault(kind)
    return Fault("other", message=str(error).partition("\n")[0])


def of_answer(status: int, body: str, headers: Mapping[str, str] | None = None) -> Fault:
    """The parts of an S3 error document; tolerant, because gateways answer with anything. ``headers`` (names in lower
    case) say more, where they are known."""
    headers = headers or {}
    message = _element(body, "Message")
    region = _element(body, "Region") or _expected_region(message) or headers.get("x-amz-bucket-region", "")
    code = _element(body, "Code")
    retry_after = _seconds(headers.get("retry-after", ""))
    return Fault("answer", status, code, message, _if_about_region(code, status, region), retry_after)


def _element(body: str, name: str) -> str:
    match = re.search(rf"<{name}>([^<]{{0,1000}})</{name}>", body)
    return match[1].strip() if match else ""


def _expected_region(message: str) -> str:
    match = re.search(r"expecting '([a-z0-9-]{2,40})'", message)
    return match[1] if match else ""


def _if_about_region(code: str, status: int | None, region: str) -> str:
    """``region`` where it is the cause: AccessDenied may name a region without that being the trouble."""
    about = code in (*_WRONG_REGION, "AuthorizationHeaderMalformed") or status in (301, 307)
    return region if about and re.fullmatch(r"[a-z0-9-]{2,40}", region) else ""


# --- botocore --------------------------------------------------------------------------------------------------------


def botocore_failures() -> tuple[type[Exception], ...]:
    """What a call of a botocore client may raise when it fails."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    # RuntimeError: credentials that are expired after a refresh. RecursionError, one of them: botocore looks up the
    # region of a redirected bucket by a request that it redirects again, without end. ValueError: an answer with
    # words where numbers belong.
    return BotoCoreError, ClientError, ResponseParserError, RuntimeError, ValueError


_BOTOCORE_KINDS: dict[str, Kind] = {
    "SSLError": "tls",
    "ConnectTimeoutError": "timeout",
    "ReadTimeoutError": "timeout",
    "EndpointConnectionError": "refused",
    "ProxyConnectionError": "refused",
    "ConnectionClosedError": "cut",
    "IncompleteReadError": "cut",
    "ResponseStreamingError": "cut",
    "HTTPClientError": "cut",
    "ConnectionError": "cut",
    "ResponseParserError": "malformed",
    "ValueError": "malformed",
    "NoCredentialsError": "credentials",
    "PartialCredentialsError": "credentials",
    "CredentialRetrievalError": "credentials",
    "MetadataRetrievalError": "credentials",
    "TokenRetrievalError": "credentials",
    "SSOError": "credentials",
    "ProfileNotFound": "credentials",
    "RuntimeError": "credentials",
}


def of_botocore(error: Exception) -> Fault:
    """Read an exception that botocore raised (one of ``botocore_failures``)."""
    if isinstance(error, RecursionError):
        return Fault("answer", status=301, code="PermanentRedirect")
    response: Mapping[str, Any] | None = getattr(error, "response", None)
    if response is not None:
        return _of_response(response)
    for cls in type(error).__mro__:
        if kind := _BOTOCORE_KINDS.get(cls.__name__):
            if kind == "credentials":
                return Fault(kind, message=str(error))
            unknown_host = kind == "refused" and "NameResolutionError" in repr(getattr(error, "kwargs", ""))
            return Fault("dns" if unknown_host else kind)
    return Fault("other", message=str(error))


def _of_response(response: Mapping[str, Any]) -> Fault:
    details, meta = response.get("Error", {}), response.get("ResponseMetadata", {})
    status = meta.get("HTTPStatusCode")
    # Without a body, as for HEAD, botocore puts the status where the code belongs.
    code = str(details.get("Code") or "")
    code = "" if code == str(status) else code
    message = str(details.get("Message") or "")
    header = meta.get("HTTPHeaders", {}).get("x-amz-bucket-region", "")
    region = details.get("Region") or _expected_region(message) or header
    retry_after = _seconds(meta.get("HTTPHeaders", {}).get("retry-after", ""))
    return Fault("answer", status, code, message, _if_about_region(code, status, region), retry_after)


def _seconds(retry_after: str) -> float | None:
    """What a Retry-After asks for; it may be a date (RFC 9110, section 10.2.3)."""
    if re.fullmatch(r"[0-9]{1,6}(?:\.[0-9]{1,3})?", retry_after):
        return float(retry_after)
    try:
        return max((parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds(), 0.0)
    except (TypeError, ValueError):
        return None
