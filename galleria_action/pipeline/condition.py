"""The words behind ``if``: a tiny closed language, read here and nowhere evaluated as code.

success(), failure(), always(), environment == 'x', environment != 'x'; joined by && and ||, negated by !, grouped by
parentheses.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from galleria_action.values import dataclass

#: longer than anybody writes
_LONGEST, _DEEPEST = 500, 10
_TOKEN = re.compile(r"\s*(?:(success|failure|always)\(\)|(environment)\b|'([^']*)'|(==|!=|&&|\|\||[!()]))")


class ConditionError(ValueError):
    """It is not a condition; the text says why."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a condition can ask: whether anything before has ``failed``, and which ``environment`` it is."""

    failed: bool
    environment: str


_Test = Callable[[Facts], bool]


def holds(text: str, facts: Facts) -> bool:
    """Whether the condition ``text`` holds. Raises ``ConditionError``."""
    return compiled(text)(facts)


def waits_for_failure(text: str) -> bool:
    """Whether the condition can hold although something before has failed."""
    return any(word in text for word in ("failure()", "always()"))


def compiled(text: str) -> _Test:
    """The condition ``text`` as a function. Raises ``ConditionError`` with what is wrong."""
    tokens = _tokens(text)
    test = _either(tokens, 0)
    if tokens:
        raise ConditionError(f"{tokens[0]!r} is not expected")
    return test


def _tokens(text: str) -> list[str]:
    if len(text) > _LONGEST:
        raise ConditionError(f"it has more than {_LONGEST} characters")
    found, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise ConditionError(
                f"{text[at:].strip()[:40]!r} is none of success(), failure(), always(), environment == '…', &&, || or !"
            )
        found.append(match.group(0).strip())
        at = match.end()
    return found


def _either(tokens: list[str], depth: int) -> _Test:
    tests = [_all(tokens, depth)]
    while tokens[:1] == ["||"]:
        tokens.pop(0)
        tests.append(_all(tokens, depth))
    return lambda facts: any(test(facts) for test in tests)


def _all(tokens: list[str], depth: int) -> _Test:
    tests = [_one(tokens, depth)]
    while tokens[:1] == ["&&"]:
        tokens.pop(0)
        tests.append(_one(tokens, depth))
    return lambda facts: all(test(facts) for test in tests)


def _one(tokens: list[str], depth: int) -> _Test:
    if not tokens or depth > _DEEPEST:
        raise ConditionError("it ends too early" if depth <= _DEEPEST else "it is nested too deep")
    token = tokens.pop(0)
    if token == "!":
        inner = _one(tokens, depth + 1)
        return lambda facts: not inner(facts)
    if token == "(":
        inner = _either(tokens, depth + 1)
        if tokens[:1] != [")"]:
            raise ConditionError("a parenthesis is not closed")
        tokens.pop(0)
        return inner
    if token == "environment":
        return _environment(tokens)
    tests: dict[str, _Test] = {
        "success()": lambda facts: not facts.failed,
        "failure()": lambda facts: facts.failed,
        "always()": lambda facts: True,
    }
    if token not in tests:
        raise ConditionError(f"{token!r} is not expected")
    return tests[token]


def _environment(tokens: list[str]) -> _Test:
    if len(tokens) < 2 or tokens[0] not in ("==", "!=") or not tokens[1].startswith("'"):
        raise ConditionError("environment is compared with a name: environment == 'production'")
    same, name = tokens.pop(0) == "==", tokens.pop(0).strip("'")
    return lambda facts: (facts.environment == name) is same
