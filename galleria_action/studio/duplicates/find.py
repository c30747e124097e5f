"""The story of ``duplicates``: measure every photo once, compare, tell. Nothing is deleted, moved or changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread

from galleria_action.deployment.events import Advanced, Began, Ended, Listener, Warned
from galleria_action.errors import GalleryInvalid
from galleria_action.fence.workspace import Workspace
from galleria_action.gallery.originals.describe import presentable
from galleria_action.gallery.originals.scan import Original, Why, scan_originals
from galleria_action.gallery.wording import shown
from galleria_action.studio.duplicates.checkpoint import INTERVAL, Config, Mismatch, Seen, load, save, still_true
from galleria_action.studio.duplicates.groups import Compare, Group, Rules, group
from galleria_action.studio.duplicates.likeness import similarity
from galleria_action.studio.duplicates.measure import Measured, Portrait, measuring, portrait_of, portraying
from galleria_action.studio.gather import Problem
from galleria_action.studio.pool import Lost, Stopped, cores, run_all
from galleria_action.values import dataclass, field

#: most photos that a report shows pictures of
MAX_PORTRAITS = 2_000
_TOLD = 20


@dataclass(frozen=True, slots=True)
class Search:
    """What is to be searched, and how. ``min_resolution`` in pixels of the shorter side; ``checkpoint`` and ``cache``
    are files, ``None`` where none is wanted; ``exclude`` are folders to pass over; ``portraits`` asks for small
    pictures of what is found."""

    folder: Path
    rules: Rules = field(default_factory=Rules)
    min_resolution: int = 100
    use_ssim: bool = False
    checkpoint: Path | None = None
    resume: bool = True
    cache: Path | None = None
    exclude: tuple[Path, ...] = ()
    portraits: bool = False
    option: str = "originals"


@dataclass(frozen=True, slots=True)
class Found:
    """How it ended. ``images`` were compared; ``skipped`` are too small, ``problems`` could not be decoded.
    ``portraits`` by path."""

    images: int
    skipped: tuple[str, ...]
    problems: tuple[Problem, ...]
    groups: tuple[Group, ...]
    portraits: Mapping[str, Portrait]

    @property
    def duplicates(self) -> int:
        """How many photos are like a better one."""
        return sum(len(found.others) for found in self.groups)


def find_duplicates(search: Search, fence: Workspace, *, stopped: Callable[[], bool], tell: Listener) -> Found:
    """Search the photos below a folder.

    Raises ``GalleryInvalid`` when there are none, ``pool.Stopped`` on a wish to stop, with the checkpoint written.
    """
    scan = scan_originals(search.folder, fence, search.option, search.exclude)
    _tell_all(tell, [(left.path, left.text) for left in scan.left_out if left.why is not Why.OTHER])
    if not scan.originals:
        raise GalleryInvalid(
            f"There are no photos in {shown(str(search.folder))}.", hint=f"Check the option {search.option}."
        )
    return search_photos(scan.originals, search, lambda measured: measured, stopped=stopped, tell=tell)


def search_photos(
    originals: Sequence[Original],
    search: Search,
    whole: Callable[[Measured], Measured],
    *,
    stopped: Callable[[], bool],
    tell: Listener,
) -> Found:
    """Search ``originals``, or what stands for them: ``whole`` then says of each what the photo itself is.

    Raises ``pool.Stopped``.
    """
    notes = _Notes(search, tell)
    seen = notes.take_up(originals)
    known = len(seen)
    try:
        problems = _measure(originals, search.rules.hash_size, seen, notes, stopped, tell)
        _tell_all(tell, [(problem.path, problem.text) for problem in problems])
        measured = [whole(seen[original.path].measured) for original in originals if original.path in seen]
        large = [photo for photo in measured if min(photo.pixels) >= search.min_resolution]
        small = tuple(photo.path for photo in measured if min(photo.pixels) < search.min_resolution)
        real = {original.path: original.real for original in originals}
        groups, portraits = _compare(large, real, search, stopped)
    except Stopped:
        notes.interrupted(seen)
        raise
    notes.done(seen, fresh=len(seen) > known)
    return Found(len(large), small, problems, groups, portraits)


def _tell_all(tell: Listener, problems: Sequence[tuple[str, str]]) -> None:
    for path, text in problems[:_TOLD]:
        tell(Warned(f"Not compared: {shown(presentable(path))} {text}."))
    if len(problems) > _TOLD:
        tell(Warned(f"Not compared: {len(problems) - _TOLD:,} more files."))


def _compare(
    photos: Sequence[Measured], real: Mapping[str, str], search: Search, stopped: Callable[[], bool]
) -> tuple[tuple[Group, ...], Mapping[str, Portrait]]:
    """The groups among measured ``photos``, and the portraits of theirs where they are wanted. ``real`` is where a
    photo's file lies, by its path.

    Raises ``pool.Stopped``.
    """
    groups = group(photos, search.rules)
    if not search.use_ssim:
        return groups, _portraits(_paths(groups)[:MAX_PORTRAITS], real, stopped) if search.portraits else {}
    portraits: dict[str, Portrait] = {}
    while wanted := [path for path in _paths(groups) if path not in portraits]:
        portraits |= _portraits(wanted, real, stopped)
        missing = [path for path in wanted if path not in portraits]
        # who has left a group may be the best of another, whose portraits are still to be made
        groups = group(photos, search.rules, _by_portraits(photos, portraits))
        if missing:
            break
    return groups, portraits


def _by_portraits(photos: Sequence[Measured], portraits: Mapping[str, Portrait]) -> Compare:
    ranked = sorted(photos, key=lambda photo: photo.rank)

    def compare(left: int, right: int, turn: int) -> float | None:
        pair = portraits.get(ranked[left].path), portraits.get(ranked[right].path)
        return similarity(pair[0].grey, pair[1].grey, turn) if pair[0] and pair[1] else None

    return compare


def _paths(groups: Iterable[Group]) -> list[str]:
    return [path for found in groups for path in (found.best.path, *(member.photo.path for member in found.others))]


def _portraits(paths: Sequence[str], real: Mapping[str, str], stopped: Callable[[], bool]) -> dict[str, Portrait]:
    work = (portraying(path, real[path]) for path in paths)
    answers = run_all(work, stopped=stopped, processes=min(cores(), len(paths)) or 1)
    return {
        asked["path"]: portrait_of(answer)
        for asked, answer in answers
        if not isinstance(answer, Lost) and "portrait" in answer
    }


def _measure(
    originals: Sequence[Original],
    hash_size: int,
    seen: dict[str, Seen],
    notes: _Notes,
    stopped: Callable[[], bool],
    tell: Listener,
) -> tuple[Problem, ...]:
    """Measure what is not in ``seen`` yet, into it; return what cannot be measured."""
    waiting = {original.path: original for original in originals if original.path not in seen}
    problems = []
    work = (measuring(original, hash_size) for original in waiting.values())
    tell(Began("Measured", len(waiting), sum(original.size for original in waiting.values())))
    try:
        for asked, answer in run_all(work, stopped=stopped, processes=min(cores(), len(waiting)) or 1):
            path = asked["path"]
            if isinstance(answer, Lost):
                problems.append(Problem(path, answer.text))
            elif "problem" in answer:
                problems.append(Problem(path, str(answer["problem"])))
            else:
                seen[path] = Seen(waiting[path].stamp, Measured.from_dict(answer["measured"]))
                notes.written(seen)
            tell(Advanced(waiting[path].size))
    finally:
        tell(Ended())
    return tuple(sorted(problems, key=lambda problem: problem.path))


class _Notes:
    """The checkpoint and the cache of one search. What cannot be written is told once, and the search goes on."""

    def __init__(self, search: Search, tell: Listener) -> None:
        self._path, self._resume, self._tell = search.checkpoint, search.resume, tell
        self._cache = search.cache
        rules = search.rules
        self._config = Config(str(search.folder.resolve()), rules.threshold, rules.hash_size, search.min_resolution)
        self._saved = 0
        self._writing: Thread | None = None

    def take_up(self, originals: Sequence[Original]) -> dict[str, Seen]:
        """What is measured already: by a search that was interrupted, or by an earlier one."""
        seen: dict[str, Seen] = {}
        if self._cache:
            with suppress(Mismatch):
                seen |= load(self._cache, self._config.same_hashes())
        if self._path and self._resume:
            try:
                seen |= load(self._path, self._config)
            except Mismatch as mismatch:
                name = shown(str(self._path))
                self._tell(Warned(f"The checkpoint {name} is not used, {mismatch}: the search starts fresh."))
        seen = still_true(seen, originals)
        self._saved = len(seen)
        return seen

    def written(self, seen: Mapping[str, Seen]) -> None:
        """Take note that another photo is measured. Writes beside the search: nothing waits for it."""
        if self._path and len(seen) >= self._saved + INTERVAL and not (self._writing and self._writing.is_alive()):
            self._saved = len(seen)
            self._writing = Thread(target=self._save, args=(dict(seen),), name="checkpoint")
            self._writing.start()

    def interrupted(self, seen: Mapping[str, Seen]) -> None:
        """Write it all, now."""
        self._join()
        self._save(seen)

    def done(self, seen: Mapping[str, Seen], *, fresh: bool) -> None:
        """Nothing is to be taken up again; the next search need not measure again."""
        self._join()
        if self._path:
            self._path.unlink(missing_ok=True)
        if self._cache and fresh:
            with suppress(OSError):
                self._cache.parent.mkdir(parents=True, exist_ok=True)
                save(self._cache, self._config.same_hashes(), seen, time.time())

    def _save(self, seen: Mapping[str, Seen]) -> None:
        try:
            if self._path:
                save(self._path, self._config, seen, time.time())
        except OSError as error:
            self._tell(Warned(f"The checkpoint {shown(str(self._path))} cannot be written ({error.strerror})."))
            self._path = None

    def _join(self) -> None:
        if self._writing:
            self._writing.join()
