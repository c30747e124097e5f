"""What happens on the way through a use case, told to whoever listens: logs, progress bars, comments, reports.

Facts are told when they become true and however the run ends after that, so that a listener knows at any moment what
was done. A listener never decides anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galleria_action.deployment.model import Mode, Plan
from galleria_action.values import dataclass, field

if TYPE_CHECKING:
    from galleria_action.deployment.releases.rollback import ListedRelease
    from galleria_action.deployment.remote.verification import Verification
    from galleria_action.deployment.shards import Shard


@dataclass(frozen=True, slots=True)
class Said:
    """One line for the log."""

    text: str


@dataclass(frozen=True, slots=True)
class Warned:
    """Something is not as it should be, but does not stop the run."""

    text: str


@dataclass(frozen=True, slots=True)
class Entered:
    """What is told until ``Left`` belongs together under ``title``."""

    title: str


@dataclass(frozen=True, slots=True)
class Left:
    """The end of what was entered."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """How the gallery's photos are named: by metadata, or by the folder alone."""

    mode: Mode


@dataclass(frozen=True, slots=True)
class Planned:
    """The plan is made; guards may still refuse it."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class PositionLeft:
    """A file that says where it was taken although it should not: its photo's id and variant (``None`` for the site),
    its key, and the place in it."""

    photo: str | None
    variant: str | None
    key: str
    where: str


@dataclass(frozen=True, slots=True)
class Located:
    """How many of the photos to be uploaded (of ``validate``: of all) carry a position on disk, whether it is to be
    taken out, and what cannot be published without."""

    photos: int
    taken_out: bool
    left: tuple[PositionLeft, ...] = ()


@dataclass(frozen=True, slots=True)
class Divided:
    """The shards that together carry the plan out."""

    shards: tuple[Shard, ...]


@dataclass(frozen=True, slots=True)
class Deploying:
    """The first write to the gallery is about to happen."""


@dataclass(frozen=True, slots=True)
class Began:
    """Work on ``files`` files of ``size`` bytes in all begins; ``done`` is the word for a finished one."""

    done: str
    files: int
    size: int


@dataclass(frozen=True, slots=True)
class Advanced:
    """One file of ``size`` bytes is done. Told by any thread."""

    size: int


@dataclass(frozen=True, slots=True)
class Sending:
    """Uploads begin: how many are on their way can be asked at any moment, by any thread."""

    under_way: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Stored:
    """An object is there: ``sent`` bytes were sent for it, ``None`` where it was there already. ``photo`` is the id of
    its photo; ``size`` (bytes) is what it counts for in the work that has ``Began``, ``None`` where it is no part of
    any. Told by any thread."""

    key: str
    sent: int | None
    photo: str | None
    size: int | None = None


OF_EACH_FILE = (Advanced, Stored)


@dataclass(frozen=True, slots=True)
class Ended:
    """The work that began last is over, well or not."""


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What all uploads together came to, also those of other machines.

    ``photos`` and ``files`` count what was sent, ``size`` its bytes; ``skipped`` files were there already.
    ``exif_warnings`` are texts by key, ``other_hashes`` counts photos whose promised hash is another.
    """

    photos: int
    files: int
    skipped: int
    size: int
    exif_warnings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    other_hashes: int = 0


@dataclass(frozen=True, slots=True)
class Publishing:
    """Live objects are being replaced, or (``begun`` is false) that is over or was taken back."""

    begun: bool


@dataclass(frozen=True, slots=True)
class Committed:
    """The commit: ``outcome`` is ``True`` when it is confirmed, ``False`` when it did not happen, ``None`` while, or
    if, nobody knows. ``document`` tells whether a metadata document was written."""

    outcome: bool | None
    document: bool = False


@dataclass(frozen=True, slots=True)
class Released:
    """The release with this id is live; ``previous`` is the id of the one that a step back leads to (empty: none), and
    ``instead`` of the one that it took back (empty: it is not a rollback)."""

    id: str
    previous: str
    instead: str = ""


@dataclass(frozen=True, slots=True)
class BroughtBack:
    """An earlier release is live again, which was made from this ``commit`` (empty: not known)."""

    commit: str


@dataclass(frozen=True, slots=True)
class Listed:
    """The releases that there are, the newest first."""

    releases: tuple[ListedRelease, ...]


@dataclass(frozen=True, slots=True)
class Owing:
    """So many addresses may be stale in a cache; 0 when all that were owed are purged."""

    addresses: int


class Sight(StrEnum):
    """What a look as a visitor came to."""

    PASSED = "passed"
    FAILED = "failed"
    ROLLED_BACK = "rolled-back"


@dataclass(frozen=True, slots=True)
class Probed:
    """Somebody has looked whether visitors get what was deployed."""

    sight: Sight


@dataclass(frozen=True, slots=True)
class Deleted:
    """So many photos are gone."""

    photos: int


@dataclass(frozen=True, slots=True)
class Verified:
    """What the bucket was found to hold."""

    verification: Verification


class Showing(StrEnum):
    """Why photos are shown in a report."""

    CHANGED = "changed"
    REMOVED = "removed"
    NEW = "new"
    ALIKE = "alike"


@dataclass(frozen=True, slots=True)
class Image:
    """A small picture, as browsers show it. ``label`` is a few words about it, in which anybody's text may be."""

    label: str
    media_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tile:
    """A photo with this ``name``, anybody's text, and its pictures, as far as there was room for them."""

    name: str
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True)
class Pictured:
    """What the photos of a report look like: the first of ``total``."""

    showing: Showing
    tiles: tuple[Tile, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Compared:
    """Photos were compared; so many show what a better one shows."""

    duplicates: int


@dataclass(frozen=True, slots=True)
class Reported:
    """A report that was asked for is ready: ``body`` belongs at ``path``, as the user gave it."""

    path: Path
    body: bytes


@dataclass(frozen=True, slots=True)
class Made:
    """A gallery was made of originals; ``changed`` says whether anything in it is not as it was."""

    changed: bool


@dataclass(frozen=True, slots=True)
class Previewed:
    """The preview is online at ``url``; empty where nobody knows its address."""

    url: str


@dataclass(frozen=True, slots=True)
class PreviewGone:
    """Nothing is left of the preview ``name``."""

    name: str


@dataclass(frozen=True, slots=True)
class Setting:
    """An option's value in an environment, as text, and the ``place`` it comes from: a line of a file, a flag, a
    variable, a preset, the defaults. ``note`` says why it is not what one would expect from there."""

    option: str
    value: str
    place: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """What holds in each environment."""

    environments: Mapping[str, tuple[Setting, ...]]


@dataclass(frozen=True, slots=True)
class PipelineRan:
    """What a pipeline has come to by now: a ``Run`` of the room ``pipeline``, which only its own readers know."""

    run: Any


Event = (
    Said | Warned | Entered | Left | Recognised | Planned | Located | Divided | Deploying | Began | Advanced | Sending
    | Stored | Ended | Uploaded | Publishing | Committed | Released | Listed | Deleted | Verified | Pictured | Compared
    | Reported | Made | Settled | Owing | Probed | BroughtBack | PipelineRan | Previewed | PreviewGone
)  # fmt: skip

#: told of each event in order; several threads may call it at once for what any thread tells
Listener = Callable[[Event], None]


def nobody(_: Event) -> None:
    """A listener that does not listen."""
