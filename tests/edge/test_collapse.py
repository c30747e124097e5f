"""Many addresses made few."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from galleria_action.edge.collapse import Allowance, few

THIRTY = Allowance(30, 15)


def covered(path: str, by: tuple[str, ...]) -> bool:
    return any(path.startswith(it[:-1]) if it.endswith("*") else path == it for it in by)


def photos(number: int, folder: str = "/photos/full/") -> list[str]:
    return [f"{folder}{it}.jpg" for it in range(number)]


def test_what_is_within_bounds_stays_as_it_is() -> None:
    assert few(photos(30), [], "/", THIRTY) == tuple(photos(30))


def test_the_fullest_folder_goes_first_and_no_further_than_needed() -> None:
    paths = [*photos(40), *photos(5, "/photos/web/"), "/index.html"]
    assert few(paths, [], "/", THIRTY) == ("/index.html", "/photos/full/*", *sorted(photos(5, "/photos/web/")))


def test_folders_are_climbed_when_there_are_too_many() -> None:
    paths = [f"/albums/{album}/{photo}.jpg" for album in range(40) for photo in range(3)]
    assert few([*paths, "/index.html"], [], "/", THIRTY) == ("/albums/*", "/index.html")


def test_a_wildcard_counts_for_itself() -> None:
    paths = [f"/{letter}/{photo}.jpg" for letter in "abcdefghijklmnopqrst" for photo in range(3)]
    made = few(paths, [], "/", THIRTY)
    assert sum(path.endswith("*") for path in made) <= 15


def test_nothing_outside_of_the_gallery_is_evicted() -> None:
    made = few([*photos(99, "/wedding/full/"), "/wedding", "/wedding/"], [], "/wedding/", Allowance(1, 15))
    assert set(made) == {"/wedding", "/wedding/*"}


def test_new_photos_are_added_where_there_is_room_for_all_of_them() -> None:
    assert few(["/a"], photos(29), "/", THIRTY) == ("/a", *photos(29))
    assert few(["/a"], photos(30), "/", THIRTY) == ("/a",)


def test_a_service_without_wildcards_forgets_everything_or_each() -> None:
    none = Allowance(30, 0)
    assert few(photos(31), [], "/", none) == ("/*",)
    assert few(photos(31, "/wedding/"), [], "/wedding/", none) == tuple(photos(31, "/wedding/"))
    assert few(photos(31, "/wedding/"), [], "/wedding/", Allowance(30, 0, bound=30)) == ("/*",)


def test_everything_is_everything() -> None:
    for allowed in (THIRTY, Allowance(30, 0)):
        assert few(["/a", "/*"], [], "/", allowed) == ("/*",)


PATHS = st.lists(
    st.lists(st.sampled_from("abc"), min_size=1, max_size=5).map(lambda parts: "/" + "/".join(parts)), max_size=60
)


@given(PATHS, st.integers(1, 20), st.integers(1, 5))
def test_no_address_is_lost_and_the_bounds_hold(paths: list[str], most: int, wildcards: int) -> None:
    made = few(paths, [], "/", Allowance(most, wildcards))
    assert all(covered(path, made) for path in paths)
    assert len(made) <= most
    assert sum(path.endswith("*") for path in made) <= wildcards
