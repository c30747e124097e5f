"""Signs a request for a service of AWS, or one that speaks like it, with what Python has on board.

Source: AWS Signature Version 4, "Authenticating Requests (AWS Signature Version 4)" in the Amazon S3 API reference
(docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from galleria_action.values import dataclass, field

NO_BODY = hashlib.sha256(b"").hexdigest()
_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Signer:
    """Credentials, and the region and service they are used in. S3 alone takes a path as it is sent; other services
    sign it encoded once more, which changes nothing where it holds only unreserved characters."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(repr=False)
    region: str
    service: str = "s3"
    #: signing keys by day; the same for a day of requests
    _keys: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)

    def headers(
        self,
        method: str,
        host: str,
        path: str,
        query: str,
        now: datetime,
        *,
        payload: str = NO_BODY,
        more: Mapping[str, str] = _NOTHING,
    ) -> dict[str, str]:
        """The headers that make a request authentic, ``more`` (by lower-case name) and the host among them.

        ``host`` is as in the Host header, ``path`` as it is sent (percent-encoded), ``query`` made by
        ``canonical_query``, ``now`` in UTC, ``payload`` the SHA-256 of the body in hex digits.
        """
        stamp = "{:04}{:02}{:02}T{:02}{:02}{:02}Z".format(*now.timetuple()[:6])
        signed = {"host": host, "x-amz-content-sha256": payload, "x-amz-date": stamp, **more}
        if self.token:
            signed["x-amz-security-token"] = self.token
        in_order = sorted(signed)
        names = ";".join(in_order)
        lines = "\n".join([f"{name}:{' '.join(signed[name].split())}" for name in in_order])
        request = f"{method}\n{path}\n{query}\n{lines}\n\n{names}\n{payload}"
        scope = f"{stamp[:8]}/{self.region}/{self.service}/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        signature = hmac.digest(self._key(scope), text.encode(), "sha256").hex()
        credential = f"Credential={self.access_key}/{scope}"
        signed["authorization"] = f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={signature}"
        return signed

    def _key(self, scope: str) -> bytes:
        if scope not in self._keys:
            key = f"AWS4{self.secret_key}".encode()
            for part in scope.split("/"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._keys[scope] = key
        return self._keys[scope]


def canonical_query(parameters: Mapping[str, str]) -> str:
    """The query as it is signed and sent: sorted by encoded name, everything but unreserved characters encoded."""
    encoded = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in parameters.items())
    return "&".join(f"{name}={value}" for name, value in encoded)
