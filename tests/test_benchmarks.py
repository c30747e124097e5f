"""The benchmark works, and what it counts is what we promise: a run with nothing to do asks for next to nothing."""

from __future__ import annotations

from pathlib import Path
from xml.dom import minidom

import pytest

from benchmarks import galleries, small, stale
from benchmarks.chart import CHART, PAGE, PROCESS_CHART, chart, process_chart, scenes
from benchmarks.measure import Cost, run
from benchmarks.programs import OURS, SCENARIOS, environment, ours
from benchmarks.report import Row, markdown
from benchmarks.servers import Server, sink

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
        # four photos; the publish (claimed, begun, tidied), the release (open, ended), record and commit; and what is
        # tried out first: whether the storage keeps to conditions, of both kinds
        assert requests_of(server, "changed", gallery)["put"] <= 4 + (3 + 2 + 2) + 3
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


def test_the_chart_is_drawn_from_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    drawn = chart(text)
    assert drawn == CHART.read_text(encoding="utf-8"), "run `make generate`"
    bars = [
        bar for bar in minidom.parseString(drawn).getElementsByTagName("rect") if bar.getAttribute("class") == "bar"
    ]
    walls = [wall for _, scene in scenes(text) for wall in scene.values()]
    assert len(bars) == len(walls) == 12
    # one scale for all
    lengths = [float(bar.getAttribute("width")) for bar in bars]
    assert all(abs(length / wall - max(lengths) / max(walls)) < 1 for length, wall in zip(lengths, walls, strict=True))


def test_the_chart_of_making_a_gallery_is_drawn_from_the_page() -> None:
    drawn = process_chart(PAGE.read_text(encoding="utf-8"))
    assert drawn == PROCESS_CHART.read_text(encoding="utf-8"), "run `make generate`"
    bars = minidom.parseString(drawn).getElementsByTagName("rect")
    assert sum(bar.getAttribute("class") == "bar" for bar in bars) == 5


def test_a_page_without_the_numbers_is_an_error() -> None:
    with pytest.raises(SystemExit, match="First deploy"):
        chart("# Performance\n")


def test_what_is_stale_is_known_whatever_stays_as_it_is() -> None:
    few, many = stale.plan_of(1_000, 1), stale.plan_of(100_000, 1)
    assert stale.seconds(many) < 0.01 + 3 * stale.seconds(few)
