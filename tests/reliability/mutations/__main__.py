"""Checks all mutations, or those named."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from tests.reliability.mutations.check import check
from tests.reliability.mutations.edits import Misapplied
from tests.reliability.mutations.table import MUTATIONS


def main(names: Iterable[str]) -> int:
    """Check some or all; prints what was noticed."""
    missed = 0
    for name in names or MUTATIONS:
        try:
            check(name)
            print(f"rule {MUTATIONS[name].rule}: {name}: noticed", flush=True)
        except (AssertionError, Misapplied) as problem:
            missed += 1
            print(f"rule {MUTATIONS[name].rule}: {name}: NOT NOTICED: {problem}", flush=True)
    return min(missed, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
