"""What a run came to, for machines: OpenMetrics text for a file, the same for a Pushgateway.

``NAMES`` is the table of the documentation and of the dashboard; a metric that is not in it cannot be told.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

from galleria_action.values import dataclass, field

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

#: the gauges by name: what they tell, and what they are told by besides the gallery and the command
NAMES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "galleria_run_success": ("1 when the last run ended with exit code 0, else 0", ()),
    "galleria_run_exit_code": ("exit code of the last run", ()),
    "galleria_run_timestamp_seconds": ("when the last run ended", ()),
    "galleria_run_duration_seconds": ("how long the last run took", ()),
    "galleria_phase_duration_seconds": ("how long a phase of it took", ("phase",)),
    "galleria_requests": ("requests to the storage, by operation", ("operation",)),
    "galleria_retries": ("requests to the storage that had to be repeated", ()),
    "galleria_warnings": ("warnings of the run", ()),
    "galleria_photos_uploaded": ("photos that were uploaded", ()),
    "galleria_photos_deleted": ("photos that were deleted", ()),
    "galleria_photos_unchanged": ("photos that were online already", ()),
    "galleria_photos_with_position": ("photos to upload that carry a position", ()),
    "galleria_files_uploaded": ("files that were uploaded", ()),
    "galleria_bytes_uploaded": ("bytes that were uploaded", ()),
    "galleria_consistent": ("1 when the bucket was seen to hold what the metadata says, else 0", ()),
    "galleria_files_missing": ("files that verification missed", ()),
    "galleria_files_mismatched": ("files that were not what they should be", ()),
    "galleria_files_orphaned": ("objects that belong to nothing", ()),
    "galleria_purge_owed": ("addresses that a cache may still hold as they were", ()),
    "galleria_probe_success": ("1 when visitors were seen to get what was deployed, else 0", ()),
    "galleria_release_timestamp_seconds": ("when the live release was made", ()),
    "galleria_release_info": ("1; the id of the live release", ("release",)),
}
_LABELS = ("gallery", "command")
_LONGEST_LABEL = 200


@dataclass(frozen=True, slots=True)
class Measured:
    """The values of one run: numbers by the names of ``NAMES``, those with a label of their own by its value, too."""

    gallery: str
    command: str
    values: Mapping[str, float]
    labelled: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def openmetrics(measured: Measured) -> bytes:
    """``measured`` as OpenMetrics 1.0 text, which ends with ``# EOF``."""
    from prometheus_client.openmetrics.exposition import generate_latest

    text: bytes = generate_latest(_registry(measured))  # type: ignore[no-untyped-call]
    return text


def pushed(measured: Measured) -> bytes:
    """``measured`` in the text format that a Pushgateway takes."""
    from prometheus_client.exposition import generate_latest

    return generate_latest(_registry(measured))


def push_address(gateway: str, measured: Measured) -> str:
    """Where a Pushgateway at ``gateway`` keeps the group of this gallery and command; base64 because of slashes."""
    gallery = base64.urlsafe_b64encode(measured.gallery.encode()).decode()
    return f"{gateway}/metrics/job/galleria/gallery@base64/{gallery}/command/{quote(measured.command, safe='')}"


def _registry(measured: Measured) -> CollectorRegistry:
    from prometheus_client import CollectorRegistry, Gauge

    registry = CollectorRegistry()
    for name, (text, own) in NAMES.items():
        if not (told := list(_told(name, measured))):
            continue
        gauge = Gauge(name, text, (*_LABELS, *own), registry=registry)
        for labels, value in told:
            gauge.labels(*(label[:_LONGEST_LABEL] for label in (measured.gallery, measured.command, *labels))).set(
                value
            )
    return registry


def _told(name: str, measured: Measured) -> Iterable[tuple[tuple[str, ...], float]]:
    if name in measured.values:
        yield (), measured.values[name]
    for label, value in measured.labelled.get(name, {}).items():
        yield (label,), value
