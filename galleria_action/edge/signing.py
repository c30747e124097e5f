"""Whose credentials AWS's own services are asked with, and how requests to CloudFront are signed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256

from galleria_action.edge.purger import Sign
from galleria_action.errors import CredentialsError
from galleria_action.net.signature import Signer
from galleria_action.storage.settings import StoreSettings

#: access key, secret key, session token
Keys = Callable[[], tuple[str, str, str | None]]


def signer(keys: Keys) -> Sign:
    """Signs requests to CloudFront, which is in one region for all the world, with what ``keys`` gives then."""

    def sign(method: str, host: str, path: str, body: bytes) -> Mapping[str, str]:
        made = Signer(*keys(), "us-east-1", "cloudfront")
        return made.headers(method, host, path, "", datetime.now(UTC), payload=sha256(body).hexdigest())

    return sign


def keys_of(environ: Mapping[str, str], settings: StoreSettings) -> Keys:
    """The credentials for AWS's own services: those of AWS's variables in ``environ``, the bucket's own where it lies
    at AWS, else AWS's chain; the bucket's again where that offers nothing. Raises ``CredentialsError`` when asked."""

    def given() -> tuple[str, str, str | None]:
        access, secret = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
        if access and secret:
            return access, secret, environ.get("AWS_SESSION_TOKEN") or None
        own = settings.access_key and settings.secret_key
        if own and settings.target.endpoint is None:
            return _own(settings)
        try:
            return _chain()
        except CredentialsError:
            if own:
                return _own(settings)
            raise

    return given


def _own(settings: StoreSettings) -> tuple[str, str, str | None]:
    return settings.access_key or "", settings.secret_key or "", settings.session_token


def _chain() -> tuple[str, str, str | None]:
    import botocore.session

    from galleria_action.storage.s3.credentials import ChainKeys

    keys = ChainKeys(botocore.session.Session())()
    return keys.access, keys.secret, keys.token
