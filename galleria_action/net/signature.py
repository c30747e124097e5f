"""Signs a request for a service of AWS, or one that speaks like it, with what Python has on board.

Source: AWS Signature Version 4, "Authenticating Requests (AWS Signature Version 4)" in the Amazon S3 API reference
(docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from operator import itemgetter
from urllib.parse import quote

from galleria_action.values import dataclass, field

NO_BODY = hashlib.sha256(b"").hexdigest()
_NOTHING: Mapping[str, str] = {}
_name = itemgetter(0)


@dataclass(frozen=True, slots=True)
class Signer:
    """Credentials, and the region and service they are used in. S3 alone takes a path as it is sent; other services
    sign it encoded once more, which changes nothing where it holds only unreserved characters."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(repr=False)
    region: str
    service: str = "s3"
    #: what has been worked out of the signing key, by day: the same for a day of requests
    _keys: dict[str, hmac.HMAC] = field(default_factory=dict, repr=False, compare=False)

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
        in_order = sorted(signed.items())
        names = ";".join(map(_name, in_order))
        # white space is signed as one blank, or not at all at the ends of a value
        lines = "\n".join([f"{name}:{' '.join(value.split())}" for name, value in in_order])
        request = f"{method}\n{path}\n{query}\n{lines}\n\n{names}\n{payload}"
        scope = f"{stamp[:8]}/{self.region}/{self.service}/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        keyed = self._keyed(scope)
        keyed.update(text.encode())
        credential, signature = f"Credential={self.access_key}/{scope}", keyed.hexdigest()
        signed["authorization"] = f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={signature}"
        return signed

    def _keyed(self, scope: str) -> hmac.HMAC:
        """A copy, which signs one text: that takes half as long as to begin with the key, and no thread loses its turn
        by it, as ``hmac.digest`` has it."""
        if scope not in self._keys:
            key = f"AWS4{self.secret_key}".encode()
            for part in scope.split("/"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._keys[scope] = hmac.new(key, digestmod="sha256")
        return self._keys[scope].copy()


def canonical_query(parameters: Mapping[str, str]) -> str:
    """The query as it is signed and sent: sorted by encoded name, everything but unreserved characters encoded."""
    encoded = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in parameters.items())
    return "&".join(f"{name}={value}" for name, value in encoded)
