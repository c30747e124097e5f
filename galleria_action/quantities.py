"""Numbers as people say them: how many, how large, how long."""

from __future__ import annotations

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


def count(number: int, noun: str) -> str:
    """``number`` with thousands separators and ``noun`` in the right number: ``1 photo``, ``1,200 copies``."""
    return f"{number:,} {noun if number == 1 else _plural(noun)}"


def _plural(noun: str) -> str:
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith("s") else f"{noun}s"


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
