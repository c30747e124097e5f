"""From originals to web pictures: ours beside sigal, sharp and eleventy-img, in one run, alternating, on one machine.

    python -m benchmarks.process [--photos 60] [--rounds 3] [--peers sigal sharp eleventy-img] [--out FILE]

Each program makes a JPEG of at most 2048 and a thumbnail of at most 400 pixels, quality 85, of the same photos of 12 to
24 megapixels, on two workers. Prints seconds, CPU per photo and peak memory as medians with their spread, what a second
run with nothing changed takes, and how many web pictures came out as they should: the right side up, and in the colours
that the original's profile means. Programs come from PyPI and npm, into a cache; what cannot be installed is named.
"""

from __future__ import annotations

import argparse
import io
import os
import platform
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from PIL import Image, ImageChops, ImageCms, ImageOps, ImageStat

from benchmarks.measure import Cost, run
from benchmarks.programs import CACHE, OURS, ROOT, installed
from tests.studio.photos import exif
from tests.studio.scenes import scene

#: pixels, long side first; 12, 16, 18 and 24 megapixels
_SHAPES = ((4000, 3000), (4896, 3264), (5184, 3456), (6000, 4000))
_ORIENTATIONS = (1, 1, 6, 1, 8, 1, 3)
#: mean difference (of 255) below which two pictures show the same in the same colours
_SAME = 6.0
_WITHOUT_VIPS = f"{OURS}, without pyvips"

_SIGAL = """
source, destination = {source!r}, {target!r}
img_size, thumb_size = (2048, 2048), (400, 400)
jpg_options = {{"quality": 85, "optimize": False, "progressive": False}}
thumb_fit, autorotate_images, keep_orig = False, True, False
"""
_SHARP = """
const sharp = require("sharp"), fs = require("fs"), path = require("path");
const [source, target] = process.argv.slice(2);
sharp.concurrency(1);
async function one(name) {
  const stem = path.join(target, path.parse(name).name);
  const web = await sharp(path.join(source, name)).rotate().resize(2048, 2048, {fit: "inside"}).keepIccProfile()
    .jpeg({quality: 85}).toBuffer();
  fs.writeFileSync(stem + ".jpg", web);
  await sharp(web).resize(400, 400, {fit: "inside"}).keepIccProfile().webp({quality: 85}).toFile(stem + ".webp");
}
async function worker(names) { while (names.length) await one(names.pop()); }
fs.mkdirSync(target, {recursive: true});
const names = fs.readdirSync(source);
Promise.all([worker(names), worker(names)]);
"""
_ELEVENTY = """
const img = require("@11ty/eleventy-img"), fs = require("fs"), path = require("path");
const Image = img.default || img;
const [source, target] = process.argv.slice(2);
Image.concurrency = 2;
const common = {outputDir: target, useCache: false, fixOrientation: true};
const named = {filenameFormat: (id, src, width, format) => path.parse(src).name + "." + format};
Promise.all(fs.readdirSync(source).map(async name => {
  const file = path.join(source, name);
  await Image(file, {...common, ...named, widths: [2048], formats: ["jpeg"], sharpJpegOptions: {quality: 85}});
  await Image(file, {...common, ...named, widths: [400], formats: ["webp"], sharpWebpOptions: {quality: 85}});
}));
"""


@dataclass(frozen=True, slots=True)
class Maker:
    """A program: its ``command`` for (originals, target), and where its web picture of an original's stem lies."""

    name: str
    command: Callable[[Path, Path], list[str]]
    web: Callable[[Path, str], Path | None]
    again: bool = True
    environ: Mapping[str, str] | None = None


def main() -> None:
    """Make the photos, let the programs take turns, print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--photos", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", nargs="*", default=["sigal", "sharp", "eleventy-img"])
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    load = "/".join(f"{value:.1f}" for value in os.getloadavg())
    with tempfile.TemporaryDirectory(prefix="galleria-process-") as folder:
        originals = Path(folder, "originals")
        # in a process of its own: children of a large one would begin with its peak of memory
        maker = [sys.executable, "-c", f"from benchmarks.process import make; make({str(originals)!r}, {given.photos})"]
        subprocess.run(maker, cwd=ROOT, check=True)
        makers, missing = _makers(Path(folder), given.peers)
        costs = list(_measured(makers, originals, Path(folder), given.rounds))
        judged = {it.name: _judged(it, originals, Path(folder, "out", it.name)) for it in makers}
    about = [
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        f"{given.photos} photos, {given.rounds} rounds, load at the start {load}",
        *(f"not measured: {line}" for line in missing),
    ]
    text = "\n".join([*(f"* {line}" for line in about), "", *_table(costs, judged, given.photos), ""])
    print(text)
    if given.out:
        given.out.write_text(text, encoding="utf-8")


# -- the photos ----------------------------------------------------------------------------------------------------


def make(folder: str, photos: int) -> None:
    """Photos that are as much work as a camera's: texture, noise, EXIF, four orientations, and a profile in each fourth
    that means other colours than sRGB."""
    Path(folder).mkdir(parents=True)
    profile = _swapped_profile()
    for number in range(photos):
        chance = random.Random(number)
        size = _SHAPES[number % len(_SHAPES)]
        image = scene(number % 12, (1200, 800)).resize(size, Image.Resampling.BICUBIC)
        noise = Image.effect_noise((1024, 1024), 22).resize(size, Image.Resampling.NEAREST)
        image = ImageChops.add(image, Image.merge("RGB", (noise,) * 3), 1, -128)
        block = exif(
            f"2024:06:15 {number // 60:02d}:{number % 60:02d}:00",
            make="Canon",
            model="Canon EOS R5",
            orientation=_ORIENTATIONS[number % len(_ORIENTATIONS)],
        )
        icc = {"icc_profile": profile} if number % 4 == 3 else {}
        image.save(f"{folder}/IMG_{number:04d}.JPG", quality=chance.choice((84, 90, 95)), exif=block, **icc)


def _swapped_profile() -> bytes:
    """sRGB with red and green exchanged: whoever ignores a profile is found out at a glance."""
    body = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(body[128:132], "big")
    places = {bytes(body[132 + 12 * i : 136 + 12 * i]): 132 + 12 * i for i in range(count)}
    red, green = places[b"rXYZ"] + 4, places[b"gXYZ"] + 4
    body[red : red + 8], body[green : green + 8] = body[green : green + 8], body[red : red + 8]
    return bytes(body)


# -- the programs --------------------------------------------------------------------------------------------------


def _makers(work: Path, peers: list[str]) -> tuple[list[Maker], list[str]]:
    hidden = work / "hidden"
    hidden.mkdir()
    (hidden / "pyvips.py").write_text("raise ImportError")
    found = [Maker(OURS, _ours, _our_web)]
    without = {"PYTHONPATH": f"{hidden}:{ROOT}"}
    found.append(Maker(_WITHOUT_VIPS, _ours, _our_web, environ=without))
    missing = []
    if "sigal" in peers:
        path = installed("sigal", "sigal")
        found += [Maker("sigal", _sigal(path, work), _same_name)] if path else []
        missing += [] if path else ["sigal could not be installed from PyPI"]
    for name, package, script in (("sharp", "sharp", _SHARP), ("eleventy-img", "@11ty/eleventy-img", _ELEVENTY)):
        if name in peers:
            place = _from_npm(name, package, script)
            found += [Maker(name, _node(place), _by_stem, again=False)] if place else []
            missing += [] if place else [f"{name} could not be installed from npm"]
    return found, missing


def _ours(originals: Path, target: Path) -> list[str]:
    return [sys.executable, "-m", "galleria_action", "process", str(originals), "--source", str(target)]


def _our_web(target: Path, stem: str) -> Path | None:
    number = int(stem.rpartition("_")[2])
    return next(iter(target.glob(f"web/*T{number // 60:02d}{number % 60:02d}00-*.jpg")), None)


def _sigal(path: str, work: Path) -> Callable[[Path, Path], list[str]]:
    def command(originals: Path, target: Path) -> list[str]:
        settings = work / "sigal.conf.py"
        settings.write_text(_SIGAL.format(source=str(originals), target=str(target)))
        return [path, "build", "--config", str(settings), "--ncpu", "2", "--quiet"]

    return command


def _same_name(target: Path, stem: str) -> Path | None:
    return next((path for path in target.glob(f"{stem}.*") if path.suffix.lower() == ".jpg"), None)


def _by_stem(target: Path, stem: str) -> Path | None:
    return next((path for path in target.glob(f"{stem}.*") if path.suffix in (".jpg", ".jpeg")), None)


def _from_npm(name: str, package: str, script: str) -> Path | None:
    place = CACHE / name
    if not shutil.which("npm"):
        return None
    if not (place / "node_modules" / package).exists():
        place.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--silent", "--prefix", str(place), package], check=False)
    (place / "make.js").write_text(script, encoding="utf-8")
    return place / "make.js" if (place / "node_modules" / package).exists() else None


def _node(script: Path) -> Callable[[Path, Path], list[str]]:
    return lambda originals, target: ["node", str(script), str(originals), str(target)]


# -- measuring -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Taken:
    """One run of the program ``name``: its ``first``, or another over what that one had made."""

    name: str
    first: bool
    cost: Cost


def _measured(makers: list[Maker], originals: Path, work: Path, rounds: int) -> Iterator[Taken]:
    for turn in range(rounds):
        for maker in makers[turn % len(makers) :] + makers[: turn % len(makers)]:
            target, log = work / "out" / maker.name, work / "log"
            shutil.rmtree(target, ignore_errors=True)
            target.parent.mkdir(exist_ok=True)
            environ = {**os.environ, "PYTHONPATH": str(ROOT), **(maker.environ or {})}
            for first in (True, False) if maker.again else (True,):
                cost = run(maker.command(originals, target), environ, log)
                if cost.exit_code:
                    sys.exit(f"{maker.name} ended with {cost.exit_code}:\n{log.read_text()[-2000:]}")
                yield Taken(maker.name, first, cost)


def _judged(maker: Maker, originals: Path, target: Path) -> tuple[int, int]:
    """How many web pictures show what their originals mean, of how many there should be."""
    paths = sorted(originals.iterdir())
    webs = (maker.web(target, path.stem) for path in paths)
    right = sum(web is not None and _apart(path, web) < _SAME for path, web in zip(paths, webs, strict=True))
    return right, len(paths)


def _apart(left: Path, right: Path) -> float:
    pair = [_as_seen(path) for path in (left, right)]
    return sum(ImageStat.Stat(ImageChops.difference(*pair)).mean) / 3 if pair[0].size == pair[1].size else 255.0


def _as_seen(path: Path) -> Image.Image:
    """A small picture of it as a browser shows it: turned, and in sRGB."""
    with Image.open(path) as image:
        image.draft("RGB", (600, 600))
        profile, shown = image.info.get("icc_profile"), ImageOps.exif_transpose(image).convert("RGB")
    wide = shown.width > shown.height
    shown = shown.resize((48, 32) if wide else (32, 48), Image.Resampling.BOX)
    if not profile:
        return shown
    srgb = ImageCms.createProfile("sRGB")
    return ImageCms.profileToProfile(shown, ImageCms.ImageCmsProfile(io.BytesIO(profile)), srgb) or shown


def _table(costs: list[Taken], judged: Mapping[str, tuple[int, int]], photos: int) -> Iterator[str]:
    yield "| program | wall s | ours | CPU ms per photo | ours | peak MB | again, s | as they should be |"
    yield "|---|---|---|---|---|---|---|---|"
    own = [it.cost for it in costs if it.name == OURS and it.first]
    for name in dict.fromkeys(it.name for it in costs):
        mine = [it.cost for it in costs if it.name == name and it.first]
        again = [it.cost.wall for it in costs if it.name == name and not it.first]
        wall = [cost.wall for cost in mine]
        cpu = [1000 * cost.cpu / photos for cost in mine]
        right, whole = judged[name]
        cells = [
            name,
            f"{median(wall):.1f} ({min(wall):.1f}–{max(wall):.1f})",
            _ratio(median(cost.wall for cost in own), median(wall), name),
            f"{median(cpu):.0f} ({min(cpu):.0f}–{max(cpu):.0f})",
            _ratio(median(1000 * cost.cpu / photos for cost in own), median(cpu), name),
            f"{max(cost.memory for cost in mine):.0f}",
            f"{median(again):.2f}" if again else "–",
            f"{right} of {whole}",
        ]
        yield f"| {' | '.join(cells)} |"


def _ratio(ours: float, theirs: float, name: str) -> str:
    return "1" if name == OURS else f"{ours / theirs:.2f} ×"


if __name__ == "__main__":
    main()
