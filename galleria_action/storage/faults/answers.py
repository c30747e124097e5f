"""From an answer to the fault that it tells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from galleria_action.storage.faults.fault import REDIRECTS, Fault

_LONGEST_TEXT = 1000
_WRONG_REGION = ("PermanentRedirect", "TemporaryRedirect", "IllegalLocationConstraintException", "BucketRegionError")


def of_answer(
    status: int, body: str, headers: Mapping[str, str] | None = None, *, clock_is_right: bool = False
) -> Fault:
    """The parts of an S3 error document; tolerant, because gateways answer with anything. ``headers`` (names in lower
    case) say more, where they are known. ``clock_is_right`` says that others were not too early or late."""
    headers = headers or {}
    message, code = _element(body, "Message"), _element(body, "Code")
    region = _element(body, "Region") or expected_region(message) or headers.get("x-amz-bucket-region", "")
    blank = not body.strip()
    if blank and status == 404 and any(name.startswith("x-amz-") for name in headers):
        code = "NoSuchKey"  # a service that saves its words
    return Fault(
        "answer",
        status,
        code,
        message,
        if_about_region(code, status, region),
        seconds_of(headers.get("retry-after", "")),
        page=not code and not blank,
        location=headers.get("location", ""),
        late_signature=clock_is_right and code == "RequestTimeTooSkewed",
    )


def _element(body: str, name: str) -> str:
    """The text of the first element of that name."""
    text, _, end = body.partition(f"<{name}>")[2].partition("<")
    return text.strip() if end.startswith(f"/{name}>") and len(text) <= _LONGEST_TEXT else ""


def expected_region(message: str) -> str:
    match = re.search(r"expecting '([a-z0-9-]{2,40})'", message)
    return match[1] if match else ""


def if_about_region(code: str, status: int | None, region: str) -> str:
    """``region`` where it is the cause: AccessDenied may name a region without that being the trouble."""
    about = code in (*_WRONG_REGION, "AuthorizationHeaderMalformed") or status in REDIRECTS
    return region if about and re.fullmatch(r"[a-z0-9-]{2,40}", region) else ""


def seconds_of(retry_after: str) -> float | None:
    """What a Retry-After asks for; it may be a date (RFC 9110, section 10.2.3)."""
    if re.fullmatch(r"[0-9]{1,6}(?:\.[0-9]{1,3})?", retry_after):
        return float(retry_after)
    if not retry_after:
        return None
    from email.utils import parsedate_to_datetime

    try:
        return max((parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds(), 0.0)
    except (TypeError, ValueError):
        return None
