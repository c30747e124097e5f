"""Public functions for a boto3 client, by the names and arguments of Galleria's own storage service."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from galleria_action.net.network import Network
from galleria_action.storage.conditions import ProvingStore
from galleria_action.storage.faults.client_errors import raising_client_errors
from galleria_action.storage.interface import Target, WriteStore
from galleria_action.storage.persistence import sleep
from galleria_action.storage.providers import provider_of
from galleria_action.storage.s3.boto3_store import Boto3Store
from galleria_action.storage.settings import StoreSettings, parse_target


def get_s3_client(endpoint: str, access_key: str, secret_key: str, region: str) -> Any:
    """A boto3 client for any S3-compatible service, configured as the service needs it.

    ``endpoint`` is a URL or a bare host (``""``: AWS); empty keys mean AWS's own credential chain. Raises
    ``ValueError`` for an endpoint that is none and ``CredentialsError`` when the chain has nothing to offer.
    """
    import boto3

    from galleria_action.storage.s3.client import adapt, client_arguments, find_credentials, make_session

    target = parse_target("any-bucket", endpoint=endpoint or None)
    settings = StoreSettings(
        target=target, region=region or None, access_key=access_key or None, secret_key=secret_key or None
    )
    provider = provider_of(target.endpoint)
    session = make_session(settings)
    if settings.access_key is None:
        find_credentials(session)
    client = boto3.Session(botocore_session=session).client(
        "s3", **client_arguments(settings, provider, Network.of(os.environ))
    )
    adapt(client, provider)
    return client


def store_for(client: Any, bucket: str, prefix: str = "") -> WriteStore:
    """The store behind the functions that take a client: ``bucket`` at the client's endpoint.

    ``prefix`` is empty or ends with a slash.
    """
    store = Boto3Store(client, Target(endpoint=client.meta.endpoint_url, bucket=bucket, prefix=prefix))
    return ProvingStore(store, sleep) if provider_of(client.meta.endpoint_url).conditional_put == "probe" else store


@raising_client_errors
def file_exists_in_s3(client: Any, bucket: str, key: str) -> bool:
    """Whether there is an object under ``key``. Raises ``botocore.exceptions.ClientError``."""
    return store_for(client, bucket).head(key) is not None


def calculate_file_checksum(file_path: Path) -> str:
    """The SHA-256 of a file in hex digits. Raises ``OSError`` when it cannot be read."""
    with Path(file_path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@raising_client_errors
def list_bucket_files(client: Any, bucket: str, prefix: str = "") -> list[str]:
    """The keys that start with ``prefix``, all of them, as a list of strings (what Galleria returns).

    Raises ``botocore.exceptions.ClientError`` instead of returning a part of the list.
    """
    return [info.key for info in store_for(client, bucket).list(prefix)]
