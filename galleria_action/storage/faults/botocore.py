"""From an exception of botocore to the fault that it tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from galleria_action.storage.faults.answers import expected_region, if_about_region, seconds_of
from galleria_action.storage.faults.fault import Fault, FaultKind


def botocore_failures() -> tuple[type[Exception], ...]:
    """What a call of a botocore client may raise when it fails."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    # RuntimeError: credentials that are expired after a refresh. RecursionError, one of them: botocore looks up the
    # region of a redirected bucket by a request that it redirects again, without end. ValueError: an answer with
    # words where numbers belong.
    return BotoCoreError, ClientError, ResponseParserError, RuntimeError, ValueError


_BOTOCORE_KINDS: dict[str, FaultKind] = {
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
    region = details.get("Region") or expected_region(message) or header
    retry_after = seconds_of(meta.get("HTTPHeaders", {}).get("retry-after", ""))
    headers = meta.get("HTTPHeaders", {})
    page = not code and headers.get("content-type", "").startswith("text/html")
    about = if_about_region(code, status, region)
    location = headers.get("location", "")
    return Fault("answer", status, code, message, about, retry_after, page=page, location=location)
