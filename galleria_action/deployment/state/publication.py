"""The record of a publish under way: ``.galleria/publish.json``, which tells what each live key held before.

It is written before the first live object is touched and removed after the commit. A run that finds one knows that
another is publishing, or died doing so; then it can be finished, or taken back object by object. Nobody publishes
without having written it, and the write is conditional: of two at once one goes on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from galleria_action.deployment.state.manifest import Manifest, ManifestEntry
from galleria_action.deployment.state.pool import is_pool_key
from galleria_action.deployment.state.written import entry_of
from galleria_action.errors import ConfigInvalid
from galleria_action.gallery.keys import key_problem
from galleria_action.storage.interface import RECORDS, Headers, ObjectInfo
from galleria_action.values import asdict, dataclass, field, replace

PUBLICATION_KEY = f"{RECORDS}publish.json"
_SCHEMA = 1


class PublicationUnreadable(ValueError):
    """What lies there is not the record of a publish."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a live key held. ``kept`` is where in the state its bytes are, ``None`` where the bytes stay the same;
    ``headers`` are those it was stored with (``None``: the store keeps none), ``entry`` its entry in the manifest."""

    size: int
    etag: str
    kept: str | None
    headers: Headers | None
    entry: ManifestEntry | None


@dataclass(frozen=True, slots=True)
class Publication:
    """A publish of the plan ``plan_id`` (empty: of none, it only keeps others from publishing), whose commit is the
    document with the SHA-256 ``commit`` (``None``: the record commits, or the document stays as it is). ``begun`` tells
    that live objects may have been touched; ``beat`` grows while it is at work. ``claim`` is like no other's: of two
    that claim the same neither is to take the other for itself."""

    plan_id: str = ""
    commit: str | None = None
    replaced: Mapping[str, Replaced] = field(default_factory=dict)
    begun: bool = False
    beat: int = 0
    claim: str = ""

    def to_bytes(self) -> bytes:
        """The document that is stored."""
        document = {
            "schema": _SCHEMA,
            "plan": self.plan_id,
            "commit": self.commit,
            "begun": self.begun,
            "beat": self.beat,
            "claim": self.claim,
            "replaced": {key: asdict(it) for key, it in sorted(self.replaced.items())},
        }
        return json.dumps(document, separators=(",", ":")).encode()

    def kept(self) -> frozenset[str]:
        """The objects of the state that taking it back needs."""
        return frozenset(it.kept for it in self.replaced.values() if it.kept)

    def manifest_before(self, manifest: Manifest) -> Manifest:
        """``manifest`` as it was before the publish."""
        objects = dict(manifest.objects)
        for key, it in self.replaced.items():
            if it.entry:
                objects[key] = it.entry
            else:
                objects.pop(key, None)
        return replace(manifest, objects=objects)

    def listing_before(self, listing: Mapping[str, ObjectInfo]) -> dict[str, ObjectInfo]:
        """``listing`` as it was before the publish."""
        before = {key: ObjectInfo(key, it.size, it.etag) for key, it in self.replaced.items()}
        return {**listing, **before}


def parse_publication(raw: bytes) -> Publication:
    """Read a stored record.

    Raises ``PublicationUnreadable`` for anything else (the state may be writable by others, so every key in it is
    checked like a key of the metadata), and ``ConfigInvalid`` for one that a newer version has written.
    """
    try:
        document = json.loads(raw)
        if document["schema"] > _SCHEMA:
            raise ConfigInvalid(
                f"{PUBLICATION_KEY} was written by a newer version of Galleria Action (schema {document['schema']}).",
                hint="Use that version, or a newer one, for this gallery.",
            )
        replaced = {key: it for key, value in document["replaced"].items() if (it := replaced_of(key, value))}
        words = document["plan"], document["commit"], replaced, document["begun"], document["beat"]
        found = Publication(*words, document.get("claim", ""))
        texts = type(found.plan_id) is str and isinstance(found.commit, str | None) and type(found.claim) is str
        if not (texts and type(found.beat) is int):
            raise PublicationUnreadable("something in it has a wrong type")
        return replace(found, begun=bool(found.begun))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise PublicationUnreadable(str(error)) from error


def replaced_of(key: str, value: Mapping[str, Any] | None, also: str | None = None) -> Replaced | None:
    """What ``key`` held as it stands in a document of ours; ``None`` where it held nothing. ``also`` is a key that may
    stand there although no gallery has it. Raises ``PublicationUnreadable`` and what follows from a wrong type."""
    if key != also and key_problem(key):
        raise PublicationUnreadable("it names a key that no gallery has")
    if value is None:
        return None
    kept, headers, entry = value["kept"], value["headers"], value["entry"]
    if not (kept is None or is_pool_key(kept)):
        raise PublicationUnreadable("it names a place that is not in the pool")
    if type(value["size"]) is not int or type(value["etag"]) is not str:
        raise PublicationUnreadable("something in it has a wrong type")
    return Replaced(
        value["size"],
        value["etag"],
        kept,
        None if headers is None else Headers(**headers),
        None if entry is None else entry_of(entry),
    )
