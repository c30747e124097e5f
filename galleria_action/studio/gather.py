"""The record of every original: from the ledger where its pictures are there and whole, else made now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from galleria_action.deployment.events import Advanced, Began, Ended, Listener
from galleria_action.gallery.originals.scan import Original, Stamp
from galleria_action.gallery.originals.times import TimeSettings
from galleria_action.studio.develop import Order, fingerprint_of, made_name
from galleria_action.studio.ledger import Ledger, sha256_of
from galleria_action.studio.pool import Lost, Stopped, cores, run_all
from galleria_action.studio.recipe import Recipe
from galleria_action.studio.record import Made, Record
from galleria_action.studio.workshop import Workshop, unwritable
from galleria_action.values import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """An original of which nothing could be made. ``text`` completes a sentence that begins with its path."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Gathered:
    """``records`` by the path of the original; ``fresh`` is how many were made in this run."""

    records: Mapping[str, Record]
    problems: tuple[Problem, ...]
    fresh: int


def gather(
    originals: Sequence[Original],
    versions: Mapping[str, Original],
    recipe: Recipe,
    times: TimeSettings,
    workshop: Workshop,
    names: Mapping[str, str],
    *,
    stopped: Callable[[], bool],
    tell: Listener,
) -> Gathered:
    """The records of ``originals``. ``versions`` are the photographer's own for the web, by the original's path;
    ``names`` those that photos have from an earlier run, by SHA-256: under them their files may stand.

    Raises ``pool.Stopped`` on a wish to stop, ``GalleryInvalid`` where pictures cannot be written; what was made until
    then is in the ledger.
    """
    ledger = workshop.ledger
    web_hashes = dict(zip(versions, _hashes([*versions.values()], ledger, stopped), strict=True))
    # without a ledger nothing can be found by its hash, and reading everything once more would only take time
    hashes = _hashes(originals, ledger, stopped) if ledger.records else [None] * len(originals)
    records: dict[str, Record] = {}
    orders: dict[str, tuple[Original, Order]] = {}
    folder = str(workshop.made)
    for original, sha256 in zip(originals, hashes, strict=True):
        version, web_sha256 = versions.get(original.path), web_hashes.get(original.path)
        record = ledger.records.get((sha256 or "", fingerprint_of(recipe, times, web_sha256)))
        if record and all(where_made(workshop, record, made, names.get(record.sha256)) for made in record.made):
            records[original.path] = record
        else:
            web = version.real if version else None
            order = Order(original.real, original.stamp, original.path, recipe, times, folder, web, web_sha256)
            orders[original.path] = original, order
    problems = []
    tell(Began("Made", len(orders), sum(original.size for original, _ in orders.values())))
    try:
        for path, outcome in _made(orders, ledger, stopped):
            if isinstance(outcome, Record):
                records[path] = outcome
            else:
                problems.append(outcome)
            tell(Advanced(orders[path][0].size))
    finally:
        tell(Ended())
    by_path = sorted(problems, key=lambda problem: problem.path)
    return Gathered(records, tuple(by_path), len(orders) - len(problems))


def where_made(workshop: Workshop, record: Record, made: Made, name: str | None) -> Path | None:
    """Where a derived file stands, whole: in the gallery under the photo's ``name``, or still in the workshop."""
    waiting = workshop.made / made_name(record.sha256, record.fingerprint, made.variant, made.extension)
    placed = [workshop.source / relative_place(made, name)] if name else []
    return next((path for path in (*placed, waiting) if workshop.ledger.intact(path, made.size, made.sha256)), None)


def relative_place(made: Made, name: str) -> str:
    """Where a derived file belongs, relative to the gallery's folder: ``web/NAME.jpg``, ``avif/NAME-double.avif``."""
    folder, _, size = made.variant.partition("-")
    return f"{folder}/{name}{f'-{size}' if size else ''}.{made.extension}"


def _hashes(files: Sequence[Original], ledger: Ledger, stopped: Callable[[], bool]) -> list[str | None]:
    """The SHA-256 of each file: remembered where nobody has touched it since; ``None`` where it cannot be read."""

    def find(file: Original) -> tuple[Stamp, str | None]:
        if stopped():
            raise Stopped
        known = ledger.known_sha256(file.real, file.stamp)
        if known:
            return file.stamp, known
        try:
            return file.stamp, sha256_of(file.real)
        except OSError:
            return file.stamp, None

    if all(ledger.known_sha256(file.real, file.stamp) for file in files):
        return [ledger.known_sha256(file.real, file.stamp) for file in files]
    with ThreadPoolExecutor(cores(), thread_name_prefix="hash") as pool:
        found = list(pool.map(find, files))
    for file, (stamp, sha256) in zip(files, found, strict=True):
        if sha256 and ledger.known_sha256(file.real, stamp) is None:
            ledger.see(file.real, stamp, sha256)
    return [sha256 for _, sha256 in found]


def _made(
    orders: Mapping[str, tuple[Original, Order]], ledger: Ledger, stopped: Callable[[], bool]
) -> Iterator[tuple[str, Record | Problem]]:
    """Make what is ordered; each record is in the ledger before it is given."""
    if not orders:
        return
    work = (order.to_work() for _, order in orders.values())
    for asked, answer in run_all(work, stopped=stopped, processes=min(cores(), len(orders))):
        path = asked["order"]["path"]
        if isinstance(answer, Lost):
            yield path, Problem(path, answer.text)
        elif "unwritable" in answer:
            raise unwritable(asked["order"]["folder"], str(answer["unwritable"]))
        elif "problem" in answer:
            yield path, Problem(path, str(answer["problem"]))
        else:
            record = Record.from_dict(answer["record"])
            original, _ = orders[path]
            ledger.note(record)
            ledger.see(original.real, original.stamp, record.sha256)
            yield path, record
