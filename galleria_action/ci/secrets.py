"""The forms in which a secret may turn up, and a way to black them out."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus, unquote

from galleria_action.expressions import expression

#: Shorter strings occur everywhere by chance; blacking them out would ruin logs and hide nothing.
SHORTEST = 6


#: what stands before the host of an address: a name and a password, or a token alone
_BEFORE_HOST = expression(r"(?m)(?:^|://)(?:[^\s/:@]*:([^\s/]+)|(?<=://)([^\s/:@]+))@")
_ESCAPED = expression(r"%[0-9A-F]{2}")


def forms(secret: str) -> tuple[str, ...]:
    """Every line of ``secret``, and what becomes of it in an address, in base64, in JSON and in XML or HTML; the
    longest first, none shorter than 6."""
    raw = secret.encode("utf-8", "surrogateescape")
    quoted = {quote(raw, safe=""), quote(raw), quote_plus(raw)}
    lines = {line.strip() for line in re.split(r"[\r\n]+", secret)}
    encoded = {
        *quoted, *(_ESCAPED.sub(lambda found: found[0].lower(), text) for text in quoted),
        base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode(),
        *(form for text in (secret, *lines) for form in _in_json(text)),
        *(form for line in lines for form in _in_markup(line)),
    }  # fmt: skip
    worthwhile = (form for form in lines | encoded if len(form) >= SHORTEST and len(secret.strip()) >= SHORTEST)
    return tuple(sorted(worthwhile, key=lambda form: (-len(form), form)))


def _in_json(text: str) -> Iterator[str]:
    """As a text in JSON, which may escape slashes and all that is not ASCII."""
    for only_ascii in (False, True):
        body = json.dumps(text, ensure_ascii=only_ascii)[1:-1]
        yield from (body, body.replace("/", "\\/"))


def _in_markup(text: str) -> Iterator[str]:
    """As a text in XML or HTML, where quotes may be escaped."""
    body = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    yield from (body, body.replace('"', "&quot;"), body.replace('"', "&quot;").replace("'", "&#x27;"))


def in_addresses(texts: Iterable[str]) -> Iterator[str]:
    """What ``texts`` hold of passwords and tokens before the host of an address, as written and as meant: nobody gave
    them as secrets, and whoever refuses the address repeats it."""
    for text in texts:
        for found in _BEFORE_HOST.finditer(text):
            password = found[1] or found[2]
            yield password
            yield unquote(password)


def of_proxies(environ: Mapping[str, str]) -> Iterator[str]:
    """The passwords of the proxies that ``environ`` names."""
    return in_addresses(value for name, value in environ.items() if name.lower().endswith("_proxy"))


def redact(text: str, hidden: Iterable[str]) -> str:
    """``text`` with ``***`` in place of each of ``hidden``, which are ``forms`` of secrets, the longest first."""
    for form in hidden:
        text = text.replace(form, "***")
    return text
