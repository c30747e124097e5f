"""A distribution of CloudFront: the path of its origin is the folder that visitors get.

Source: Amazon CloudFront API Reference, "GetDistribution", "UpdateDistribution" (2020-05-31): the whole configuration
is replaced, where the ETag that was read is given as If-Match. It takes minutes until all edges have it; the
distribution says ``Deployed`` then. Permissions: ``cloudfront:GetDistribution``, ``cloudfront:UpdateDistribution``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from xml.sax.saxutils import escape, unescape

from galleria_action.deployment.layout import SLOTS, Layout
from galleria_action.deployment.routing.router import Routing, Seen
from galleria_action.edge.routers.service import Service
from galleria_action.errors import ConfigInvalid, StorageUnavailable
from galleria_action.net.http import Answer
from galleria_action.storage.interface import Target
from galleria_action.storage.persistence import Pause
from galleria_action.values import dataclass

_API = "/2020-05-31/distribution/"
_NAMESPACE = "http://cloudfront.amazonaws.com/doc/2020-05-31/"
_LOOK_SECONDS, _LONGEST_SECONDS = 10.0, 35 * 60.0
_ORIGIN = re.compile(r"<Origin>(.*?)</Origin>", re.DOTALL)
_PATH = re.compile(r"<OriginPath>(.*?)</OriginPath>|<OriginPath\s*/>", re.DOTALL)
_DOMAIN = re.compile(r"<DomainName>(.*?)</DomainName>", re.DOTALL)
_CONFIG = re.compile(r"<DistributionConfig>.*</DistributionConfig>", re.DOTALL)
_STATUS = re.compile(r"<Status>(\w{1,32})</Status>")
_CHANGED = re.compile(r"<LastModifiedTime>([0-9-]{10}T[0-9:]{8})")


@dataclass
class CloudFront:
    """A ``Router`` for the origin that is the bucket of ``target``."""

    service: Service
    distribution: str
    target: Target
    lag_seconds: float = 0.0

    def look(self) -> Seen:
        """See ``Router.look``."""
        answer = self._get()
        text = answer.body.decode("utf-8", "replace")
        origin = self._origin(text)
        found = _PATH.search(origin)
        path = unescape(found[1] or "") if found else ""
        layouts = {self._path(it): it for it in (Layout.IN_PLACE, *map(Layout.slot, SLOTS))}
        if path not in layouts:
            raise ConfigInvalid(
                f"The origin of the distribution {self.distribution} has the path {path[:80]!r}, which is not "
                f"a gallery of {self.target}. Nothing was written.",
                hint=f"Set it to one of these once: {', '.join(repr(it) for it in layouts)}.",
            )
        changed = _CHANGED.search(text)
        since = datetime.fromisoformat(changed[1]).replace(tzinfo=UTC) if changed else None
        return Seen(Routing(layouts[path], since), answer.headers.get("etag", "").strip('"'))

    def send(self, routing: Routing, seen: Seen) -> Seen:
        """See ``Router.send``."""
        text = self._get().body.decode("utf-8", "replace")
        config, origin = _CONFIG.search(text), self._origin(text)
        if config is None:
            raise self._strange()
        path = f"<OriginPath>{escape(self._path(routing.live))}</OriginPath>"
        changed = _PATH.sub(lambda _: path, origin, count=1) if _PATH.search(origin) else origin + path
        body = (
            config[0]
            .replace(origin, changed, 1)
            .replace("<DistributionConfig>", f'<DistributionConfig xmlns="{_NAMESPACE}">')
        )
        headers = {"If-Match": seen.token or "", "Content-Type": "text/xml"}
        return self.service.settled(
            lambda: self.service.ask("PUT", f"{_API}{self.distribution}/config", body.encode(), headers),
            routing, seen, self.look,
        )  # fmt: skip

    def wait(self, seen: Seen, pause: Pause, check: Callable[[], None]) -> None:
        """See ``Router.wait``: until the distribution is deployed. Raises ``StorageUnavailable`` when it never is."""
        waited = 0.0
        while True:
            status = _STATUS.search(self._get().body.decode("utf-8", "replace"))
            if status is None:
                raise self._strange()
            if status[1] == "Deployed":
                return
            if waited >= _LONGEST_SECONDS:
                raise StorageUnavailable(
                    f"The distribution {self.distribution} is not deployed after {waited / 60:.0f} minutes.",
                    hint="Look at it in the console; visitors may get either gallery.",
                )
            pause(_LOOK_SECONDS)
            check()
            waited += _LOOK_SECONDS

    def _get(self) -> Answer:
        return self.service.ask("GET", f"{_API}{self.distribution}")

    def _path(self, layout: Layout) -> str:
        folder = f"{self.target.prefix}{layout.folder}".rstrip("/")
        return f"/{folder}" if folder else ""

    def _origin(self, text: str) -> str:
        """The one origin that is our bucket."""
        config = _CONFIG.search(text)
        origins = [found[1] for found in _ORIGIN.finditer(config[0])] if config else []
        ours = [it for it in origins if (name := _DOMAIN.search(it)) and name[1].startswith(f"{self.target.bucket}.")]
        found = ours if len(origins) > 1 else origins
        if len(found) != 1:
            raise ConfigInvalid(
                f"The distribution {self.distribution} has {len(found)} origins that are the bucket "
                f"{self.target.bucket}; router: cloudfront needs exactly one.",
                hint="Is it the right distribution? docs/releases.md says how it is set up.",
            )
        return found[0]

    def _strange(self) -> StorageUnavailable:
        return StorageUnavailable(
            f"What answers for the distribution {self.distribution} does not speak as CloudFront does.",
            hint="Is AWS_ENDPOINT_URL_CLOUDFRONT its API?",
        )
