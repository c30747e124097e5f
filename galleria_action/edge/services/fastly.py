"""Fastly: addresses one by one, or the whole service. It knows no folders, only keys that the origin has to send.

Source: www.fastly.com/documentation/reference/api/purging: ``POST /purge/{host/path}`` and ``POST
/service/{id}/purge_all``; the token needs ``purge_select``, and ``purge_all`` for the latter.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from galleria_action.edge.asking import Asker, Request, json_of
from galleria_action.edge.collapse import EVERYTHING, Allowance
from galleria_action.edge.purger import Means
from galleria_action.errors import PurgeFailed
from galleria_action.values import dataclass, field

_SECONDS = 180.0
_NAME = "Fastly"


@dataclass
class Fastly:
    """The service with this id."""

    service: str
    means: Means
    allowed: Allowance = field(default=Allowance(most=1_000, wildcards=0))

    def purge(self, site: str, paths: Sequence[str], reference: str) -> None:
        """See ``Purger.purge``."""
        token = self.means.secret("FASTLY_API_TOKEN", _NAME)
        asker = Asker(self.means.network, _SECONDS, self.means.pause)
        base = self.means.base("FASTLY_API_URL", "https://api.fastly.com")
        headers = {"Fastly-Key": token, "Accept": "application/json"}
        for path in paths:
            of_path = f"purge/{urlsplit(site).netloc}{path}"
            url = f"{base}/{f'service/{self.service}/purge_all' if path == EVERYTHING else of_path}"
            said = json_of(asker.ask(Request("POST", url, lambda: headers, b""), _NAME))
            if not (isinstance(said, dict) and said.get("status") == "ok"):
                raise PurgeFailed(f"{_NAME} does not say that it has purged.", hint="Is FASTLY_API_URL its API?")

    def settle(self) -> bool:
        """See ``Purger.settle``: it is in force at once."""
        return True
