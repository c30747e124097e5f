"""The remote side: stores, and the public functions that take a boto3 client.

Importing this package imports neither boto3 nor obstore; both come with the first store or function that needs
them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from galleria_action.storage.interface import WriteStore
    from galleria_action.storage.providers import Provider
    from galleria_action.storage.settings import StoreSettings

#: public name → where it lives. Those above this floor are only handed through, under the name that Galleria uses.
_PUBLIC = {
    "get_s3_client": "galleria_action.storage.api",
    "file_exists_in_s3": "galleria_action.storage.api",
    "calculate_file_checksum": "galleria_action.storage.api",
    "list_bucket_files": "galleria_action.storage.api",
    "get_bucket_cors": "galleria_action.storage.s3.cors",
    "configure_bucket_cors": "galleria_action.storage.s3.cors",
    "get_default_gallery_cors_rules": "galleria_action.storage.s3.cors",
    "cors_rules_match": "galleria_action.storage.s3.cors",
    "examine_bucket_cors": "galleria_action.storage.s3.cors",
    "upload_file_to_s3": "galleria_action.api",
    "upload_directory_to_s3": "galleria_action.api",
    "modify_exif_in_memory": "galleria_action.gallery.exif.edit",
}

__all__ = (  # noqa: PLE0604
    "open_store",
    *_PUBLIC,
)


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


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
