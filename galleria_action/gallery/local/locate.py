"""Which file on disk each variant of each photo is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path

from galleria_action.errors import GalleryInvalid
from galleria_action.fence.workspace import Absent, Refused, Workspace
from galleria_action.gallery.keys import all_ordinary, folded, is_ordinary, key_problem
from galleria_action.gallery.local.files import (
    ByKey,
    LocalFile,
    LocalFiles,
    folder_option,
    is_plain,
    local_file,
    usable,
)
from galleria_action.gallery.local.nearby import Nearby
from galleria_action.gallery.local.stamp import stamp_of
from galleria_action.gallery.metadata.findings import Findings
from galleria_action.gallery.metadata.json_source import Place
from galleria_action.gallery.metadata.model import VARIANTS, GalleryMetadata, Variant
from galleria_action.gallery.metadata.photos import keys_of
from galleria_action.gallery.wording import shown

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
    ordinary = all_ordinary(keys)
    findings = Findings(file)
    plain = _PlainFiles(fence, root)
    hints = set[str]()
    variants = product(range(len(metadata.photos)), VARIANTS)
    for (index, variant), key in zip(variants, keys, strict=True):
        if (ordinary or is_ordinary(key)) and plain.take(key, variant):
            continue
        try:
            plain.found.add(_locate_variant(fence, nearby, root, variant, key))
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
    return ByKey(plain.found)


class _PlainFiles:
    """The files that lie where most lie: under their key, in a folder that is what it seems, and regular files that
    everybody may read. Of any other nothing is said here."""

    def __init__(self, fence: Workspace, root: str) -> None:
        self.found = LocalFiles()
        self._fence, self._root = fence, root
        self._folders: dict[str, tuple[str, int]] = {}

    def take(self, key: str, variant: Variant) -> bool:
        """Take note of the file of ``key``, which looks like any, if it is one of these."""
        folder, _, name = key.rpartition("/")
        known = self._folders.get(folder) or self._look(folder)
        if not known[0]:
            return False
        try:
            status = os.lstat(known[0] + name)
        except OSError:
            return False
        if not is_plain(status):
            return False
        self.found.add_found(key, known[1], status.st_size, variant, stamp_of(status))
        return True

    def _look(self, folder: str) -> tuple[str, int]:
        """Where the files of ``folder`` lie, with a slash at its end, and what stands for it; empty where that is not
        for here."""
        try:
            real = self._fence.folder(f"{self._root}/{folder}" if folder else self._root)
            found = ("", 0) if "/." in real else (f"{real.rstrip('/')}/", self.found.folder(real.rstrip("/")))
        except (Absent, Refused):
            found = "", 0
        self._folders[folder] = found
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
