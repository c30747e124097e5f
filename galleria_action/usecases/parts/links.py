"""Do the site's pages link to photos that will exist? Asked as the option ``links`` says."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from galleria_action.errors import Finding, GalleryInvalid
from galleria_action.gallery.links import LARGEST_PAGE, Base, DeadLinks, Keys, Link, dead_links, links_of
from galleria_action.gallery.local.files import LocalFile, read_file
from galleria_action.gallery.media import extension_of
from galleria_action.options.gallery import Links
from galleria_action.quantities import count
from galleria_action.usecases.context import Context

_SHOWN, _LISTED = 5, 50
#: all pages together: a second or two
_MOST_BYTES = 256 << 20
_READ = frozenset({"html", "htm", "xhtml", "css"})


def check_links(
    context: Context, site: Sequence[LocalFile], photos: Collection[str] | None, *, elsewhere: bool
) -> None:
    """Warn of links of the ``site`` that lead to no photo, or raise ``GalleryInvalid`` under ``links: fail``.

    ``photos`` are the keys of the gallery's photos, ``None`` where nobody knows them; they may lie ``elsewhere``.
    """
    wanted = context.options.gallery.links
    if photos is None or wanted is Links.OFF:
        return
    prefix = context.options.target.prefix or ""
    base = Base.of(context.options.review.public_url, prefix)
    keys = Keys({file.key for file in site}, frozenset(photos), elsewhere)
    found = dead_links(_links(site, base), keys)
    if not found.links:
        return
    text = f"{count(len(found.links), 'link')} of the site to pictures that will not exist: {_some(found)}."
    if wanted is Links.WARN:
        context.warn(f"{text} {_remedy(found, prefix)}")
        return
    pages = {file.key: file for file in site}
    listed = [_finding(context, pages[it.link.page], it.link) for it in found.links[:_LISTED]]
    if len(found.links) > _LISTED:
        listed.append(Finding(f"and {len(found.links) - _LISTED:,} more"))
    raise GalleryInvalid(f"{text} Nothing was written.", hint=_remedy(found, prefix), findings=listed)


def _links(site: Sequence[LocalFile], base: Base) -> Iterator[Link]:
    left = _MOST_BYTES
    for file in site:
        if extension_of(file.key) in _READ and file.size <= min(LARGEST_PAGE, left):
            left -= file.size
            yield from links_of(file.key, read_file(file), base)


def _finding(context: Context, page: LocalFile, link: Link) -> Finding:
    """With the line of the page where the link stands first, as it is written."""
    body = read_file(page)
    at = body.find(link.text.encode("utf-8", "surrogateescape"))
    return Finding(_told(link), context.place.name(page.real), body.count(b"\n", 0, at) + 1 if at >= 0 else None)


def _told(link: Link) -> str:
    return f"{link.page} links to {link.text}"


def _some(found: DeadLinks) -> str:
    shown = "; ".join(_told(it.link) for it in found.links[:_SHOWN])
    more = len(found.links) - _SHOWN
    return f"{shown}; and {more:,} more" if more > 0 else shown


def _remedy(found: DeadLinks, prefix: str) -> str:
    if found.above:
        below = "/".join(filter(None, [prefix.strip("/"), found.above]))
        return (
            f"The metadata names these photos without {found.above}/. Deploy them by themselves with photos-only and "
            f"prefix: {below}, and the site with site-only; or build the site with the keys of the metadata. Where a "
            f"CDN leads {found.above}/ to the photos, set links: off."
        )
    known = next((it for it in found.links if it.meant), None)
    if known is None:
        return "Build the site again, or put the pictures into its folder. links: off leaves this out."
    return (
        f"Pages and metadata must agree: {known.link.key} has the key {known.meant} in the metadata. Give the metadata "
        "the keys that the pages link to (docs/local-files.md has a line for Galleria's), or build the site with the "
        "keys of the metadata. links: off leaves this out."
    )
