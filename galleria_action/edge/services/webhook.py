"""A program of your own that purges: it is sent what is stale as JSON, and answers with 2xx when that is in force."""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import urlsplit

from galleria_action.edge.asking import Asker, Request
from galleria_action.edge.collapse import Allowance
from galleria_action.edge.purger import Means
from galleria_action.values import dataclass, field

_SECONDS = 120.0


@dataclass
class Webhook:
    """The program at this address, which may hold a secret. ``PURGE_WEBHOOK_TOKEN`` goes along as a bearer token."""

    url: str = field(repr=False)
    means: Means
    allowed: Allowance = field(default=Allowance(most=10_000, wildcards=100))

    def purge(self, site: str, paths: Sequence[str], reference: str) -> None:
        """See ``Purger.purge``."""
        token = self.means.environ.get("PURGE_WEBHOOK_TOKEN", "").strip()
        headers = {"Content-Type": "application/json", "Idempotency-Key": reference}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        document = {
            "schema": 1,
            "reference": reference,
            "site": site,
            "paths": list(paths),
            "addresses": [site + path for path in paths] if site else [],
        }
        asker = Asker(self.means.network, _SECONDS, self.means.pause)
        name = f"The webhook at {urlsplit(self.url).hostname}"
        asker.ask(Request("POST", self.url, lambda: headers, json.dumps(document).encode()), name)

    def settle(self) -> bool:
        """See ``Purger.settle``: it answers when it is done."""
        return True
