"""Signs a request without a body for S3, with what Python has on board.

Source: AWS Signature Version 4, "Authenticating Requests (AWS Signature Version 4)" in the Amazon S3 API reference
(docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

_NO_BODY = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Signer:
    """Credentials and the region they are used in."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(repr=False)
    region: str

    def headers(self, method: str, host: str, path: str, query: str, now: datetime) -> dict[str, str]:
        """The headers that make a request without a body authentic.

        ``host`` is as in the Host header, ``path`` as it is sent (percent-encoded), ``query`` made by
        ``canonical_query``, ``now`` in UTC.
        """
        stamp = f"{now:%Y%m%dT%H%M%SZ}"
        signed = {"host": host, "x-amz-content-sha256": _NO_BODY, "x-amz-date": stamp}
        if self.token:
            signed["x-amz-security-token"] = self.token
        names = ";".join(signed)
        lines = "".join(f"{name}:{value}\n" for name, value in signed.items())
        request = f"{method}\n{path}\n{query}\n{lines}\n{names}\n{_NO_BODY}"
        scope = f"{stamp[:8]}/{self.region}/s3/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        key = f"AWS4{self.secret_key}".encode()
        for part in (*scope.split("/"), text):
            key = hmac.digest(key, part.encode(), "sha256")
        credential = f"Credential={self.access_key}/{scope}"
        signed["authorization"] = f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={key.hex()}"
        return signed


def canonical_query(parameters: Mapping[str, str]) -> str:
    """The query as it is signed and sent: sorted by encoded name, everything but unreserved characters encoded."""
    encoded = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in parameters.items())
    return "&".join(f"{name}={value}" for name, value in encoded)
