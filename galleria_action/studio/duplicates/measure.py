"""What a photo looks like, in numbers: its hashes, and what decides which of two is the better one."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from PIL import Image

from galleria_action.gallery.originals.facts import Facts, read_facts
from galleria_action.gallery.originals.scan import Original, Stamp
from galleria_action.studio.duplicates.hashes import Hashes, hashes_of
from galleria_action.studio.reading import photo_kind, read_photo
from galleria_action.studio.recipe import Box, fitted
from galleria_action.studio.render.picture import Unreadable, develop, fast_decoder
from galleria_action.values import asdict, dataclass

#: hashes of a picture of this size are those of the whole one, and a JPEG is decoded for it in a sixth of the time
_LOOK = (256, 256)
_PORTRAIT = (240, 160)
#: width and height of what pictures are compared by, point by point
GREY_SIZE = 128


@dataclass(frozen=True, slots=True)
class Measured:
    """One photo. ``size`` in bytes, ``pixels`` upright; ``taken`` in ISO 8601 with the fraction, empty when unknown."""

    path: str
    sha256: str
    size: int
    pixels: Box
    hashes: Hashes
    taken: str = ""
    camera: str = ""

    @property
    def rank(self) -> tuple[int, int, str, list[str]]:
        """Sorts the best of several first: most pixels, most bytes, earliest, first path."""
        return -self.pixels[0] * self.pixels[1], -self.size, self.taken or "~", self.path.split("/")

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Measured:
        """Read what ``to_dict`` wrote. Raises ``KeyError``, ``TypeError`` or ``ValueError`` for anything else."""
        hashes = data["hashes"]
        phash, dhash = tuple(map(str, hashes["phash"])), tuple(map(str, hashes["dhash"]))
        if len(phash) != 8 or len(dhash) != 8 or len({len(bytes.fromhex(text)) for text in phash + dhash}) != 1:
            raise ValueError("not eight hashes of one size")
        width, height = data["pixels"]
        parts = {"hashes": Hashes(phash, dhash, bool(hashes["flat"])), "pixels": (int(width), int(height))}
        return cls(**(dict(data) | parts))


@dataclass(frozen=True, slots=True)
class Portrait:
    """A small picture for people (WebP) and its grey points for comparison (``GREY_SIZE`` in both directions)."""

    webp: bytes
    grey: bytes


def measuring(original: Original, hash_size: int) -> dict[str, Any]:
    """The work of measuring a photo, for the pool."""
    return {
        "task": "measure", "path": original.path, "real": original.real, "stamp": original.stamp, "bits": hash_size
    }  # fmt: skip


def portraying(path: str, real: str) -> dict[str, Any]:
    """The work of making a photo's portrait, for the pool."""
    return {"task": "portray", "path": path, "real": real}


def measure_work(work: Any) -> dict[str, Any]:
    """The pool's side of both: what was asked for, or what is wrong with the photo."""
    try:
        if work["task"] == "portray":
            return {"portrait": _portrait(work["real"])}
        return {"measured": _measured(work["path"], work["real"], Stamp(work["stamp"]), work["bits"]).to_dict()}
    except Unreadable as problem:
        return {"problem": str(problem)}
    except OSError as error:
        return {"problem": f"cannot be read ({error.strerror or error})"}


def portrait_of(answer: Mapping[str, Any]) -> Portrait:
    """The portrait in an answer of the pool."""
    webp, grey = (base64.b64decode(answer["portrait"][name]) for name in ("webp", "grey"))
    return Portrait(webp, grey)


def _measured(path: str, real: str, stamp: Stamp, hash_size: int) -> Measured:
    data = read_photo(real, stamp)
    kind = photo_kind(data)
    facts = read_facts(kind, data)
    picture = develop(kind, data, facts, _LOOK, fast_decoder())
    return Measured(
        path=path,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        pixels=picture.full_size,
        hashes=hashes_of(picture.image, hash_size),
        taken=taken_text(facts),
        camera=f"{facts.make} {facts.model}".strip(),
    )


def taken_text(facts: Facts) -> str:
    """The moment as ``Measured.taken`` has it."""
    moment = facts.moment
    return moment.local.isoformat() + (f".{moment.fraction}" if moment.fraction else "") if moment else ""


def seconds_between(left: str, right: str) -> float | None:
    """The time between two moments as ``Measured.taken`` has them, ``None`` when one is unknown."""
    if not left or not right:
        return None
    return abs(_moment(left) - _moment(right)) / timedelta(seconds=1)


def _moment(taken: str) -> datetime:
    second, _, fraction = taken.partition(".")
    return datetime.fromisoformat(second) + timedelta(microseconds=int(fraction[:6].ljust(6, "0") or "0"))


def _portrait(real: str) -> dict[str, str]:
    data = read_photo(real, None)
    kind = photo_kind(data)
    image = develop(kind, data, read_facts(kind, data), _LOOK, fast_decoder()).image
    grey = image.convert("L").resize((GREY_SIZE, GREY_SIZE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.resize(fitted(image.size, _PORTRAIT), Image.Resampling.LANCZOS).save(out, "WEBP", quality=70)
    return {"webp": base64.b64encode(out.getvalue()).decode(), "grey": base64.b64encode(grey.tobytes()).decode()}
