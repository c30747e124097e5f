"""The vocabulary of what goes wrong."""

from __future__ import annotations

from typing import Literal

from galleria_action.errors import StorageUnavailable
from galleria_action.storage.interface import Target
from galleria_action.values import dataclass

Operation = Literal["get", "head", "list", "put", "copy", "delete", "get cors", "put cors"]
FaultKind = Literal[
    "answer", "refused", "dns", "tls", "proxy", "timeout", "cut", "malformed", "too long", "disk", "credentials",
    "other",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a store, as texts name it; ``size`` is that of the body it sends."""

    operation: Operation
    target: Target
    key: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a call failed. ``kind`` ``"answer"`` is a refusal by the server, with its HTTP ``status`` (``None`` when
    the library hides it) and S3 error ``code``; all others happened on the way. ``region`` is the bucket's true
    region where the server gave it away, ``location`` where it sends us, ``page`` that it answers with something that
    is not S3's; ``late_signature`` that it was too old when it arrived, though the clock is right."""

    kind: FaultKind
    status: int | None = None
    code: str = ""
    message: str = ""
    region: str = ""
    retry_after: float | None = None
    page: bool = False
    location: str = ""
    late_signature: bool = False


class Passing(StorageUnavailable):
    """A fault that may be gone when the same is asked again.

    ``likely`` says that it usually is; ``overload`` that the service wants less, and ``retry_after`` when, in seconds;
    ``late`` that it took too long.
    """

    likely = True
    overload = False
    late = False
    retry_after: float | None = None


class LargerThanAsked(StorageUnavailable):
    """An object of more bytes than were expected of it."""


#: where the status alone says that the answer sends us elsewhere
REDIRECTS = frozenset((301, 302, 303, 307, 308))
