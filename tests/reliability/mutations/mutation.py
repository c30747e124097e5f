"""What a mutation is."""

from __future__ import annotations

from dataclasses import dataclass

from tests.reliability.mutations.edits import Edit


@dataclass(frozen=True)
class Mutation:
    """``rule`` is the number of the must-rule in docs/reliability.md; ``tests`` must fail after ``edits``."""

    rule: int
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]


def when(rule: int, edit: Edit | tuple[Edit, ...], *tests: str) -> Mutation:
    """The ``tests`` that guard ``rule`` must notice the ``edit``."""
    return Mutation(rule, edit if isinstance(edit, tuple) else (edit,), tests)
