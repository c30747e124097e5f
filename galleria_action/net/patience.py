"""How long an answer may take and be, whoever reads it."""

from __future__ import annotations

#: slower than this is nobody's line, but a server that holds us up
SLOWEST_BYTES_PER_SECOND = 1024
#: of status lines and headers, those of any number of interim answers included
LONGEST_HEAD = 1 << 20
