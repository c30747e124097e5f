"""Which router serves which choice. Nothing is imported before one needs it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from galleria_action.edge.routers.kinds import RouterChoice, RouterKind
from galleria_action.errors import CredentialsError
from galleria_action.storage.interface import WriteStore
from galleria_action.storage.providers import provider_of
from galleria_action.storage.settings import StoreSettings

if TYPE_CHECKING:
    from galleria_action.deployment.routing.router import Router
    from galleria_action.edge.routers.service import Service


def open_router(choice: RouterChoice, store: WriteStore, settings: StoreSettings) -> Router | None:
    """The router of the gallery that ``settings`` describe, ``None`` where it is published by copies. ``store`` is
    rooted at the target. Sends nothing yet. Raises ``CredentialsError`` where a service wants some that are not
    given."""
    target = settings.target
    match choice.kind:
        case RouterKind.COPY:
            return None
        case RouterKind.POINTER:
            from galleria_action.edge.routers.pointer import Pointer

            provider = provider_of(target.endpoint, settings.provider)
            return Pointer(store, provider.seconds_between_writes, settings.pause, provider.writes_at_once)
        case RouterKind.FOLDER:
            from galleria_action.edge.routers.folder import Folder

            return Folder(Path(target.bucket) / target.prefix)
        case RouterKind.CLOUDFRONT:
            from galleria_action.edge.routers.cloudfront import CloudFront

            return CloudFront(_cloudfront(settings, os.environ), choice.address, target)
        case RouterKind.CLOUDFRONT_KVS:
            from galleria_action.edge.routers.key_value import CloudFrontKvs

            return CloudFrontKvs(_kvs(choice.address, settings, os.environ), choice.address, target.prefix)
        case RouterKind.CLOUDFLARE_KV:
            from galleria_action.edge.routers.key_value import CloudflareKv

            account, _, namespace = choice.address.partition("/")
            return CloudflareKv(_cloudflare(settings, os.environ), account, namespace, target.prefix)


def _cloudfront(settings: StoreSettings, environ: Mapping[str, str]) -> Service:
    from galleria_action.edge.signing import keys_of, signer

    base = environ.get("AWS_ENDPOINT_URL_CLOUDFRONT") or "https://cloudfront.amazonaws.com"
    sign, host = signer(keys_of(environ, settings)), urlsplit(base).netloc

    def signed(method: str, path: str, body: bytes) -> Mapping[str, str]:
        return sign(method, host, path, body)

    return _service("CloudFront", base, signed, settings, environ)


def _kvs(arn: str, settings: StoreSettings, environ: Mapping[str, str]) -> Service:
    from galleria_action.edge.signing import keys_of
    from galleria_action.net.signature_v4a import SignerV4A

    account = arn.split(":")[4]
    own = f"https://{account}.cloudfront-kvs.global.api.aws"
    base = environ.get("AWS_ENDPOINT_URL_CLOUDFRONT_KEYVALUESTORE") or own
    signer, host = SignerV4A(*keys_of(environ, settings)(), "cloudfront-keyvaluestore"), urlsplit(base).netloc

    def signed(method: str, path: str, body: bytes) -> Mapping[str, str]:
        return signer.headers(method, host, path, datetime.now(UTC), body)

    return _service("CloudFront's key value store", base, signed, settings, environ)


def _cloudflare(settings: StoreSettings, environ: Mapping[str, str]) -> Service:
    token = environ.get("CLOUDFLARE_API_TOKEN", "")
    if not token:
        raise CredentialsError(
            "router: cloudflare-kv needs CLOUDFLARE_API_TOKEN.",
            hint="Make a token with the permission Workers KV Storage: Edit, and set it from a secret.",
        )
    base = environ.get("CLOUDFLARE_API_URL") or "https://api.cloudflare.com/client/v4"
    headers = {"Authorization": f"Bearer {token}"}
    return _service("Cloudflare", base, lambda method, path, body: headers, settings, environ)


def _service(
    name: str,
    base: str,
    headers: Callable[[str, str, bytes], Mapping[str, str]],
    settings: StoreSettings,
    environ: Mapping[str, str],
) -> Service:
    from galleria_action.edge.routers.service import Service
    from galleria_action.net.network import Network

    return Service(name, base.rstrip("/"), headers, Network.of(environ), settings.pause)
