"""Which caches stand between a gallery and its visitors, as the option ``cdn`` names them."""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum
from urllib.parse import urlsplit

from galleria_action.values import dataclass, field


class Service(StrEnum):
    """The services whose caches can be purged."""

    CLOUDFRONT = "cloudfront"
    CLOUDFLARE = "cloudflare"
    BUNNY = "bunny"
    FASTLY = "fastly"
    KEYCDN = "keycdn"
    WEBHOOK = "webhook"


#: the variables that hold credentials of caches
CREDENTIALS = (
    "CLOUDFLARE_API_TOKEN",
    "BUNNY_API_KEY",
    "FASTLY_API_TOKEN",
    "KEYCDN_API_KEY",
    "PURGE_WEBHOOK_TOKEN",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
)

_ID = r"[A-Za-z0-9_-]{1,128}"
_URL = r"https?://[!-~]{1,2000}"
#: what follows the service's name, and what that is called
_PLACES = {
    Service.CLOUDFRONT: (_ID, "the id of a distribution"),
    Service.CLOUDFLARE: (_ID, "the id of a zone, which is not its name"),
    Service.BUNNY: (f"{_ID}|{_URL}", "the id of a pull zone, or its address"),
    Service.FASTLY: (_ID, "the id of a service"),
    Service.KEYCDN: (_ID, "the id of a zone"),
    Service.WEBHOOK: (_URL, "an http or https address"),
}


@dataclass(frozen=True, slots=True)
class Cache:
    """One cache: the service it is part of, and its id or address there. An address may hold a secret."""

    service: Service
    place: str = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Cache:
        """Read ``service:place``. Raises ``ValueError`` with a text for humans, which repeats no address."""
        name, _, place = text.strip().partition(":")
        service = next((it for it in Service if it == name), None)
        if service is None:
            raise ValueError(f"a cache is one of {', '.join(f'{it}:…' for it in Service)}")
        allowed, meaning = _PLACES[service]
        if not re.fullmatch(allowed, place):
            raise ValueError(f"{service}: is followed by {meaning}")
        return cls(service, place)

    @property
    def name(self) -> str:
        """As it is told and written down. Of an address only the host, and a digest that tells it from others."""
        if "://" not in self.place:
            return f"{self.service}:{self.place}"
        return f"{self.service}:{urlsplit(self.place).hostname}#{hashlib.sha256(self.place.encode()).hexdigest()[:12]}"

    @property
    def secret(self) -> str:
        """What is not to be told of it; empty where there is nothing."""
        return self.place if self.service is Service.WEBHOOK else ""

    @property
    def needs_site(self) -> bool:
        """Whether it can be asked only by the whole address that visitors use."""
        return self.service not in (Service.CLOUDFRONT, Service.WEBHOOK) and "://" not in self.place


def parse_caches(text: str) -> tuple[Cache, ...]:
    """One cache a line. Raises ``ValueError``."""
    return tuple(dict.fromkeys(Cache.parse(line) for line in text.splitlines() if line.strip()))
