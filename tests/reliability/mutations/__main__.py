"""Checks all mutations, or those named, two at a time."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.reliability.mutations.check import check
from tests.reliability.mutations.edits import Misapplied
from tests.reliability.mutations.table import MUTATIONS

_AT_ONCE = 2


def main(names: Sequence[str]) -> int:
    """Check some or all; prints what was noticed."""
    names = names or list(MUTATIONS)
    missed = 0
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for name, problem in zip(names, pool.map(_problem, names), strict=True):
            missed += bool(problem)
            said = f"NOT NOTICED: {problem}" if problem else "noticed"
            print(f"rule {MUTATIONS[name].rule}: {name}: {said}", flush=True)
    return min(missed, 1)


def _problem(name: str) -> str:
    try:
        check(name)
    except (AssertionError, Misapplied) as problem:
        return str(problem)
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
