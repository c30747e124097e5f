"""The front door of the storage side: what the Python API has here, imported when it is asked for.

Nothing inside the project comes in this way: the modules below import each other by their own names.
"""

from __future__ import annotations

from typing import Any

_CLIENT = ("get_s3_client", "file_exists_in_s3", "calculate_file_checksum", "list_bucket_files")
_CORS = (
    "get_bucket_cors",
    "configure_bucket_cors",
    "get_default_gallery_cors_rules",
    "cors_rules_match",
    "examine_bucket_cors",
)
#: of the top floor: Galleria's users look for them here
_HANDED_THROUGH = ("upload_file_to_s3", "upload_directory_to_s3", "modify_exif_in_memory")

__all__ = ("open_store", *_CLIENT, *_CORS, *_HANDED_THROUGH)  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    home: Any
    if name == "open_store":
        from galleria_action.storage import opening as home
    elif name in _CLIENT:
        from galleria_action.storage import api as home
    elif name in _CORS:
        from galleria_action.storage.s3 import cors as home
    elif name in _HANDED_THROUGH:
        from galleria_action import api as home
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(home, name)
