"""As what a file is delivered to browsers: its media type, and the encoding that it already has on disk."""

from __future__ import annotations

import re

from galleria_action.expressions import expression
from galleria_action.gallery.media import media_type
from galleria_action.values import dataclass

#: so many first bytes of a file tell whether it is a page
BEGINNING = 512
_UNKNOWN = "application/octet-stream"
_PAGE = "text/html; charset=utf-8"

#: extensions of files that are stored as they are sent, compressed → Content-Encoding
_ENCODINGS = {"gz": "gzip", "br": "br", "zst": "zstd"}
#: What browsers load as part of a page. Of anything else the compressed file is what somebody wants to have: who
#: downloads ``backup.tar.gz`` expects one.
_PARTS_OF_PAGES = frozenset({
    "cjs", "css", "data", "glb", "gltf", "htm", "html", "js", "json", "map", "mem", "mjs", "svg", "wasm", "webmanifest",
    "xml",
})  # fmt: skip
#: Names that others than browsers ask for, and whose type they insist on (RFC 8615's registry; Apple: "Supporting
#: associated domains").
_NAMES = {
    "apple-app-site-association": "application/json",
    "assetlinks.json": "application/json",
    "change-password": _PAGE,
    "host-meta": "application/xrd+xml",
    "jwks": "application/json",
    "matrix/client": "application/json",
    "matrix/server": "application/json",
    "nodeinfo": "application/json",
    "oauth-authorization-server": "application/json",
    "openid-configuration": "application/json",
    "openid-credential-issuer": "application/json",
    "webfinger": "application/jrd+json",
}
#: atomic, so that nothing is tried in two ways
_LOOKS_LIKE_A_PAGE = expression(
    rb"(?:\xef\xbb\xbf)?(?>(?:\s++|(?><!--.*?-->))*)<(?:!doctype\s++html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class WebType:
    """``content_type`` and ``encoding`` are headers; no encoding is ``None``."""

    content_type: str
    encoding: str | None = None


def web_type(key: str, beginning: bytes = b"") -> WebType:
    """As what ``key`` is delivered. ``beginning`` are the first bytes of the file, needed where ``needs_a_look``."""
    name = key.rpartition("/")[2]
    inner, _, extension = name.rpartition(".")
    if extension.lower() == "svgz" and inner:
        return WebType(media_type("x.svg"), "gzip")
    encoding = _ENCODINGS.get(extension.lower())
    if encoding and "." in inner and inner.rpartition(".")[2].lower() in _PARTS_OF_PAGES:
        return WebType(media_type(inner), encoding)
    if known := _of_its_name(key):
        return WebType(known)
    kind = media_type(key)
    return WebType(_PAGE if kind == _UNKNOWN and _LOOKS_LIKE_A_PAGE.match(beginning) else kind)


def needs_a_look(key: str) -> bool:
    """Whether only the content of ``key`` tells what it is: pages may have no extension (``/about``)."""
    return "." not in key.rpartition("/")[2].lstrip(".") and _of_its_name(key) is None


def _of_its_name(key: str) -> str | None:
    """The type that goes with a well-known name, at the place where it counts."""
    if "/" not in key:
        return _NAMES.get(key) if key == "apple-app-site-association" else None
    folder, found, rest = f"/{key}".rpartition("/.well-known/")
    return _NAMES.get(rest) if found and not folder else None
