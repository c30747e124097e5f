"""The credentials that requests are signed with: explicit ones, or those of AWS's own chain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from galleria_action.errors import CredentialsError
from galleria_action.storage.settings import StoreSettings
from galleria_action.storage.words import clean
from galleria_action.values import dataclass, field


@dataclass(frozen=True, slots=True)
class Keys:
    """What a request is signed with."""

    access: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, access: str | None, secret: str | None, token: str | None) -> Keys:
        """Keys without the line ends that secrets are often stored with.

        Raises ``CredentialsError`` for what cannot be a key: it would end up in a header.
        """
        given = {"access key": access or "", "secret key": secret or "", "session token": token or ""}
        trimmed = {name: value.strip() for name, value in given.items()}
        for name, value in trimmed.items():
            if not all("!" <= char <= "~" for char in value):
                raise CredentialsError(
                    f"The {name} holds characters that none of its kind has: a space, a line end or a letter that is "
                    "not ASCII.",
                    hint="Copy it again from where it was made.",
                )
        return cls(trimmed["access key"], trimmed["secret key"], trimmed["session token"] or None)


def static_keys(settings: StoreSettings) -> Callable[[], Keys]:
    """The explicit keys of ``settings``. Raises ``CredentialsError`` for what cannot be keys."""
    keys = Keys.of(settings.access_key, settings.secret_key, settings.session_token)
    return lambda: keys


class ChainKeys:
    """AWS's own chain through botocore, which refreshes what expires.

    Raises ``CredentialsError`` when it offers nothing, and later when a refresh fails.
    """

    def __init__(self, session: Any) -> None:
        from galleria_action.storage.faults.botocore import botocore_failures
        from galleria_action.storage.s3.client import find_credentials

        self._found = find_credentials(session)
        self._failures: tuple[type[Exception], ...] = (*botocore_failures(), OSError)

    def __call__(self) -> Keys:
        try:
            frozen = self._found.get_frozen_credentials()
        except self._failures as error:
            raise CredentialsError(
                f"The AWS credentials could not be refreshed: {clean(str(error))}",
                hint="Sign in again (with OIDC: raise role-duration-seconds).",
            ) from error
        return Keys.of(frozen.access_key, frozen.secret_key, frozen.token)
