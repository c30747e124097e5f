"""What visitors are expected to get, and of which addresses it is looked at: pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from random import Random

from galleria_action.deployment.state.manifest import Manifest, ManifestEntry
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.gallery.media import is_page, media_type
from galleria_action.storage.interface import Headers
from galleria_action.values import dataclass, field

#: so many of each are looked at
_PAGES, _CHANGED, _ASSETS, _OTHERS, _GONE = 8, 12, 6, 6, 4
#: what is larger is not looked at, and together no more than this
_LARGEST, _MOST_BYTES = 32 << 20, 128 << 20


@dataclass(frozen=True, slots=True)
class Expected:
    """One address. ``size`` (bytes) and ``headers`` are ``None`` where they are not known; an object that is ``gone``
    must not be served with these bytes any more."""

    key: str
    sha256: str
    size: int | None
    headers: Headers | None = None
    gone: bool = False

    @property
    def media_type(self) -> str:
        """Without parameters, in lower case; by the key where the headers are not known."""
        told = self.headers.content_type if self.headers else media_type(self.key)
        return told.partition(";")[0].strip().lower()

    @property
    def must_be_fresh(self) -> bool:
        """Whether it is what tells of all else, and was deployed so that nobody keeps it without asking. Of pictures
        and scripts some CDNs say by themselves how long browsers may keep them."""
        control = (self.headers.cache_control or "") if self.headers else ""
        tells = self.key == METADATA_KEY or is_page(self.key)
        return tells and any(word in control for word in ("no-cache", "no-store", "max-age=0"))


@dataclass(frozen=True, slots=True)
class Deployed:
    """What lies in the bucket: the ``document`` and, by key, what the ``manifest`` records. ``changed`` are keys that
    this run wrote, ``gone`` what it deleted, ``headers`` those that objects were stored with, by their digest."""

    document: Expected | None
    manifest: Manifest
    changed: Collection[str] = ()
    gone: Mapping[str, ManifestEntry] = field(default_factory=dict)
    headers: Mapping[str, Headers] = field(default_factory=dict)


def looked_at(deployed: Deployed, seed: str) -> tuple[Expected, ...]:
    """The document, the pages, what changed first and a sample of the rest: a few dozen at most. The same ``seed``
    chooses the same."""
    objects = {key: it for key, it in deployed.manifest.objects.items() if it.size <= _LARGEST}
    changed = dict.fromkeys(key for key in deployed.changed if key in objects)
    pages = _first(_PAGES, (key for key in changed if is_page(key)), _root(objects))
    photos = _first(_CHANGED, (key for key in changed if objects[key].kind == "photo"))
    assets = _first(_ASSETS, (key for key in changed if objects[key].kind == "site" and not is_page(key)))
    others = _sample([key for key in objects if key not in changed], seed)
    keys = dict.fromkeys([*pages, *photos, *assets, *others])
    there = (_of(key, objects[key], deployed.headers) for key in keys)
    gone = (_of(key, it, deployed.headers, gone=True) for key, it in islice(deployed.gone.items(), _GONE))
    document = (deployed.document,) if deployed.document else ()
    return tuple(_within(_MOST_BYTES, [*document, *there, *gone]))


def _root(objects: Collection[str]) -> list[str]:
    return [key for key in ("index.html",) if key in objects]


def _first(most: int, *keys: Iterable[str]) -> list[str]:
    return list(islice(dict.fromkeys(key for some in keys for key in some), most))


def _sample(keys: list[str], seed: str) -> list[str]:
    return Random(seed).sample(keys, min(_OTHERS, len(keys)))


def _within(most: int, wanted: Iterable[Expected]) -> Iterator[Expected]:
    total = 0
    for it in wanted:
        total += it.size or 0
        if total <= most:
            yield it


def _of(key: str, entry: ManifestEntry, headers: Mapping[str, Headers], *, gone: bool = False) -> Expected:
    return Expected(key, entry.sha256, entry.size, headers.get(entry.headers), gone)
