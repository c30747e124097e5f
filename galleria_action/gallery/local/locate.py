"""Which file on disk each variant of each photo is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import groupby, repeat
from operator import itemgetter
from pathlib import Path
from typing import cast

from galleria_action.errors import GalleryInvalid
from galleria_action.fence.workspace import Absent, Refused, Workspace
from galleria_action.gallery.keys import all_ordinary, folded, key_problem
from galleria_action.gallery.local.files import (
    ByKey,
    LocalFile,
    LocalFiles,
    folder_option,
    local_file,
    not_plain,
    usable,
)
from galleria_action.gallery.local.nearby import Nearby
from galleria_action.gallery.metadata.findings import Findings
from galleria_action.gallery.metadata.json_source import Place
from galleria_action.gallery.metadata.model import VARIANTS, GalleryMetadata, Variant
from galleria_action.gallery.metadata.photos import keys_of
from galleria_action.gallery.wording import shown

#: so many files are asked for together, those of whole photos: what is known of them fits into a processor's cache
_TOGETHER = 200 * len(VARIANTS)

LinesOf = Callable[[Sequence[Place]], Sequence[int]]

_WHOLE_HINT = "Check the option source, and that the checkout has the photos (Git LFS, links, artifacts)."
#: the photos themselves are there
_SMALL_HINT = (
    "The photos themselves are there. Of a damaged photo Galleria makes no thumbnail, and names it all the same: "
    "process these again or leave them out. Otherwise check that the checkout has every folder (Git LFS, artifacts)."
)
_TOLD_HINT = "Each line says what is in its place and how to get the file itself."


class _Missing(Refused):
    """There is nothing at all where the file could be."""


def locate(
    metadata: GalleryMetadata,
    source: Path,
    fence: Workspace,
    *,
    file: str | None = None,
    lines_of: LinesOf | None = None,
) -> ByKey:
    """The local file of every variant of every photo, by key.

    That of a variant is the first that exists of ``source/<key>``, ``source/<key without a leading photos/>`` and
    ``source/<variant>/<key>``; then the one beside them with the same stem that holds what the key names. ``file`` is
    the metadata file as the user knows it and ``lines_of`` finds lines in it (``LoadedMetadata.lines_of``), so that
    each finding has its line.

    Raises ``GalleryInvalid`` with everything that is missing, leads out of the workspace or is not a readable file.
    """
    root = folder_option(fence, source, "source")
    keys = keys_of(metadata.photos)
    nearby = Nearby(fence, lambda: {folded(key.rpartition("/")[2]) for key in keys})
    findings = Findings(file)
    found = LocalFiles()
    plain = _PlainFiles(fence, root, found)
    hints = set[str]()
    for first in range(0, len(keys), _TOGETHER):
        some = keys[first : first + _TOGETHER]
        for place in plain.take(some):
            index, variant = (first + place) // len(VARIANTS), VARIANTS[place % len(VARIANTS)]
            try:
                found.add(_locate_variant(fence, nearby, root, variant, some[place]))
            except Refused as refusal:
                name = shown(metadata.photos[index].id)
                findings.add(f"photo {name}: {refusal}", place=("photos", index, "files", variant))
                absent = _WHOLE_HINT if variant == "full" else _SMALL_HINT
                hints.add(absent if isinstance(refusal, _Missing) else _TOLD_HINT)
    if findings.count:
        missing = "1 local file is" if findings.count == 1 else f"{findings.count:,} local files are"
        raise GalleryInvalid(
            f"{missing} missing or unusable; nothing was published.",
            hint=next(hint for hint in (_WHOLE_HINT, _SMALL_HINT, _TOLD_HINT) if hint in hints),
            findings=findings.located(lines_of),
            problems=findings.count,
        )
    return ByKey(found)


#: what is known of a folder whose files may lie elsewhere
_NOT_HERE = "", 0


class _PlainFiles:
    """The files that lie where most lie: under their key, in a folder that is what it seems, and regular files that
    everybody may read. Of any other nothing is said here. They are ``found``."""

    def __init__(self, fence: Workspace, root: str, found: LocalFiles) -> None:
        self._fence, self._root, self._found = fence, root, found
        #: where the files of a folder lie, and what stands for it
        self._folders: dict[str, tuple[str, int]] = {}

    def take(self, keys: Sequence[str]) -> Iterator[int]:
        """Take note of the files of ``keys``, which are those of whole photos. Whoever asks is given the place of each
        that is not one of these, and takes note of its file before asking on."""
        parts = list(map(str.rpartition, keys, repeat("/")))
        folders, names = list(map(itemgetter(0), parts)), list(map(itemgetter(2), parts))
        statuses = self._statuses(keys, folders, names)
        numbers = list(map(itemgetter(1), map(self._folders.get, folders, repeat(_NOT_HERE))))
        variants = VARIANTS * (len(keys) // len(VARIANTS))
        begin = 0
        for place in (*not_plain(statuses), len(keys)):
            part = slice(begin, place)
            plain = cast("list[os.stat_result]", statuses[part])
            self._found.extend(keys[part], numbers[part], plain, variants[part])
            if place < len(keys):
                yield place
            begin = place + 1

    def _statuses(
        self, keys: Sequence[str], folders: Sequence[str], names: Sequence[str]
    ) -> list[os.stat_result | None]:
        """The status of the file of each of ``keys``, asked of one folder after the other."""
        sound = range(len(keys)) if all_ordinary(keys) else [at for at, key in enumerate(keys) if not key_problem(key)]
        order = sorted(sound, key=folders.__getitem__)
        asked: list[os.stat_result | None] = []
        for folder, places in groupby(order, folders.__getitem__):
            asked += _asked(self._folder(folder)[0], list(map(names.__getitem__, places)))
        return list(map(dict(zip(order, asked, strict=True)).get, range(len(keys))))

    def _folder(self, folder: str) -> tuple[str, int]:
        """See ``_folders``."""
        known = self._folders.get(folder)
        if known is None:
            try:
                real = self._fence.folder(f"{self._root}/{folder}" if folder else self._root)
                known = _NOT_HERE if "/." in real else (real, self._found.folder(real.rstrip("/")))
            except (Absent, Refused):
                known = _NOT_HERE
            self._folders[folder] = known
        return known


def _asked(folder: str, names: Sequence[str]) -> list[os.stat_result | None]:
    """The status of each of the files of these ``names`` in ``folder``, an absolute path or empty, which cannot become
    another one meanwhile; ``None`` where there is nothing, or nobody may look."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return [None] * len(names)
    found: list[os.stat_result | None] = []
    left = map(partial(os.stat, dir_fd=descriptor, follow_symlinks=False), names)
    try:
        while len(found) < len(names):
            with suppress(OSError, ValueError):
                found.extend(left)  # as far as it goes
                break
            found.append(None)
    finally:
        os.close(descriptor)
    return found


def _locate_variant(fence: Workspace, nearby: Nearby, root: str, variant: Variant, key: str) -> LocalFile:
    if problem := key_problem(key):
        raise Refused(f"the key of {variant}, {shown(key)}, {problem}")
    dangling = ""
    for path in _places(root, variant, key):
        try:
            return local_file(key, usable(fence.find(path)), variant)
        except Absent as absence:
            dangling = dangling or (f" ({shown(fence.name(path))} {absence})" if str(absence) else "")
        except Refused as refusal:
            raise Refused(f"the file of {variant}, {shown(fence.name(path))}, {refusal}") from None
    places = tuple(_places(root, variant, key))
    if found := nearby.find(places, key, variant):
        return found
    looked = ", ".join(shown(fence.name(path)) for path in places)
    raise _Missing(f"the file of {variant} is missing; looked for {looked}{dangling}{nearby.miss(places, key)}")


def _places(root: str, variant: Variant, key: str) -> Iterator[str]:
    yield f"{root}/{key}"
    if key.startswith("photos/"):
        yield f"{root}/{key.removeprefix('photos/')}"
    yield f"{root}/{variant}/{key}"
