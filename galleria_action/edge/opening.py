"""Which purger is for which cache. Nothing is imported before a cache needs it."""

from __future__ import annotations

from galleria_action.deployment.caches import Cache, Service
from galleria_action.edge.purger import Means, Purger


def open_purger(cache: Cache, means: Means) -> Purger:
    """The purger for ``cache``. Sends nothing yet."""
    match cache.service:
        case Service.CLOUDFRONT:
            from galleria_action.edge.services.cloudfront import CloudFront

            return CloudFront(cache.place, means)
        case Service.CLOUDFLARE:
            from galleria_action.edge.services.cloudflare import Cloudflare

            return Cloudflare(cache.place, means)
        case Service.BUNNY:
            from galleria_action.edge.services.bunny import Bunny

            return Bunny(cache.place, means)
        case Service.FASTLY:
            from galleria_action.edge.services.fastly import Fastly

            return Fastly(cache.place, means)
        case Service.KEYCDN:
            from galleria_action.edge.services.keycdn import KeyCdn

            return KeyCdn(cache.place, means)
        case Service.WEBHOOK:
            from galleria_action.edge.services.webhook import Webhook

            return Webhook(cache.place, means)
