"""Which store serves which settings. Nothing is imported before a store needs it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from galleria_action.errors import ConfigInvalid
from galleria_action.hands import Later
from galleria_action.storage.interface import WriteStore, open_ahead

if TYPE_CHECKING:
    from galleria_action.storage.s3.bucket_cors import BucketCors
    from galleria_action.storage.settings import StoreSettings


def open_store(settings: StoreSettings) -> WriteStore:
    """The store that ``settings`` describe: a folder, or a bucket.

    Sends nothing yet, except to find credentials where AWS's own chain is asked for. Raises ``ConfigInvalid`` for
    an unknown provider and for what does not go together, and ``CredentialsError`` when there are no credentials.
    """
    from galleria_action.storage.providers import provider_of
    from galleria_action.storage.settings import FOLDER

    if settings.target.endpoint == FOLDER:
        from galleria_action.storage.folder_store import FolderStore

        return FolderStore(settings.target)
    provider = provider_of(settings.target.endpoint, settings.provider)
    if settings.acl and not provider.acl:
        raise ConfigInvalid(f"acl: {provider.name} has no ACL for single objects.", hint="Leave acl out.")
    from galleria_action.storage.s3.s3_store import S3Store, open_bucket

    store = S3Store(settings, provider, open_bucket(settings, provider))
    if provider.conditional_put != "probe":
        return store
    from galleria_action.storage.conditions import ProvingStore

    return ProvingStore(store, settings.pause)


#: of what lies there a run asks for three things at once: metadata, our record, a listing
_READ_AT_ONCE = 3


class OpenedAhead:
    """``open_store``, with the store of some ``settings`` opened, and connected to, from now on, in a thread that
    nobody has to wait for. What goes wrong with that is told to who asks for this store, which all share who do."""

    def __init__(self, open_store: Callable[[StoreSettings], WriteStore], settings: StoreSettings) -> None:
        self._open_store, self._settings = open_store, settings
        self._opened: Later[WriteStore] = Later()
        threading.Thread(target=self._opened.become, args=(self._open,), name="open", daemon=True).start()

    def _open(self) -> WriteStore:
        store = self._open_store(self._settings)
        open_ahead(store, _READ_AT_ONCE)
        return store

    def __call__(self, settings: StoreSettings) -> WriteStore:
        """The store that ``settings`` describe. Raises as ``open_store`` does."""
        return self._opened.result() if settings == self._settings else self._open_store(settings)


def address_of(settings: StoreSettings) -> str:
    """Where a client without credentials would look for the objects that ``settings`` describe, a slash away from
    their keys; there may be nothing for it. For a bucket, not for a folder."""
    import os

    from galleria_action.net.network import Network
    from galleria_action.storage.connection import Connection
    from galleria_action.storage.providers import provider_of

    provider = provider_of(settings.target.endpoint, settings.provider)
    bucket = Connection.of(settings, provider, Network.of(os.environ)).url
    return f"{bucket}/{settings.target.prefix}".rstrip("/")


def open_cors(settings: StoreSettings) -> BucketCors | None:
    """The CORS rules of the bucket that ``settings`` describe, ``None`` for a folder, which has none.

    Raises ``CorsUnsupported`` where the service is known to have none for single buckets, and what ``open_store``
    raises.
    """
    from galleria_action.storage.providers import provider_of
    from galleria_action.storage.s3.cors_rules import CorsUnsupported
    from galleria_action.storage.settings import FOLDER

    if settings.target.endpoint == FOLDER:
        return None
    provider = provider_of(settings.target.endpoint, settings.provider)
    if not provider.cors_api:
        raise CorsUnsupported(f"The service ({provider.name}) has no CORS rules for single buckets.")
    from galleria_action.storage.persistence import Persistence
    from galleria_action.storage.s3.bucket_cors import BucketCors
    from galleria_action.storage.s3.s3_store import open_bucket

    persist = Persistence(settings.concurrency, settings.pause)
    return BucketCors(open_bucket(settings, provider), settings.target, persist)
