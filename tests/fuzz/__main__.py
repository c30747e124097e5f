"""Fuzzing by hand: `python -m tests.fuzz --minutes 10 [--only WORD] [--seed N]`.

Every parser gets its turn, a few hundred inputs at a time. What breaks one, takes more than five seconds per megabyte
or hangs is told, and written to the folder `--found`. Exits with 1 when there was any.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import signal
import sys
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from tests.fuzz.bytes import mutated
from tests.fuzz.parsers import PARSERS, Parser

_TURN = 200
_HANGS_SECONDS = 30
#: of the processor: five seconds per megabyte, and what the clock itself makes of little
_SLOW_PER_BYTE, _SLOW_AT_LEAST = 5e-6, 0.5


@dataclass
class Count:
    """What became of the inputs of one parser. ``slowest`` in seconds of the processor; ``broken`` by what broke."""

    inputs: int = 0
    read: int = 0
    slowest: float = 0.0
    broken: dict[str, bytes] = field(default_factory=dict)


class _Hangs(BaseException):
    pass


def _on_alarm(number: int, frame: FrameType | None) -> None:
    raise _Hangs


def feed(parser: Parser, body: bytes, count: Count) -> None:
    """Have ``parser`` read ``body``, and count what becomes of it."""
    count.inputs += 1
    began = time.process_time()
    signal.alarm(_HANGS_SECONDS)
    try:
        parser.read(body)
        count.read += 1
    except parser.refuses:
        pass
    except _Hangs:
        count.broken.setdefault("hangs", body)
    except BaseException as defect:  # noqa: BLE001 - whatever it is, it is what we look for
        where = traceback.extract_tb(defect.__traceback__)[-1]
        count.broken.setdefault(f"{type(defect).__name__} in {where.name} ({where.lineno})", body)
    finally:
        signal.alarm(0)
    took = time.process_time() - began
    count.slowest = max(count.slowest, took)
    if took > _SLOW_AT_LEAST + _SLOW_PER_BYTE * len(body):
        count.broken.setdefault("slow", body)


def main() -> int:
    """Fuzz, tell, and return the exit code."""
    options = argparse.ArgumentParser(prog="python -m tests.fuzz")
    options.add_argument("--minutes", type=float, default=10)
    options.add_argument("--only", default="")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--found", type=Path, default=Path("fuzz-found"))
    asked = options.parse_args()
    signal.signal(signal.SIGALRM, _on_alarm)
    parsers = {name: parser for name, parser in PARSERS.items() if asked.only in name}
    counts = {name: Count() for name in parsers}
    chance, end = random.Random(asked.seed), time.monotonic() + 60 * asked.minutes
    while time.monotonic() < end:
        for name, parser in parsers.items():
            for _ in range(_TURN):
                feed(parser, mutated(parser.seeds, chance), counts[name])
    for name, count in counts.items():
        print(f"{name:20} {count.inputs:9,} inputs, {count.read:9,} read, slowest {count.slowest:.3f} s")
        for what, body in count.broken.items():
            asked.found.mkdir(exist_ok=True)
            file = asked.found / hashlib.sha256(body).hexdigest()[:12]
            file.write_bytes(body)
            print(f"{'':20} BROKEN: {what}: {file} ({len(body):,} bytes)")
    print(f"{'all':20} {sum(count.inputs for count in counts.values()):9,} inputs")
    return 1 if any(count.broken for count in counts.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
