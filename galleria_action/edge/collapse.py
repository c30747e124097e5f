"""Many addresses made few: pure. A ``*`` at the end of a path stands for everything that begins so.

A service bills, or bounds, addresses, and what a ``*`` evicts has to be fetched from the bucket again. So nothing is
collapsed that is within its bounds, and then the folder first that holds most of what is stale.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from galleria_action.values import dataclass

#: folders deeper than this are taken as one with what lies above them
_DEEPEST = 32
#: the whole site
EVERYTHING = "/*"


@dataclass(frozen=True, slots=True)
class Allowance:
    """``most`` addresses, among them ``wildcards`` with a ``*``. A service that knows no wildcards takes more one by
    one, where it must, but never more than ``bound``."""

    most: int
    wildcards: int
    bound: int = 10_000


def few(certain: Sequence[str], perhaps: Sequence[str], root: str, allowed: Allowance) -> tuple[str, ...]:
    """``certain`` paths within ``allowed``, and those that are ``perhaps`` stale where there is room for all of them.

    Only what lies below ``root`` (a path with a slash at its end) is collapsed. Where a service knows no wildcards,
    everything goes where the gallery is all that the site has; else the paths stay as they are, up to the bound.
    """
    paths = tuple(dict.fromkeys(certain))
    both = tuple(dict.fromkeys((*certain, *perhaps)))
    if EVERYTHING in paths:
        return (EVERYTHING,)
    if _fits(len(both), _wildcards(both), allowed):
        return both
    if _fits(len(paths), _wildcards(paths), allowed):
        return paths
    if allowed.wildcards:
        return _collapsed(paths, root, allowed)
    return (EVERYTHING,) if root == "/" or len(paths) > allowed.bound else paths


def _fits(paths: int, wildcards: int, allowed: Allowance) -> bool:
    return paths <= allowed.most and wildcards <= allowed.wildcards


def _wildcards(paths: Collection[str]) -> int:
    return sum(path.endswith("*") for path in paths)


def _collapsed(paths: tuple[str, ...], root: str, allowed: Allowance) -> tuple[str, ...]:
    left, wildcards = set(paths), _wildcards(paths)
    top, deepest = root.count("/"), min(_DEEPEST, max(path.count("/") for path in paths))
    for depth in range(max(top, deepest), top - 1, -1):
        by_folder: dict[str, list[str]] = {}
        for path in left:
            if path.startswith(root) and path.count("/") >= depth:
                by_folder.setdefault(_folder(path, depth), []).append(path)
        for folder, inside in sorted(by_folder.items(), key=lambda it: (-len(it[1]), it[0])):
            if _fits(len(left), wildcards, allowed):
                return tuple(sorted(left))
            if len(inside) > 1 or depth == top:
                left.difference_update(inside)
                left.add(f"{folder}*")
                wildcards += 1 - _wildcards(inside)
    return tuple(sorted(left))


def _folder(path: str, depth: int) -> str:
    """The first ``depth`` segments of ``path``, with the slash behind them."""
    return "/".join(path.split("/", depth)[:depth]) + "/"
