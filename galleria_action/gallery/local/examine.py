"""One look at each local file: is it what its name says, and what is its hash?

Each file is opened once. A small one is read whole, of a large one only what is asked for: its beginning and end, or
all of it piece by piece, so that a video of any size takes no memory.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence

from galleria_action.errors import Finding, GalleryInvalid
from galleria_action.gallery.local.content import Content, look_at
from galleria_action.gallery.local.files import LocalFile, Opened, changed
from galleria_action.gallery.metadata.findings import Findings
from galleria_action.hands import Hands
from galleria_action.values import dataclass

#: Files up to this size are read in one go whatever is asked: it costs no more than to read their two ends.
_SMALL = 256 * 1024
_PIECE = 1024 * 1024
#: Hashing leaves Python's lock, so one thread per core uses the whole machine for files of this many bytes and more.
#: With smaller ones the threads would mostly wait for that lock: 20,000 thumbnails took two of them twice the time.
_WORTH_A_THREAD = 64 * 1024
#: handing a thread one file at a time would cost as much as hashing it
_TOGETHER = 16
#: so many files with the same fault are named
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Examined:
    """What a look at ``file`` told: its SHA-256 (hex; empty when it was not asked for), and its content."""

    file: LocalFile
    sha256: str
    content: Content


def examine(file: LocalFile, *, hashed: bool) -> Examined:
    """Look at ``file``, and with ``hashed`` at all of its bytes.

    Raises ``GalleryInvalid`` when it vanished, changed its size or was replaced since it was found.
    """
    with Opened(file) as descriptor:
        if file.size <= _SMALL:
            return _examine_bytes(file, os.pread(descriptor, file.size + 1, 0), hashed)
        content = look_at(file.key, file.size, lambda at, length: os.pread(descriptor, length, max(at, 0)))
        return Examined(file, _hash(file, descriptor) if hashed and not content.problem else "", content)


def _examine_bytes(file: LocalFile, body: bytes, hashed: bool) -> Examined:
    if len(body) != file.size:
        raise changed(file, "changed its size")
    content = look_at(file.key, file.size, lambda at, length: body[max(at, 0) : max(at, 0) + length])
    return Examined(file, hashlib.sha256(body).hexdigest() if hashed else "", content)


def _hash(file: LocalFile, descriptor: int) -> str:
    digest, at = hashlib.sha256(), 0
    while piece := os.pread(descriptor, _PIECE, at):
        digest.update(piece)
        at += len(piece)
    if at != file.size:
        raise changed(file, "changed its size")
    return digest.hexdigest()


def examine_all(files: Sequence[LocalFile], hashed: Callable[[LocalFile], bool]) -> list[Examined]:
    """Look at each of ``files``, in order, on several threads; those for which ``hashed`` says so are hashed.

    Raises ``GalleryInvalid`` with everything that cannot be published, and why.
    """
    large = [number for number, file in enumerate(files) if file.size >= _WORTH_A_THREAD]
    batches = [large[start : start + _TOGETHER] for start in range(0, len(large), _TOGETHER)]

    def look(numbers: Iterable[int]) -> list[tuple[int, Examined | GalleryInvalid]]:
        return [(number, _examined(files[number], hashed)) for number in numbers]

    found: dict[int, Examined | GalleryInvalid] = {}
    with Hands(os.cpu_count() or 1, "examine") as pool:
        started = pool.map(look, batches)
        found.update(look(number for number, file in enumerate(files) if file.size < _WORTH_A_THREAD))
        for batch in started:
            found.update(batch)
    examined = [found[number] for number in range(len(files))]
    _refuse_unfit(examined)
    return [entry for entry in examined if isinstance(entry, Examined)]


def _examined(file: LocalFile, hashed: Callable[[LocalFile], bool]) -> Examined | GalleryInvalid:
    try:
        return examine(file, hashed=hashed(file))
    except GalleryInvalid as error:
        return error


def _refuse_unfit(examined: Sequence[Examined | GalleryInvalid]) -> None:
    findings = Findings(None)
    unfit: dict[str, list[str]] = {}
    for entry in examined:
        if isinstance(entry, GalleryInvalid):
            for finding in entry.findings or (Finding(entry.message),):
                findings.add(finding.message)
        elif entry.content.problem:
            unfit.setdefault(entry.content.problem, []).append(f"{entry.file.key} ({entry.file.path.name})")
    count = findings.count + sum(map(len, unfit.values()))
    for problem, names in unfit.items():
        findings.add(f"{_some(names)} {problem}")
    if count:
        raise GalleryInvalid(
            f"{'1 local file' if count == 1 else f'{count:,} local files'} cannot be published; nothing was.",
            hint="Each line says what the file is and how to get the right one.",
            findings=findings.located(None),
        )


def _some(names: Sequence[str]) -> str:
    """The subject of a sentence about all of ``names``, of which some are named."""
    if len(names) == 1:
        return f"the file of {names[0]}"
    shown, more = ", ".join(names[:_NAMED]), len(names) - _NAMED
    return f"each file of {shown} {f'and {more:,} more ' if more > 0 else ''}".rstrip()


def oddities(examined: Iterable[Examined]) -> list[str]:
    """What is worth a word in files that are published all the same."""
    return [f"{entry.file.key} {entry.content.oddity}" for entry in examined if entry.content.oddity]
