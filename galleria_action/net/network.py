"""How this machine reaches others: one value, read once and handed to every client."""

from __future__ import annotations

from collections.abc import Mapping

from galleria_action.net.proxies import Proxies
from galleria_action.net.trust import Authorities
from galleria_action.values import dataclass, field


@dataclass(frozen=True, slots=True)
class Network:
    """Proxies, and whom to trust."""

    proxies: Proxies = field(default_factory=Proxies)
    trust: Authorities = field(default_factory=Authorities)

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Network:
        """What the variables in ``environ`` say."""
        return cls(Proxies.of(environ), Authorities.of(environ))
