"""Cloudflare: addresses one by one, folders as prefixes; never the whole zone, which may be more than the gallery.

Source: developers.cloudflare.com/cache/how-to/purge-cache and its API reference, "Purge Cached Content": at most 100
items in a call on every plan but Enterprise; the token needs the permission *Cache Purge* for the zone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import urlsplit

from galleria_action.edge.asking import Asker, Request, json_of
from galleria_action.edge.collapse import Allowance
from galleria_action.edge.purger import Means, batches
from galleria_action.errors import PurgeFailed
from galleria_action.values import dataclass, field

_CALL = 100
_SECONDS = 120.0
_NAME = "Cloudflare"


@dataclass
class Cloudflare:
    """The zone with this id."""

    zone: str
    means: Means
    allowed: Allowance = field(default=Allowance(most=30_000, wildcards=100))

    def purge(self, site: str, paths: Sequence[str], reference: str) -> None:
        """See ``Purger.purge``."""
        token = self.means.secret("CLOUDFLARE_API_TOKEN", _NAME)
        asker = Asker(self.means.network, _SECONDS, self.means.pause)
        host = urlsplit(site).netloc
        files = [site + path for path in paths if not path.endswith("*")]
        folders = [host + path[:-1] for path in paths if path.endswith("*") and path != "/*"]
        wanted = [{"files": list(part)} for part in batches(files, _CALL)]
        wanted += [{"prefixes": list(part)} for part in batches(folders, _CALL)]
        wanted += [{"hosts": [host]}] if "/*" in paths else []
        for document in wanted:
            self._call(asker, token, document)

    def settle(self) -> bool:
        """See ``Purger.settle``: a purge is in force within moments, and nothing tells when."""
        return True

    def _call(self, asker: Asker, token: str, document: dict[str, list[str]]) -> None:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        url = f"{self._base()}/zones/{self.zone}/purge_cache"
        answer = asker.ask(Request("POST", url, lambda: headers, json.dumps(document).encode()), _NAME)
        said = json_of(answer)
        if not (isinstance(said, dict) and said.get("success") is True):
            raise PurgeFailed(f"{_NAME} does not say that it has purged.", hint="Is CLOUDFLARE_API_URL its API?")

    def _base(self) -> str:
        base = self.means.base("CLOUDFLARE_API_URL", "https://api.cloudflare.com/client/v4")
        return base if urlsplit(base).path else f"{base}/client/v4"
