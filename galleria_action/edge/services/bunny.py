"""Bunny: addresses one by one, folders with a ``*``, or a pull zone as a whole.

Source: docs.bunny.net, "Purge URL" and "Purge Cache". An address with a slash at its end means everything below it
unless ``exactPath`` is set; 120 exact addresses at once, then 5 a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, urlsplit

from galleria_action.edge.asking import Asker, Request
from galleria_action.edge.collapse import Allowance
from galleria_action.edge.purger import Means
from galleria_action.values import dataclass, field

_SECONDS = 180.0
_NAME = "Bunny"


@dataclass
class Bunny:
    """The pull zone with this id, or at this address."""

    zone: str
    means: Means
    allowed: Allowance = field(default=Allowance(most=500, wildcards=15))

    def purge(self, site: str, paths: Sequence[str], reference: str) -> None:
        """See ``Purger.purge``."""
        key = self.means.secret("BUNNY_API_KEY", _NAME)
        asker = Asker(self.means.network, _SECONDS, self.means.pause)
        base = self.means.base("BUNNY_API_URL", "https://api.bunny.net")
        parts = urlsplit(self.zone)
        by_address = bool(parts.scheme)
        where = f"{parts.scheme}://{parts.netloc}" if by_address else site
        for path in paths:
            if path == "/*" and not by_address:
                url = f"{base}/pullzone/{self.zone}/purgeCache"
            else:
                url = f"{base}/purge?url={quote(where + path, safe='')}&async=false&exactPath=true"
            asker.ask(Request("POST", url, lambda: {"AccessKey": key}, b""), _NAME)

    def settle(self) -> bool:
        """See ``Purger.settle``: it answers when it is done."""
        return True
