"""The remote side: stores, and the public functions that take a boto3 client.

Importing this package does not import boto3, which comes with the first function that needs it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from galleria_action.storage.interface import WriteStore
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
    """The store that ``settings`` describe: a folder, or a bucket.

    Sends nothing yet, except to find credentials where AWS's own chain is asked for. Raises ``ConfigInvalid`` for
    an unknown provider or an ACL that it has no use for, and ``CredentialsError`` when there are no credentials.
    """
    from galleria_action.errors import ConfigInvalid
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


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
