"""A page that search engines leave out.

Neither S3 nor its likes can send ``X-Robots-Tag`` with an object, and ``robots.txt`` counts at the root of a host only,
where it would moreover keep the crawler from reading what the page says. So the page says it itself: ``<meta
name="robots">`` (developers.google.com/search/docs/crawling-indexing/block-indexing).
"""

from __future__ import annotations

import re

from galleria_action.expressions import expression

_TAG = b'<meta name="robots" content="noindex">'
#: what may come before an HTML element, as far as the document's type (html.spec.whatwg.org, 13.2.6.4.1): a mark of the
#: byte order, spaces, comments. Behind it an element of the head opens the head by itself.
_BEFORE = expression(rb"(?:\xef\xbb\xbf)?(?>(?:\s++|(?><!--.*?-->))*)<!doctype[^>]*+>", re.IGNORECASE | re.DOTALL)
_BOM = b"\xef\xbb\xbf"
_WIDE = (b"\xff\xfe", b"\xfe\xff")


def with_noindex(page: bytes) -> bytes:
    """The HTML ``page`` with a word for search engines in it, behind its document type. One that is not in a code that
    ASCII is part of stays as it is."""
    if page.startswith(_WIDE):
        return page
    found = _BEFORE.match(page)
    at = found.end() if found else len(_BOM) if page.startswith(_BOM) else 0
    return page[:at] + _TAG + page[at:]
