"""What a look through a file for positions finds: where one stood, how it is taken out, and what could not be.

Everything is taken out in place: bytes are overwritten by as many others, so no offset in the file changes its meaning.
A block that lies in the file in pieces, or inside of another block, is a ``Search`` of its own (``part``), and what was
found there is carried back to the file's own bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from galleria_action.gallery.containers.jpeg import Patch
from galleria_action.values import dataclass, field

#: pictures in pictures: the thumbnail's EXIF is real, anything deeper is not
_DEEPEST = 4
#: bytes looked through for one byte of the file, however its blocks are nested and shared
_MOST_PER_BYTE, _LEAST = 12, 1 << 20
#: text of descriptions packs well; so many of its bytes count as one
_PACKED = 4


class Intricate(ValueError):
    """More nested or shared blocks than any real photo has."""


@dataclass(slots=True)
class _Budget:
    left: int

    def spend(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise Intricate


Piece = tuple[int, int]


@dataclass(slots=True)
class Search:
    """A look through ``data``. ``where`` names it for humans (empty for the file itself).

    ``told`` are the places that said a position, ``left`` those that still do.
    """

    data: bytes
    where: str = ""
    depth: int = 0
    told: dict[str, None] = field(default_factory=dict)
    left: dict[str, None] = field(default_factory=dict)
    _patches: list[Patch] = field(default_factory=list)
    _seen: list[Piece] = field(default_factory=list)
    #: whether anything was overwritten outside of the parts
    _own: bool = False
    _budget: _Budget | None = None

    def blank(self, start: int, new: bytes, *, told: bool = True) -> None:
        """Overwrite what stands at ``start`` by ``new``. ``told`` says whether it was a position."""
        if self.data[start : start + len(new)] != new:
            self._patches.append(Patch(start, start + len(new), new))
            self._own = True
            if told:
                self.told[self.where] = None

    def leave(self, why: str = "") -> None:
        """A position that cannot be taken out, and ``why`` not."""
        self.told[self.where] = None
        self.left[f"{self.where or 'the file'}{why and f' ({why})'}"] = None

    @contextmanager
    def part(self, pieces: Sequence[Piece], where: str = "") -> Iterator[Search]:
        """A search of the ``pieces`` (start and end) of the data, put together, which are ``where`` in it."""
        if self._budget is None:
            self._budget = _Budget(_MOST_PER_BYTE * len(self.data) + _LEAST)
        size = sum(end - start for start, end in pieces)
        self._budget.spend(size + 64)
        if self.depth >= _DEEPEST:
            raise Intricate
        data = b"".join(self.data[start:end] for start, end in pieces)
        name = f"{where} of {self.where}" if where and self.where else where or self.where
        inner = Search(data, name, self.depth + 1, _budget=self._budget)
        yield inner
        self._seen += pieces
        self.told |= inner.told
        self.left |= inner.left
        cleaned, at = inner.cleaned() if inner.changed else data, 0
        for start, end in pieces if inner.changed else ():
            self._patches.append(Patch(start, end, cleaned[at : at + end - start]))
            at += end - start

    def unpack(self, size: int) -> None:
        """Count ``size`` bytes that were unpacked, which are looked through without being in the file."""
        if self._budget is not None:
            self._budget.spend(size // _PACKED)

    @property
    def changed(self) -> bool:
        """Whether anything is to be overwritten."""
        return bool(self._patches)

    def cleaned(self) -> bytes:
        """The data without what was found; the same object where that is nothing."""
        if not self._patches:
            return self.data
        data = bytearray(self.data)
        for start, end, new in self._patches:
            data[start:end] = new
        return bytes(data)

    def skip(self, start: int, end: int) -> None:
        """What stands there (pixels, a part that was looked at) needs no last look."""
        self._seen.append((start, end))

    def rest(self) -> bytes:
        """Everything that no part has looked at, without what was found."""
        if not self._seen:
            return self.cleaned()
        data, at, gaps = memoryview(self.cleaned() if self._own else self.data), 0, []
        for start, end in sorted(self._seen):
            if start > at:
                gaps.append(data[at:start])
            at = max(at, end)
        return b"\n".join([*gaps, data[at:]])
