"""Refusals, as S3 words them."""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape

from tests.s3.wire import Response

#: code → status, from docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
STATUS = {
    "AccessDenied": 403,
    "AuthorizationHeaderMalformed": 400,
    "BadDigest": 400,
    "BucketAlreadyOwnedByYou": 409,
    "ConditionalRequestConflict": 409,
    "ExpiredToken": 400,
    "IncompleteBody": 400,
    "InternalError": 500,
    "InvalidAccessKeyId": 403,
    "InvalidArgument": 400,
    "InvalidDigest": 400,
    "InvalidPart": 400,
    "InvalidRange": 416,
    "InvalidObjectState": 403,
    "InvalidRequest": 400,
    "KeyTooLongError": 400,
    "MalformedXML": 400,
    "MetadataTooLarge": 400,
    "MethodNotAllowed": 405,
    "MissingContentLength": 411,
    "NoSuchBucket": 404,
    "NoSuchCORSConfiguration": 404,
    "NoSuchKey": 404,
    "NoSuchUpload": 404,
    "NotImplemented": 501,
    "OperationAborted": 409,
    "PermanentRedirect": 301,
    "PreconditionFailed": 412,
    "RequestTimeTooSkewed": 403,
    "RequestTimeout": 400,
    "ServiceUnavailable": 503,
    "SignatureDoesNotMatch": 403,
    "SlowDown": 503,
    "TooManyRequests": 429,
    "XAmzContentSHA256Mismatch": 400,
}

#: the code that usually comes with a status
USUAL = {
    400: "InvalidRequest", 401: "Unauthorized", 403: "AccessDenied", 404: "NoSuchKey", 405: "MethodNotAllowed",
    409: "OperationAborted", 411: "MissingContentLength", 412: "PreconditionFailed", 429: "TooManyRequests",
    500: "InternalError", 501: "NotImplemented", 503: "SlowDown",
}  # fmt: skip


class Refused(Exception):
    """Ends the handling of a request with an error document."""

    def __init__(self, code: str, message: str = "", more: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(code)
        self.response = error_document(STATUS[code], code, message, more, headers)


def error_document(
    status: int, code: str, message: str = "", more: str = "", headers: Mapping[str, str] | None = None
) -> Response:
    """An answer with an S3 error document; without a ``code`` it has no body."""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{escape(code)}</Code><Message>{escape(message or code)}</Message>{more}"
        "<RequestId>1</RequestId></Error>"
    )
    body = text.encode() if code else b""
    return Response(status, body, {**({"Content-Type": "application/xml"} if code else {}), **(headers or {})})
