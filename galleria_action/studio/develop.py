"""One photo, from its bytes to its derived files. Runs in a process of the pool; knows no names.

Files are called by what decides their content, so that they can be made before the photo has a name, in any order, and
are found again after a kill.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from PIL import Image

from galleria_action.gallery.exif import edit_exif
from galleria_action.gallery.metadata.model import KEEP_ORIGINAL_TIMEZONE
from galleria_action.gallery.originals.facts import Facts, read_facts
from galleria_action.gallery.originals.kinds import Kind
from galleria_action.gallery.originals.scan import Stamp
from galleria_action.gallery.originals.times import TimeSettings
from galleria_action.studio.reading import photo_kind, read_photo
from galleria_action.studio.recipe import Box, Recipe, fitted
from galleria_action.studio.record import Made, Record
from galleria_action.studio.render import encode
from galleria_action.studio.render.picture import Unreadable, develop, fast_decoder, heic_missing
from galleria_action.values import asdict, dataclass


class NotWritten(Exception):
    """A file that was made has no place to go. No fault of the photo, and the same for all of them."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made of one photo. ``real`` is where it lies, ``path`` its name among the originals; ``web`` is
    where the photographer's own version for the web lies, ``folder`` where the files go."""

    real: str
    stamp: Stamp
    path: str
    recipe: Recipe
    times: TimeSettings
    folder: str
    web: str | None = None
    web_sha256: str | None = None

    def to_work(self) -> dict[str, Any]:
        """As JSON, for the pool."""
        return {"task": "develop", "order": asdict(self)}

    @classmethod
    def of_work(cls, order: Any) -> Order:
        """The order in what ``to_work`` wrote."""
        recipe = order["recipe"] | {size: tuple(order["recipe"][size]) for size in ("web_size", "thumb_size")}
        parts = {"recipe": Recipe(**recipe), "times": TimeSettings(**order["times"]), "stamp": Stamp(order["stamp"])}
        return cls(**(order | parts))


def fingerprint_of(recipe: Recipe, times: TimeSettings, web_sha256: str | None) -> str:
    """What a photo's derived files depend on besides its own bytes."""
    return recipe.fingerprint(asdict(times), web_sha256)


def develop_work(work: Any) -> dict[str, Any]:
    """The pool's side: the record of a photo, or what is wrong with it, or with the disk."""
    try:
        return {"record": develop_photo(Order.of_work(work["order"])).to_dict()}
    except Unreadable as problem:
        return {"problem": str(problem)}
    except NotWritten as problem:
        return {"unwritable": str(problem)}
    except OSError as error:
        return {"problem": f"could not be processed ({error.strerror or error})"}


def develop_photo(order: Order) -> Record:
    """Make the derived files of a photo. Raises ``Unreadable`` for the photo's faults, ``OSError`` where it cannot be
    read, ``NotWritten`` where what is made cannot be."""
    data = read_photo(order.real, order.stamp)
    kind = photo_kind(data)
    facts = read_facts(kind, data)
    notes: tuple[str, ...] = ()
    if order.web is None:
        picture = develop(kind, data, facts, order.recipe.web_size, fast_decoder())
        parts, pixels = [*_sizes(picture.image, order.recipe, facts)], picture.full_size
    else:
        parts, notes = _own_version(order, facts)
        pixels = _whole(kind, data, facts) or parts[0].pixels
    edit = edit_exif(data, order.times.to_publish(facts.moment), order.times.zone_hours)
    sha256 = hashlib.sha256(data).hexdigest()
    fingerprint = fingerprint_of(order.recipe, order.times, order.web_sha256)
    return Record(
        sha256=sha256,
        fingerprint=fingerprint,
        kind=kind,
        deployment_sha256=hashlib.sha256(edit.data).hexdigest() if edit.changed else sha256,
        facts=facts,
        pixels=pixels,
        colour=_mean_colour(parts[0].image),
        made=tuple(_written(Path(order.folder), sha256, fingerprint, part) for part in parts),
        notes=notes,
    )


def _whole(kind: Kind, data: bytes, facts: Facts) -> Box | None:
    """The size of a photo that can be decoded to its end; ``None`` where nothing is installed to find out."""
    if kind is Kind.HEIC and heic_missing():
        return None
    return develop(kind, data, facts, (64, 64)).full_size


@dataclass(frozen=True, slots=True)
class _Part:
    """A derived file; ``image`` are its pixels, or what stands for them."""

    variant: str
    extension: str
    body: bytes
    pixels: Box
    image: Image.Image


def _sizes(web: Image.Image, recipe: Recipe, facts: Facts) -> Iterator[_Part]:
    """The web variant and all that is made from it: scaled twice it looks the same, for a third of the work."""
    yield _Part("web", "jpg", encode.jpeg(web, recipe.jpeg_quality, facts.words), web.size, web)
    yield from _small_sizes(web, recipe, facts)


def _small_sizes(web: Image.Image, recipe: Recipe, facts: Facts) -> Iterator[_Part]:
    thumb = _scaled(web, recipe.thumb_size)
    yield _Part("thumb", "webp", encode.webp(thumb, recipe.webp_quality, facts.words), thumb.size, thumb)
    if recipe.avif:
        double = _scaled(web, (2 * recipe.thumb_size[0], 2 * recipe.thumb_size[1]))
        for variant, image in (("avif-thumb", thumb), ("avif-double", double), ("avif-web", web)):
            yield _Part(variant, "avif", encode.avif(image, facts.words), image.size, image)


def _own_version(order: Order, facts: Facts) -> tuple[list[_Part], tuple[str, ...]]:
    """The photographer's own version as it is, but for the position; the small sizes made from it; what to tell."""
    assert order.web is not None
    data = read_photo(order.web, None)
    if hashlib.sha256(data).hexdigest() != order.web_sha256:
        raise Unreadable("has a version for the web that was changed while it was read")
    kind = photo_kind(data)
    picture = develop(kind, data, read_facts(kind, data), order.recipe.web_size, fast_decoder())
    stripped = edit_exif(data, None, KEEP_ORIGINAL_TIMEZONE, strip_gps=True)
    notes = stripped.warnings if stripped.position and stripped.position.left else ()
    own = _Part("web", kind.value, bytes(stripped.data), picture.full_size, picture.image)
    return [own, *_small_sizes(picture.image, order.recipe, facts)], notes


def _scaled(image: Image.Image, box: Box) -> Image.Image:
    size = fitted(image.size, box)
    return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)


def _mean_colour(image: Image.Image) -> str:
    """What a page shows until the picture has come."""
    mean = image.resize((1, 1), Image.Resampling.BOX, reducing_gap=2.0).getpixel((0, 0))
    assert isinstance(mean, tuple)
    return "#{:02x}{:02x}{:02x}".format(*map(int, mean[:3]))


def made_name(sha256: str, fingerprint: str, variant: str, extension: str) -> str:
    """What a derived file is called until its photo has a name."""
    return f"{sha256}-{fingerprint}.{variant}.{extension}"


def _written(folder: Path, sha256: str, fingerprint: str, part: _Part) -> Made:
    """Write a derived file whole or not at all. Raises ``NotWritten``."""
    path = folder / made_name(sha256, fingerprint, part.variant, part.extension)
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        draft.write_bytes(part.body)
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise NotWritten(error.strerror or str(error)) from None
    return Made(part.variant, part.extension, len(part.body), hashlib.sha256(part.body).hexdigest(), part.pixels)
