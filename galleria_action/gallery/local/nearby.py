"""The file that is meant where none has exactly the name: another Unicode form, another case, another extension.

Archives and disks of a Mac write names in another Unicode form than the metadata; Galleria itself writes the WebP
thumbnail of ``IMG_1.JPG`` as ``thumb/IMG_1.jpg`` and names it ``IMG_1.webp``. The stem says which file is meant and its
first bytes say whether it is one of the type that the key names.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from functools import cache

from galleria_action.errors import GalleryInvalid
from galleria_action.fence.workspace import Absent, Refused, Workspace
from galleria_action.gallery.keys import folded
from galleria_action.gallery.local.content import of_named_type
from galleria_action.gallery.local.files import LocalFile, Opened, local_file, usable
from galleria_action.gallery.local.formats import HEAD_BYTES, format_of
from galleria_action.gallery.metadata.model import Variant
from galleria_action.gallery.wording import shown
from galleria_action.values import dataclass, field

#: Larger folders are not searched for a name that only looks alike: that takes time for each missing file.
_SEARCHED = 5_000
#: and not for more missing files than anybody reads on
_GUESSES = 20


@dataclass(frozen=True, slots=True)
class _Listing:
    """The names in a folder, by their folded form and by their folded stem."""

    by_name: dict[str, list[str]] = field(default_factory=dict)
    by_stem: dict[str, list[str]] = field(default_factory=dict)


class Nearby:
    """Looks for files whose name is not quite the one that was sought. Folders are listed once.

    ``taken`` gives the folded names of files that other keys name: none of them is suggested.
    """

    def __init__(self, fence: Workspace, taken: Callable[[], AbstractSet[str]]) -> None:
        self._fence = fence
        self._taken = cache(taken)
        self._listings: dict[str, _Listing] = {}
        self._guesses = 0

    def find(self, places: Sequence[str], key: str, variant: Variant) -> LocalFile | None:
        """The one file beside ``places`` that has the stem of ``key`` and holds what ``key`` names; else ``None``.

        Raises ``Refused`` when there are several.
        """
        for folder, name in map(_split, places):
            fitting = [file for path in self._with_stem(folder, name) if (file := self._fitting(path, key, variant))]
            if len(fitting) > 1:
                names = " and ".join(shown(self._fence.name(file.real)) for file in fitting[:3])
                raise Refused(f"the file of {variant} is missing, and {names} could both be meant; keep one of them")
            if fitting:
                return fitting[0]
        return None

    def miss(self, places: Sequence[str], key: str) -> str:
        """What lies nearest to the missing ``key``, as the end of a sentence; empty where nothing does."""
        for folder, name in map(_split, places):
            for path in self._with_stem(folder, name):
                return f"; there is {shown(self._fence.name(path))}, which {self._why_not(path)}"
            for folder_name in self._listed(folder).by_name.get(folded(name + ".dvc"), ()):
                return f"; {shown(self._fence.name(f'{folder}/{folder_name}'))} stands for it: run `dvc pull` before"
        return self._guess(places, key)

    def _guess(self, places: Sequence[str], key: str) -> str:
        from difflib import get_close_matches

        self._guesses += 1
        if self._guesses > _GUESSES:
            return ""
        for folder, name in map(_split, places):
            names = self._listed(folder).by_name
            free = [other for other in names if other not in self._taken()] if len(names) <= _SEARCHED else []
            for close in get_close_matches(folded(name), free, 1, 0.8):
                return f"; is {shown(self._fence.name(f'{folder}/{names[close][0]}'))} meant?"
        return ""

    def _with_stem(self, folder: str, name: str) -> list[str]:
        """Files in ``folder`` whose stem is that of ``name``, folded; ``name`` itself is known to be missing."""
        stem = folded(_stem(name))
        alike = ((real, own) for real in self._alike(folder) for own in self._listed(real).by_stem.get(stem, ()))
        return [f"{real}/{own}" for real, own in alike if own != name or real != folder]

    def _alike(self, folder: str) -> Iterator[str]:
        """``folder``, or where it does not exist the one that has its name in another Unicode form or case."""
        try:
            yield self._fence.folder(folder)
        except Refused:
            return
        except Absent:
            above, name = _split(folder)
            if above.startswith(self._fence.root):
                for real in self._alike(above):
                    yield from (f"{real}/{own}" for own in self._listed(real).by_name.get(folded(name), ()))

    def _listed(self, folder: str) -> _Listing:
        known = self._listings.get(folder)
        if known is None:
            known = self._listings[folder] = _Listing()
            with suppress(OSError, Absent, Refused):
                for name in sorted(entry.name for entry in os.scandir(self._fence.folder(folder))):
                    known.by_name.setdefault(folded(name), []).append(name)
                    known.by_stem.setdefault(folded(_stem(name)), []).append(name)
        return known

    def _fitting(self, path: str, key: str, variant: Variant) -> LocalFile | None:
        head = self._head(path, key, variant)
        return head[0] if head and of_named_type(key, head[1]) else None

    def _head(self, path: str, key: str, variant: Variant | None) -> tuple[LocalFile, bytes] | None:
        try:
            file = local_file(key, usable(self._fence.find(path)), variant)
            with Opened(file) as descriptor:
                return file, os.pread(descriptor, HEAD_BYTES, 0)
        except (Absent, Refused, GalleryInvalid):
            return None

    def _why_not(self, path: str) -> str:
        head = self._head(path, "", None)
        if head is None:
            return "may not be published"
        form = format_of(head[1])
        return f"holds {form.name}" if form else "is not a picture or video"


def _split(path: str) -> tuple[str, str]:
    folder, _, name = path.rpartition("/")
    return folder, name


def _stem(name: str) -> str:
    stem, dot, _ = name.rpartition(".")
    return stem if dot and stem else name
