"""What lies there is read while the files on disk are still looked at: neither needs the other to begin."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from galleria_action.deployment.remote.reading import RemoteState
from galleria_action.deployment.state.manifest import Manifest
from galleria_action.gallery.metadata.schema import LoadedMetadata
from galleria_action.hands import Later
from galleria_action.storage.interface import ReadStore
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.local import LocalSide, check_local
from galleria_action.usecases.parts.planning import read_target
from galleria_action.values import dataclass

S = TypeVar("S", bound=ReadStore)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BothSides(Generic[S]):
    """The gallery on disk, and the ``store`` that it goes to; ``remote()`` is what lies there, as soon as that is
    known. It raises what went wrong with reading it."""

    side: LocalSide
    store: S
    remote: Callable[[], RemoteState]


def look_at_both(context: Context, open_store: Callable[[], S]) -> BothSides[S]:
    """Look at the gallery on disk and, as soon as its metadata is known to be sound, at what lies in the store.

    Raises ``GalleryInvalid`` for what is on disk before anything that is wrong with the store, for which nobody waits
    then, and what opening the store raises.
    """
    opened: Later[S] = Later()
    recorded: Later[Manifest] = Later()
    remote: Later[RemoteState] = Later()

    def read(metadata: LoadedMetadata | None) -> RemoteState:
        try:
            return read_target(context, opened.result(), metadata, recorded.give)
        finally:
            if not recorded.done():  # what went wrong is told when it is asked for what lies there
                recorded.give(Manifest())

    def begin(metadata: LoadedMetadata | None) -> None:
        _begin(opened, open_store)
        _begin(remote, lambda: read(metadata))

    side = check_local(context, begin, recorded.result)
    return BothSides(side, opened.result(), remote.result)


def _begin(result: Later[T], work: Callable[[], T]) -> None:
    """Do ``work`` in a thread that nobody has to wait for."""
    threading.Thread(target=result.become, args=(work,), name="ahead", daemon=True).start()
