"""One stream of lines for everything a run says, so that the order is kept."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import TextIO

_BEGINNING_OF_LINE, _CLEAR = "\r", "\x1b[K"
#: what a bar is drawn with where the terminal knows no better
_PLAINER = str.maketrans("━╌", "=-")


class Log:
    """Writes whole lines to ``stream`` at once, from any thread, and flushes each.

    On a terminal that can redraw lines a status stands below the last of them: lines are written above it.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._status = ""

    def write(self, line: str) -> None:
        """Write ``line``. Characters that the stream's encoding lacks are escaped instead of ending the run."""
        with self._lock:
            if self._status:
                self._send(f"{_BEGINNING_OF_LINE}{_CLEAR}{line}\n{self._status}")
            else:
                self._send(f"{line}\n")

    def show(self, status: str) -> None:
        """Let ``status`` stand below the lines, in place of the one before; nothing when it is empty."""
        with self._lock:
            if status != self._status:
                self._status = status if self._can_show(status) else status.translate(_PLAINER)
                self._send(f"{_BEGINNING_OF_LINE}{_CLEAR}{self._status}")

    @property
    def columns(self) -> int:
        """How many characters fit into a line of the terminal."""
        with suppress(OSError, ValueError, AttributeError):
            return os.get_terminal_size(self._stream.fileno()).columns
        return 80

    @property
    def _encoding(self) -> str:
        return getattr(self._stream, "encoding", None) or "utf-8"

    def _can_show(self, text: str) -> bool:
        return text.encode(self._encoding, "replace").decode(self._encoding) == text

    def _send(self, text: str) -> None:
        printable = text.encode(self._encoding, "backslashreplace").decode(self._encoding)
        with suppress(OSError, ValueError):
            # nobody reads any more (`| head`), or the disk is full; that must not stop a deploy half way
            self._stream.write(printable)
            self._stream.flush()
