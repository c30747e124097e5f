"""What is divided, what a shard reports, and what is made of reports that nobody of ours wrote."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.deployment.galleries import LocalGallery, RemoteGallery
from galleria_action.deployment.model import Plan
from galleria_action.deployment.planner import make_plan
from galleria_action.deployment.shards import (
    FILES_EACH,
    MOST_SHARDS,
    Report,
    Shard,
    all_of,
    not_as_reported,
    parse_report,
    read_reports,
    refusal,
    shards_of,
)
from galleria_action.deployment.state.begun import parse_begun
from galleria_action.deployment.state.manifest import ManifestEntry
from galleria_action.deployment.state.written import ManifestUnreadable
from galleria_action.errors import PlanChanged, UploadFailed
from galleria_action.storage.interface import ObjectInfo
from tests.deployment.values import (
    SETTINGS,
    TARGET,
    document,
    entry_of,
    local_gallery,
    local_photo,
    sha,
    source_file,
)

KEYS = st.text(min_size=1, max_size=30)
COUNTS = st.integers(1, MOST_SHARDS)
PHOTOS = tuple(local_photo(f"p{number}") for number in range(40))
SITE = tuple(source_file(f"page{number}.html") for number in range(3))
PLAN = make_plan(local_gallery(*PHOTOS, site=SITE), RemoteGallery(), TARGET)
FINGERPRINT = sha("settings")


def plan_of(photos: int) -> Plan:
    """A first deploy of so many photos of three files, and a site."""
    local = LocalGallery("metadata", tuple(local_photo(str(n)) for n in range(photos)), SITE, SETTINGS, document("m"))
    return make_plan(local, RemoteGallery(), TARGET)


def report_of(shard: Shard, plan: Plan = PLAN) -> Report:
    """What ``shard`` reports when all went well."""
    photos = {file.key: photo for photo in PHOTOS for file in photo.files}
    entries = {key: entry_of(up.file, photos[key]) for key, up in shard.share(plan).items()}
    return Report(shard, plan.plan_id, FINGERPRINT, True, len(entries), 0, 10, ("p1",), entries)


# -- whose share it is -----------------------------------------------------------------------------------------------


@given(key=KEYS, count=COUNTS)
def test_every_key_has_one_owner(key: str, count: int):
    assert sum(shard.owns(key) for shard in all_of(count)) == 1


def test_the_owner_is_the_same_on_every_machine_and_for_ever():
    """Known by heart: another hash would divide a plan otherwise in a job that runs another version."""
    keys = ["photos/full/a.jpg", "photos/web/ä.jpg", "\ud800"]
    assert [next(s.number for s in all_of(8) if s.owns(key)) for key in keys] == [7, 3, 5]


@pytest.mark.parametrize("count", [1, 2, 7, 64])
def test_shares_are_the_photos_of_the_plan_and_nothing_else(count: int):
    shares = [shard.share(PLAN) for shard in all_of(count)]
    keys = [key for share in shares for key in share]
    assert sorted(keys) == sorted(up.key for up in PLAN.uploads if up.photo is not None)
    assert all(up.key == key for share in shares for key, up in share.items())


def test_shares_are_about_equal():
    sizes = [len(shard.share(plan_of(1000))) for shard in all_of(8)]
    assert max(sizes) < 1.25 * min(sizes)


@pytest.mark.parametrize(
    ("photos", "most", "expected"), [(0, 8, 1), (1, 8, 1), (33, 8, 1), (34, 8, 2), (1000, 8, 8), (1000, 256, 30)]
)
def test_as_many_shards_as_are_worth_a_machine(photos: int, most: int, expected: int):
    assert FILES_EACH == 100
    assert shards_of(plan_of(photos), most) == all_of(expected)


@given(number=st.integers(1, MOST_SHARDS), count=COUNTS)
def test_a_shard_in_words(number: int, count: int):
    if number <= count:
        assert Shard.parse(str(Shard(number, count))) == Shard(number, count)
    else:
        with pytest.raises(ValueError, match="not a shard such as"):
            Shard.parse(f"{number}/{count}")


@pytest.mark.parametrize("text", ["", "1", "0/1", "1/257", "-1/2", "1/2/3", " 1/2", "1/2\n", "١/٢", "1.0/2", "a/b"])
def test_no_shard(text: str):
    with pytest.raises(ValueError, match="not a shard such as 3/8"):
        Shard.parse(text)


# -- documents -------------------------------------------------------------------------------------------------------

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_ENTRIES = st.builds(
    ManifestEntry,
    st.integers(0, (1 << 63) - 1),
    _TEXT,
    _TEXT,
    _TEXT,
    _TEXT,
    st.sampled_from(["photo", "site"]),
    st.none() | _TEXT,
    _TEXT,
)
_REPORTS = st.builds(
    Report,
    COUNTS.map(lambda count: Shard(count, MOST_SHARDS)),
    _TEXT,
    _TEXT,
    st.booleans(),
    st.integers(0, (1 << 63) - 1),
    st.integers(0, (1 << 63) - 1),
    st.integers(0, (1 << 63) - 1),
    st.sets(_TEXT, max_size=3).map(lambda ids: tuple(sorted(ids))),
    st.dictionaries(_TEXT, _ENTRIES, max_size=3),
)


@given(_REPORTS)
def test_a_report_comes_back_as_it_was(report: Report):
    assert parse_report(report.to_bytes()) == report


def spoilt(**values: object) -> bytes:
    return json.dumps(json.loads(report_of(Shard(1, 2)).to_bytes()) | values).encode()


HOSTILE = [
    b"", b"{", b"null", b"[]", b'"x"', b"7", b"\xff\xfe", b"[" * 100_000, b"9" * 10_000, b"{}",
    b'{"schema": 1, "mode": "directory", "objects": {}}',
    spoilt(schema=3), spoilt(schema=0), spoilt(schema=True), spoilt(objects=[]), spoilt(objects={"a": {"sha256": 1}}),
    spoilt(objects={"a": 1}),
    spoilt(shard="3/2"), spoilt(shard=1), spoilt(shard=None), spoilt(plan=1), spoilt(fingerprint=None),
    spoilt(complete=1), spoilt(complete="true"), spoilt(sent=-1), spoilt(sent=True), spoilt(skipped="1"),
    spoilt(bytes_sent=1.5), spoilt(photos=None), spoilt(photos=[1]), spoilt(photos=[["a"]]),
]  # fmt: skip


@pytest.mark.parametrize("raw", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_report_is_no_report(raw: bytes):
    with pytest.raises(ManifestUnreadable):
        parse_report(raw)
    reports, troubles = read_reports(PLAN, PLAN.plan_id, FINGERPRINT, {Shard(1, 2): raw})
    assert not reports
    assert "cannot be understood" in troubles[0].text


@given(st.binary(max_size=200) | st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["schema", "shards", "plan", "objects", "shard"]) | st.text(), inner), max_leaves=8).map(lambda it: json.dumps(it).encode()))  # fmt: skip  # noqa: E501
def test_nothing_in_a_bucket_breaks_a_reader(raw: bytes):
    with pytest.raises(ManifestUnreadable):
        parse_report(raw)
    assert parse_begun(raw) is None


# -- is all of it there? ---------------------------------------------------------------------------------------------


def judged(*reports: Report | None, plan: Plan = PLAN) -> list[tuple[str, str]]:
    """Troubles with these reports of as many shards: which shard, and of which kind."""
    found = {s: r and r.to_bytes() for s, r in zip(all_of(len(reports)), reports, strict=True)}
    good, troubles = read_reports(plan, plan.plan_id, FINGERPRINT, found)
    assert len(good) + len(troubles) == len(reports)
    return [(str(trouble.shard), trouble.text) for trouble in troubles]


def without_one(report: Report) -> Report:
    return replace(report, entries=dict(list(report.entries.items())[1:]))


def with_another(report: Report, **values: str | None) -> Report:
    key = next(iter(report.entries))
    return replace(report, entries={**report.entries, key: replace(report.entries[key], **values)})


FIRST, SECOND = report_of(Shard(1, 2)), report_of(Shard(2, 2))


def test_whole_shards():
    assert judged(FIRST, SECOND) == []


@pytest.mark.parametrize(
    ("second", "text"),
    [
        (None, "there is no report of it"),
        (replace(SECOND, complete=False), "it died half-way, after"),
        (replace(SECOND, plan_id=sha("another")), "of another plan"),
        (FIRST, "that of shard 1/2"),
        (replace(SECOND, shard=Shard(2, 3)), "that of shard 2/3"),
        (replace(SECOND, fingerprint=sha("another")), "other settings"),
        (replace(SECOND, entries={}), f"lacks {len(SECOND.entries)} of its {len(SECOND.entries)} files"),
        (without_one(SECOND), "lacks 1 of its"),
        (with_another(SECOND, source=sha("x")), "lacks 1 of its"),
        (with_another(SECOND, headers=sha("x")), "lacks 1 of its"),
        (with_another(SECOND, edit=sha("x")), "lacks 1 of its"),
        (with_another(SECOND, kind="site"), "lacks 1 of its"),
        (with_another(SECOND, photo="p39"), "lacks 1 of its"),
    ],
)
def test_a_shard_that_does_not_count(second: Report | None, text: str):
    ((shard, found),) = judged(FIRST, second)
    assert shard == "2/2"
    assert text in found


def test_what_the_bucket_holds_has_to_be_what_was_reported():
    listing = {key: ObjectInfo(key, it.size, it.etag) for r in (FIRST, SECOND) for key, it in r.entries.items()}
    assert not_as_reported(PLAN, [FIRST, SECOND], listing) == []
    key = next(iter(SECOND.entries))
    for other in (None, listing[key]._replace(etag="x"), listing[key]._replace(size=9)):
        seen = {**listing, key: other} if other else {k: it for k, it in listing.items() if k != key}
        (trouble,) = not_as_reported(PLAN, [FIRST, SECOND], seen)  # type: ignore[arg-type]
        assert trouble.shard == SECOND.shard
        assert key in trouble.text


def refused(*reports: Report | None, keys: tuple[str, ...] = ()) -> PlanChanged | UploadFailed:
    found = {s: r and r.to_bytes() for s, r in zip(all_of(len(reports)), reports, strict=True)}
    error = refusal(read_reports(PLAN, PLAN.plan_id, FINGERPRINT, found)[1], len(reports), keys)
    assert isinstance(error, PlanChanged | UploadFailed)
    return error


def test_one_error_names_every_shard_and_what_to_do():
    error = refused(None, replace(SECOND, complete=False))
    assert isinstance(error, UploadFailed)
    assert "2 of 2 shards" in error.message
    assert "Nothing was committed" in error.message
    assert error.hint is not None
    assert error.hint.startswith("Re-run only the jobs of 1/2, 2/2, then finalize")
    assert [str(finding)[:11] for finding in error.findings] == ["shard 1/2: ", "shard 2/2: "]


def test_what_belongs_to_another_plan_is_another_reason():
    assert isinstance(refused(FIRST, replace(SECOND, fingerprint=sha("x"))), PlanChanged)
    assert isinstance(refused(None, replace(SECOND, fingerprint=sha("x"))), UploadFailed)


def test_another_division_is_named():
    error = refused(None, None, keys=("a/1-of-3.json", "a/finalize.json", "a/1-of-2.json"))
    assert isinstance(error, PlanChanged)
    assert "a division by 3" in error.message
    assert isinstance(refused(FIRST, None, keys=("a/1-of-3.json", "a/1-of-2.json")), UploadFailed)
