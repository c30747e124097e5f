"""Which proxy a request goes through: decided here, by the usual variables, for every client alike.

``HTTP_PROXY``, ``HTTPS_PROXY``, and ``ALL_PROXY`` for both; ``NO_PROXY`` names who is reached without one. Either case
counts, lower case first. There is no standard; this is what curl does (curl.se/docs/manpage.html, "ENVIRONMENT"), with
what others understand besides: ``HTTP_PROXY`` in upper case, ports and networks in ``NO_PROXY``.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network
from urllib.parse import unquote, urlsplit

from galleria_action.errors import ConfigInvalid
from galleria_action.values import dataclass, field

_PORTS = {"http": 80, "https": 443}


class ProxyRefused(OSError):
    """The proxy makes no connection; the text is what it said."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that is spoken to over ``scheme`` (``http`` or ``https``). ``authorization`` is the value of a
    Proxy-Authorization header, where the proxy wants a password."""

    scheme: str
    host: str
    port: int
    authorization: str | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """The proxy without its password."""
        return f"{self.scheme}://{_bracketed(self.host)}:{self.port}"


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies of a machine: a URL for each scheme, with the variable that named it, and who is exempt."""

    http: tuple[str, str] | None = field(default=None, repr=False)
    https: tuple[str, str] | None = field(default=None, repr=False)
    exempt: tuple[str, ...] = ()

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Proxies:
        """What the variables in ``environ`` say. Nothing is checked before a request needs it."""

        def first(*names: str) -> tuple[str, str] | None:
            given = ((spelt, environ.get(spelt, "").strip()) for name in names for spelt in (name, name.upper()))
            return next(((name, url) for name, url in given if url), None)

        # In a CGI program HTTP_PROXY may be the header "Proxy" of a visitor (httpoxy, CVE-2016-5385).
        cgi = "REQUEST_METHOD" in environ
        named = first("no_proxy")
        return cls(
            http=first("all_proxy") if cgi else first("http_proxy", "all_proxy"),
            https=first("https_proxy", "all_proxy"),
            exempt=tuple(_entries(named[1])) if named else (),
        )

    def for_url(self, url: str) -> Proxy | None:
        """The proxy for a request to ``url``, ``None`` for the direct way.

        Raises ``ConfigInvalid`` where the variable holds what is not a proxy that can be used.
        """
        parts = urlsplit(url)
        given = self.https if parts.scheme == "https" else self.http
        host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
        if given is None or any(_names(entry, host, port) for entry in self.exempt):
            return None
        return _parsed(*given)

    def given_for(self, url: str) -> str | None:
        """The same as a URL with its password, for libraries that want one. Raises as ``for_url``."""
        if self.for_url(url) is None:
            return None
        text = (self.https if url.startswith("https") else self.http or ("", ""))[1]  # type: ignore[index]
        return text if "://" in text else f"http://{text}"


def _entries(text: str) -> Iterator[str]:
    return (entry.lower() for entry in re.split(r"[\s,]+", text) if entry)


def _names(entry: str, host: str, port: int) -> bool:
    """Whether an entry of NO_PROXY names ``host``: ``*``, a name (and all below it), an address, a network; a port
    narrows it."""
    if entry == "*":
        return True
    with_port = re.fullmatch(r"(\[[^\]]*\]|[^:]*):([0-9]{1,5})", entry)
    if with_port and int(with_port[2]) != port:
        return False
    name = (with_port[1] if with_port else entry).strip("[]")
    try:
        return ip_address(host) in ip_network(name, strict=False)
    except ValueError:
        name = name.removeprefix("*").removeprefix(".")
        return bool(name) and (host == name or host.endswith(f".{name}"))


def _parsed(variable: str, url: str) -> Proxy:
    """The proxy at ``url``, whose password no text repeats."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not re.fullmatch(r"[A-Za-z0-9._:-]+", host):
        raise ConfigInvalid(f"{variable} is not the address of a proxy.", hint="It should look like http://host:3128.")
    if parts.scheme not in _PORTS:
        raise ConfigInvalid(
            f"{variable} names a proxy that is reached by {parts.scheme}://, which is not supported.",
            hint="Name an HTTP proxy (http://host:3128), or put the storage's host into NO_PROXY.",
        )
    authorization = None
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return Proxy(parts.scheme, host, port or _PORTS[parts.scheme], authorization)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
