"""Which routers there are, and what each can do: one table, by which options are checked and slots are probed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from galleria_action.values import dataclass


class RouterKind(StrEnum):
    """How visitors come to another gallery."""

    COPY = "copy"
    FOLDER = "folder"
    POINTER = "pointer"
    CLOUDFRONT = "cloudfront"
    CLOUDFRONT_KVS = "cloudfront-kvs"
    CLOUDFLARE_KV = "cloudflare-kv"


class Ahead(StrEnum):
    """How a slot can be asked for before visitors are sent there."""

    PATH = "at its folder"
    COOKIE = "with the cookie by which the edge keeps a page's visitor on its gallery"
    NOWHERE = "not at all"


@dataclass(frozen=True, slots=True)
class Can:
    """What a router can do.

    ``weights``: send a share of the visitors elsewhere. ``ahead``: how a slot is looked at before the switch.
    ``address`` is the pattern of what follows the router's name after a colon (empty: nothing does), ``shown`` that in
    words.
    """

    weights: bool
    ahead: Ahead
    address: str = ""
    shown: str = ""


CAN: Mapping[RouterKind, Can] = {
    RouterKind.COPY: Can(weights=False, ahead=Ahead.PATH),
    RouterKind.FOLDER: Can(weights=False, ahead=Ahead.COOKIE),
    RouterKind.POINTER: Can(weights=True, ahead=Ahead.COOKIE),
    RouterKind.CLOUDFRONT: Can(
        weights=False,
        ahead=Ahead.NOWHERE,
        address=r"[A-Z0-9]{8,32}",
        shown="<distribution>",
    ),
    RouterKind.CLOUDFRONT_KVS: Can(
        weights=True,
        ahead=Ahead.COOKIE,
        address=r"arn:aws:cloudfront::[0-9]{12}:key-value-store/[0-9A-Za-z-]{1,64}",
        shown="<arn of the store>",
    ),
    RouterKind.CLOUDFLARE_KV: Can(
        weights=True,
        ahead=Ahead.COOKIE,
        address=r"[0-9a-f]{32}/[0-9a-f]{32}",
        shown="<account>/<namespace>",
    ),
}


@dataclass(frozen=True, slots=True)
class RouterChoice:
    """The router that is asked for, and where it is to be found."""

    kind: RouterKind = RouterKind.COPY
    address: str = ""

    @property
    def can(self) -> Can:
        """What it can do."""
        return CAN[self.kind]

    def __str__(self) -> str:
        return f"{self.kind}:{self.address}" if self.address else self.kind.value


def parse_router(text: str) -> RouterChoice:
    """Read ``pointer``, ``cloudfront:E123…``. Raises ``ValueError``."""
    name, _, address = text.partition(":")
    if name not in {kind.value for kind in RouterKind}:
        raise ValueError(f"{text[:60]!r} is not one of {', '.join(spelled(kind) for kind in RouterKind)}")
    kind = RouterKind(name)
    if not re.fullmatch(CAN[kind].address, address):
        raise ValueError(f"{text[:90]!r} is not of the form {spelled(kind)}")
    return RouterChoice(kind, address)


def spelled(kind: RouterKind) -> str:
    """How it is written as an option."""
    return f"{kind.value}:{CAN[kind].shown}" if CAN[kind].shown else kind.value


def with_weights() -> str:
    """The routers that can send a share of the visitors elsewhere."""
    return ", ".join(kind.value for kind, can in CAN.items() if can.weights)
