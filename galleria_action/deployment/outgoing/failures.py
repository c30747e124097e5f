"""What is told when files could not be uploaded: one error for all of them."""

from __future__ import annotations

import re

from galleria_action.deployment.model import Upload
from galleria_action.errors import Finding, GalleriaError, GalleryInvalid, StorageUnavailable, UploadFailed


def concerns_all(error: GalleriaError) -> bool:
    """Whether trying other files is pointless: everything but a bad local file and a passing fault."""
    return not isinstance(error, GalleryInvalid | StorageUnavailable)


def summed_up(failures: list[tuple[Upload, GalleriaError]], total: int) -> GalleriaError:
    """One error for all: a bad gallery first, then what concerns everything, else a list of the files."""
    stale = [error for _, error in failures if isinstance(error, GalleryInvalid)]
    if stale:
        return GalleryInvalid(
            f"{len(stale)} of {total} files cannot be published as they are. Nothing was committed; "
            "the gallery that visitors see is as before.",
            hint=" ".join(dict.fromkeys(error.hint for error in stale if error.hint)) or None,
            findings=[finding for error in stale for finding in error.findings or [Finding(error.message)]],
        )
    for _, error in failures:
        if concerns_all(error):
            return error
    first = failures[0][1]
    return UploadFailed(
        f"{len(failures)} of {total} files could not be uploaded: {first.message} Nothing was committed; "
        "the gallery that visitors see is as before.",
        hint=first.hint or "Run again: what was uploaded is kept and not sent a second time.",
        findings=_by_cause(failures),
    )


def _by_cause(failures: list[tuple[Upload, GalleriaError]]) -> list[Finding]:
    """One finding for each cause, however many files it met."""
    causes: dict[str, list[tuple[str, str]]] = {}
    for upload, error in failures:
        same = re.sub(r"\([0-9.]+ \w+\)", "", error.message.replace(repr(upload.key), ""))  # key and size differ
        causes.setdefault(same, []).append((upload.key, error.message))
    met = [(found[0], len(found) - 1) for found in causes.values()]
    return [Finding(f"{key}{f' and {more} more' if more else ''}: {text}") for (key, text), more in met]
