"""What a storage service can do, as data (``providers.toml``)."""

from __future__ import annotations

import re
import tomllib
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from galleria_action.errors import ConfigInvalid
from galleria_action.storage.interface import IfMatch
from galleria_action.values import dataclass, fields

_DATA = Path(__file__).with_name("providers.toml")
#: what a profile may leave unsaid
_NONE = {"region_from_host": None, "upload_checksum": None}


class PrivateBy(StrEnum):
    """By what a part of a public bucket is kept from visitors: its policy, a rule of the domain before it, the web
    server; or by nothing, so that it has to lie elsewhere."""

    POLICY = "policy"
    EDGE = "edge"
    SERVER = "server"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Provider:
    """The profile of a storage service; ``providers.toml`` explains the fields."""

    name: str
    hosts: tuple[str, ...]
    region_from_host: str | None
    region: str
    path_style: bool
    upload_checksum: Literal["SHA256"] | None
    signed_hash: Literal["yes", "probe"]
    conditional_put: Literal["yes", "no", "probe"]
    quoted_if_match: bool
    batch_delete: Literal["yes", "md5", "no"]
    copy: bool
    acl: bool
    cors_api: bool
    private_by: PrivateBy
    seconds_between_writes: float

    def if_match(self, condition: IfMatch) -> str:
        """The value of an If-Match header."""
        return f'"{condition.etag}"' if self.quoted_if_match and not condition.bare else condition.etag

    def region_in(self, endpoint: str | None) -> str | None:
        """The region that the endpoint's name tells, if it does."""
        match = self.region_from_host and re.search(self.region_from_host, _host(endpoint))
        return match.group(1) if match else None

    def region_of(self, endpoint: str | None) -> str:
        """The region to sign for when nobody says one."""
        return self.region_in(endpoint) or self.region


@cache
def profiles() -> dict[str, Provider]:
    """All profiles by name."""
    data: dict[str, dict[str, Any]] = tomllib.loads(_DATA.read_text("utf-8"))
    return {name: _profile(name, {**data["generic"], **own}) for name, own in data.items()}


def provider_of(endpoint: str | None, name: str = "auto") -> Provider:
    """The profile called ``name``, or for ``"auto"`` the one whose hosts match ``endpoint`` (``None``: AWS).

    Raises ``ConfigInvalid`` when there is no profile of that name.
    """
    if name == "auto":
        return _recognise(_host(endpoint)) if endpoint else profiles()["aws"]
    try:
        return profiles()[name]
    except KeyError:
        known = ", ".join(sorted(profiles()))
        raise ConfigInvalid(f"provider: there is no profile {name!r}", hint=f"Use auto or one of {known}.") from None


def _recognise(host: str) -> Provider:
    for provider in profiles().values():
        if any(fnmatchcase(host, pattern) for pattern in provider.hosts):
            return provider
    return profiles()["generic"]


def _profile(name: str, values: dict[str, Any]) -> Provider:
    if unknown := set(values) - {field.name for field in fields(Provider)}:
        raise ValueError(f"providers.toml: {name} has unknown fields: {', '.join(sorted(unknown))}")
    own = {"hosts": tuple(values["hosts"]), "private_by": PrivateBy(values["private_by"])}
    return Provider(name=name, **{**_NONE, **values, **own})


def _host(endpoint: str | None) -> str:
    return (urlsplit(endpoint).hostname or "") if endpoint else ""
