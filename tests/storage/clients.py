"""botocore clients, as callers of the Python API bring them."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import botocore.session

from galleria_action.net.network import Network
from galleria_action.storage.interface import Target
from galleria_action.storage.providers import Provider
from galleria_action.storage.s3.client import ATTEMPTS, adapt, client_arguments, make_session
from galleria_action.storage.settings import StoreSettings


@cache
def _session() -> botocore.session.Session:
    """Parsed models of services make every further client 80 ms cheaper. Nobody here looks at times."""
    session = make_session(StoreSettings(target=Target(None, ""), access_key="none", secret_key="none"))
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=str)
    return session


def make_client(settings: StoreSettings, provider: Provider, *, attempts: int = ATTEMPTS) -> Any:
    """A client for ``settings`` with explicit keys."""
    arguments = client_arguments(settings, provider, Network.of(os.environ), attempts=attempts)
    client = _session().create_client("s3", **arguments)
    adapt(client, provider)
    return client
