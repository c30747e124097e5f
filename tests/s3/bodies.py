"""What a body claims to be, checked: payload hash, Content-MD5, checksums, aws-chunked framing with its trailer."""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from collections.abc import Callable, Mapping

from tests.s3.profiles import Profile
from tests.s3.refusal import Refused
from tests.s3.wire import Request

_UNSIGNED = "UNSIGNED-PAYLOAD"
_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
_CHECKSUMS: Mapping[str, Callable[[bytes], bytes]] = {
    "x-amz-checksum-crc32": lambda body: zlib.crc32(body).to_bytes(4, "big"),
    "x-amz-checksum-sha1": lambda body: hashlib.sha1(body, usedforsecurity=False).digest(),
    "x-amz-checksum-sha256": lambda body: hashlib.sha256(body).digest(),
}


def checked_body(request: Request, profile: Profile) -> bytes:
    """The bytes that are to be stored. Raises ``Refused`` for a body that is not what its headers say."""
    framed = "aws-chunked" in request.headers.get("content-encoding", "") or _claimed(request).startswith("STREAMING-")
    if request.transfer_encoding and profile.chunked == "refused":
        raise Refused("MissingContentLength", "You must provide the Content-Length HTTP header.")
    if framed and profile.chunked == "stored":
        return request.body
    if framed and profile.chunked == "refused":
        raise Refused("NotImplemented", "aws-chunked is not supported")
    body, trailers = _unframed(request) if framed else (request.body, {})
    if profile.checks_payload:
        _check_payload_hash(request, body)
    _check_md5(request, body)
    if profile.checks_checksums:
        _check_checksums({**request.headers, **trailers}, body)
    return body


def checksum_headers(request: Request) -> dict[str, str]:
    """The checksums that came as headers, for the echo."""
    return {name: value for name, value in request.headers.items() if name in _CHECKSUMS}


def _claimed(request: Request) -> str:
    return request.headers.get("x-amz-content-sha256", "")


def _check_payload_hash(request: Request, body: bytes) -> None:
    claimed = _claimed(request)
    if not claimed:
        raise Refused("InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
    if claimed not in (_UNSIGNED, _TRAILER) and claimed != hashlib.sha256(body).hexdigest():
        raise Refused(
            "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' does not match what was computed."
        )


def _check_md5(request: Request, body: bytes) -> None:
    if (claimed := request.headers.get("content-md5")) is None:
        return
    digest = _decoded(claimed)
    if len(digest) != 16:
        raise Refused("InvalidDigest", "The Content-MD5 you specified is not valid.")
    if digest != hashlib.md5(body, usedforsecurity=False).digest():
        raise Refused("BadDigest", "The Content-MD5 you specified did not match what we received.")


def _check_checksums(headers: Mapping[str, str], body: bytes) -> None:
    for name, value in headers.items():
        if not name.startswith("x-amz-checksum-") or name in ("x-amz-checksum-mode", "x-amz-checksum-algorithm"):
            continue
        if name not in _CHECKSUMS:
            raise Refused("NotImplemented", f"{name} is not known to this fake")
        if _decoded(value) != _CHECKSUMS[name](body):
            raise Refused("BadDigest", f"The {name} you specified did not match the calculated checksum.")
    promised = headers.get("x-amz-trailer", "")
    if promised and promised not in headers:
        raise Refused("InvalidRequest", "The promised trailer did not come.")


def _unframed(request: Request) -> tuple[bytes, dict[str, str]]:
    if _claimed(request) != _TRAILER:
        raise Refused("NotImplemented", "Only unsigned chunks with a trailer are known to this fake.")
    parts, rest = [], request.body
    while True:
        head, _, rest = rest.partition(b"\r\n")
        size = int(head.split(b";")[0], 16)
        if not size:
            break
        parts.append(rest[:size])
        if rest[size : size + 2] != b"\r\n":
            raise Refused("IncompleteBody", "A chunk is cut.")
        rest = rest[size + 2 :]
    lines = (line.decode().partition(":") for line in rest.split(b"\r\n") if line)
    trailers = {name.strip().lower(): value.strip() for name, _, value in lines}
    body = b"".join(parts)
    if len(body) != int(request.headers.get("x-amz-decoded-content-length", -1)):
        raise Refused("IncompleteBody", "The decoded length is not as announced.")
    return body, trailers


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return b""
