"""Every upload is signed with the SHA-256 of its bytes. A service that looks at it takes no others, so that a success
proves what has arrived; but several services never look, so that is proved, too, and not assumed.

Something small goes out under a hash that is not its own, beside what a run sends first, and nobody waits for it. Only
the refusal that is documented for that says that hashes are checked (docs.aws.amazon.com/AmazonS3/latest/API:
XAmzContentSHA256Mismatch; other services say BadDigest). Whatever else happens says nothing, and uploads are proved as
they are where nothing is known.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from galleria_action.errors import GalleriaError
from galleria_action.storage.conditions import PROBE
from galleria_action.storage.s3.server import LINE_FAILURES, BucketServer, Refused

#: a run that sends less has hashed it (MD5, for the ETag) in the time that a request takes: 20 ms for each 12 MB
WORTH_A_REQUEST_BYTES = 32 << 20
_BODY = b"what was sent"
_OTHER_HASH = hashlib.sha256(b"what was signed").hexdigest()
_MISMATCH = frozenset(("XAmzContentSHA256Mismatch", "BadDigest"))


class HashProbe:
    """What becomes of an upload to ``server`` whose hash is not true. ``headers`` go with each of our records there,
    which lie under ``prefix``; ``delete`` deletes keys below it.
    """

    def __init__(
        self,
        server: BucketServer,
        prefix: str,
        headers: Mapping[str, str],
        delete: Callable[[Iterable[str]], object],
    ) -> None:
        self._server, self._prefix, self._headers, self._delete = server, prefix, headers, delete
        self._lock = threading.Lock()
        self._sent = False
        #: whether such an upload is known to be refused
        self.refused = False

    def send(self, size: int) -> None:
        """Begin to find out, once, where ``size`` bytes of photos make that worth a request. Never fails."""
        with self._lock:
            if self._sent or size < WORTH_A_REQUEST_BYTES:
                return
            self._sent = True
        threading.Thread(target=self._send, name="probe").start()

    def _send(self) -> None:
        key = PROBE + os.urandom(16).hex()
        with suppress(*LINE_FAILURES, GalleriaError):
            self.refused = self._is_refused(key)
        if not self.refused:
            with suppress(GalleriaError):  # it stays behind then, small and out of sight
                self._delete([key])

    def _is_refused(self, key: str) -> bool:
        headers = {"content-type": "text/plain", "cache-control": "no-store", **self._headers}
        try:
            self._server.ask("PUT", self._prefix + key, headers=headers, body=_BODY, digest=_OTHER_HASH)
        except Refused as refused:
            return refused.fault.status == 400 and refused.fault.code in _MISMATCH
        return False
