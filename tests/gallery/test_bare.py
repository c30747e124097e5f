"""A picture that shows its pixels and tells nothing else."""

from __future__ import annotations

import contextlib
import io
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from galleria_action.gallery.bare import bare_picture
from galleria_action.gallery.originals.kinds import Kind
from tests.studio.photos import exif, packet, photo

PHOTOS = sorted((Path(__file__).parents[3] / "shared/photos").glob("*.jp*g"))
PROFILE = b"icc" * 50
SECRETS = (b"Exif", b"xpacket", b"W5MPCHc", b"GPS", b"Canon", b"comment", b"A lake", b"eXIf", b"EXIF", b"XMP ", b"tEXt")


def pixels(body: bytes) -> bytes:
    with Image.open(io.BytesIO(body)) as image:
        return image.convert("RGB").tobytes()


@pytest.mark.parametrize("kind", [Kind.JPEG, Kind.WEBP, Kind.PNG])
def test_the_pixels_stay_and_nothing_else(kind: Kind) -> None:
    block = exif("2024:06:15 14:30:45", gps=True, make="Canon")
    whole = photo(kind, block=block, xmp=packet(title=["A lake"]))
    bare = bare_picture(whole)
    assert bare is not None
    assert bare.media_type == f"image/{'jpeg' if kind is Kind.JPEG else kind}"
    assert pixels(bare.body) == pixels(whole)
    with Image.open(io.BytesIO(bare.body)) as image:
        assert not image.getexif() and "xmp" not in image.info
    assert not [secret for secret in SECRETS if secret in bare.body]
    again = bare_picture(bare.body)
    assert again is not None and again.body == bare.body


def test_colours_and_the_side_that_is_up_are_kept() -> None:
    out, block = io.BytesIO(), exif(gps=True, orientation=6)
    image = Image.new("RGB", (64, 48), "teal")
    image.save(out, "JPEG", icc_profile=PROFILE, exif=block, comment=b"a comment", progressive=True)
    bare = bare_picture(out.getvalue())
    assert bare is not None
    with Image.open(io.BytesIO(bare.body)) as image:
        assert dict(image.getexif()) == {0x0112: 6}
        assert image.info["icc_profile"] == PROFILE
    assert b"comment" not in bare.body


def test_what_follows_the_first_picture_is_left_out() -> None:
    bare = bare_picture(photo() + photo(block=exif(gps=True)))
    assert bare is not None and bare.body == bare_picture(photo()).body  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", [Kind.TIFF, Kind.AVIF])
def test_of_other_formats_nothing_is_shown(kind: Kind) -> None:
    assert bare_picture(photo(kind)) is None
    assert bare_picture(b"<svg xmlns='http://www.w3.org/2000/svg'/>") is None
    assert bare_picture(b"") is None


def test_a_moving_picture_is_not_shown() -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "green")]
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:])
    assert bare_picture(out.getvalue()) is None


@pytest.mark.parametrize("kind", [Kind.JPEG, Kind.WEBP, Kind.PNG])
def test_damaged_ones_are_not_shown_and_never_raise(kind: Kind) -> None:
    whole = photo(kind, block=exif(gps=True))
    for cut in range(0, len(whole) - 8, 7):
        found = bare_picture(whole[:cut])
        assert found is None or kind is Kind.WEBP, cut  # a WebP may be short of its last chunks


@given(
    st.sampled_from([photo(kind, block=exif(gps=True)) for kind in (Kind.JPEG, Kind.WEBP, Kind.PNG)]),
    st.lists(st.tuples(st.integers(0, 2_000), st.binary(min_size=1, max_size=6)), max_size=8),
)
def test_whatever_is_in_it_nothing_is_raised(whole: bytes, damages: list[tuple[int, bytes]]) -> None:
    body = bytearray(whole)
    for at, new in damages:
        body[at : at + len(new)] = new
    found = bare_picture(bytes(body))
    assert found is None or len(found.body) <= len(body) + 40


@pytest.mark.parametrize("path", PHOTOS or [None], ids=lambda path: path.name if path else "none")
def test_photos_of_cameras(path: Path | None) -> None:
    if path is None:
        pytest.skip("no photos of cameras beside the project")
    body = path.read_bytes()
    bare = bare_picture(body)
    if bare is None:
        return
    assert not any(secret in bare.body for secret in itertools.chain(SECRETS[1:4], (b"http://ns.adobe.com",)))
    with contextlib.suppress(OSError):  # damaged before, too
        assert pixels(bare.body) == pixels(body)
