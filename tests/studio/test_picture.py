"""Pixels: upright, in the right colours, at the exact size, whatever the format; and faults that are told."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from galleria_action.gallery.exif import edit_exif
from galleria_action.gallery.originals.facts import Facts, read_facts
from galleria_action.gallery.originals.kinds import Kind
from galleria_action.gallery.originals.words import Words
from galleria_action.studio.recipe import Box, Recipe, fitted
from galleria_action.studio.render import encode
from galleria_action.studio.render import picture as picture_module
from galleria_action.studio.render.colour import adobe_rgb
from galleria_action.studio.render.picture import Picture, ScaledDecoder, Unreadable, develop, fast_decoder
from tests.gallery.conftest import PHOTOS
from tests.studio.photos import HEIC, exif, photo, picture

RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 200, 30), (30, 30, 220), (240, 240, 240)
#: what undoes each orientation, so that a stored picture turned by it is upright
STORED = {
    1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}  # fmt: skip
ENGINES = [
    pytest.param(None, id="pillow"),
    pytest.param(fast_decoder(), id="vips", marks=pytest.mark.skipif(fast_decoder() is None, reason="no pyvips")),
]


def developed(kind: Kind, data: bytes, box: Box = (2048, 2048), decoder: ScaledDecoder | None = None) -> Picture:
    return develop(kind, data, read_facts(kind, data), box, decoder)


def quadrants(size: Box = (96, 64)) -> Image.Image:
    image = Image.new("RGB", size, RED)
    width, height = size[0] // 2, size[1] // 2
    for colour, corner in ((GREEN, (width, 0)), (BLUE, (0, height)), (WHITE, (width, height))):
        image.paste(colour, (*corner, corner[0] + width, corner[1] + height))
    return image


def corners(image: Image.Image) -> list[tuple[int, int, int]]:
    """The quadrant colour that is nearest to each corner, in reading order."""
    width, height = image.size
    near = [(width // 8, height // 8), (-width // 8 + width, height // 8)]
    near += [(width // 8, height - height // 8), (width - width // 8, height - height // 8)]
    pixels = [image.getpixel(place) for place in near]
    known = (RED, GREEN, BLUE, WHITE)
    return [min(known, key=lambda c: sum(abs(a - b) for a, b in zip(c, pixel, strict=True))) for pixel in pixels]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", [Kind.JPEG, Kind.PNG, Kind.WEBP, Kind.TIFF, Kind.AVIF])
def test_every_format_ends_upright(kind: Kind, orientation: int, engine: ScaledDecoder | None) -> None:
    turn = STORED[orientation]
    stored = quadrants().transpose(turn) if turn is not None else quadrants()
    data = photo(kind, exif(orientation=orientation), image=stored)
    result = developed(kind, data, (48, 48), engine)
    assert (result.full_size, result.image.size) == ((96, 64), (48, 32))
    assert corners(result.image) == [RED, GREEN, BLUE, WHITE]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("size", [(6000, 400), (601, 400), (400, 601), (2048, 2048), (2049, 1365), (333, 1), (7, 9)])
def test_sizes_are_exact_and_never_enlarged(size: Box, engine: ScaledDecoder | None) -> None:
    data = photo(image=picture(size))
    box = (200, 200)
    result = developed(Kind.JPEG, data, box, engine)
    assert result.image.size == fitted(size, box)
    assert max(result.image.size) <= 200
    assert abs(result.image.width * size[1] - result.image.height * size[0]) <= max(size)
    assert developed(Kind.JPEG, data, (9000, 9000), engine).image.size == size


@pytest.mark.parametrize("engine", ENGINES)
def test_a_scaled_decode_shows_what_a_whole_one_does(engine: ScaledDecoder | None) -> None:
    data = photo(image=picture((1500, 1000), seed=3))
    whole = Image.open(io.BytesIO(data)).resize((400, 267), Image.Resampling.LANCZOS)
    small = developed(Kind.JPEG, data, (400, 400), engine).image
    assert max(ImageStat.Stat(ImageChops.difference(whole, small)).mean) < 2


def test_a_large_jpeg_is_decoded_small(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Box] = []
    plain = Image.Image.resize

    def resize(self: Image.Image, *args: object, **kwargs: object) -> Image.Image:
        asked.append(self.size)
        return plain(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Image.Image, "resize", resize)
    developed(Kind.JPEG, photo(image=quadrants((3000, 2000))), (1024, 1024))
    assert asked == [(1500, 1000)]


class TestColours:
    @pytest.mark.parametrize("kind", [Kind.JPEG, Kind.PNG, Kind.WEBP, Kind.TIFF, Kind.AVIF])
    def test_a_wide_gamut_becomes_srgb(self, kind: Kind) -> None:
        colour = (120, 160, 90)
        data = photo(kind, image=Image.new("RGB", (64, 64), colour), icc=adobe_rgb())
        assert near(developed(kind, data).image, in_srgb(colour)) <= 4

    @pytest.mark.parametrize("engine", ENGINES)
    def test_adobe_rgb_that_only_exif_tells_of(self, engine: ScaledDecoder | None) -> None:
        colour = (120, 160, 90)
        image = Image.new("RGB", (64, 64), colour)
        facts = Facts(adobe_rgb=True)
        assert near(develop(Kind.JPEG, photo(image=image), facts, (64, 64), engine).image, in_srgb(colour)) <= 4

    def test_exif_tells_of_adobe_rgb_in_two_ways(self) -> None:
        block = exif()
        block.get_ifd(0x8769)[0xA001] = 0xFFFF
        assert not read_facts(Kind.JPEG, photo(block=block)).adobe_rgb
        block.get_ifd(0x8769)[0xA005] = {1: "R03", 2: b"0100"}
        assert read_facts(Kind.JPEG, photo(block=block)).adobe_rgb
        two = exif()
        two.get_ifd(0x8769)[0xA001] = 2
        assert read_facts(Kind.JPEG, photo(block=two)).adobe_rgb

    def test_what_is_srgb_already_stays_as_it_is(self) -> None:
        from PIL import ImageCms

        srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        image = picture()
        plain, tagged = photo(Kind.PNG, image=image), photo(Kind.PNG, image=image, icc=srgb)
        assert developed(Kind.PNG, plain).image.tobytes() == developed(Kind.PNG, tagged).image.tobytes()

    @pytest.mark.parametrize("icc", [b"rubbish", b"", bytes(128)])
    def test_a_damaged_profile_is_left_aside(self, icc: bytes) -> None:
        image = Image.new("RGB", (32, 32), RED)
        assert near(developed(Kind.JPEG, photo(image=image, icc=icc)).image, RED) <= 4

    def test_a_profile_of_another_kind_of_picture_is_left_aside(self) -> None:
        image = Image.new("L", (32, 32), 128)
        assert near(developed(Kind.JPEG, photo(image=image, icc=adobe_rgb())).image, (128, 128, 128)) <= 2

    @pytest.mark.parametrize(
        ("mode", "colour", "seen"),
        [("L", 128, (128, 128, 128)), ("1", 1, (255, 255, 255)), ("P", 0, None), ("LA", (0, 0), (255, 255, 255)),
         ("RGBA", (255, 0, 0, 128), (255, 127, 127)), ("I;16", 32768, (128, 128, 128))],
    )  # fmt: skip
    def test_every_kind_of_pixels(self, mode: str, colour: object, seen: tuple[int, int, int] | None) -> None:
        image = Image.new(mode, (32, 32), colour)  # type: ignore[arg-type]
        result = developed(Kind.PNG, photo(Kind.PNG, image=image)).image
        assert result.mode == "RGB"
        assert seen is None or near(result, seen) <= 2

    def test_cmyk(self) -> None:
        image = Image.new("CMYK", (32, 32), (0, 255, 255, 0))
        assert near(developed(Kind.JPEG, photo(image=image)).image, (255, 0, 0)) <= 40

    def test_heic(self) -> None:
        pytest.importorskip("pi_heif")
        result = developed(Kind.HEIC, HEIC, (32, 32))
        assert (result.full_size, result.image.size, result.image.mode) == ((64, 64), (32, 32), "RGB")


def near(image: Image.Image, colour: tuple[int, int, int]) -> int:
    """How far the middle of a picture is from a colour."""
    pixel = image.convert("RGB").getpixel((image.width // 2, image.height // 2))
    assert isinstance(pixel, tuple)
    return max(abs(a - b) for a, b in zip(pixel, colour, strict=True))


def in_srgb(adobe: tuple[int, int, int]) -> tuple[int, int, int]:
    """Adobe RGB (1998) to sRGB by the published matrices, both with the white point D65."""
    linear = [(value / 255) ** (563 / 256) for value in adobe]
    to_xyz = ((0.57667, 0.18556, 0.18823), (0.29734, 0.62736, 0.07529), (0.02703, 0.07069, 0.99134))
    from_xyz = (
        (3.2404542, -1.5371385, -0.4985314),
        (-0.9692660, 1.8760108, 0.0415560),
        (0.0556434, -0.2040259, 1.0572252),
    )
    xyz = [sum(a * b for a, b in zip(row, linear, strict=True)) for row in to_xyz]
    rgb = [sum(a * b for a, b in zip(row, xyz, strict=True)) for row in from_xyz]
    gamma = [12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055 for v in rgb]
    red, green, blue = (round(255 * min(max(v, 0), 1)) for v in gamma)
    return red, green, blue


class TestFaults:
    @pytest.mark.parametrize("engine", ENGINES)
    @pytest.mark.parametrize("kind", [Kind.JPEG, Kind.PNG, Kind.WEBP, Kind.TIFF, Kind.AVIF])
    def test_a_file_that_ends_too_early(self, kind: Kind, engine: ScaledDecoder | None) -> None:
        data = photo(kind, image=picture((300, 200)))
        with pytest.raises(Unreadable):
            developed(kind, data[: len(data) // 2], decoder=engine)

    @pytest.mark.parametrize("kind", [Kind.PNG, Kind.WEBP, Kind.TIFF])
    def test_what_only_begins_like_a_photo_is_told_in_words(self, kind: Kind) -> None:
        with pytest.raises(Unreadable) as refused:
            develop(kind, b"\x89PNG\r\n\x1a\n" + bytes(200), Facts(), (8, 8))
        assert "cannot be decoded: it begins like" in str(refused.value)
        assert "object at 0x" not in str(refused.value)

    def test_more_pixels_than_fit_into_memory(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
        header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
        bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
        with pytest.raises(Unreadable, match=r"60,000 × 60,000"):
            developed(Kind.PNG, bomb)

    def test_a_huge_jpeg_counts_as_it_is_decoded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        data = photo(image=quadrants((2000, 2000)))
        monkeypatch.setattr(picture_module, "MAX_PIXELS", 1_000_000)
        assert developed(Kind.JPEG, data, (500, 500)).image.size == (500, 500)
        with pytest.raises(Unreadable):
            developed(Kind.JPEG, data, (2000, 2000))

    def test_heic_without_a_decoder_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(picture_module, "heic_missing", lambda: "is HEIC, for which nothing is installed")
        with pytest.raises(Unreadable, match="is HEIC"):
            developed(Kind.HEIC, HEIC)

    @pytest.mark.parametrize(
        ("version", "safe"), [("1.23.3", False), ("1.19.8", False), ("1.23.4", True), ("2.0.0", True)]
    )
    def test_only_a_safe_decoder_is_trusted(self, version: str, safe: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        class Heif:
            @staticmethod
            def libheif_version() -> str:
                return version

            @staticmethod
            def register_heif_opener() -> None:
                pass

        monkeypatch.setattr(picture_module, "_first_installed", lambda *_names: Heif)
        assert (picture_module.heic_missing.__wrapped__() is None) == safe


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


class TestEncoding:
    WORDS = Words(caption="Größe\nzwei", creator="Zoë", copyright="© 2024 X")

    @pytest.mark.parametrize("kind", [Kind.JPEG, Kind.WEBP, Kind.AVIF])
    def test_words_stay_in_every_size(self, kind: Kind) -> None:
        encoders = {Kind.JPEG: lambda: encode.jpeg(picture(), 85, self.WORDS),
                    Kind.WEBP: lambda: encode.webp(picture(), 85, self.WORDS),
                    Kind.AVIF: lambda: encode.avif(picture(), self.WORDS)}  # fmt: skip
        assert read_facts(kind, encoders[kind]()).words == self.WORDS

    def test_without_words_there_is_no_block(self) -> None:
        assert b"Exif" not in encode.jpeg(picture(), 85, Words())

    def test_our_own_edit_can_write_the_time_into_it(self) -> None:
        data = encode.jpeg(picture(), 85, self.WORDS)
        edit = edit_exif(data, "2024-06-15T14:30:45", 2)
        facts = read_facts(Kind.JPEG, bytes(edit.data))
        assert facts.words == self.WORDS
        assert facts.moment is not None and facts.moment.zone == "+02:00"

    @pytest.mark.skipif(not PHOTOS.is_dir(), reason="no real photos")
    def test_no_derived_size_of_a_real_photo_tells_where_it_was_taken(self) -> None:
        data = (Path(PHOTOS) / "me_nikon_d90.jpg").read_bytes()
        assert edit_exif(data, None, 13, strip_gps=True).changed
        web = encode.jpeg(developed(Kind.JPEG, data).image, 85, Words(copyright="X"))
        assert edit_exif(web, None, 13, strip_gps=True).changed is False


def test_a_recipe_is_told_by_its_fingerprint() -> None:
    assert Recipe().fingerprint() == Recipe().fingerprint()
    others = [Recipe(web_size=(1, 1)), Recipe(thumb_size=(1, 1)), Recipe(jpeg_quality=1), Recipe(webp_quality=1)]
    assert len({recipe.fingerprint() for recipe in (Recipe(), Recipe(avif=True), *others)}) == 6
    assert Recipe().fingerprint("a") != Recipe().fingerprint("b")
