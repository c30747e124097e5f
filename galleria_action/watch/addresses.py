"""Where alerts go: a webhook of one's own, which gets signed JSON, or one of the services that apprise knows."""

from __future__ import annotations

import base64
import binascii
import re

from galleria_action.expressions import expression
from galleria_action.values import dataclass, field

_SIGNED = expression(r"(https?://[^\s/?#@]+(?:[/?][^\s#]*)?)#whsec_([A-Za-z0-9+/]+={0,2})")
_SERVICE = expression(r"([a-z][a-z0-9+.-]*)://[!-~]+", re.IGNORECASE)
#: bytes of a webhook's key, by the Standard Webhooks specification
_SHORTEST_KEY, _LONGEST_KEY = 24, 64


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that gets JSON, signed with ``key``. ``name`` can be told; the address may hold a token."""

    name: str
    url: str = field(repr=False)
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Service:
    """A service by its address, as apprise writes it. ``name`` can be told; the address is a secret."""

    name: str
    url: str = field(repr=False)


Address = Webhook | Service


def addresses(text: str) -> tuple[Address, ...]:
    """The addresses in ``text``, one a line. Raises ``ValueError`` with a text that repeats nothing of them."""
    lines = [line for it in text.splitlines() if (line := it.strip())]
    return tuple(_address(number, line) for number, line in enumerate(lines, 1))


def _address(number: int, line: str) -> Address:
    if signed := _SIGNED.fullmatch(line):
        return Webhook(f"address {number} (webhook)", signed[1], _key(number, signed[2]))
    if "#whsec_" in line or not (service := _SERVICE.fullmatch(line)):
        raise ValueError(
            f"address {number} cannot be read; write it as apprise does (slack://…, mailto://…), or a webhook of your "
            "own as https://…#whsec_…"
        )
    return Service(f"address {number} ({service[1].lower()})", line)


def _key(number: int, text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if not _SHORTEST_KEY <= len(key) <= _LONGEST_KEY:
        raise ValueError(
            f"address {number}: what follows whsec_ is not base64 of {_SHORTEST_KEY} to {_LONGEST_KEY} bytes"
        )
    return key
