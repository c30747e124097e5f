"""Numbers and reasons in words, the same in summary, log and progress."""

from __future__ import annotations

from galleria_action.deployment.model import Reason

#: What a reason of the plan means, for people.
REASONS: dict[Reason, str] = {
    Reason.FORCED: "forced",
    Reason.NEW: "new",
    Reason.CHANGED: "changed",
    Reason.SETTINGS: "image settings changed",
    Reason.VARIANT: "web or thumb changed",
    Reason.HEADERS: "headers changed",
    Reason.MISSING: "missing or altered in the bucket",
    Reason.REMOVED: "removed",
    Reason.ORPHAN: "orphan",
}

_UNITS = ("kB", "MB", "GB", "TB", "PB")


def human_size(size: float) -> str:
    """``size`` in bytes as people say it, in powers of 1,000: ``0 B``, ``1.3 MB``, ``38 GB``."""
    if size < 1000:
        return f"{int(size)} B"
    for unit in _UNITS:
        size /= 1000
        if size < 9.95:
            return f"{size:.1f} {unit}"
        if size < 999.5:
            return f"{size:.0f} {unit}"
    return f"{size:,.0f} {_UNITS[-1]}"


def sentences(*texts: str | None) -> str:
    """``texts`` one after the other, each ended by a stop where it has no end of its own; empty ones are left out."""
    return " ".join(text if text[-1] in ".!?:…" else f"{text}." for text in texts if text)


def count(number: int, noun: str) -> str:
    """``number`` with thousands separators and ``noun`` in the right number: ``1 photo``, ``1,200 photos``."""
    return f"{number:,} {noun if number == 1 else noun + 's'}"


def duration(seconds: float) -> str:
    """``seconds`` as people say them: ``0.8 s``, ``12 s``, ``3 min 20 s``, ``1 h 5 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min"
