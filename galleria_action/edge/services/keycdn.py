"""KeyCDN: addresses in lists, or the whole zone.

Source: www.keycdn.com/api, "Purge Zone URL" and "Purge Zone Cache": the API key is the name of Basic authentication
and its password is empty; a body has at most 64 KB; addresses go without their scheme.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from galleria_action.edge.asking import Asker, Request, json_of
from galleria_action.edge.collapse import EVERYTHING, Allowance
from galleria_action.edge.purger import Means
from galleria_action.errors import PurgeFailed
from galleria_action.values import dataclass, field

_SECONDS = 120.0
_LARGEST_BODY = 60_000
_CALL = 100
_NAME = "KeyCDN"


@dataclass
class KeyCdn:
    """The zone with this id."""

    zone: str
    means: Means
    allowed: Allowance = field(default=Allowance(most=3_000, wildcards=0))

    def purge(self, site: str, paths: Sequence[str], reference: str) -> None:
        """See ``Purger.purge``."""
        key = self.means.secret("KEYCDN_API_KEY", _NAME)
        asker = Asker(self.means.network, _SECONDS, self.means.pause)
        base = self.means.base("KEYCDN_API_URL", "https://api.keycdn.com")
        login = base64.b64encode(f"{key}:".encode()).decode()
        headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
        if EVERYTHING in paths:
            _call(asker, Request("GET", f"{base}/zones/purge/{self.zone}.json", lambda: headers))
            return
        host = urlsplit(site).netloc
        for urls in _lists([host + path for path in paths]):
            body = json.dumps({"urls": urls}).encode()
            _call(asker, Request("DELETE", f"{base}/zones/purgeurl/{self.zone}.json", lambda: headers, body))

    def settle(self) -> bool:
        """See ``Purger.settle``: nothing tells when it is."""
        return True


def _lists(urls: Sequence[str]) -> Iterator[list[str]]:
    part: list[str] = []
    size = 0
    for url in urls:
        if part and (len(part) == _CALL or size + len(url) > _LARGEST_BODY):
            yield part
            part, size = [], 0
        part.append(url)
        size += len(url) + 4
    if part:
        yield part


def _call(asker: Asker, request: Request) -> None:
    said = json_of(asker.ask(request, _NAME))
    if not (isinstance(said, dict) and said.get("status") == "success"):
        raise PurgeFailed(f"{_NAME} does not say that it has purged.", hint="Is KEYCDN_API_URL its API?")
