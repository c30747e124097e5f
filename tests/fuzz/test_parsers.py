"""A short, repeatable part of the fuzzing, and growth: no parser breaks, or takes more than its share of time."""

from __future__ import annotations

import contextlib
import random
import time

import pytest

from tests.fuzz.bytes import mutated
from tests.fuzz.parsers import PARSERS, Parser
from tests.gallery.growth import grows_linearly

_INPUTS = 150
#: of the processor, for any of these small inputs
_LONGEST_SECONDS = 2.0
_GROWTH = [(name, what) for name, parser in PARSERS.items() for what in parser.grow]


@pytest.mark.parametrize("parser", PARSERS.values(), ids=PARSERS.keys())
def test_what_is_right_is_read(parser: Parser) -> None:
    for seed in parser.seeds:
        parser.read(seed)


@pytest.mark.parametrize("name", PARSERS)
def test_no_parser_breaks_or_lingers(name: str) -> None:
    parser, chance = PARSERS[name], random.Random(name)
    for _ in range(_INPUTS):
        body, began = mutated(parser.seeds, chance), time.process_time()
        with contextlib.suppress(*parser.refuses):
            parser.read(body)
        assert time.process_time() - began < _LONGEST_SECONDS, body[:200]


@pytest.mark.parametrize(("name", "what"), _GROWTH)
def test_time_grows_no_faster_than_the_input(name: str, what: str) -> None:
    parser = PARSERS[name]

    def work(body: bytes) -> None:
        with contextlib.suppress(*parser.refuses):
            parser.read(body)

    grows_linearly(work, parser.grow[what], parser.most // 4, parser.per_megabyte)
