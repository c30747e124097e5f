"""Services by their address, through apprise: an extra, imported only where somebody names one."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from galleria_action.values import dataclass
from galleria_action.watch.addresses import Service
from galleria_action.watch.alerts import Alert, Kind

_INSTALL = "apprise is not installed: pip install galleria-action[alerts]"
_TYPES = {
    Kind.FAILED: "failure",
    Kind.STILL_FAILING: "failure",
    Kind.RECOVERED: "success",
    Kind.CHANGED: "info",
    Kind.DONE: "info",
}


@dataclass(frozen=True, slots=True)
class Services:
    """What can be told through apprise."""

    _plugins: Sequence[tuple[Service, Any]]

    def send(self, alert: Alert) -> dict[str, str]:
        """Tell all of them; what went wrong by the name of the address."""
        troubles: dict[str, str] = {}
        for service, plugin in self._plugins:
            try:
                taken = plugin.notify(body=alert.text, title=alert.headline, notify_type=_TYPES[alert.kind])
            except Exception as error:  # noqa: BLE001 - a plugin of a hundred; its text may hold the address
                troubles[service.name] = type(error).__name__
            else:
                troubles |= {} if taken else {service.name: "it did not take the message"}
        return troubles


def open_services(services: Sequence[Service]) -> tuple[Services, dict[str, str]]:
    """The services that apprise knows, and what is wrong with the others by the name of the address."""
    if not services:
        return Services(()), {}
    try:
        import apprise
    except ImportError:
        return Services(()), {it.name: _INSTALL for it in services}
    logging.getLogger("apprise").addHandler(logging.NullHandler())  # what fails is told by us, without the address
    asset = apprise.AppriseAsset(
        app_id="Galleria", app_desc="Galleria Action", app_url="", storage_mode=apprise.PersistentStoreMode.MEMORY
    )
    known, unknown = [], {}
    for service in services:
        plugin = apprise.Apprise.instantiate(service.url, asset=asset, suppress_exceptions=True)
        if plugin is None:
            unknown[service.name] = "apprise knows no service of this address; is it complete?"
        else:
            known.append((service, plugin))
    return Services(tuple(known)), unknown
