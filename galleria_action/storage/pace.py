"""Some services take few writes of one object, and refuse what comes sooner: R2 one a second, DigitalOcean five in five
minutes. Whoever writes one object again and again keeps to that."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Paced(Protocol):
    """A store that knows its service."""

    @property
    def seconds_between_writes(self) -> float:
        """Seconds between two writes of one object that the service takes for ever; 0 where it does not count."""


def seconds_between_writes(store: object) -> float:
    """What ``store`` knows of its service; 0 where it knows nothing."""
    return store.seconds_between_writes if isinstance(store, Paced) else 0.0
