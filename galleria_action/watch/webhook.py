"""A webhook of one's own: JSON, signed as the Standard Webhooks specification says (standardwebhooks.com, 1.0.0)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from datetime import datetime

from galleria_action.errors import ConfigInvalid
from galleria_action.net.encoding import TooLong
from galleria_action.net.http import Http, NoAnswer
from galleria_action.values import asdict, dataclass
from galleria_action.watch.addresses import Webhook
from galleria_action.watch.alerts import Alert

_TRIES, _SECONDS, _MOST_BYTES = 3, 10.0, 1 << 16
#: before the second try it is doubled once, before the third twice
PAUSE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends alerts over ``http``, which must be loyal: the address may hold a token. ``new_id`` gives the id by which
    a receiver knows a repetition."""

    http: Http
    new_id: Callable[[], str]
    sleep: Callable[[float], None] = time.sleep

    def send(self, alert: Alert, to: Webhook) -> str:
        """Deliver ``alert``; what went wrong, empty when it was taken. A busy receiver is asked again, with the same
        id."""
        headers, body = signed(payload(alert), self.new_id(), alert.end.at, to.key)
        trouble = ""
        for attempt in range(_TRIES):
            if attempt:
                self.sleep(PAUSE_SECONDS * 2**attempt)
            try:
                answer = self.http.ask("POST", to.url, headers=headers, body=body, seconds=_SECONDS, most=_MOST_BYTES)
            except TooLong:
                return ""  # it has answered, only not shortly
            except (NoAnswer, ConfigInvalid) as error:
                trouble = str(error)
                continue
            if answer.status < 300:
                return ""
            trouble = f"it answered {answer.status}"
            if answer.status < 500 and answer.status != 429:
                break
        return trouble


def payload(alert: Alert) -> bytes:
    """The JSON document of ``alert``; the fields of ``data`` are those of ``RunEnd``."""
    end = alert.end
    data = {**asdict(end), "at": end.at.isoformat(), "since": alert.since.isoformat(), "headline": alert.headline}
    document = {"type": f"gallery.{end.command}.{alert.kind}", "timestamp": end.at.isoformat(), "data": data}
    return json.dumps(document, ensure_ascii=True).encode()


def signed(body: bytes, identity: str, at: datetime, key: bytes) -> tuple[dict[str, str], bytes]:
    """Headers and body of a request that carries ``body``: what is signed is id, time and body, joined by dots."""
    moment = str(int(at.timestamp()))
    digest = hmac.new(key, f"{identity}.{moment}.".encode() + body, hashlib.sha256).digest()
    headers = {
        "Content-Type": "application/json",
        "webhook-id": identity,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
    return headers, body
