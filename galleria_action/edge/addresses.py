"""Which addresses of a gallery are stale after a plan: pure, and made of what the plan changes alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import quote, urlsplit

from galleria_action.deployment.model import Plan, Reason
from galleria_action.values import dataclass

#: what is served for a folder's address
_INDEXES = ("index.html", "index.htm")
#: what may stand in a path as it is (RFC 3986, "pchar"); browsers leave it, many programs encode it
_PLAIN = "/!$&'()+,;=:@"


@dataclass(frozen=True, slots=True)
class Dirty:
    """Keys of which a cache may hold something else. Those of ``perhaps`` are new photos, which nobody could be told of
    before: a cache holds a 404 of one only if somebody guessed its name."""

    certain: tuple[str, ...]
    perhaps: tuple[str, ...] = ()


def dirty_keys(plan: Plan) -> Dirty:
    """What ``plan`` replaces, deletes or brings anew."""
    certain: list[str] = [copy.key for copy in plan.copies]
    certain += (gone.key for gone in plan.deletes)
    perhaps: list[str] = []
    for upload in plan.uploads:
        guessed = upload.photo is not None and upload.reason is Reason.NEW
        (perhaps if guessed else certain).append(upload.key)
    if plan.commit:
        certain.append(plan.commit.key)
    return Dirty(tuple(dict.fromkeys(certain)), tuple(dict.fromkeys(perhaps)))


@dataclass(frozen=True, slots=True)
class Site:
    """Where visitors find a gallery: ``origin`` as ``https://host`` (empty: not known), and the ``path`` of its root,
    percent-encoded, with a slash at both ends."""

    origin: str
    path: str

    @classmethod
    def of(cls, public_url: str | None, prefix: str) -> Site:
        """The site at ``public_url``. Without one the cache is taken to show the whole bucket, and the gallery's
        ``prefix`` to be its folder there."""
        if public_url is None:
            return cls("", f"/{quote(prefix, safe='/')}")
        parts = urlsplit(public_url)
        path = quote(parts.path.strip("/"), safe=f"{_PLAIN}%~")
        return cls(f"{parts.scheme}://{parts.netloc}", f"/{path}/" if path else "/")

    def below(self, folder: str) -> Site:
        """What visitors find at ``folder`` of it, which ends with a slash."""
        return Site(self.origin, self.path + quote(folder, safe="/"))

    def paths(self, keys: Iterable[str]) -> list[str]:
        """Every path under which a cache may hold one of ``keys``."""
        return list(dict.fromkeys(path for key in keys for path in self._paths(key)))

    def _paths(self, key: str) -> Iterator[str]:
        for name in _names(key):
            yield self.path + quote(name, safe="/~", errors="surrogateescape")
            yield self.path + quote(name, safe=_PLAIN + "~", errors="surrogateescape")
        if key in _INDEXES and self.path != "/":
            yield self.path.rstrip("/")


def _names(key: str) -> tuple[str, ...]:
    folder, slash, name = key.rpartition("/")
    if name not in _INDEXES:
        return (key,)
    return (key, f"{folder}/", folder) if slash else (key, "")
