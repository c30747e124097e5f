"""Where requests for a bucket go and what they are signed for: decided once, for every client that makes them."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from galleria_action.errors import ConfigInvalid
from galleria_action.net.network import Network
from galleria_action.storage.access_points import AccessPoint, access_point
from galleria_action.storage.providers import Provider
from galleria_action.storage.settings import AddressStyle, StoreSettings
from galleria_action.values import dataclass


@dataclass(frozen=True, slots=True)
class Connection:
    """``url`` is the bucket's own address, without a slash at its end; ``region`` the one to sign for."""

    url: str
    region: str
    provider: Provider
    network: Network

    @classmethod
    def of(cls, settings: StoreSettings, provider: Provider, network: Network, region: str | None = None) -> Connection:
        """The connection that ``settings`` describe; ``region`` is what the machine says where they say nothing.

        Raises ``ConfigInvalid`` for what does not go together.
        """
        target = settings.target
        point = access_point(target.bucket)
        if point:
            return cls(_address_of(point, target.endpoint), point.region, provider, network)
        region = settings.region or provider.region_in(target.endpoint) or region or provider.region
        endpoint = target.endpoint or _of_aws(region)
        url = _virtual(endpoint, target.bucket) if virtual_host(settings, provider) else f"{endpoint}/{target.bucket}"
        return cls(url, region, provider, network)


def copy_source(bucket: str) -> str:
    """What CopyObject calls ``bucket``, which may be the ARN of an access point."""
    point = access_point(bucket)
    return f"{point.arn}/object" if point else bucket


def virtual_host(settings: StoreSettings, provider: Provider) -> bool:
    """Whether the bucket's name goes into the host. A certificate for ``*.s3.amazonaws.com`` does not cover a bucket
    with dots, and an address is no domain, so that both stay in the path unless the user wants it otherwise."""
    if settings.address_style == AddressStyle.AUTO:
        bare = _is_address(urlsplit(settings.target.endpoint or "").hostname or "")
        return not (provider.path_style or bare or "." in settings.target.bucket)
    return settings.address_style == AddressStyle.VIRTUAL


def _of_aws(region: str) -> str:
    return f"https://s3.{region}.amazonaws.com" + (".cn" if region.startswith("cn-") else "")


def _virtual(endpoint: str, bucket: str) -> str:
    scheme, _, rest = endpoint.partition("://")
    if _is_address(urlsplit(endpoint).hostname or ""):
        raise ConfigInvalid(
            f"address-style: the bucket's name cannot be put in front of {rest}, which is an address and not a name.",
            hint="Use address-style: path.",
        )
    return f"{scheme}://{bucket}.{rest}"


def _address_of(point: AccessPoint, endpoint: str | None) -> str:
    if endpoint is None:
        return f"https://{point.host}"
    scheme, _, rest = endpoint.partition("://")
    if not re.match(r"accesspoint\.vpce-", rest):
        raise ConfigInvalid(
            "endpoint: an access point's ARN says itself where it is.",
            hint="Leave endpoint out; only that of a VPC for access points (accesspoint.vpce-…) goes with an ARN.",
        )
    return f"{scheme}://{point.name}-{point.account}.{rest}"


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
