"""Which router serves which choice."""

from __future__ import annotations

from pathlib import Path

from galleria_action.deployment.routing import Router
from galleria_action.edge.routers.kinds import RouterChoice, RouterKind
from galleria_action.storage.interface import WriteStore
from galleria_action.storage.providers import provider_of
from galleria_action.storage.settings import StoreSettings


def open_router(choice: RouterChoice, store: WriteStore, settings: StoreSettings) -> Router | None:
    """The router of the gallery that ``settings`` describe, ``None`` where it is published by copies. ``store`` is
    rooted at the target. Sends nothing yet."""
    target = settings.target
    if choice.kind is RouterKind.POINTER:
        from galleria_action.edge.routers.pointer import Pointer

        apart = provider_of(target.endpoint, settings.provider).seconds_between_writes
        return Pointer(store, apart, settings.pause)
    if choice.kind is RouterKind.FOLDER:
        from galleria_action.edge.routers.folder import Folder

        return Folder(Path(target.bucket) / target.prefix)
    return None
