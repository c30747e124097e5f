"""Our own record of what lies in the bucket, as a value; how it is written down is in ``written``.

The metadata says what a gallery is; the manifest says which bytes and headers we last stored for each key. It is
what lets a later run see a changed thumbnail, a changed header rule or a foreign overwrite without downloading
anything. In directory mode, where there is no metadata, it is also the document whose write commits a deploy.
"""

from __future__ import annotations

from collections.abc import Mapping

from galleria_action.deployment.made_by import MadeBy
from galleria_action.deployment.model import Mode
from galleria_action.deployment.state.entries import Entries, Kind, ManifestEntry
from galleria_action.storage.interface import RECORDS, ObjectInfo
from galleria_action.values import dataclass, field, replace

__all__ = ("MANIFEST_KEY", "Kind", "Leaving", "Manifest", "ManifestEntry")

MANIFEST_KEY = f"{RECORDS}manifest.json"


@dataclass(frozen=True, slots=True)
class Leaving:
    """An object that a deploy was about to delete: the id of its photo (``None``: of the site), and the ETag that it
    had (empty: not known). What lies under its key with another one is somebody else's by now."""

    photo: str | None = None
    etag: str = ""

    def is_still(self, found: ObjectInfo | None) -> bool:
        """Whether a listing that shows ``found`` under the key shows this object."""
        return found is not None and self.etag in ("", found.etag)


@dataclass(frozen=True, slots=True)
class Manifest:
    """All deployed objects by key, the metadata document itself left out.

    ``leaving`` are keys that a deploy was about to delete: not part of the gallery any more, and perhaps still there.
    They are written down before the commit, because after it nothing else names them, and stay until the record is
    written for another reason. ``mode`` tells whether the photos belong to a metadata document, which may not be
    committed yet. ``made_by`` tells which commit each kind was deployed from.
    """

    objects: Mapping[str, ManifestEntry] = field(default_factory=dict)
    leaving: Mapping[str, Leaving] = field(default_factory=dict)
    mode: Mode = "directory"
    made_by: Mapping[Kind, MadeBy] = field(default_factory=dict)

    def of_kind(self, kind: Kind) -> Entries:
        """The entries of one kind by key."""
        return Entries.of(self.objects).of_kind(kind)

    def leaving_of(self, kind: Kind) -> dict[str, Leaving]:
        """What is leaving of one kind."""
        return {key: gone for key, gone in self.leaving.items() if (gone.photo is None) == (kind == "site")}

    def still(self, listing: Mapping[str, ObjectInfo]) -> Manifest:
        """The same without what has left: ``listing`` shows what is there."""
        left = {key: gone for key, gone in self.leaving.items() if gone.is_still(listing.get(key))}
        return self if len(left) == len(self.leaving) else replace(self, leaving=left)
