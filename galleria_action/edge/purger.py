"""What every cache can be asked, whichever service it is part of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol, TypeVar

from galleria_action.edge.collapse import Allowance
from galleria_action.errors import PurgeFailed
from galleria_action.net.network import Network
from galleria_action.values import dataclass, field

T = TypeVar("T")

#: what AWS wants of a request: given the method, the host, the path and the body, the headers
Sign = Callable[[str, str, str, bytes], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Means:
    """How caches are reached: credentials and addresses from ``environ``, and ``sign`` for AWS. ``pause`` waits so many
    seconds and says whether to go on."""

    environ: Mapping[str, str] = field(repr=False)
    network: Network = field(repr=False)
    pause: Callable[[float], bool]
    sign: Sign = field(repr=False)

    def secret(self, name: str, service: str) -> str:
        """The credential in the variable ``name``. Raises ``PurgeFailed`` without one."""
        value = self.environ.get(name, "").strip()
        if not value:
            raise PurgeFailed(
                f"{service} wants a credential, and {name} is not given.",
                hint=f"Give {name} as an environment variable of the step, from a secret.",
            )
        if not all("!" <= char <= "~" for char in value):
            raise PurgeFailed(f"{name} holds a blank, a line break or a letter that no credential has.")
        return value

    def base(self, name: str, usual: str) -> str:
        """The address in the variable ``name``, without a slash at its end; ``usual`` where there is none."""
        return (self.environ.get(name, "").strip() or usual).rstrip("/")


class Purger(Protocol):
    """One cache."""

    @property
    def allowed(self) -> Allowance:
        """What it takes at once, apart from what the user wants."""

    def purge(self, site: str, paths: Sequence[str], reference: str) -> None:
        """Have it forget ``paths`` of ``site`` (``https://host``). ``reference`` is the same for the same purge and no
        other. Returns when the service has said that it will. Raises ``PurgeFailed``."""

    def settle(self) -> bool:
        """Wait until everything that was purged is in force everywhere; whether it is. Raises ``PurgeFailed``."""


def batches(items: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    """``items`` in parts of at most ``most``."""
    for start in range(0, len(items), most):
        yield items[start : start + most]
