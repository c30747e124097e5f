"""Hashes, the search among them, and similarity: right by independent reckoning, and quick."""

from __future__ import annotations

import resource
import time
from typing import Any

import pytest

np = pytest.importorskip("numpy")

from hypothesis import given, settings  # noqa: E402 - numpy is an extra
from hypothesis import strategies as st  # noqa: E402
from PIL import Image  # noqa: E402

from galleria_action.studio.duplicates.hashes import TURNS, as_words, distances, hashes_of  # noqa: E402
from galleria_action.studio.duplicates.likeness import similarity  # noqa: E402
from galleria_action.studio.duplicates.search import close_across, close_pairs  # noqa: E402
from tests.studio.scenes import scene  # noqa: E402


def off(left: str, right: str) -> int:
    return (int(left, 16) ^ int(right, 16)).bit_count()


def turned(image: Image.Image, turn: tuple[int, int, int]) -> Image.Image:
    moves = (Image.Transpose.TRANSPOSE, Image.Transpose.FLIP_TOP_BOTTOM, Image.Transpose.FLIP_LEFT_RIGHT)
    for wanted, move in zip(turn, moves, strict=True):
        image = image.transpose(move) if wanted else image
    return image


def slow_phash(image: Image.Image, size: int) -> str:
    """By the definition, wave by wave."""
    grey = np.asarray(image.convert("L").resize((4 * size, 4 * size), Image.Resampling.LANCZOS), dtype=float)
    points = np.arange(4 * size)
    waves = np.zeros((size, size))
    for u in range(size):
        for v in range(size):
            rows = np.cos(np.pi * u * (2 * points + 1) / (8 * size))
            columns = np.cos(np.pi * v * (2 * points + 1) / (8 * size))
            waves[u, v] = (grey * rows[:, None] * columns[None, :]).sum()
    return "".join("1" if bit else "0" for bit in (waves > np.median(waves)).ravel())


@pytest.mark.parametrize("size", [4, 8, 12])
def test_phash_is_what_its_definition_says(size: int) -> None:
    for seed in range(3):
        image = scene(seed)
        bits = format(int(hashes_of(image, size).phash[0], 16), f"0{size * size}b")
        assert bits == slow_phash(image, size)


@pytest.mark.parametrize("turn", range(8))
def test_one_transform_gives_the_hashes_of_all_turns(turn: int) -> None:
    for seed in range(5):
        image = scene(seed)
        told, measured = hashes_of(image, 8), hashes_of(turned(image, TURNS[turn]), 8)
        assert off(told.phash[turn], measured.phash[0]) <= 2
        assert off(told.dhash[turn], measured.dhash[0]) <= 4


def test_flat_pictures_are_known() -> None:
    assert hashes_of(Image.new("RGB", (300, 200), (90, 120, 200)), 8).flat
    assert not hashes_of(scene(1), 8).flat


def random_hashes(number: int, bits: int, seed: int, planted: int, radius: int) -> Any:
    """Distinct hashes, some of which are near others."""
    chance = np.random.default_rng(seed)
    hashes = chance.integers(0, 2**64, size=(number, -(-bits // 64)), dtype=np.uint64)
    if bits % 64:
        hashes[:, -1] &= np.uint64((2 ** (bits % 64) - 1) << (64 - bits % 64))
    for _ in range(planted):
        one, other = chance.integers(0, number, 2)
        hashes[other] = hashes[one]
        for bit in chance.choice(bits, chance.integers(1, min(radius + 3, bits)), replace=False):
            hashes[other, bit // 64] ^= np.uint64(1) << np.uint64(63 - bit % 64)
    return np.unique(hashes, axis=0)


def all_pairs(left: Any, right: Any, radius: int) -> set[tuple[int, int, int]]:
    found = set()
    for i in range(len(left)):
        near = distances(left[i], right)
        found |= {(i, int(j), int(near[j])) for j in np.flatnonzero(near <= radius)}
    return found


@settings(deadline=None, max_examples=25)
@given(
    st.sampled_from([16, 64, 144, 256]),
    st.integers(0, 24),
    st.integers(0, 10**6),
    st.sampled_from([3, 400, 1500]),
)
def test_no_pair_is_missed_and_none_is_made_up(bits: int, radius: int, seed: int, number: int) -> None:
    if 3 * radius > bits:
        number = min(number, 200)  # so many are pairs that nobody compares them by looking up
    hashes = random_hashes(number, bits, seed, planted=number // 4, radius=radius)
    found = close_pairs(hashes, bits, radius)
    told = set(zip(found.left.tolist(), found.right.tolist(), found.distance.tolist(), strict=True))
    assert len(told) == len(found.left)
    assert told == {pair for pair in all_pairs(hashes, hashes, radius) if pair[0] < pair[1]}


@settings(deadline=None, max_examples=10)
@given(st.sampled_from([64, 256]), st.integers(0, 8), st.integers(0, 10**6))
def test_two_sets_are_compared_with_each_other(bits: int, radius: int, seed: int) -> None:
    hashes = random_hashes(1600, bits, seed, planted=200, radius=radius)
    queries = random_hashes(1600, bits, seed + 1, planted=0, radius=radius)[:500]
    queries[::3] = hashes[: len(queries[::3])] ^ np.uint64(1)
    found = close_across(queries, hashes, bits, radius)
    told = set(zip(found.left.tolist(), found.right.tolist(), found.distance.tolist(), strict=True))
    assert told == all_pairs(queries, hashes, radius)


def test_no_hashes_are_no_pairs() -> None:
    assert len(close_pairs(as_words([]), 64, 10).left) == 0


def test_a_hundred_thousand_hashes_are_compared_in_seconds() -> None:
    hashes = random_hashes(100_000, 64, 7, planted=2000, radius=8)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    found = close_pairs(hashes, 64, 10)
    assert time.process_time() - started < 5
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 500
    assert len(found.left) > 1500


def test_many_equal_parts_do_not_fill_the_memory() -> None:
    hashes = np.arange(1, 3001, dtype=np.uint64)[:, None]  # three of four parts are the same in all
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = close_pairs(hashes, 64, 2)
    assert len(found.left) == len([p for p in all_pairs(hashes, hashes, 2) if p[0] < p[1]])
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 300


class TestSimilarity:
    @staticmethod
    def grey(image: Image.Image) -> bytes:
        return image.convert("L").resize((128, 128)).tobytes()

    def test_it_is_one_for_the_same_and_about_nothing_for_strangers(self) -> None:
        one, other = self.grey(scene(1)), self.grey(scene(2))
        assert similarity(one, one) == pytest.approx(1)
        assert similarity(one, other) < 0.4
        assert similarity(one, other) == pytest.approx(similarity(other, one))

    def test_it_is_what_its_definition_says(self) -> None:
        one, other = (
            np.frombuffer(self.grey(scene(s)), dtype=np.uint8).reshape(128, 128).astype(float) for s in (3, 4)
        )
        values = []
        for row in range(128 - 6):
            for column in range(128 - 6):
                x = one[row : row + 7, column : column + 7].ravel()
                y = other[row : row + 7, column : column + 7].ravel()
                (vx, vxy), (_, vy) = np.cov(x, y)
                above = (2 * x.mean() * y.mean() + 6.5025) * (2 * vxy + 58.5225)
                values.append(above / ((x.mean() ** 2 + y.mean() ** 2 + 6.5025) * (vx + vy + 58.5225)))
        assert similarity(self.grey(scene(3)), self.grey(scene(4))) == pytest.approx(float(np.mean(values)), abs=1e-5)

    @pytest.mark.parametrize("turn", range(8))
    def test_a_turned_picture_is_turned_back(self, turn: int) -> None:
        image = scene(5).resize((128, 128))
        assert similarity(self.grey(image), self.grey(turned(image, TURNS[turn])), turn) == pytest.approx(1)
