"""Our record of the target, kept true while others may write it too.

The manifest in the bucket has two parts, photos and site, and each deploy owns one of them or both. A deploy of the
site may run beside one of the photos, so every write is conditional: when it is refused, what is there now is read,
and if our own part of it is as we left it, ours is merged into it anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from galleria_action.deployment.documents.writing import commit, conflict
from galleria_action.deployment.galleries import Wanted
from galleria_action.deployment.made_by import MadeBy
from galleria_action.deployment.model import Base, Mode
from galleria_action.deployment.state.entries import Entries
from galleria_action.deployment.state.manifest import MANIFEST_KEY, Kind, Leaving, Manifest, ManifestEntry
from galleria_action.deployment.state.reading import read_manifest
from galleria_action.deployment.state.written import headers_of, written
from galleria_action.errors import Conflict, StorageUnavailable
from galleria_action.storage.interface import WriteStore
from galleria_action.values import dataclass

_ATTEMPTS = 5


@dataclass
class LiveManifest:
    """The manifest as last seen (``manifest``, ``base``) and the parts of it that ``local`` owns.

    ``narrowed`` means that the store could not check a condition itself. ``before_write`` may raise.
    """

    store: WriteStore
    local: Wanted
    manifest: Manifest
    base: Base | None
    before_write: Callable[[], None]
    narrowed: bool = False

    @property
    def parts(self) -> tuple[Kind, ...]:
        """The parts that this deploy writes."""
        return tuple(kind for kind, files in self._files().items() if files is not None)

    def write(self, stored: Mapping[str, ManifestEntry], leaving: Mapping[str, Leaving]) -> None:
        """Record that ``stored`` is there and ``leaving`` is to go. What is recorded already is not written again.

        Raises ``Conflict`` when another deploy changed our part since it was last seen, ``StorageUnavailable`` when
        the write fails or others keep writing.
        """
        for _ in range(_ATTEMPTS):
            wanted = self._merged(stored, leaving)
            if self.base and _says(self.manifest, wanted):
                return
            body = written(wanted)
            self.before_write()
            try:
                done = commit(self.store, MANIFEST_KEY, body, headers_of(body), self.base)
            except Conflict:
                self.refresh()
                continue
            self.manifest, self.base = wanted, Base.of(body, done.etag)
            self.narrowed = self.narrowed or done.narrowed
            return
        raise StorageUnavailable(
            f"{MANIFEST_KEY} changed {_ATTEMPTS} times while it was to be written.",
            hint="Other deploys to the same target are running; run again when they have ended.",
        )

    def refresh(self) -> None:
        """See what is there now. Raises ``Conflict`` when our part is not as it was last seen."""
        head = self.store.head(MANIFEST_KEY) if self.base else None
        if head and self.base and head.etag == self.base.etag:
            return
        manifest, base, _ = read_manifest(self.store)
        if any(_part(manifest, kind) != _part(self.manifest, kind) for kind in self.parts):
            raise conflict(MANIFEST_KEY)
        self.manifest, self.base = manifest, base

    def _merged(self, stored: Mapping[str, ManifestEntry], leaving: Mapping[str, Leaving]) -> Manifest:
        """What is there with our parts replaced."""
        recorded, rows = Entries.of(self.manifest.objects), dict[str, int]()
        going: dict[str, Leaving] = {}
        for kind, files in self._files().items():
            before = recorded.of_kind(kind)
            rows |= (before if files is None else before.only(files)).rows
            going |= self.manifest.leaving_of(kind) if files is None else {}
        objects = Entries(rows, recorded.columns).with_(stored)
        return Manifest(objects, {**going, **leaving}, self._mode(), self.made_by())

    def made_by(self) -> dict[Kind, MadeBy]:
        """The commits of both parts then. Of our parts only our own commit is known, and nothing where that is not."""
        kept = {kind: it for kind, it in self.manifest.made_by.items() if kind not in self.parts}
        return kept | (dict.fromkeys(self.parts, self.local.made_by) if self.local.made_by else {})

    def _files(self) -> dict[Kind, Collection[str] | None]:
        """The keys of each part, ``None`` where it is left alone."""
        return {"photo": self.local.keys_of("photo"), "site": self.local.keys_of("site")}

    def _mode(self) -> Mode:
        return self.manifest.mode if self.local.keys_of("photo") is None else self.local.mode


def _says(recorded: Manifest, wanted: Manifest) -> bool:
    """Whether ``recorded`` says all that is ``wanted``. That it also names what has left already harms nobody."""
    same = (recorded.objects, recorded.mode, recorded.made_by) == (wanted.objects, wanted.mode, wanted.made_by)
    return same and wanted.leaving.items() <= recorded.leaving.items()


def _part(manifest: Manifest, kind: Kind) -> tuple[object, object]:
    return manifest.of_kind(kind), manifest.leaving_of(kind)
