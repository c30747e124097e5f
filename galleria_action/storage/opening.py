"""Which store serves which settings. Neither boto3 nor obstore is imported before a store needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from galleria_action.storage.interface import WriteStore
    from galleria_action.storage.providers import Provider
    from galleria_action.storage.settings import StoreSettings


def open_store(settings: StoreSettings) -> WriteStore:
    """The store that ``settings`` describe: a folder, or S3 by the fastest way that can do what is asked.

    Sends nothing yet, except to find credentials where AWS's own chain is asked for. Raises ``ConfigInvalid`` for
    an unknown provider or an ACL that it has no use for, and ``CredentialsError`` when there are no credentials.
    """
    from galleria_action.storage.providers import provider_of
    from galleria_action.storage.settings import FOLDER

    if settings.target.endpoint == FOLDER:
        from galleria_action.storage.folder_store import FolderStore

        return FolderStore(settings.target)
    provider = provider_of(settings.target.endpoint, settings.provider)
    store = _open_s3(settings, provider)
    if provider.conditional_put != "probe":
        return store
    from galleria_action.storage.conditions import ProvingStore

    return ProvingStore(store, settings.pause)


def _open_s3(settings: StoreSettings, provider: Provider) -> WriteStore:
    from galleria_action.errors import ConfigInvalid

    if not settings.acl:
        from galleria_action.storage.s3.obstore_store import ObstoreStore

        return ObstoreStore(settings, provider)
    if not provider.acl:
        raise ConfigInvalid(f"acl: {provider.name} has no ACL for single objects.", hint="Leave acl out.")
    from galleria_action.storage.persistence import Persistence
    from galleria_action.storage.s3.boto3_store import Boto3Store
    from galleria_action.storage.s3.client import make_client

    persist = Persistence(settings.concurrency, settings.pause)
    client = make_client(settings, provider, attempts=1)
    return Boto3Store(client, settings.target, provider=provider, acl=settings.acl, persist=persist)
