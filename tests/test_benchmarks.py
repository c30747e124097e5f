"""The benchmark works, and what it counts is what we promise: a run with nothing to do asks for next to nothing."""

from __future__ import annotations

import http.client
import ssl
from contextlib import ExitStack, closing
from hashlib import md5, sha256
from pathlib import Path
from xml.dom import minidom

import pytest

from benchmarks import deploys, galleries, small, stale
from benchmarks.chart import CHART, PROCESS_CHART, chart, process_chart, scenes
from benchmarks.measure import Cost, run
from benchmarks.page import PAGE, RESULTS, Measured, Results, paged, table
from benchmarks.programs import OURS, ROOT, SCENARIOS, Program, environment, ours
from benchmarks.report import Row, markdown
from benchmarks.servers import Server, sink
from tests.s3 import certificate

#: with metadata and manifest 1,001 objects: one more than a listing shows at once
PHOTOS = 333


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("benchmark") / "gallery"
    galleries.make(folder, PHOTOS, small=True)
    return folder


def requests_of(server: Server, scenario: str, gallery: Path) -> dict[str, int]:
    server.forget_requests()
    log = gallery.parent / "log"
    cost = run(ours(scenario, server.url, str(gallery)), environment(gallery.parent), log)
    assert cost.exit_code == 0, log.read_text()
    return server.requests()


def test_a_round(gallery: Path) -> None:
    with sink(0) as server:
        assert requests_of(server, "first", gallery)["put"] >= 3 * PHOTOS + 2
        nothing = {"get": 2, "list": 2}
        assert requests_of(server, "nothing", gallery) == nothing
        galleries.touch(gallery)
        assert requests_of(server, "checkout", gallery) == nothing
        assert requests_of(server, "verify", gallery) == nothing
        galleries.change(gallery, 0.01)
        # four photos; the metadata that is kept; the publish (claimed, begun, tidied), the release (open, ended),
        # record and commit; and what is tried out first: whether the storage keeps to conditions, of both kinds
        assert requests_of(server, "changed", gallery)["put"] <= 4 + 1 + (3 + 2 + 2) + 3
        galleries.remove_one(gallery)
        assert requests_of(server, "removed", gallery)["delete"] >= 1
        # the gallery itself would be one page of a listing by now; what is kept of the releases before makes it two
        assert requests_of(server, "verify", gallery) == {"get": 2, "list": 2}


@pytest.mark.parametrize(("bound", "code"), [(0.0, 1), (1000.0, 0)])
def test_a_deploy_that_has_become_dear_is_told(
    bound: float, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(small, "BOUNDS", {("first", 2, True): bound})
    monkeypatch.setattr(small, "ROUNDS", 1)
    assert small.main() == code
    assert ("TOO DEAR" in capsys.readouterr().out) is bool(code)


def test_ci_asks() -> None:
    assert "- run: make bench-small" in (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("change", galleries.CHANGES)
def test_what_may_become_of_a_gallery(change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert change in SCENARIOS
    folder = tmp_path / "gallery"
    galleries.make(folder, 3, small=True)
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.glob("*/*")}
    monkeypatch.setattr("sys.argv", ["galleries", change, str(folder)])
    galleries.main()
    after = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.glob("*/*")}
    assert (len(after) < len(before)) is ("removed" in change)
    assert any(before[path][1] != after[path][1] for path in after) is ("changed" in change)
    assert all(before[path][0] != after[path][0] for path in after) is ("checkout" in change)


def test_latency_is_added(gallery: Path) -> None:
    with sink(50) as server:
        server.empty()
        one = gallery.parent / "one"
        galleries.make(one, 1, small=True)
        cost = run(ours("first", server.url, str(one)), environment(gallery.parent), gallery.parent / "log")
    # at least: what is there, the photo, the commit, the listing that verifies
    assert cost.exit_code == 0
    assert cost.wall > 4 * 0.05


def test_a_line_is_shared_by_all_bodies(gallery: Path) -> None:
    one = gallery.parent / "narrow"
    galleries.make(one, 1, small=True)
    size = sum(path.stat().st_size for path in one.glob("*/*"))
    with sink(0) as server:
        server.narrow(size * 8 / 1e6)
        cost = run(ours("first", server.url, str(one)), environment(gallery.parent), gallery.parent / "log")
    assert cost.exit_code == 0
    assert cost.wall > 1


def test_the_table() -> None:
    rows = [
        Row(name, "first", "3 photos, 20 ms", Cost(wall, 2 * wall, 50, 0), {"put": 1000})
        for name, walls in ((OURS, (1.0, 2.0, 9.0)), ("a <peer>", (4.0, 5.0, 4.0)))
        for wall in walls
    ]
    text = markdown(rows, "command", ["machine"])
    assert f"| {OURS} | 2.00 (1.00–9.00) | 1 | 4.00 (2.00–18.00) | 1 | 50 | 1,000 put |" in text
    assert "| a <peer> | 4.00 (4.00–5.00) | 0.50 × | 8.00 (8.00–10.00) | 0.50 × |" in text


def connected(url: str) -> http.client.HTTPConnection:
    scheme, _, host = url.partition("://")
    if scheme == "http":
        return http.client.HTTPConnection(host, timeout=30)
    trusted = ssl.create_default_context(cafile=certificate.authority())
    return http.client.HTTPSConnection(host, timeout=30, context=trusted)


def put(line: http.client.HTTPConnection, body: bytes, signed: bytes) -> tuple[int, str]:
    """Status and ETag of an upload that is signed as if it were ``signed``."""
    line.request("PUT", "/bucket/a.jpg", body, {"x-amz-content-sha256": sha256(signed).hexdigest()})
    answer = line.getresponse()
    answer.read()
    return answer.status, answer.headers.get("ETag", "")


@pytest.mark.parametrize("tls", [False, True])
def test_the_server_has_what_it_was_sent(tls: bool) -> None:
    body = bytes(range(256)) * 8192
    with sink(0, tls=tls) as server, closing(connected(server.url)) as line:
        assert put(line, body, body)[0] == 200
        line.request("GET", "/bucket/a.jpg")
        assert line.getresponse().read() == body


def test_a_server_that_checks_hashes_and_gives_sums() -> None:
    with sink(0, md5=True, checks=True) as server, closing(connected(server.url)) as line:
        assert put(line, b"small", b"another") == (400, "")
        for _ in range(2):
            assert put(line, b"small", b"small") == (200, f'"{md5(b"small").hexdigest()}"')


def test_what_the_page_shows_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scenes = {"first": "all", "changed": "few", "checkout": "none"}
    monkeypatch.setattr(deploys, "BLOCKS", (deploys.Block("--photos 2 --each 2", scenes),))
    monkeypatch.setattr(deploys, "_SECOND", 0)
    rows: list[Measured] = []
    with ExitStack() as stack:
        bench = deploys.Bench(tmp_path, [Program(OURS, "", ours)], stack, ["changed"])
        for title, rtt, row in bench.round():
            Measured.of(rows, title, rtt).add(row)
    assert [(row.title, row.rtt) for row in rows] == [("all", 0), ("few", 0)]
    assert rows[1].programs[OURS].requests["put"] < rows[0].programs[OURS].requests["put"]
    assert not list(tmp_path.glob("gallery*"))


def test_ratios_are_those_of_one_round() -> None:
    rows: list[Measured] = []
    for name, walls in ((OURS, (1.0, 20.0, 3.0)), ("peer", (2.0, 80.0, 3.0))):
        for wall in walls:
            cost = Cost(wall, 2 * wall, 50, 0)
            Measured.of(rows, "first", 0).add(Row(name, "first", "", cost, {"put": 600, "list": 2}))
    Measured.of(rows, "first", 50).add(Row(OURS, "first", "", Cost(9, 9, 60, 0), {"put": 600}))
    text = table(Results(["a machine"], rows))
    assert "| first | 0.50 / – | 0.50 / – | 3.00 / 9.00 | 60 | 602 |" in text
    assert "* a machine" in text


def test_the_page_shows_what_was_measured_last() -> None:
    results = Results.read(RESULTS.read_text(encoding="utf-8"))
    assert Results.read(results.text()) == results
    page = PAGE.read_text(encoding="utf-8")
    assert paged(page, results) == page, "run `python -m benchmarks.page benchmarks/deploys.json`"
    wanted = [title for block in deploys.BLOCKS for title in block.scenes.values()]
    assert list(dict.fromkeys(row.title for row in results.rows)) == wanted
    with pytest.raises(ValueError, match="no <!-- measured"):
        paged("# A page without marks", results)


def test_the_chart_is_drawn_from_what_was_measured() -> None:
    results = Results.read(RESULTS.read_text(encoding="utf-8"))
    drawn = chart(results)
    assert drawn == CHART.read_text(encoding="utf-8"), "run `make generate`"
    bars = [
        bar for bar in minidom.parseString(drawn).getElementsByTagName("rect") if bar.getAttribute("class") == "bar"
    ]
    walls = [wall for _, scene in scenes(results) for wall in scene.values()]
    assert len(bars) == len(walls) == 12
    # one scale for all
    lengths = [float(bar.getAttribute("width")) for bar in bars]
    assert all(abs(length / wall - max(lengths) / max(walls)) < 1 for length, wall in zip(lengths, walls, strict=True))


def test_the_chart_of_making_a_gallery_is_drawn_from_the_page() -> None:
    drawn = process_chart(PAGE.read_text(encoding="utf-8"))
    assert drawn == PROCESS_CHART.read_text(encoding="utf-8"), "run `make generate`"
    bars = minidom.parseString(drawn).getElementsByTagName("rect")
    assert sum(bar.getAttribute("class") == "bar" for bar in bars) == 5


def test_results_without_the_scenes_are_an_error() -> None:
    with pytest.raises(SystemExit, match="first deploy"):
        chart(Results([], []))


def test_what_is_stale_is_known_whatever_stays_as_it_is() -> None:
    few, many = stale.plan_of(1_000, 1), stale.plan_of(100_000, 1)
    assert stale.seconds(many) < 0.01 + 3 * stale.seconds(few)
