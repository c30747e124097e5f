"""What the steps of a deploy share while one plan is carried out."""

from __future__ import annotations

from dataclasses import field

from galleria_action.deployment.apply.live import LiveManifest
from galleria_action.deployment.apply.publishing import Hold
from galleria_action.deployment.apply.upload import Uploader
from galleria_action.deployment.events import Deleted, Listener, Said
from galleria_action.deployment.galleries import Wanted
from galleria_action.deployment.layout import Layout
from galleria_action.deployment.model import Base, Plan, Reason, Upload
from galleria_action.deployment.releases.record import Release
from galleria_action.deployment.releases.terms import Terms
from galleria_action.deployment.remote.reading import RemoteState
from galleria_action.deployment.routing import Seen
from galleria_action.deployment.state.manifest import Manifest
from galleria_action.deployment.stop import Stop
from galleria_action.storage.interface import WriteStore
from galleria_action.values import dataclass


@dataclass(frozen=True, slots=True)
class InSlot:
    """A gallery in a slot: ``store`` has its keys, ``manifest`` says what lies there and ``base`` is that record as it
    is stored. ``metadata`` is its document, as it lies there (``None``: it has none), ``named`` are the keys of its
    photos and of that document."""

    layout: Layout
    store: WriteStore
    manifest: Manifest
    base: Base
    metadata: Base | None
    named: frozenset[str]


@dataclass
class Work:
    """One plan on its way into ``store``.

    ``hold`` is our claim to publish, from the moment when one is needed, ``kept`` what lies in the pool so that the
    publish could be taken back. ``release`` is what this becomes under ``terms``. ``record`` is the manifest that will
    be live, ``committed`` the metadata as we committed it, ``undeleted`` what could not be deleted, by key,
    with its error. ``slot`` is the gallery in the slot that was filled, where one was, and ``seen`` what
    the router was seen to do since it was asked to.
    """

    plan: Plan
    local: Wanted
    remote: RemoteState
    store: WriteStore
    uploader: Uploader
    stop: Stop
    tell: Listener
    hold: Hold | None = None
    terms: Terms = field(default_factory=Terms)
    release: Release | None = None
    kept: frozenset[str] = frozenset()
    record: LiveManifest = field(init=False)
    committed: Base | None = None
    undeleted: dict[str, str] = field(default_factory=dict)
    slot: InSlot | None = None
    seen: Seen | None = None

    def __post_init__(self) -> None:
        self.record = LiveManifest(
            self.store, self.local, self.remote.manifest, self.remote.manifest_base, self.stop.check
        )

    @property
    def only_headers(self) -> tuple[Upload, ...]:
        """Uploads whose bytes are there already, under other headers."""
        listing, known = self.remote.listing or {}, self.remote.manifest.objects
        return tuple(
            up
            for up in self.plan.uploads
            if up.reason is Reason.HEADERS and up.key in known and up.key in listing
            and known[up.key].describes(listing[up.key])
        )  # fmt: skip

    def say(self, text: str) -> None:
        """One line for the log."""
        self.tell(Said(text))

    def tell_deletes(self) -> None:
        """How many photos are gone."""
        remaining = {gone.photo for gone in self.plan.deletes if gone.key in self.undeleted}
        self.tell(Deleted(sum(photo not in remaining for photo in self.plan.removed_photos)))
