"""What every use case is handed: what is asked, where it runs, and the ways out of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from galleria_action.ci.interface import Approval, NoReviews
from galleria_action.deployment.events import Began, Ended, Entered, Left, Listener, Said, Warned, nobody
from galleria_action.deployment.layout import Layout, laid_out
from galleria_action.deployment.made_by import MadeBy
from galleria_action.deployment.releases.record import Who
from galleria_action.deployment.routing.router import Router, Routing, Seen, Slots
from galleria_action.deployment.state.elsewhere import StateElsewhere
from galleria_action.deployment.stop import Stop
from galleria_action.edge.routers.kinds import RouterKind
from galleria_action.errors import ConfigInvalid
from galleria_action.fence.place import Place
from galleria_action.gallery.metadata.schema import LoadedMetadata
from galleria_action.options import Options
from galleria_action.options.kinds import shown
from galleria_action.options.origin import Given
from galleria_action.storage.interface import ReadStore, Target, WriteStore
from galleria_action.storage.opening import open_store
from galleria_action.storage.settings import StoreSettings
from galleria_action.storage.wrappers import ReadOnlyStore
from galleria_action.values import dataclass, field, replace

if TYPE_CHECKING:
    from galleria_action.pipeline.command import Shell
    from galleria_action.pipeline.model import Pipeline
    from galleria_action.pipeline.reading import PipelineText


@dataclass(frozen=True, slots=True)
class Environments:
    """The environments that the config file knows, by ``names``.

    ``given`` is what holds in one of them besides the defaults, each text with its place. ``options`` is all of it,
    for a run of its own there; it raises ``ConfigInvalid``.
    """

    names: tuple[str, ...] = ()
    given: Callable[[str], Mapping[str, Given]] = lambda name: {}
    options: Callable[[str], Options] = lambda name: _unknown(name)


def _unknown(name: str) -> Options:
    raise ConfigInvalid(f"environment: {shown(name)} is not known here; environments are sections of galleria.yml.")


@dataclass(frozen=True, slots=True)
class Context:
    """One run. ``approval`` asks for the plan that reviewers have seen (raises ``NoApproval``); ``without_secrets``
    says whose run this is when nobody gave it the keys to the bucket. ``metadata`` is a document that the caller has in
    hand, instead of the file that the options name. ``made_by`` is the commit that is deployed, and ``is_ancestor``
    tells of two commits whether the first is an ancestor of the second (``None``: nobody knows). ``who`` makes
    releases, and ``now`` tells the time. ``environ`` has what options do not: credentials of caches, and proxies.
    ``environments`` knows of the others, ``pipeline`` is what the config file says of one, and ``shell`` runs its
    commands (``None``: this run may run none). ``hide`` takes secrets out of a text that is kept. ``preview`` is the
    name of the preview that the run is pointed at (empty: none), ``pull_request`` the number of the one that it belongs
    to, ``closed`` whether that is over, and ``is_open`` asks the same of others (``None``: nobody knows).
    ``expect_much`` is told before a large gallery is held in memory."""

    options: Options
    place: Place
    stop: Stop
    tell: Listener = nobody
    open_store: Callable[[StoreSettings], WriteStore] = open_store
    approval: Callable[[], Approval] = NoReviews().approval
    without_secrets: str = ""
    metadata: LoadedMetadata | None = None
    who: Who = field(default_factory=Who)
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    made_by: MadeBy | None = None
    is_ancestor: Callable[[str, str], bool | None] = lambda older, newer: None
    preview: str = ""
    pull_request: int | None = None
    closed: bool = False
    is_open: Callable[[int], bool | None] = lambda number: None
    environments: Environments = field(default_factory=Environments)
    pipeline: PipelineText | Pipeline | None = None
    shell: Shell | None = None
    hide: Callable[[str], str] = str
    expect_much: Callable[[], None] = lambda: None

    @property
    def settings(self) -> StoreSettings:
        """The storage settings; present for every command that uses the network."""
        settings = self.options.store
        assert settings is not None
        return settings

    @property
    def target(self) -> Target:
        """Where the gallery goes."""
        return self.settings.target

    def store(self) -> WriteStore:
        """The live gallery's store, whose waits end when a stop is asked for; with our records in it, wherever they
        lie. Raises what looking at the router raises."""
        slots = self.slots()
        return laid_out(slots.store, slots.live)

    def slots(self) -> Slots:
        """The whole target, and where the live gallery lies in it."""
        store = self.whole_store()
        router = self._router(store)
        return Slots(store, router, router.look() if router else Seen(Routing()), self.now)

    def _router(self, store: WriteStore) -> Router | None:
        choice = self.options.strategy.router
        if choice.kind is RouterKind.COPY:
            return None
        from galleria_action.edge.routers.opening import open_router  # most galleries have none

        return open_router(choice, store, replace(self.settings, pause=self.stop.pause))

    def whole_store(self) -> WriteStore:
        """The store of the whole target, in which galleries lie side by side."""
        settings = replace(self.settings, pause=self.stop.pause)
        gallery, of_state = self.open_store(settings), settings.of_state
        if of_state is None:
            return gallery
        return StateElsewhere(gallery, self.open_store(of_state), settings.target, of_state.target)

    @property
    def folder(self) -> str:
        """The folder below the target in which visitors find what this run deploys; empty, or with a slash at its
        end."""
        return Layout.preview(self.preview).folder if self.preview else ""

    @property
    def visited_at(self) -> str | None:
        """The address at which visitors find what this run deploys; ``None`` where nobody says."""
        return self.preview_at(self.preview) if self.preview else self.options.review.public_url or None

    def preview_at(self, name: str) -> str | None:
        """The same of the preview ``name``. Those in a bucket of their own have a host of their own, of which only
        ``environment-url`` knows, and only for the preview that this run is pointed at."""
        review = self.options.review
        if self.options.previews.preview_bucket:
            own = review.environment_url if name == self.preview else None
            return re.sub(r"/[^/]*\.html?\Z", "", own).rstrip("/") if own else None
        return f"{review.public_url}/{quote(Layout.preview(name).folder)}".rstrip("/") if review.public_url else None

    @property
    def hidden(self) -> bool:
        """Whether visitors find what this run deploys at an address that nobody says: it is not the gallery's."""
        return bool(self.preview and self.options.previews.preview_bucket and not self.visited_at)

    def preview_store(self, root: WriteStore) -> WriteStore:
        """What previews lie in: ``root``, which is the gallery's store, or that of their own bucket."""
        settings = self.options.preview_store
        return self.open_store(replace(settings, pause=self.stop.pause)) if settings else root

    @property
    def preview_target(self) -> Target:
        """Where previews lie."""
        settings = self.options.preview_store
        return settings.target if settings else self.target

    def reading_store(self) -> ReadStore:
        """The store without the methods that write."""
        return ReadOnlyStore(self.store())

    def path(self, given: Path) -> Path:
        """A path from the options, relative to the workspace unless absolute."""
        return self.place.path(given)

    def say(self, text: str) -> None:
        """One line for the log."""
        self.tell(Said(text))

    def warn(self, text: str) -> None:
        """Tell about something that is not as it should be but does not stop the run."""
        self.tell(Warned(text))

    def warn_all(self, texts: Iterable[str]) -> None:
        """Several warnings."""
        for text in texts:
            self.warn(text)

    @contextmanager
    def phase(self, title: str) -> Iterator[None]:
        """What is told meanwhile belongs together under ``title``."""
        self.tell(Entered(title))
        try:
            yield
        finally:
            self.tell(Left())

    @contextmanager
    def counting(self, done: str, files: int, size: int) -> Iterator[None]:
        """Work on ``files`` files of ``size`` bytes in all; ``done`` is the word for a finished one."""
        self.tell(Began(done, files, size))
        try:
            yield
        finally:
            self.tell(Ended())
