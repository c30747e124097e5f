"""Signs a request for all regions at once, which the key value store of CloudFront asks for: AWS Signature Version 4A.

It is ECDSA over the curve P-256 with SHA-256 (FIPS 186-4), with a key that is derived from the secret one (NIST SP
800-108, counter mode). Sources: "AWS Signature Version 4 for API requests", "Signature Version 4A"
(docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html). AWS's own library for it takes 12 MB.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote

from galleria_action.values import dataclass, field

_ALGORITHM = "AWS4-ECDSA-P256-SHA256"
#: the curve P-256: y² = x³ - 3x + b modulo _P, a point of the prime order _N (FIPS 186-4, D.1.2.3)
_P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
_Point = tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class SignerV4A:
    """Credentials, and the service they are used for."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(repr=False)
    service: str

    def headers(self, method: str, host: str, path: str, now: datetime, body: bytes) -> dict[str, str]:
        """The headers that make a request without a query authentic. ``path`` is as it is sent, ``now`` in UTC."""
        stamp, payload = f"{now:%Y%m%dT%H%M%SZ}", hashlib.sha256(body).hexdigest()
        signed = {"host": host, "x-amz-content-sha256": payload, "x-amz-date": stamp, "x-amz-region-set": "*"}
        if self.token:
            signed["x-amz-security-token"] = self.token
        in_order = sorted(signed.items())
        names = ";".join(name for name, _ in in_order)
        lines = "".join(f"{name}:{value}\n" for name, value in in_order)
        request = f"{method}\n{quote(path, safe='/-_.~')}\n\n{lines}\n{names}\n{payload}"
        scope = f"{stamp[:8]}/{self.service}/aws4_request"
        text = f"{_ALGORITHM}\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        signature = sign(private_key(self.access_key, self.secret_key), text.encode()).hex()
        credential = f"Credential={self.access_key}/{scope}"
        signed["authorization"] = f"{_ALGORITHM} {credential}, SignedHeaders={names}, Signature={signature}"
        return signed


def private_key(access_key: str, secret_key: str) -> int:
    """The private key that stands for a pair of keys."""
    for counter in range(1, 255):
        context = access_key.encode() + bytes([counter])
        message = b"\0\0\0\1" + _ALGORITHM.encode() + b"\0" + context + (256).to_bytes(4)
        candidate = int.from_bytes(hmac.digest(f"AWS4A{secret_key}".encode(), message, "sha256"))
        if candidate <= _N - 2:
            return candidate + 1
    raise AssertionError("one of 2 to the 32 candidates is refused")


def sign(key: int, message: bytes) -> bytes:
    """The signature (DER) of ``message``."""
    digest = int.from_bytes(hashlib.sha256(message).digest())
    while True:
        nonce = secrets.randbelow(_N - 1) + 1
        point = _times(nonce, _G)
        r = point[0] % _N if point else 0
        s = pow(nonce, -1, _N) * (digest + r * key) % _N
        if r and s:
            inner = _integer(r) + _integer(s)
            return b"\x30" + bytes([len(inner)]) + inner


def _integer(value: int) -> bytes:
    body = value.to_bytes(value.bit_length() // 8 + 1)
    return b"\x02" + bytes([len(body)]) + body


def _times(number: int, point: _Point) -> _Point:
    result: _Point = None
    while number:
        if number & 1:
            result = _plus(result, point)
        point = _plus(point, point)
        number >>= 1
    return result


def _plus(a: _Point, b: _Point) -> _Point:
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % _P == 0:
            return None
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, _P) % _P
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, _P) % _P
    x = (slope * slope - a[0] - b[0]) % _P
    return x, (slope * (a[0] - x) - a[1]) % _P
