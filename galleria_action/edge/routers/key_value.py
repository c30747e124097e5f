"""Key value stores that edge code reads: of CloudFront, which compares before it writes, and of Cloudflare, which does
not.

The value is ``live.json`` as it would lie in the bucket, under the gallery's prefix followed by that name. Sources:
Amazon CloudFront KeyValueStore API (2022-07-26), where an ETag stands for the whole store and ``If-Match`` guards a
write; Cloudflare API, "Workers KV": one write a second to one key, read elsewhere up to a minute later.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import quote

from galleria_action.deployment.layout import LIVE_KEY
from galleria_action.deployment.routing.router import Routing, Seen, moved, parse_routing
from galleria_action.edge.routers.service import Service
from galleria_action.errors import StorageUnavailable
from galleria_action.net.http import Answer
from galleria_action.storage.persistence import Pause
from galleria_action.values import dataclass


@dataclass
class CloudFrontKvs:
    """A ``Router``. Permissions: ``cloudfront-keyvaluestore:DescribeKeyValueStore``, ``GetKey``, ``UpdateKeys``."""

    service: Service
    arn: str
    prefix: str
    lag_seconds: float = 30.0

    def look(self) -> Seen:
        """See ``Router.look``."""
        described = self.service.ask("GET", self._path())  # before the value: what changes it in between is noticed
        answer = self.service.ask("GET", f"{self._path()}/keys/{quote(self._key, safe='')}", absent=True)
        routing = Routing()
        if answer.status != 404:
            value = _json(answer, "CloudFront's key value store").get("Value")
            routing = parse_routing(str(value).encode(), self._key)
        return Seen(routing, described.headers.get("etag", "").strip('"'))

    def send(self, routing: Routing, seen: Seen) -> Seen:
        """See ``Router.send``."""
        body = json.dumps({"Puts": [{"Key": self._key, "Value": routing.to_bytes().decode()}]}).encode()
        headers = {"If-Match": seen.token or "", "Content-Type": "application/json"}
        return self.service.settled(
            lambda: self.service.ask("POST", f"{self._path()}/keys", body, headers), routing, seen, self.look
        )

    def wait(self, seen: Seen, pause: Pause, check: Callable[[], None]) -> None:
        """See ``Router.wait``: nothing says when all edges have it, which takes seconds."""

    @property
    def _key(self) -> str:
        return f"{self.prefix}{LIVE_KEY}"

    def _path(self) -> str:
        return f"/key-value-stores/{quote(self.arn, safe='')}"


@dataclass
class CloudflareKv:
    """A ``Router``. The token needs the permission *Workers KV Storage: Edit*."""

    service: Service
    account: str
    namespace: str
    prefix: str
    lag_seconds: float = 60.0

    def look(self) -> Seen:
        """See ``Router.look``."""
        answer = self.service.ask("GET", self._path(), absent=True)
        if answer.status == 404:
            return Seen(Routing())
        return Seen(parse_routing(answer.body, f"{self.prefix}{LIVE_KEY}"), answer.body.decode("utf-8", "replace"))

    def send(self, routing: Routing, seen: Seen) -> Seen:
        """See ``Router.send``. The service compares nothing; our own claim to publish keeps two apart, and a look."""
        if self.look() != seen:
            raise moved("Workers KV")
        body, headers = routing.to_bytes(), {"Content-Type": "application/octet-stream"}
        return self.service.settled(
            lambda: self.service.ask("PUT", self._path(), body, headers), routing, seen, self.look
        )

    def wait(self, seen: Seen, pause: Pause, check: Callable[[], None]) -> None:
        """See ``Router.wait``: nothing says when all edges have it; both galleries are whole meanwhile."""

    def _path(self) -> str:
        key = quote(f"{self.prefix}{LIVE_KEY}", safe="")
        return f"/accounts/{self.account}/storage/kv/namespaces/{self.namespace}/values/{key}"


def _json(answer: Answer, name: str) -> dict[str, object]:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise StorageUnavailable(f"{name} does not answer in JSON.", hint="Is its address right?")
    return found
