"""A folder that is deployed to, and the folders that it comes from, are not each other's: else the next deploy would
publish what this one has published, and somebody's own photos would be replaced and deleted like objects."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from galleria_action.errors import ConfigInvalid
from galleria_action.gallery.local.files import LocalFile


def check_apart(target: Path, sources: Iterable[tuple[str, Path]], files: Iterable[LocalFile]) -> None:
    """Refuse a ``target`` that lies in one of the ``sources`` (the name of an option, and its folder),
    or in which one of the ``files`` is itself what would be written under its key. Raises ``ConfigInvalid``."""
    real = os.path.realpath(target)
    for option, folder in sources:
        if _lies_in(real, os.path.realpath(folder)):
            raise _refusal(f"it lies in {option} ({folder}), so the next deploy would publish it as well")
    top = real.rstrip("/") + "/"
    if mine := next((file.real for file in files if file.real == top + file.key), None):
        raise _refusal(f"{mine} is one of the files that are to be deployed, and would be replaced by itself")


def _lies_in(inner: str, outer: str) -> bool:
    return os.path.commonpath([inner, outer]) == outer


def _refusal(why: str) -> ConfigInvalid:
    return ConfigInvalid(
        f"A gallery cannot be deployed into the folder that it comes from: {why}. Nothing was written.",
        hint="Give bucket a folder of its own, beside source and site.",
    )
