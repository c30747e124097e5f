"""Clients for the S3 API: botocore with a configuration that suits the provider, and AWS's credential chain.

botocore is large, so this module is imported only when a client is needed.
"""

from __future__ import annotations

import base64
import hashlib
import os
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from galleria_action.errors import CredentialsError
from galleria_action.net.network import Network
from galleria_action.storage.connection import virtual_host
from galleria_action.storage.providers import Provider
from galleria_action.storage.settings import StoreSettings
from galleria_action.storage.words import clean

#: Requests for one call, the first included.
ATTEMPTS = 8
CONNECT_TIMEOUT_SECONDS = 10
#: Between two packets, not for a whole transfer.
READ_TIMEOUT_SECONDS = 60


def make_session(settings: StoreSettings) -> botocore.session.Session:
    """A new botocore session. With explicit keys it knows neither profiles nor config files, so that settings of
    the machine cannot change where and as whom we write."""
    if settings.access_key is None:
        return botocore.session.Session()
    nowhere = {"profile": (None, None, None, None), "config_file": (None, None, os.devnull, None)}
    return botocore.session.Session(session_vars=nowhere)


def client_arguments(
    settings: StoreSettings, provider: Provider, network: Network, *, attempts: int = ATTEMPTS
) -> dict[str, Any]:
    """The arguments of ``create_client`` apart from the service's name: the same proxy, the same trust and the same
    address that our own requests have."""
    region = settings.region or provider.region_of(settings.target.endpoint)
    address = settings.target.endpoint or f"https://s3.{region}.amazonaws.com"
    proxy = network.proxies.given_for(address)
    style = "virtual" if virtual_host(settings, provider) else "path" if provider.path_style else "auto"
    checksums = "when_supported" if provider.upload_checksum else "when_required"
    return {
        "endpoint_url": settings.target.endpoint,
        "region_name": region,
        "verify": network.trust.file or network.trust.folder,
        "aws_access_key_id": settings.access_key,
        "aws_secret_access_key": settings.secret_key,
        "aws_session_token": settings.session_token if settings.access_key else None,
        "config": Config(
            signature_version="s3v4",
            max_pool_connections=max(settings.concurrency, 10),
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            read_timeout=READ_TIMEOUT_SECONDS,
            tcp_keepalive=True,
            retries={"mode": "standard", "total_max_attempts": attempts},
            request_checksum_calculation=checksums,
            response_checksum_validation=checksums,
            ignore_configured_endpoint_urls=True,
            s3={"addressing_style": style},
            # never none: that would be the environment's, by other rules
            proxies={address.partition(":")[0]: proxy} if proxy else {},
        ),
    }


def adapt(client: Any, provider: Provider) -> None:
    """Teach ``client`` the habits of ``provider`` that botocore has no setting for."""
    events = client.meta.events
    if provider.batch_delete == "md5":
        events.register("before-call.s3.DeleteObjects", _content_md5_instead_of_checksum)
        events.register("before-call.s3.PutBucketCors", _content_md5_instead_of_checksum)
    if provider.name != "aws":
        # A server that never answers "100 Continue" costs a second per upload.
        events.register("before-sign.s3.PutObject", _drop_expect)
        events.register("before-sign.s3.UploadPart", _drop_expect)


def find_credentials(session: botocore.session.Session) -> Any:
    """Credentials of AWS's own chain: environment, profile, SSO, web identity (OIDC), container, instance.

    Raises ``CredentialsError`` when there are none or they cannot be fetched.
    """
    hint = (
        "Give access-key and secret-key, or sign in before (on GitHub for AWS: aws-actions/configure-aws-credentials)."
    )
    try:
        credentials = session.get_credentials()
    except (BotoCoreError, RuntimeError, OSError) as error:
        text = f"The AWS credentials of this machine cannot be used: {clean(str(error))}"
        raise CredentialsError(text, hint=hint) from error
    if credentials is None:
        raise CredentialsError("There are no credentials for the bucket.", hint=hint)
    return credentials


def _content_md5_instead_of_checksum(params: dict[str, Any], **_: Any) -> None:
    """Before 2025 S3 asked for Content-MD5 here; services that still do often refuse the newer headers."""
    headers, body = params["headers"], params["body"]
    for name in [name for name in headers if name.lower().startswith(("x-amz-checksum-", "x-amz-sdk-checksum"))]:
        del headers[name]
    params["context"].pop("checksum", None)
    data = body if isinstance(body, bytes) else str(body).encode()
    headers["Content-MD5"] = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def _drop_expect(request: Any, **_: Any) -> None:
    if "Expect" in request.headers:
        del request.headers["Expect"]
