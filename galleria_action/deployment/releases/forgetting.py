"""How a photo goes from everything that was kept. Pure: metadata and records in, the same without the photo out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Set
from typing import Any

from galleria_action.deployment.releases.record import Release
from galleria_action.deployment.state.manifest import Manifest
from galleria_action.deployment.state.publication import Replaced
from galleria_action.values import dataclass, replace


@dataclass(frozen=True, slots=True)
class Document:
    """A metadata document: as it is, and ``without`` the photo (``None``: it does not name it). ``keys`` are those of
    the photo's files."""

    body: bytes
    without: bytes | None
    keys: frozenset[str] = frozenset()


def document_without(body: bytes, photo: str) -> Document:
    """The metadata document ``body`` without the photo; what cannot be understood names none."""
    try:
        document = json.loads(body)
        photos = document["photos"]
        gone = [it for it in photos if it["id"] == photo]
        keys = frozenset(str(key) for it in gone for key in it["files"].values())
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Document(body, None)
    if not gone:
        return Document(body, None)
    left: dict[str, Any] = document | {"photos": [it for it in photos if it["id"] != photo]}
    return Document(body, json.dumps(left, indent=2).encode(), keys)


def keys_of(
    photo: str, manifest: Manifest, documents: Iterable[Document], releases: Iterable[Release]
) -> frozenset[str]:
    """Every key under which the photo ever lay, as far as anything still tells."""
    named = {key for document in documents for key in document.keys}
    named |= {key for key, entry in manifest.objects.items() if photo in (entry.photo, key) and entry.kind == "photo"}
    named |= {key for key, gone in manifest.leaving.items() if gone.photo == photo}
    for release in releases:
        for key, held in release.undo.items():
            if held and held.entry and held.entry.kind == "photo" and photo in (held.entry.photo, key):
                named.add(key)
    return frozenset(named)


def record_without(
    release: Release, photo: str, keys: Set[str], others: Set[str], documents: Mapping[str, Replaced]
) -> Release:
    """``release`` without the photo's ``keys``, and with other metadata in place of ``documents`` (by where they are
    kept): it cannot bring the photo back. ``others`` are keys that belong to another photo by now."""

    def is_its(key: str, held: Replaced | None) -> bool:
        if key not in keys:
            return False
        if held is None:
            return key not in others
        return held.entry is None or held.entry.photo in (None, photo)

    left = {key: held for key, held in release.undo.items() if not is_its(key, held)}
    undo = {key: documents.get(held.kept or "", held) if held else None for key, held in left.items()}
    if undo == dict(release.undo):
        return release
    return replace(release, undo=undo, forgotten=release.forgotten + 1)
