"""Whom TLS connections trust: decided here, for every client alike."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from galleria_action.errors import ConfigInvalid
from galleria_action.values import dataclass

if TYPE_CHECKING:
    import ssl

#: in this order: the one of AWS's tools, OpenSSL's own, the one of Python's usual libraries
_FILES = ("AWS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@dataclass(frozen=True, slots=True)
class Authorities:
    """The certificate authorities of a machine: ``file`` (PEM, named by ``variable``) or ``folder`` (as OpenSSL has
    it) instead of those that the system comes with."""

    file: str | None = None
    folder: str | None = None
    variable: str = ""

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Authorities:
        """What the variables in ``environ`` say. Nothing is read before a connection needs it."""
        for name in _FILES:
            if path := environ.get(name):
                return cls(folder=path, variable=name) if Path(path).is_dir() else cls(file=path, variable=name)
        folder = environ.get("SSL_CERT_DIR")
        return cls(folder=folder, variable="SSL_CERT_DIR") if folder else cls()

    def context(self) -> ssl.SSLContext:
        """A new context that checks certificates and names. Raises ``ConfigInvalid`` where the file is not usable."""
        import ssl  # only here: half of all runs reach nobody by TLS
        from importlib import resources

        try:
            context = ssl.create_default_context(cafile=self.file, capath=self.folder)
        except (OSError, ValueError) as error:
            raise ConfigInvalid(
                f"{self.variable} names {self.file or self.folder!r}, which cannot be used: {_why(error)}.",
                hint="It should be a file of certificates in PEM format, readable here (in a container: inside of it).",
            ) from error
        if not self.variable and _system_has_none():
            context.load_verify_locations(cadata=resources.files("botocore").joinpath("cacert.pem").read_text("ascii"))
        return context


def _system_has_none() -> bool:
    """Slim images have no certificates at all; then those that come with botocore (Mozilla's) have to do."""
    import ssl

    paths = ssl.get_default_verify_paths()
    folder = Path(paths.capath) if paths.capath else None
    return paths.cafile is None and not (folder and any(folder.iterdir()))


def _why(error: Exception) -> str:
    import ssl

    if isinstance(error, ssl.SSLError) or not isinstance(error, OSError):
        return "there is no certificate in it"
    return (error.strerror or "it cannot be read").lower()
