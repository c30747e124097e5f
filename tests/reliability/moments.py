"""At which of its requests a run is disturbed: at a telling few by default, at every one where there is time (slow)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import pytest

from tests.reliability.mortal import Fate

#: the numbers, counted from 1, of some of the mutating requests that an undisturbed run makes
Moments = Callable[[Fate], Sequence[int]]

#: so many more than the first of each kind
_SAMPLE = 2


def every(undisturbed: Fate) -> Sequence[int]:
    """All of them."""
    return range(1, undisturbed.attempts + 1)


def telling(undisturbed: Fate) -> Sequence[int]:
    """The first request of each kind (what is done, and to what of ours or of the gallery), the last of all, and a
    sample of the others, which is the same in every run."""
    numbers = every(undisturbed)
    first = {_kind(undisturbed.asked[number - 1]): number for number in reversed(numbers)}
    chosen = {*first.values(), undisturbed.attempts}
    others = [number for number in numbers if number not in chosen]
    return sorted(chosen.union(Random(len(numbers)).sample(others, min(_SAMPLE, len(others)))))


def _kind(write: tuple[str, str]) -> tuple[str, str]:
    """Documents are a kind each, and so is each folder of ours; of the gallery photos and files of the site."""
    operation, key = write
    folder = key.rpartition("/")[0]
    if folder == ".galleria" or key == "gallery-metadata.json":
        return operation, key
    return operation, folder if folder.startswith(".galleria") else folder.partition("/")[0]


def disturbed(scenes: Sequence[str], *, by_default: Sequence[str]) -> pytest.MarkDecorator:
    """Parameters ``scene`` (indirect) and ``moments``: telling ones in the scenes ``by_default``, and, slow, every one
    in all ``scenes``."""
    quick = [pytest.param(name, telling, id=f"{name}-telling") for name in by_default]
    whole = [pytest.param(name, every, id=f"{name}-every", marks=pytest.mark.slow) for name in scenes]
    return pytest.mark.parametrize(("scene", "moments"), [*quick, *whole], indirect=["scene"])


def slow(*names: str) -> list[Any]:
    """Scenes that prove again what others prove."""
    return [pytest.param(name, marks=pytest.mark.slow) for name in names]
