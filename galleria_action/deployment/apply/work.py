"""What the steps of a deploy share while one plan is carried out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

from galleria_action.deployment.apply.beside import Beside
from galleria_action.deployment.apply.live import LiveManifest
from galleria_action.deployment.apply.publishing import Hold
from galleria_action.deployment.events import Deleted, Listener, Said
from galleria_action.deployment.galleries import Wanted
from galleria_action.deployment.layout import Layout
from galleria_action.deployment.model import Base, Plan, Reason, Upload
from galleria_action.deployment.outgoing.done import Idle
from galleria_action.deployment.releases.history import History
from galleria_action.deployment.releases.record import Release
from galleria_action.deployment.releases.terms import Terms
from galleria_action.deployment.remote.reading import RemoteState
from galleria_action.deployment.routing.router import Seen
from galleria_action.deployment.state.manifest import Manifest, ManifestEntry
from galleria_action.deployment.state.publication import Replaced
from galleria_action.deployment.stop import Stop
from galleria_action.errors import DeleteFailed, Finding
from galleria_action.hands import Later
from galleria_action.storage.interface import ObjectHead, WriteStore
from galleria_action.values import dataclass, field

if TYPE_CHECKING:  # it knows how photos are edited, which is much to load for who has none to send
    from galleria_action.deployment.apply.upload import Uploader


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


@dataclass(frozen=True, slots=True)
class Around:
    """What lies there since our claim: the metadata ``document``, and the ETags of the ``records`` of releases by their
    keys."""

    document: ObjectHead | None
    records: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What nobody else changes since our claim: the keys of the ``records`` of releases, what these tell, and what the
    keys hold that are about to go."""

    records: tuple[str, ...]
    history: History
    going: Mapping[str, Replaced]


class Caches(Protocol):
    """What stands between the bucket and its visitors, and may hold for long what is not so any more."""

    def owe(self, *, in_place: bool) -> None:
        """Write down what the plan makes stale, before visitors can see any of it: of the objects that they get at this
        moment where it is carried out ``in_place``. Raises the storage's errors."""

    def owe_slot(self, layout: Layout, stale: Iterable[str], new: Iterable[str]) -> None:
        """Write down that these keys of a slot are about to hold something else, or for the first time something.
        Raises the storage's errors."""

    def purge_slot(self) -> None:
        """Have caches forget what they hold of the slot, before anybody is sent there. Never fails: what a cache
        refuses stays owed, and is tried again in the end."""


@dataclass
class Work:
    """One plan on its way into ``store``.

    ``hold`` is our claim to publish, from the moment when one is needed to the commit, and ``over`` the same after it,
    where something is to be tidied under it; ``kept`` is what lies in the pool so that the publish could be taken back.
    ``release`` is what this becomes under ``terms``, and ``history``, whose keys are ``records``, the releases with it;
    before that, the releases that the plan was made of, where it was made of any. ``around`` is what was looked at
    under a claim that was made before the plan, ``surroundings`` the same of one that was made while files were sent;
    where it ``is_kept``, all that ``Keep`` does was done meanwhile.

    ``copies_alike`` says that copies inside the service were seen, and that each had the ETag of what was copied;
    ``written`` are the entries that the record has been written with ahead of what they tell of.

    ``record`` is the manifest that will be live, ``committed`` the metadata as we committed it, ``undeleted`` what
    could not be deleted, by key, with its error. ``caches`` are those that are to be purged. What nobody waits for is
    done ``beside``; ``last_look`` is that after the deletes, and ``vanished`` what was seen to be gone of what we
    brought, where anybody has looked; ``ended`` is the ETag of the record that says that the release has ended.
    ``slot`` is the gallery in the slot that was filled, where one was, and ``seen`` what the router was seen to do
    since; ``look_ahead`` looks at the slot as a visitor does, and raises where that is not what lies there.
    """

    plan: Plan
    local: Wanted
    remote: RemoteState
    store: WriteStore
    uploader: Uploader | Idle
    stop: Stop
    tell: Listener
    hold: Hold | None = None
    terms: Terms = field(default_factory=Terms)
    over: Hold | None = None
    release: Release | None = None
    history: History | None = None
    around: Around | None = None
    surroundings: Surroundings | None = None
    records: tuple[str, ...] = ()
    caches: Caches | None = None
    kept: frozenset[str] = frozenset()
    is_kept: bool = False
    copies_alike: bool = False
    written: Mapping[str, ManifestEntry] | None = None
    record: LiveManifest = field(init=False)
    committed: Base | None = None
    undeleted: dict[str, str] = field(default_factory=dict)
    beside: Beside = field(init=False)
    last_look: Later[None] | None = None
    vanished: tuple[str, ...] | None = None
    ended: Later[str | None] | None = None
    slot: InSlot | None = None
    seen: Seen | None = None
    look_ahead: Callable[[Work], None] | None = None

    def __post_init__(self) -> None:
        self.beside = Beside(self.uploader.concurrency)
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

    @property
    def sender(self) -> Uploader:
        """The uploader of a run that sends files."""
        assert not isinstance(self.uploader, Idle)
        return self.uploader

    @property
    def publishes(self) -> bool:
        """Whether live keys get what was staged, or what is kept."""
        done = self.uploader.done
        copies = any(copy.key not in done.entries for copy in self.plan.copies)
        return copies or bool(self.only_headers) or any(up.key in done.staged for up in self.plan.uploads)

    def is_ended(self) -> None:
        """Return when it is written down that the release has ended, where that goes ahead of how it did."""
        if self.ended:
            self.ended.result()

    def looked(self) -> None:
        """Raise what the last look at the live gallery has found, which goes before what a verification finds."""
        if self.last_look:
            self.last_look.result()

    def say(self, text: str) -> None:
        """One line for the log."""
        self.tell(Said(text))

    def tell_deletes(self) -> None:
        """How many photos are gone."""
        remaining = {gone.photo for gone in self.plan.deletes if gone.key in self.undeleted}
        self.tell(Deleted(sum(photo not in remaining for photo in self.plan.removed_photos)))


def delete_failed(undeleted: Mapping[str, str]) -> DeleteFailed:
    """The error for what remains after a commit, by key, with why."""
    return DeleteFailed(
        f"The new gallery is live, but {len(undeleted)} old objects could not be deleted.",
        hint="Run again: only the deletes are repeated. If it stays, check that the credentials may s3:DeleteObject.",
        findings=[Finding(f"{key}: {error}") for key, error in undeleted.items()],
    )
