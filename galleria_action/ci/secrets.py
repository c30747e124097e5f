"""The forms in which a secret may turn up, and a way to black them out."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

#: Shorter strings occur everywhere by chance; blacking them out would ruin logs and hide nothing.
SHORTEST = 6


def forms(secret: str) -> tuple[str, ...]:
    """Every line of ``secret`` and of its URL and base64 encodings, the longest first, none shorter than 6."""
    raw = secret.encode("utf-8", "surrogateescape")
    encoded = {
        quote(raw, safe=""), quote(raw), quote_plus(raw),
        base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode(),
    }  # fmt: skip
    lines = {line.strip() for line in re.split(r"[\r\n]+", secret)}
    worthwhile = (form for form in lines | encoded if len(form) >= SHORTEST and len(secret.strip()) >= SHORTEST)
    return tuple(sorted(worthwhile, key=lambda form: (-len(form), form)))


def redact(text: str, hidden: Iterable[str]) -> str:
    """``text`` with ``***`` in place of each of ``hidden``, which are ``forms`` of secrets, the longest first."""
    for form in hidden:
        text = text.replace(form, "***")
    return text
