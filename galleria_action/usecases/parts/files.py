"""Are the photos on disk the ones that the metadata describes? Asked as far as the option ``check-files`` says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import and_, ne, not_

from galleria_action.deployment.galleries import LocalGallery, SourcePhoto
from galleria_action.deployment.model import SourceFile
from galleria_action.deployment.stale import Doubt, Proofs, differs_in_size, doubt, refusal, told_of
from galleria_action.deployment.state.entries import Entries
from galleria_action.deployment.state.manifest import Manifest
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.gallery.local.examine import examine_all
from galleria_action.gallery.local.files import LocalFiles
from galleria_action.gallery.local.git_index import tracked
from galleria_action.gallery.local.stamp import written_at
from galleria_action.gallery.metadata.model import GalleryMetadata
from galleria_action.options.gallery import CheckFiles
from galleria_action.quantities import count, human_size
from galleria_action.usecases.context import Context

#: A look at what is online already reads no more than this, and says what it did not read.
MOST_BYTES = 1 << 30


def known_by_git(every: Sequence[LocalFiles], recorded: Callable[[], Manifest]) -> Proofs:
    """What git's index tells of the contents of ``every`` file, and which of them it proves to be as they were
    deployed. ``recorded`` is asked where git vouches for any of them."""
    known = tracked(every)
    proofs = Proofs(Entries.of(recorded().objects if any(its.rows for its in known) else {}))
    for files, its in zip(every, known, strict=True):
        keys, sizes = map(files.keys.__getitem__, its.rows), map(files.sizes.__getitem__, its.rows)
        proofs.add(keys, sizes, map(bytes.hex, its.ids()))
        proofs.doubt(map(files.keys.__getitem__, its.doubtful))
    return proofs


def check_claimed(metadata: GalleryMetadata, photos: Sequence[SourcePhoto]) -> None:
    """Raise ``GalleryInvalid`` for photos that were hashed, and are not those of ``metadata``."""
    fulls = (file for photo in photos for file in photo.files if file.variant == "full")
    _refuse(
        [file for entry, file in zip(metadata.photos, fulls, strict=True) if file.sha256 != entry.file_hash.lower()]
    )


def check_online(
    context: Context, local: LocalGallery, proved: Mapping[str, str], recorded: Manifest, sent: Iterable[str]
) -> None:
    """Raise ``GalleryInvalid`` for photos of ``local`` that have changed since the metadata was made.

    ``proved`` is the SHA-256 (hex) of files of which it is known already, ``sent`` are keys that a deploy reads and
    compares anyway. Reads only what nothing else can tell of.
    """
    mode = context.options.gallery.check_files
    if local.mode != "metadata" or mode in (CheckFiles.OFF, CheckFiles.HASH):
        return  # nothing is claimed, nothing is asked, or all of it has been read already
    known, others = recorded.objects, frozenset(sent)

    def unproved(keys: Sequence[str], sha256s: Sequence[str]) -> Iterable[object]:
        return map(and_, map(not_, map(others.__contains__, keys)), map(ne, told_of(proved, keys), sha256s))

    left = list(local.fulls(unproved))
    if mode is CheckFiles.SIZE:
        _refuse([file for file in left if differs_in_size(file, known.get(file.key))])
        return
    metadata_made = _made(context)
    judged = []
    for file in left:
        newer = metadata_made is not None and written_at(file.local.stamp) > metadata_made
        judged.append((file, doubt(file, known.get(file.key), newer=newer)))
    wrong = [file for file, it in judged if it is Doubt.PROVED]
    doubtful, unread = _within_reason([file for file, it in judged if it is Doubt.SOME])
    _refuse(wrong + others_than_claimed(doubtful))
    if unread:
        size = human_size(sum(file.size for file in unread))
        context.warn(
            f"{count(len(unread), 'photo')} may have changed since the metadata was made (newer than it; {size}), and "
            "were not read: check-files: hash compares them, check-files: size leaves it at their size."
        )


def check_sent(context: Context, local: LocalGallery, sent: Iterable[str]) -> None:
    """The same for what a deploy would send, so that a plan does not promise what a deploy refuses. Where that is much,
    it is left to the deploy, which reads it anyway."""
    if local.mode != "metadata" or context.options.gallery.check_files is not CheckFiles.AUTO:
        return
    keys = frozenset(sent)
    files = list(local.fulls(lambda its, _: map(keys.__contains__, its))) if keys else []
    if sum(file.size for file in files) <= MOST_BYTES:
        _refuse(others_than_claimed(files))


def others_than_claimed(files: Sequence[SourceFile]) -> list[SourceFile]:
    """Those of ``files`` whose bytes have another SHA-256. Reads all of them."""
    examined = examine_all([file.local for file in files], lambda _: True)
    return [file for file, it in zip(files, examined, strict=True) if it.sha256 != file.sha256]


def _refuse(wrong: list[SourceFile]) -> None:
    if wrong:
        raise refusal(wrong)


def _within_reason(doubtful: Sequence[SourceFile]) -> tuple[list[SourceFile], list[SourceFile]]:
    """What is read of them, and what is not."""
    read: list[SourceFile] = []
    left: list[SourceFile] = []
    total = 0
    for file in doubtful:
        total += file.size
        (read if total <= MOST_BYTES else left).append(file)
    return read, left


def _made(context: Context) -> int | None:
    """When the metadata was written (ns), where it is a file."""
    gallery = context.options.gallery
    try:
        return context.path(gallery.metadata_file or gallery.source / METADATA_KEY).stat().st_mtime_ns
    except OSError:
        return None
