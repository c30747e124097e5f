"""Faults on demand, as a short string: one word for each request that matches.

    ok              nothing special
    503  429  404   that status, with the error code that usually comes with it and no effect on the store
    400:BadDigest   that status with another code; ``200:InternalError`` is an error inside of a success
    503:            that status without a body;  ``503@2`` with ``Retry-After: 2``
    drop            the request is lost: the connection is reset before it takes effect
    lost            the response is lost: the request takes effect, then the connection is reset
    cut             the answer breaks off in the middle of its body (without a body: of its headers)
    stall           no answer ever, until the client gives up;  ``stall@2`` no answer for 2 seconds, then the usual one
    trickle@0.1     the answer's body comes as one byte each 0.1 seconds
    empty           200 without body and headers, and no effect
    html            200 with somebody's website, and no effect
    flip            the object is stored with a bit flipped;  ``short``: without its second half

A ``+`` behind ``503``, ``empty``, ``stall`` and the like says that the request takes effect first: ``lost`` is
``drop+``. ``*`` repeats a word for ever, ``*5`` five times. After the last word everything is ``ok``.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import chain, repeat

from tests.s3.wire import Request

_WORD = re.compile(
    r"(?P<kind>\d{3}|ok|drop|lost|cut|stall|trickle|empty|html|flip|short)(?P<code>:[A-Za-z0-9]*)?"
    r"(?:@(?P<seconds>[0-9.]+))?(?P<after>\+)?(?P<times>\*\d*)?"
)


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a script. ``after`` says that the request takes effect before the fault."""

    kind: str = "ok"
    code: str | None = None
    seconds: float | None = None
    after: bool = False


OK = Word()


@dataclass
class Rule:
    """A script for the requests that match: ``operation`` (S3's name, ``"mutating"`` or ``"*"``; several as a tuple),
    ``key`` (a glob for the key within the bucket), ``access_key``. ``left`` words come, ``used`` came."""

    words: Iterator[Word]
    operations: tuple[str, ...] = ("*",)
    key: str = "*"
    access_key: str = "*"
    used: list[tuple[Word, Request]] = field(default_factory=list)

    def matches(self, request: Request) -> bool:
        """Whether the rule has a word for ``request``."""
        named = any(
            name in ("*", request.operation) or (name == "mutating" and request.mutating) for name in self.operations
        )
        return named and fnmatchcase(request.key, self.key) and fnmatchcase(request.access_key, self.access_key)


class Script:
    """All rules; of several that match, the one added last decides."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._lock = threading.Lock()

    def add(self, words: str, operation: str | Iterable[str], key: str, access_key: str) -> Rule:
        """Add a rule and return it."""
        operations = (operation,) if isinstance(operation, str) else tuple(operation)
        rule = Rule(_words(words), operations, key, access_key)
        with self._lock:
            self._rules.append(rule)
        return rule

    def clear(self) -> None:
        """Forget all rules."""
        with self._lock:
            self._rules.clear()

    def once(self, text: str) -> Word:
        """The meaning of a single word."""
        return next(_words(text), OK)

    def word_for(self, request: Request) -> Word:
        """The word for ``request``; it is used up by this."""
        with self._lock:
            for rule in reversed(self._rules):
                if rule.matches(request):
                    word = next(rule.words, OK)
                    rule.used.append((word, request))
                    if word is not OK:
                        return word
        return OK


def _words(text: str) -> Iterator[Word]:
    return chain.from_iterable([_repeated(word) for word in text.split()])


def _repeated(text: str) -> Iterator[Word]:
    match = _WORD.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is no word of a script")
    seconds = float(match["seconds"]) if match["seconds"] else None
    code = match["code"][1:] if match["code"] else None
    if match["kind"] == "ok":
        word = OK
    elif match["kind"] == "lost":
        word = Word("drop", after=True)
    else:
        word = Word(match["kind"], code, seconds, bool(match["after"]))
    times = match["times"]
    return repeat(word) if times == "*" else repeat(word, int(times[1:]) if times else 1)
