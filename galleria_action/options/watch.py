"""Who is told how a run ended, besides its log."""

from __future__ import annotations

from pathlib import Path

from galleria_action.options.declaration import Group, Topic, option, optional
from galleria_action.options.kinds import ADDRESS, PATH, choice, secret_lines
from galleria_action.values import dataclass
from galleria_action.watch.addresses import Address, addresses
from galleria_action.watch.alerts import NotifyOn

_ENDS = Topic.APPLY | Topic.VERIFY


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOptions(Group):
    """Alerts and metrics."""

    notify: tuple[Address, ...] | None = optional(
        secret_lines("ADDRESSES", addresses),
        "who is told how a run ended, an address a line: any that apprise knows, or https://…#whsec_… for signed JSON",
        _ENDS,
    )
    notify_on: NotifyOn = option(
        choice(NotifyOn),
        "failure",
        "what is worth telling; failures always are, and that something works again",
        _ENDS,
    )
    metrics_file: Path | None = optional(
        PATH, "where to write what the run came to, as OpenMetrics text", _ENDS | Topic.PLAN
    )
    metrics_push: str | None = optional(ADDRESS, "a Prometheus Pushgateway that gets the same", _ENDS | Topic.PLAN)

    @property
    def wanted(self) -> bool:
        """Whether anybody is to be told."""
        return bool(self.notify or self.metrics_file or self.metrics_push)
