"""What is known about a photo whose pictures are made: enough to do nothing the next time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from galleria_action.gallery.originals.facts import Exposure, Facts
from galleria_action.gallery.originals.kinds import Kind
from galleria_action.gallery.originals.moment import Moment, TimeSource
from galleria_action.gallery.originals.words import Words
from galleria_action.studio.recipe import Box
from galleria_action.values import asdict, dataclass

_VARIANT = re.compile(r"(?:web|thumb|avif)(?:-[a-z]+)?")


@dataclass(frozen=True, slots=True)
class Made:
    """One derived file: which (``web``, ``thumb``, ``avif-double`` …), its extension, and what proves it."""

    variant: str
    extension: str
    size: int
    sha256: str
    pixels: Box


@dataclass(frozen=True, slots=True)
class Record:
    """One photo by its content. ``fingerprint`` is that of everything that decided the derived files.

    ``deployment_sha256`` is that of the full file after our own edit; ``colour`` the mean one as ``#rrggbb``; ``notes``
    are warnings for humans, without the photo's name.
    """

    sha256: str
    fingerprint: str
    kind: Kind
    deployment_sha256: str
    facts: Facts
    pixels: Box
    colour: str
    made: tuple[Made, ...]
    notes: tuple[str, ...] = ()

    def find(self, variant: str) -> Made | None:
        """The derived file of a variant."""
        return next((made for made in self.made if made.variant == variant), None)

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        document = asdict(self)
        moment = self.facts.moment
        if moment:
            document["facts"]["moment"]["local"] = moment.local.isoformat()
        return document

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Record:
        """Read what ``to_dict`` wrote.

        Raises ``KeyError``, ``TypeError``, ``AttributeError``, ``OverflowError`` or ``ValueError`` for anything else.
        """
        facts = dict(data["facts"])
        if moment := facts["moment"]:
            local, source = datetime.fromisoformat(moment["local"]), TimeSource(moment["source"])
            facts["moment"] = Moment(**(moment | {"local": local, "source": source}))
        facts["exposure"] = Exposure(**facts["exposure"])
        facts["words"] = Words(**(facts["words"] | {"keywords": tuple(facts["words"]["keywords"])}))
        parts = {
            "facts": Facts(**facts),
            "made": tuple(map(_made_in, data["made"])),
            "pixels": _box(data["pixels"]),
            "kind": Kind(data["kind"]),
        }
        return cls(**(dict(data) | parts))


def _made_in(entry: Any) -> Made:
    made = Made(**(entry | {"pixels": _box(entry["pixels"])}))
    # both make up paths, and a stranger may have written them
    if not (_VARIANT.fullmatch(made.variant) and made.extension.isalnum()):
        raise ValueError(made)
    return made


def _box(value: Any) -> Box:
    width, height = value
    return int(width), int(height)
