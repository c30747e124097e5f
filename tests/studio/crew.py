"""A process of the pool that does as it is told, to see what becomes of those that do not behave."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from galleria_action.studio.pool import serve


def obey(work: Any) -> dict[str, Any]:
    match work["do"]:
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "leave":
            os._exit(3)
        case "hang":
            time.sleep(600)
        case "raise":
            raise KeyError("a defect")
        case "print":
            print("noise of a library")
        case "flood":
            return {"flood": "x" * (20 << 20)}
    return {"number": work["number"], "process": os.getpid(), "group": os.getpgrp()}


if __name__ == "__main__":
    serve(obey)
