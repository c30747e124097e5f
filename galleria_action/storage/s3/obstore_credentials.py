"""The credentials as obstore wants them: a callable that is asked whenever they run out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from galleria_action.errors import CredentialsError
from galleria_action.storage.faults import botocore_failures
from galleria_action.storage.settings import StoreSettings
from galleria_action.storage.words import clean

if TYPE_CHECKING:
    from obstore.store import S3Credential


class StaticCredentials:
    """Explicit keys. Given as a provider, because keys given as settings are mixed with AWS_SESSION_TOKEN."""

    trouble: CredentialsError | None = None

    def __init__(self, settings: StoreSettings):
        self._settings = settings

    def __call__(self) -> S3Credential:
        return {
            "access_key_id": self._settings.access_key or "",
            "secret_access_key": self._settings.secret_key or "",
            "token": self._settings.session_token,
            "expires_at": None,
        }


class ChainCredentials:
    """AWS's own chain through botocore, which refreshes what expires; asked again every few minutes."""

    _ASK_AGAIN = timedelta(minutes=10)

    def __init__(self, settings: StoreSettings):
        from galleria_action.storage.s3.client import find_credentials, make_session

        self.session = make_session(settings)
        self.trouble: CredentialsError | None = None
        self._found = find_credentials(self.session)

    def __call__(self) -> S3Credential:
        failures: tuple[type[Exception], ...] = (*botocore_failures(), OSError)
        try:
            frozen = self._found.get_frozen_credentials()
        except failures as error:
            text = f"The AWS credentials could not be refreshed: {clean(str(error))}"
            self.trouble = CredentialsError(text, hint="Sign in again (with OIDC: raise role-duration-seconds).")
            raise
        self.trouble = None
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": datetime.now(UTC) + self._ASK_AGAIN,
        }
