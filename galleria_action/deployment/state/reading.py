"""Reads our own records of the target: what is there, and what a conditional write of it has to match."""

from __future__ import annotations

from galleria_action.deployment.documents.reading import read_document
from galleria_action.deployment.model import Base
from galleria_action.deployment.state.manifest import MANIFEST_KEY, Manifest
from galleria_action.deployment.state.publication import (
    PUBLICATION_KEY,
    Publication,
    PublicationUnreadable,
    parse_publication,
)
from galleria_action.deployment.state.written import ManifestUnreadable, parse_manifest
from galleria_action.storage.interface import ReadStore

Warnings = tuple[str, ...]


def read_manifest(store: ReadStore) -> tuple[Manifest, Base | None, Warnings]:
    """The manifest, an empty one where there is none that can be understood. Raises the store's errors."""
    found = read_document(store, MANIFEST_KEY, packed=True)
    if found is None:
        return Manifest(), None, ()
    try:
        return parse_manifest(found.body), found.base, found.warnings
    except ManifestUnreadable as error:
        text = f"{MANIFEST_KEY} in the bucket cannot be understood and is treated as absent: {error}"
        return Manifest(), found.base, (text,)


def read_publication(store: ReadStore) -> tuple[Publication | None, Base | None, Warnings]:
    """The record of a publish, if there is one. Raises the store's errors."""
    stored = store.get(PUBLICATION_KEY)
    if stored is None:
        return None, None, ()
    base = Base.of(stored.body, stored.etag)
    try:
        return parse_publication(stored.body), base, ()
    except PublicationUnreadable as error:
        return None, base, (f"{PUBLICATION_KEY} in the bucket cannot be understood: {error}",)
