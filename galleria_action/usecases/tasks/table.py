"""Every task that ``uses`` can name: what it does, and which settings it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from galleria_action.pipeline.model import Outcome
from galleria_action.usecases.context import Context
from galleria_action.usecases.tasks import checks, deploying
from galleria_action.values import dataclass

Settings = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Used:
    """One of them. ``settings`` are the names that ``with`` may have; ``apart`` says that what it does is of no gallery
    that anybody sees, so that reports are not about it."""

    run: Callable[[Context, Settings], Outcome]
    settings: frozenset[str] = frozenset()
    apart: bool = False


USES: Mapping[str, Used] = {
    "preflight": Used(deploying.preflight),
    "validate": Used(deploying.validated),
    "plan": Used(deploying.planned),
    "deploy": Used(deploying.deployed),
    "verify": Used(deploying.verified),
    "rollback": Used(deploying.rolled_back),
    "integration": Used(deploying.integrated, apart=True),
    "links": Used(checks.links),
    "budgets": Used(checks.budgets, frozenset(checks.LIMITS)),
    "privacy": Used(checks.privacy, frozenset({"allow"})),
    "secrets": Used(checks.secrets),
    "duplicates": Used(checks.duplicates),
}
