"""Checks header-signed requests (Signature Version 4), by the rules of
docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote, unquote

from tests.s3.refusal import Refused
from tests.s3.wire import Request

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<date>\d{8})/(?P<region>[^/]+)/s3/aws4_request, ?"
    r"SignedHeaders=(?P<signed>[a-z0-9;-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
_MAX_SKEW_SECONDS = 15 * 60


def access_key_of(request: Request) -> str:
    """Who claims to have signed, ``""`` when nobody does."""
    match = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    return match["key"] if match else ""


def check_signature(
    request: Request, secrets: Mapping[str, str], region: str | None, clock: Callable[[], datetime]
) -> None:
    """Raise ``Refused`` unless a known key signed exactly this request within 15 minutes of ``clock`` for ``region``
    (``None``: any)."""
    if "authorization" not in request.headers:
        raise Refused("AccessDenied", "Access Denied")
    match = _AUTHORIZATION.fullmatch(request.headers["authorization"])
    if not match:
        raise Refused("AuthorizationHeaderMalformed", "The authorization header is malformed")
    if match["key"] not in secrets:
        raise Refused("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
    if region and match["region"] != region:
        text = f"The authorization header is malformed; the region '{match['region']}' is wrong; expecting '{region}'"
        raise Refused("AuthorizationHeaderMalformed", text, f"<Region>{region}</Region>")
    stamp = request.headers.get("x-amz-date", "")
    try:
        signed_at = _moment(stamp)
    except ValueError:
        raise Refused("AccessDenied", "AWS authentication requires a valid Date or x-amz-date header") from None
    if abs((clock() - signed_at).total_seconds()) > _MAX_SKEW_SECONDS:
        raise Refused("RequestTimeTooSkewed", "The difference between the request time and the server's is too large.")
    names = match["signed"].split(";")
    _check_names(request, names)
    scope = f"{match['date']}/{match['region']}/s3/aws4_request"
    canonical = hashlib.sha256(_canonical(request, names).encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{canonical}"
    key = _signing_key(secrets[match["key"]], match["date"], match["region"])
    if not hmac.compare_digest(_hmac(key, text).hex(), match["signature"]):
        raise Refused("SignatureDoesNotMatch", "The request signature we calculated does not match the one you gave.")


@lru_cache(maxsize=64)
def _moment(stamp: str) -> datetime:
    return datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _check_names(request: Request, names: list[str]) -> None:
    """The host and every header of AWS's own must be signed."""
    unsigned = {name for name in request.headers if name.startswith("x-amz-")} - set(names)
    if "host" not in names or unsigned:
        raise Refused(
            "AccessDenied", f"There were headers present which were not signed: {', '.join(sorted(unsigned))}"
        )


def _canonical(request: Request, names: list[str]) -> str:
    path = quote(unquote(request.path), safe="/-_.~")
    parts = (part.partition("=") for part in request.raw_query.split("&") if part)
    pairs = sorted((quote(unquote(name), safe="-_.~"), quote(unquote(value), safe="-_.~")) for name, _, value in parts)
    query = "&".join(f"{name}={value}" for name, value in pairs)
    headers = "".join(f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in names)
    payload = request.headers.get("x-amz-content-sha256", "")
    return "\n".join((request.method, path, query, headers, ";".join(names), payload))


@lru_cache(maxsize=64)
def _signing_key(secret: str, date: str, region: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, "s3", "aws4_request"):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
