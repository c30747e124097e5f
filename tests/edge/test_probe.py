"""What is looked at from outside, and what is said of the answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.deployment.state.manifest import Manifest, ManifestEntry
from galleria_action.edge.probe.expected import Deployed, Expected, looked_at
from galleria_action.edge.probe.judging import Grade, judged, judged_by_others
from galleria_action.edge.probe.visitor import Seen, Visitor
from galleria_action.net.http import Answer
from galleria_action.net.network import Network
from galleria_action.storage.interface import Headers
from tests.edge.web import Web, web

BODY = b"a photo"
HEADERS = Headers("image/jpeg", "public, max-age=86400")
PHOTO = Expected("full/a.jpg", sha256(BODY).hexdigest(), len(BODY), HEADERS)
METADATA = Expected("gallery-metadata.json", PHOTO.sha256, len(BODY), Headers("application/json", "no-cache"))
GOOD = {"content-type": "image/jpeg", "cache-control": "public, max-age=86400", "access-control-allow-origin": "*"}


def grades(expected: Expected, answer: Answer) -> list[Grade]:
    return [it.grade for it in judged(expected, answer)]


def answer(status: int = 200, body: bytes = BODY, **headers: str) -> Answer:
    told = GOOD | {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, {name: value for name, value in told.items() if value}, body)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (answer(), []),
        (answer(content_type="IMAGE/jpeg; charset=binary"), []),
        (answer(404), [Grade.WRONG]),
        (answer(206), [Grade.WRONG]),
        (answer(302, location="/login"), [Grade.WRONG]),
        (answer(body=b"another"), [Grade.WRONG]),
        (answer(body=BODY[:-1]), [Grade.WRONG]),
        (answer(content_type="text/html"), [Grade.WRONG]),
        (answer(content_type=""), [Grade.WRONG]),
        (answer(cache_control="max-age=1"), [Grade.ODD]),
    ],
)
def test_what_is_wrong_with_an_answer(given: Answer, expected: list[Grade]) -> None:
    assert grades(PHOTO, given) == expected


def test_nobody_keeps_what_was_deployed_to_be_fresh() -> None:
    fresh = answer(content_type="application/json", cache_control="no-cache")
    assert grades(METADATA, fresh) == []
    for control in ("max-age=300", "public, s-maxage=60"):
        assert grades(METADATA, answer(content_type="application/json", cache_control=control)) == [Grade.AROUND]
    assert grades(METADATA, answer(content_type="application/json", cache_control="max-age=0")) == [Grade.ODD]


def test_whether_other_sites_may_read_it() -> None:
    assert not list(judged_by_others(METADATA, answer(), Grade.AROUND))
    (remark,) = judged_by_others(METADATA, answer(access_control_allow_origin=""), Grade.ODD)
    assert remark.grade is Grade.ODD


def test_a_cache_that_compresses_unasked() -> None:
    import gzip

    packed = gzip.compress(BODY)
    assert grades(PHOTO, answer(body=packed, content_encoding="gzip")) == []
    assert grades(PHOTO, answer(body=packed, content_encoding="br")) == [Grade.WRONG]
    assert grades(PHOTO, answer(body=packed[:-3], content_encoding="gzip")) == [Grade.WRONG]


def test_what_was_deleted_must_not_be_served() -> None:
    gone = replace(PHOTO, gone=True)
    assert grades(gone, answer()) == [Grade.WRONG]
    for other in (answer(404), answer(403), answer(body=b"the page of a single-page application")):
        assert grades(gone, other) == []


def test_what_caches_say_is_told() -> None:
    (remark,) = judged(PHOTO, answer(404, age="3600", x_cache="Hit from\r\n::error::cloudfront"))
    assert str(remark).startswith("full/a.jpg: is answered with 404 (Age: 3600, X-Cache: Hit from??::error::cloudfront")


def test_bytes_of_a_size_that_nobody_knows_are_told_without_it() -> None:
    (remark,) = judged(replace(PHOTO, size=None, headers=None), answer(200, body=b"others"))
    assert "has other bytes than deployed" in str(remark) and "not" not in str(remark)


@given(
    st.dictionaries(st.sampled_from(sorted(GOOD)) | st.text(max_size=9), st.text(max_size=99), max_size=5),
    st.binary(max_size=50),
    st.integers(100, 599),
)
def test_whatever_is_answered_is_judged(headers: dict[str, str], body: bytes, status: int) -> None:
    for expected in (PHOTO, METADATA, replace(PHOTO, size=None, headers=None), replace(PHOTO, gone=True)):
        given = Answer(status, headers, body)
        for remark in (*judged(expected, given), *judged_by_others(expected, given, Grade.ODD)):
            assert str(remark).isprintable()


# -- what is looked at ---------------------------------------------------------------------------------------------


def entry(kind: str = "photo", size: int = 10) -> ManifestEntry:
    return ManifestEntry(size, "0" * 64, "e", HEADERS.digest(), "0" * 64, kind, "p" if kind == "photo" else None)  # type: ignore[arg-type]


def test_a_few_dozen_of_a_large_gallery_and_what_changed_first() -> None:
    objects = {f"full/{number}.jpg": entry() for number in range(10_000)}
    objects |= {"index.html": entry("site"), "about.html": entry("site"), "app.js": entry("site")}
    changed = [f"full/{number}.jpg" for number in range(500)]
    deployed = Deployed(METADATA, Manifest(objects), [*changed, "app.js"], {"full/x.jpg": entry()}, {})
    wanted = looked_at(deployed, "seed")
    keys = [it.key for it in wanted]
    assert keys[:3] == ["gallery-metadata.json", "index.html", "full/0.jpg"]
    assert "app.js" in keys
    assert sum(key in changed for key in keys) == 12
    assert len(keys) < 40
    assert [it.key for it in wanted if it.gone] == ["full/x.jpg"]
    assert wanted == looked_at(deployed, "seed") != looked_at(deployed, "another seed")


def test_bytes_are_bounded() -> None:
    objects = {f"{number}.jpg": entry(size=30 << 20) for number in range(50)} | {"film.mp4": entry(size=1 << 40)}
    wanted = looked_at(Deployed(None, Manifest(objects), list(objects)), "")
    assert sum(it.size or 0 for it in wanted) <= 128 << 20
    assert "film.mp4" not in {it.key for it in wanted}


# -- patience ------------------------------------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Web]:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/a.jpg").write_bytes(BODY)
    with web(tmp_path) as made:
        yield made


def look(site: Web, *expected: Expected, seconds: float = 30.0, rounds: int = 100) -> tuple[Seen, list[float]]:
    waits: list[float] = []

    def pause(wait: float) -> bool:
        waits.append(wait)
        return len(waits) < rounds

    return Visitor(site.url, Network(), seconds, pause).look(expected), waits


def test_what_is_right_is_asked_for_once(site: Web) -> None:
    seen, waits = look(site, PHOTO)
    assert (seen.remarks, waits, site.asked) == ((), [], ["/full/a.jpg"])
    assert seen.about_caches == " (Age: 7)"


def test_only_the_first_is_asked_for_in_the_name_of_others(site: Web) -> None:
    (site.folder / "gallery-metadata.json").write_bytes(BODY)
    seen = Visitor(site.url, Network(), 1.0, lambda _: False, Grade.ODD).look([METADATA, PHOTO])
    assert sorted(site.asked) == ["/full/a.jpg", "/gallery-metadata.json", "/gallery-metadata.json"]
    assert [str(it) for it in seen.remarks if "other sites" in it.text] != []


def test_caches_are_given_time(site: Web) -> None:
    site.rule = lambda path, usual: usual if len(site.asked) > 3 else (200, usual[1], b"old")
    seen, waits = look(site, PHOTO)
    assert seen.remarks == ()
    assert waits == [0.5, 1.0, 2.0]


def test_but_not_for_ever(site: Web) -> None:
    site.rule = lambda path, usual: (503, {}, b"")
    seen, waits = look(site, PHOTO, rounds=7)
    assert [it.grade for it in seen.remarks] == [Grade.WRONG]
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    seen, waits = look(site, PHOTO, seconds=0.0)
    assert not waits


@pytest.mark.parametrize("there", ["http://localhost:1/full/a.jpg", "//127.0.0.2/full/a.jpg", "file:///etc/passwd"])
def test_no_redirect_leads_elsewhere(site: Web, there: str) -> None:
    site.rule = lambda path, usual: (302, {"Location": there}, b"")
    seen, _ = look(site, PHOTO, rounds=1)
    assert "leads" in str(seen.remarks[0])


def test_an_answer_that_does_not_end(site: Web) -> None:
    site.rule = lambda path, usual: (200, usual[1], b"x" * (1 << 20))
    seen, _ = look(site, PHOTO, rounds=1)
    assert "larger" in str(seen.remarks[0])
