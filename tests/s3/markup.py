"""The little XML that S3 speaks."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import quote
from xml.sax.saxutils import escape


def xml(text: str) -> str:
    """``text`` for an element. Control characters stay character references, which XML 1.0 parsers refuse, as on S3."""
    escaped = escape(text, {'"': "&quot;", "\r": "&#13;"})
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", lambda match: f"&#x{ord(match[0]):x};", escaped)


def url(text: str) -> str:
    """``text`` as ``encoding-type=url`` gives it."""
    return quote(text, safe="/-_.*").replace("%20", "+")


def element(text: str, name: str) -> str:
    """The content of the first element ``name`` in ``text``, or nothing."""
    match = re.search(rf"<{name}>(.*?)</{name}>", text, re.DOTALL)
    return unescape(match[1]) if match else ""
