"""CloudFront: paths of a distribution, some with a ``*`` at the end; each costs the same, and the first 1,000 a month
nothing.

Source: Amazon CloudFront API Reference, "CreateInvalidation" (2020-05-31), and the Developer Guide, "Invalidate
files": at most 3,000 paths and 15 with a ``*`` in progress; a path is percent-encoded as RFC 1738 says, which takes
``~`` for unsafe; the same caller reference with the same paths is the same invalidation. The permissions are
``cloudfront:CreateInvalidation`` and, to wait for it, ``cloudfront:GetInvalidation``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from galleria_action.edge.asking import Asker, Request
from galleria_action.edge.collapse import Allowance
from galleria_action.edge.purger import Means
from galleria_action.errors import PurgeFailed
from galleria_action.net.http import Answer
from galleria_action.values import dataclass, field

_PATHS, _WILDCARDS = 3_000, 15
_SECONDS = 120.0
_SETTLE_SECONDS, _LOOK_SECONDS = 600.0, 10.0
#: others' invalidations have to end first, which takes a minute or so
_BUSY_SECONDS = 10.0
_NAME = "CloudFront"
_ID = re.compile(rb"<Id>([A-Za-z0-9]{1,64})</Id>")
_STATUS = re.compile(rb"<Status>(\w{1,32})</Status>")


@dataclass
class CloudFront:
    """The distribution with this id."""

    distribution: str
    means: Means
    allowed: Allowance = field(default=Allowance(most=_PATHS, wildcards=_WILDCARDS))
    _begun: list[str] = field(default_factory=list)

    def purge(self, site: str, paths: Sequence[str], reference: str) -> None:
        """See ``Purger.purge``."""
        asker = Asker(self.means.network, _SECONDS, self.means.pause)
        for part in _parts([path.replace("~", "%7E") for path in paths]):
            body = _batch(part, reference)
            found = _ID.search(asker.ask(self._request("POST", "", body), _NAME, _busy).body)
            if found is None:
                raise PurgeFailed(
                    f"{_NAME} does not say that it has purged.", hint="Is AWS_ENDPOINT_URL_CLOUDFRONT its API?"
                )
            self._begun.append(found[1].decode())

    def settle(self) -> bool:
        """See ``Purger.settle``: a minute or so, ten at most."""
        asker = Asker(self.means.network, _SETTLE_SECONDS, self.means.pause)
        for invalidation in self._begun:
            while not self._is_done(asker, invalidation):
                if not asker.wait(_LOOK_SECONDS):
                    return False
        return True

    def _is_done(self, asker: Asker, invalidation: str) -> bool:
        found = _STATUS.search(asker.ask(self._request("GET", f"/{invalidation}", b""), _NAME).body)
        return found is not None and found[1].lower() == b"completed"

    def _request(self, method: str, more: str, body: bytes) -> Request:
        base = self.means.base("AWS_ENDPOINT_URL_CLOUDFRONT", "https://cloudfront.amazonaws.com")
        parts = urlsplit(base)
        path = f"{parts.path}/2020-05-31/distribution/{self.distribution}/invalidation{more}"

        def signed() -> dict[str, str]:
            return {"Content-Type": "text/xml", **self.means.sign(method, parts.netloc, path, body)}

        return Request(method, f"{parts.scheme}://{parts.netloc}{path}", signed, body or None)


def _parts(paths: Sequence[str]) -> Iterator[Sequence[str]]:
    """What one call takes."""
    exact = [path for path in paths if not path.endswith("*")]
    wide = [path for path in paths if path.endswith("*")]
    while exact or wide:
        yield [*exact[: _PATHS - _WILDCARDS], *wide[:_WILDCARDS]]
        exact, wide = exact[_PATHS - _WILDCARDS :], wide[_WILDCARDS:]


def _batch(paths: Sequence[str], reference: str) -> bytes:
    told = sha256("\n".join([reference, *paths]).encode()).hexdigest()
    items = "".join(f"<Path>{escape(path)}</Path>" for path in paths)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<InvalidationBatch xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/">'
        f"<Paths><Quantity>{len(paths)}</Quantity><Items>{items}</Items></Paths>"
        f"<CallerReference>{told}</CallerReference></InvalidationBatch>"
    ).encode()


def _busy(answer: Answer) -> float | None:
    """Whether there are too many invalidations in progress, which passes."""
    return _BUSY_SECONDS if answer.status == 400 and b"TooManyInvalidationsInProgress" in answer.body else None
