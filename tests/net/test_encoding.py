"""What comes compressed is unpacked within a bound, or named."""

from __future__ import annotations

import gzip
import time
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.net.encoding import Encoded, TooLong, decoded
from tests.fuzz.bombs import gzip_bomb


@given(st.binary(max_size=2000))
def test_round_trips(body: bytes) -> None:
    assert decoded(body, "", 10) == body
    assert decoded(gzip.compress(body), "gzip", 2000) == body
    assert decoded(gzip.compress(body), "X-GZIP", 2000) == body
    assert decoded(zlib.compress(body), "deflate", 2000) == body
    assert decoded(gzip.compress(gzip.compress(body)), "gzip, gzip", 4000) == body
    assert decoded(gzip.compress(body) + gzip.compress(body), "gzip", 4000) == body * 2
    assert decoded(body, "aws-chunked, identity", 10) == body


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, br", "nonsense"])
def test_unknown_ones_are_named(coding: str) -> None:
    with pytest.raises(Encoded, match=f"Content-Encoding: {coding.split(', ')[-1]}"):
        decoded(b"x", coding, 100)


@pytest.mark.parametrize(
    "body", [b"", b"{}", gzip.compress(b"x" * 99, mtime=0)[:-3], gzip.compress(b"x", mtime=0) + b"trailing"]
)
def test_what_is_not_compressed_after_all(body: bytes) -> None:
    with pytest.raises(Encoded, match="gzip"):
        decoded(body, "gzip", 1000)


def test_a_bomb_ends_at_the_bound() -> None:
    bomb = gzip_bomb(200)
    began = time.process_time()
    with pytest.raises(TooLong):
        decoded(bomb, "gzip", 1 << 20)
    assert time.process_time() - began < 0.5
    with pytest.raises(Encoded, match="too many pieces"):
        decoded(gzip.compress(b"") * 500_000, "gzip", 1000)
    assert time.process_time() - began < 1


@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate", "gzip,gzip"]))
def test_any_bytes_are_an_answer_or_a_refusal(body: bytes, coding: str) -> None:
    with suppress(Encoded, TooLong):
        assert len(decoded(body, coding, 1000)) <= 1000
