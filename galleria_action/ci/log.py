"""One stream of lines for everything a run says, so that the order is kept."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TextIO


class Log:
    """Writes whole lines to ``stream`` at once, from any thread, and flushes each."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def write(self, line: str) -> None:
        """Write ``line``. Characters that the stream's encoding lacks are escaped instead of ending the run."""
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        printable = line.encode(encoding, "backslashreplace").decode(encoding)
        with self._lock, suppress(OSError):
            # nobody reads any more (`| head`), or the disk is full; that must not stop a deploy half way
            self._stream.write(f"{printable}\n")
            self._stream.flush()
