"""Our errors as the one that users of boto3 catch, for the functions that take their client."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from botocore.exceptions import ClientError

from galleria_action.errors import GalleriaError

P = ParamSpec("P")
T = TypeVar("T")


def raising_client_errors(function: Callable[P, T]) -> Callable[P, T]:
    """``function``, raising ``botocore.exceptions.ClientError`` for the storage's errors, with the code of the service
    and our words for it; our own error is its ``__cause__``."""

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except GalleriaError as error:
            raise client_error(error) from error

    return wrapped


def client_error(error: GalleriaError) -> ClientError:
    """``error`` as boto3 would tell it. Where no answer of the service lies behind it, its code is our reason."""
    told, operation = _behind(error)
    said = {"Code": error.reason, **told.get("Error", {}), "Message": f"{error.message} {error.hint or ''}".strip()}
    return ClientError(cast(Any, {**told, "Error": said}), operation)


def _behind(error: BaseException | None) -> tuple[dict[str, Any], str]:
    """The service's answer that led to ``error``, and what was asked."""
    while error is not None:
        if isinstance(error, ClientError):
            return dict(error.response), str(error.operation_name)
        error = error.__cause__
    return {}, "request"
