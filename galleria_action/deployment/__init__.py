"""What happens between the gallery on disk and the storage. The public functions come from ``galleria_action.api``."""

from __future__ import annotations

from typing import Any

_PUBLIC = frozenset({
    "deploy_directory_to_s3",
    "deploy_gallery_metadata",
    "download_remote_metadata",
    "generate_deployment_plan",
    "verify_s3_state",
})  # fmt: skip

__all__ = sorted(_PUBLIC)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    """The public names, imported when they are asked for: the commands do without them."""
    if name in _PUBLIC:
        from galleria_action import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
