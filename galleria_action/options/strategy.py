"""How a new gallery takes the place of the live one, and what sends visitors there."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from galleria_action.edge.routers.kinds import RouterChoice, RouterKind, parse_router, with_weights
from galleria_action.options.declaration import Group, Mistake, Topic, option, optional
from galleria_action.options.kinds import FLAG, choice, count, has_digits, parsed, shown
from galleria_action.options.origin import NEVER
from galleria_action.values import dataclass


class Strategy(StrEnum):
    """The order in which a deploy does what it does."""

    ROLLING = "rolling"
    RECREATE = "recreate"
    BLUE_GREEN = "blue-green"
    CANARY = "canary"

    @property
    def in_slots(self) -> bool:
        """Whether the new gallery is made beside the live one."""
        return self in (Strategy.BLUE_GREEN, Strategy.CANARY)


class Promote(StrEnum):
    """Who decides that a gallery in a slot goes live."""

    AUTO = "auto"
    MANUAL = "manual"


def parse_shares(text: str) -> tuple[int, ...]:
    """Read ``10`` or ``10,50,100``: growing shares in percent. Raises ``ValueError``."""
    parts = [part.strip() for part in text.split(",")]
    if all(has_digits(part, 3) for part in parts):
        shares = tuple(map(int, parts))
        if shares == tuple(sorted(set(shares))) and shares[0] >= 1 and shares[-1] <= 100:
            return shares
    raise ValueError(f"{shown(text)} is not a share in percent such as 10, nor growing ones such as 10,50,100")


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyOptions(Group):
    """Strategy and router."""

    strategy: Strategy = option(
        choice(Strategy),
        "rolling",
        "rolling: in place; blue-green: made and proved in a slot, then shown; canary: to a share of the visitors "
        "first; recreate: the old gallery is taken down before the new one comes",
        Topic.PLAN | Topic.APPLY,
    )
    batch: int | None = optional(
        count(1_000_000), "new photos per commit: a huge gallery becomes visible bit by bit (rolling)", Topic.APPLY
    )
    router: RouterChoice = option(
        parsed("ROUTER", parse_router),
        "copy",
        "what sends visitors to a slot: copy (nothing: its gallery is copied in place), folder, pointer, "
        "cloudfront:<distribution>, cloudfront-kvs:<arn>, cloudflare-kv:<account>/<namespace>",
        Topic.BUCKET,
    )
    promote: Promote = option(
        choice(Promote), "auto", "auto, or manual: leave the new gallery in its slot until promote", Topic.APPLY
    )
    canary: tuple[int, ...] = option(
        parsed("PERCENT", parse_shares, "string", "integer"),
        "10",
        "share of the visitors who get a canary first, in percent, or growing ones: 10,50,100",
        Topic.APPLY,
    )
    canary_wait: int = option(
        count(86_400, least=0),
        "60",
        "seconds for which each share of the visitors has a canary, before it is looked at again and grows",
        Topic.APPLY,
    )
    abort: bool = option(
        FLAG, "false", "take back what waits in a slot instead of promoting it", Topic.SLOTS, config=NEVER
    )

    @property
    def shares(self) -> tuple[int, ...]:
        """The shares before all."""
        if self.strategy is not Strategy.CANARY:
            return ()
        return tuple(share for share in self.canary if share < 100)

    def mistakes(self) -> Iterator[Mistake]:
        """What does not go together."""
        kind = self.router.kind
        if self.strategy is Strategy.CANARY and not self.router.can.weights:
            text = f"canary needs a router that can send a share of the visitors: {with_weights()}; {kind.value} cannot"
            yield Mistake("strategy", text, ("router",))
        if self.strategy is Strategy.RECREATE and kind is not RouterKind.COPY:
            yield Mistake("strategy", f"recreate takes down the gallery in place: router: copy, not {kind.value}")
        if self.promote is Promote.MANUAL and not self.strategy.in_slots:
            text = f"manual needs a strategy that makes the gallery in a slot: blue-green, canary; not {self.strategy}"
            yield Mistake("promote", text, ("strategy",))
        if self.batch and self.strategy is not Strategy.ROLLING:
            yield Mistake("batch", f"only rolling commits bit by bit, not {self.strategy}", ("strategy",))
