"""Alerts and metrics of one run: what of its result they tell, and who is told.

They come last, take bounded time, and change nothing: a run has ended as it has.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from galleria_action.deployment.events import Event
from galleria_action.deployment.releases.record import Who, time_of
from galleria_action.errors import Cancelled, ConfigInvalid, GalleriaError
from galleria_action.farewell import within
from galleria_action.fence.place import Place
from galleria_action.net.encoding import TooLong
from galleria_action.net.http import Http, NoAnswer
from galleria_action.net.network import Network
from galleria_action.options.watch import WatchOptions
from galleria_action.report.result import Result
from galleria_action.storage.interface import WriteStore
from galleria_action.values import dataclass, field
from galleria_action.watch.addresses import Service, Webhook
from galleria_action.watch.alerts import Alert, RunEnd, alert_of, remembered
from galleria_action.watch.memory import keep, recall
from galleria_action.watch.metrics import Measured, openmetrics, push_address, pushed
from galleria_action.watch.services import Services, open_services
from galleria_action.watch.stopwatch import Stopwatch
from galleria_action.watch.webhook import Sender

#: what all alerts together may take; the runner gives a run that was stopped a few seconds more
_SECONDS, _SECONDS_WHEN_STOPPED = 30.0, 3.0
_NO_CLIENT = "There are no metrics: prometheus-client is not installed (pip install galleria-action[metrics])."
_PUSH_SECONDS, _MOST_ANSWER = 10.0, 1 << 16


@dataclass(frozen=True)
class Watchers:
    """Who is told of one run. ``store`` opens the gallery's store, ``None`` where nothing is remembered in it.

    ``telling`` says whether the end is worth an alert at all: a plan is looked at by who asked for it.
    """

    options: WatchOptions
    place: Place
    who: Who
    telling: bool
    store: Callable[[], WriteStore] | None
    http: Http
    services: Services
    #: what is wrong with addresses, for the log at the beginning: who is told of failures is not to fail silently
    problems: tuple[str, ...]
    stopwatch: Stopwatch
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    @classmethod
    def of(
        cls,
        options: WatchOptions,
        place: Place,
        who: Who,
        store: Callable[[], WriteStore] | None,
        environ: Mapping[str, str],
        *,
        telling: bool,
    ) -> Watchers:
        """The watchers that ``options`` ask for."""
        named = [it for it in (options.notify or ()) if isinstance(it, Service)] if telling else []
        services, wrong = open_services(named)
        problems = tuple(f"notify: nobody is told at {name}: {why}" for name, why in wrong.items())
        http = Http(Network.of(environ), loyal=True)
        return cls(options, place, who, telling, store, http, services, problems, Stopwatch(time.monotonic))

    def hear(self, event: Event) -> None:
        """See ``Listener``."""
        self.stopwatch.hear(event)

    def finished(self, result: Result) -> list[str]:
        """Tell everybody how the run ended; what went wrong with that, as sentences."""
        troubles: list[str] = []
        measured = measured_of(result, self.stopwatch.seconds, self.now())
        if self.options.metrics_file:
            troubles += self._write(self.options.metrics_file, measured)
        stopped = result.outputs["failure-reason"] == Cancelled.reason
        seconds, done = _SECONDS_WHEN_STOPPED if stopped else _SECONDS, list[bool]()

        def tell() -> None:
            troubles.extend(self._alert(result))
            troubles.extend(self._push(measured))
            done.append(True)

        if (self.telling and self.options.notify) or self.options.metrics_push:
            within(seconds, tell)
            if not done:
                troubles.append(f"Not everybody could be told how the run ended within {seconds:.0f} s.")
        return troubles

    def _write(self, path: Path, measured: Measured) -> list[str]:
        try:
            self.place.write(path, openmetrics(measured))
        except GalleriaError as trouble:
            return [f"The metrics could not be written: {trouble.message}"]
        except ImportError:
            return [_NO_CLIENT]
        return []

    def _push(self, measured: Measured) -> list[str]:
        gateway = self.options.metrics_push
        if not gateway:
            return []
        try:
            body, url = pushed(measured), push_address(gateway, measured)
            headers = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
            answer = self.http.ask("PUT", url, headers=headers, body=body, seconds=_PUSH_SECONDS, most=_MOST_ANSWER)
        except (NoAnswer, TooLong, ConfigInvalid) as trouble:
            return [f"The metrics could not be pushed: {trouble}"]
        except ImportError:
            return [_NO_CLIENT]
        return (
            [] if answer.status < 300 else [f"The metrics could not be pushed: the gateway answered {answer.status}."]
        )

    def _alert(self, result: Result) -> list[str]:
        if not self.telling or not self.options.notify:
            return []
        end = run_end(result, self.who, self.now())
        store = None
        with suppress(GalleriaError):  # without its memory it tells once more what it told already
            store = self.store() if self.store else None
        failing = recall(store) if store else {}
        alert = alert_of(end, failing.get(end.command), self.options.notify_on)
        troubles = self._send(alert) if alert else {}
        now_failing = {**failing, end.command: remembered(end, failing.get(end.command))}
        known = {command: it for command, it in now_failing.items() if it}
        if store and known != failing:
            with suppress(GalleriaError):
                keep(store, known)
        return [f"notify: {name} could not be told: {why}" for name, why in troubles.items()]

    def _send(self, alert: Alert) -> dict[str, str]:
        sender = Sender(self.http, lambda: f"msg_{secrets.token_hex(16)}")
        hooks = [it for it in self.options.notify or () if isinstance(it, Webhook)]
        told = {hook.name: sender.send(alert, hook) for hook in hooks}
        return {name: why for name, why in told.items() if why} | self.services.send(alert)


def run_end(result: Result, who: Who, at: datetime) -> RunEnd:
    """What alerts tell of ``result``."""
    outputs = result.outputs
    return RunEnd(
        command=result.command,
        target=gallery_of(result),
        who=who,
        at=at,
        reason=str(outputs["failure-reason"]),
        message=result.message,
        remedy=result.hint or "",
        changed=bool(outputs["changed"]),
        release=str(outputs["release-id"]),
        previous=str(outputs["previous-release"]),
        url=str(outputs["url"]),
    )


def gallery_of(result: Result) -> str:
    """The gallery as people name it."""
    return str(result.target) if result.target else "a gallery"


#: metrics that are outputs, too
_OUTPUTS = {
    "galleria_photos_uploaded": "photos-uploaded",
    "galleria_photos_deleted": "photos-deleted",
    "galleria_photos_unchanged": "photos-unchanged",
    "galleria_photos_with_position": "photos-with-position",
    "galleria_files_uploaded": "files-uploaded",
    "galleria_bytes_uploaded": "bytes-uploaded",
    "galleria_purge_owed": "purge-owed",
}
_OF_VERIFICATION = {
    "galleria_consistent": "consistent",
    "galleria_files_missing": "missing-files",
    "galleria_files_mismatched": "mismatched-files",
    "galleria_files_orphaned": "orphaned-files",
}


def measured_of(result: Result, phases: Mapping[str, float], at: datetime) -> Measured:
    """What metrics tell of ``result``, which ended ``at``. What was not looked at is not told: it is not zero."""
    outputs, release = result.outputs, str(result.outputs["release-id"])
    names = {**_OUTPUTS, **(_OF_VERIFICATION if result.verification else {})}
    values = {
        "galleria_run_success": float(result.success),
        "galleria_run_exit_code": float(result.exit_code),
        "galleria_run_timestamp_seconds": at.timestamp(),
        "galleria_run_duration_seconds": result.duration_seconds,
        "galleria_retries": float(result.retries),
        "galleria_warnings": float(len(result.warnings)),
        **{name: float(outputs[output]) for name, output in names.items()},
        **({"galleria_probe_success": float(outputs["probe"] == "passed")} if outputs["probe"] else {}),
        **({"galleria_release_timestamp_seconds": time_of(release).timestamp()} if release else {}),
    }
    labelled: dict[str, Mapping[str, float]] = {
        "galleria_phase_duration_seconds": phases,
        "galleria_requests": {operation: float(number) for operation, number in result.requests.items()},
        "galleria_release_info": {release: 1.0} if release else {},
    }
    return Measured(gallery_of(result), result.command, values, labelled)
