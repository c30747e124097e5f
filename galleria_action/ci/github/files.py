"""The runner's file commands: step outputs and the job summary are appended to files that it names.

Facts: actions/runner ``FileCommandManager.cs`` (``name<<delimiter``, value, delimiter; LF only; a summary above 1,024
KiB is not shown at all) and GitHub's "Workflow commands".
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from galleria_action.errors import ConfigInvalid

SUMMARY_LIMIT = 1024 * 1024


def random_delimiter() -> str:
    """A delimiter that nobody can foresee, so that no value can end early and set another output."""
    return f"ghadelimiter_{os.urandom(16).hex()}"


def output_entry(name: str, value: str | int | bool, delimiter: Callable[[], str] = random_delimiter) -> str:
    """The text that sets output ``name``. Line ends become LF, unpaired surrogates question marks."""
    text = _well_formed(str(value).lower() if isinstance(value, bool) else str(value))
    fence = delimiter()
    while fence in name or fence in text:
        fence = delimiter()
    return f"{name}<<{fence}\n{text}\n{fence}\n"


def append_outputs(path: Path, outputs: Mapping[str, str | int | bool]) -> None:
    """Append ``outputs`` to the file that ``GITHUB_OUTPUT`` names. Raises ``ConfigInvalid`` if it cannot be written."""
    _append(path, "".join(output_entry(name, value) for name, value in outputs.items()))


def summary_room(path: Path) -> int:
    """Bytes that still fit into the summary file, the line end that ``append_summary`` adds left aside."""
    present = path.stat().st_size if path.exists() else 0
    return max(0, SUMMARY_LIMIT - present - 1)


def append_summary(path: Path, markdown: str) -> None:
    """Append ``markdown`` to the file that ``GITHUB_STEP_SUMMARY`` names.

    Raises ``ValueError`` when it is more than ``summary_room``: the runner would show no summary at all.
    Raises ``ConfigInvalid`` when the file cannot be written.
    """
    text = _well_formed(markdown)
    size = len(text.encode())
    if size > summary_room(path):
        raise ValueError(f"a summary of {size} bytes does not fit")
    _append(path, f"{text}\n" if text else "")


def _well_formed(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode()


def _append(path: Path, text: str) -> None:
    try:
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise ConfigInvalid(
            f"The runner's file {str(path)!r} cannot be written: {error.strerror}",
            hint="Container actions have to run as root: start the container without a user of its own.",
        ) from error
