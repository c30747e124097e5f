"""Is an answer what was deployed? Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto
from hashlib import sha256

from galleria_action.edge.probe.expected import Expected
from galleria_action.net.encoding import Encoded, TooLong, decoded
from galleria_action.net.http import Answer
from galleria_action.values import dataclass

#: what caches say of themselves
_CACHES = ("age", "x-cache", "x-cache-status", "cf-cache-status", "cdn-cache", "x-vercel-cache")
_AGE = re.compile(r"(?:s-maxage|max-age)\s*=\s*\"?([0-9]{1,10})")


class Grade(Enum):
    """How bad it is: visitors do not get what was deployed, which an earlier release might mend (``WRONG``); something
    is wrong that no release mends (``AROUND``); or it is worth knowing (``ODD``)."""

    WRONG = auto()
    AROUND = auto()
    ODD = auto()


@dataclass(frozen=True, slots=True)
class Remark:
    """What is to be said of one address (empty: of the host)."""

    key: str
    grade: Grade
    text: str

    def __str__(self) -> str:
        return f"{self.key}: {self.text}" if self.key else self.text


def judged(expected: Expected, answer: Answer) -> Iterator[Remark]:
    """What is wrong with ``answer``, which may be anybody's."""

    def remark(grade: Grade, text: str) -> Remark:
        return Remark(expected.key, grade, f"{text}{told_by_caches(answer)}")

    if expected.gone:
        if answer.status == 200 and sha256(answer.body).hexdigest() == expected.sha256:
            yield remark(Grade.WRONG, "is served still, though it was deleted")
        return
    if answer.status != 200:
        yield remark(Grade.WRONG, f"is answered with {answer.status}")
        return
    body = _plain(expected, answer)
    if body is None or sha256(body).hexdigest() != expected.sha256:
        known = expected.size not in (None, len(answer.body))
        sizes = f" ({len(answer.body):,} bytes, not {expected.size:,})" if known else ""
        yield remark(Grade.WRONG, f"has other bytes than deployed{sizes}")
        return
    found = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if found != expected.media_type:
        grade = Grade.WRONG if expected.headers else Grade.ODD
        yield remark(grade, f"is served as {_shown(found) or 'nothing'}, not as {expected.media_type}")
    control = answer.headers.get("cache-control", "")
    if expected.must_be_fresh and _may_be_kept(control):
        yield remark(Grade.AROUND, f"may be kept by browsers, unlike deployed (Cache-Control: {_shown(control)})")
    elif expected.headers and expected.headers.cache_control and control != expected.headers.cache_control:
        yield remark(Grade.ODD, f"has another Cache-Control than deployed: {_shown(control) or 'none'}")


def judged_by_others(expected: Expected, answer: Answer, grade: Grade) -> Iterator[Remark]:
    """Whether pages of other sites may read ``answer``, which was asked for with an ``Origin``."""
    if answer.status == 200 and not answer.headers.get("access-control-allow-origin"):
        yield Remark(expected.key, grade, "may not be read by other sites: there is no Access-Control-Allow-Origin")


def told_by_caches(answer: Answer) -> str:
    """What caches on the way say, in brackets."""
    told = [f"{name.title()}: {_shown(answer.headers[name])}" for name in _CACHES if answer.headers.get(name)]
    return f" ({', '.join(told)})" if told else ""


def _plain(expected: Expected, answer: Answer) -> bytes | None:
    """The body as it was deployed: some caches compress what nobody asked them to."""
    coding = answer.headers.get("content-encoding", "")
    stored = expected.headers.content_encoding if expected.headers else None
    if not coding or coding == stored or sha256(answer.body).hexdigest() == expected.sha256:
        return answer.body
    try:
        return decoded(answer.body, coding, expected.size if expected.size is not None else 1 << 25)
    except (Encoded, TooLong):
        return None


def _may_be_kept(control: str) -> bool:
    if "no-store" in control or "no-cache" in control:
        return False
    ages = [int(age) for age in _AGE.findall(control)]
    return any(ages)


def _shown(text: str) -> str:
    return "".join(char if " " <= char <= "~" else "?" for char in text[:80])
