"""Which file on disk each variant of each photo is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from galleria_action.errors import GalleryInvalid
from galleria_action.fence.workspace import Absent, Refused, Workspace
from galleria_action.gallery.keys import folded, key_problem
from galleria_action.gallery.local.files import LocalFile, folder_option, local_file, usable
from galleria_action.gallery.local.nearby import Nearby
from galleria_action.gallery.metadata.findings import Findings
from galleria_action.gallery.metadata.json_source import Place
from galleria_action.gallery.metadata.model import GalleryMetadata, Variant
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
) -> dict[str, LocalFile]:
    """The local file of every variant of every photo, by key.

    That of a variant is the first that exists of ``source/<key>``, ``source/<key without a leading photos/>`` and
    ``source/<variant>/<key>``; then the one beside them with the same stem that holds what the key names. ``file`` is
    the metadata file as the user knows it and ``lines_of`` finds lines in it (``LoadedMetadata.lines_of``), so that
    each finding has its line.

    Raises ``GalleryInvalid`` with everything that is missing, leads out of the workspace or is not a readable file.
    """
    root = folder_option(fence, source, "source")
    keys = metadata.keys
    nearby = Nearby(fence, lambda: {folded(key.rpartition("/")[2]) for key in keys()})
    findings = Findings(file)
    found: dict[str, LocalFile] = {}
    hints = set[str]()
    for index, photo in enumerate(metadata.photos):
        for variant, key in photo.files.items():
            try:
                found[key] = _locate_variant(fence, nearby, root, variant, key)
            except Refused as refusal:
                findings.add(f"photo {shown(photo.id)}: {refusal}", place=("photos", index, "files", variant))
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
