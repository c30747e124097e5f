"""What a preview need not send: the live gallery has it, and the service copies it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from galleria_action.deployment.documents.readback import looks_like_md5
from galleria_action.deployment.model import Upload
from galleria_action.deployment.remote.reading import RemoteState
from galleria_action.deployment.state.manifest import ManifestEntry
from galleria_action.deployment.state.pool import POOL_HEADERS, pool_key
from galleria_action.errors import StorageUnavailable
from galleria_action.storage.interface import Target, WriteStore
from galleria_action.values import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Lender:
    """The gallery that is live, ``remote``, in the target ``origin``, where ``lies_at`` tells of its keys where they
    are."""

    remote: RemoteState
    origin: Target
    lies_at: Callable[[str], str]
    _by_content: Mapping[tuple[str, str], str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        listing = self.remote.listing or {}
        there = {
            (entry.source, entry.edit): key
            for key, entry in self.remote.manifest.objects.items()
            if (found := listing.get(key)) and entry.describes(found)
        }
        object.__setattr__(self, "_by_content", there)

    def lent(self, store: WriteStore, upload: Upload, *, staged: bool) -> ManifestEntry | None:
        """The entry of ``upload`` after a copy of its bytes to its key in ``store``, or into the pool where it is
        ``staged``, if the live gallery provably has them, whatever they are called there; ``None`` where they have to
        be sent.

        Raises what concerns more than one copy.
        """
        source = self._by_content.get((upload.file.sha256, upload.edit.digest() if upload.edit else ""))
        if source is None:
            return None
        entry = self.remote.manifest.objects[source]
        key, headers = (pool_key(entry.sha256), POOL_HEADERS) if staged else (upload.key, upload.file.headers)
        try:
            etag = store.copy(self.lies_at(source), key, headers, self.origin)
        except StorageUnavailable:
            return None
        if looks_like_md5(etag) and looks_like_md5(entry.etag) and etag != entry.etag:
            return None
        return replace(
            entry,
            etag=etag,
            headers=upload.file.headers.digest(),
            kind="site" if upload.photo is None else "photo",
            photo=upload.photo,
        )
