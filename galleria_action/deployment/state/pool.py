"""Bytes on their way in, and bytes that may have to come back: objects of the state under their SHA-256.

What would replace a live object waits here until everything is there; what is about to be replaced is kept here until
nobody needs it any more. An object is found again by whoever brings the same bytes.
"""

from __future__ import annotations

import hashlib
import re

from galleria_action.storage.interface import RECORDS, Headers

POOL_FOLDER = f"{RECORDS}pool/"
#: what lies in the pool is for nobody's cache
POOL_HEADERS = Headers("application/octet-stream", "no-store")

_is_pool_key = re.compile(rf"{re.escape(POOL_FOLDER)}(?:unproven-)?[0-9a-f]{{64}}").fullmatch


def is_pool_key(key: object) -> bool:
    """Whether ``key`` is that of an object in the pool: a record may say anything."""
    return isinstance(key, str) and _is_pool_key(key) is not None


def pool_key(sha256: str) -> str:
    """Where the bytes with this SHA-256 (hex) lie."""
    return f"{POOL_FOLDER}{sha256}"


def unproven_key(key: str, etag: str) -> str:
    """Where bytes are kept of which only the place and the ETag are known."""
    return f"{POOL_FOLDER}unproven-{hashlib.sha256(f'{etag} {key}'.encode('utf-8', 'surrogatepass')).hexdigest()}"
