"""Reads Markdown as a browser would get it: rendered by a real Markdown parser, then taken apart."""

from __future__ import annotations

from html.parser import HTMLParser

from markdown_it import MarkdownIt

#: GitHub's dialect as far as it decides structure; its links of bare addresses are looked for in ``loose_text``.
_GITHUB = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])

#: Tags that our own Markdown makes; ``a`` only for a plain public URL.
OWN_TAGS = frozenset({
    "blockquote", "br", "code", "details", "em", "h2", "h3", "li", "p", "strong", "sub", "summary", "table", "tbody",
    "td", "th", "thead", "tr", "ul", "a",
})  # fmt: skip


_ALIGNMENT = {("style", "text-align:right")}


class Page(HTMLParser):
    """``tags`` in order, ``links``, ``loose_text`` outside of code (where GitHub looks for mentions, references and
    addresses), and ``codes``, the texts of the code spans."""

    def __init__(self, markdown: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.links: list[str] = []
        self.attributes: list[str] = []
        self.comments: list[str] = []
        self.codes: list[str] = []
        self.loose_text = ""
        self._in_code = 0
        self.html = _GITHUB.render(markdown)
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, value in attrs if (name, value) not in _ALIGNMENT]
        if tag == "a":
            self.links.append(dict(attrs)["href"])
        if tag == "code":
            self._in_code += 1
            self.codes.append("")
        if tag in ("td", "th", "li", "p", "br", "h2", "h3"):
            self.loose_text += "\n"

    def handle_endtag(self, tag):
        self._in_code -= tag == "code"

    def handle_data(self, data):
        if self._in_code:
            self.codes[-1] += data
            self.loose_text += "\N{REPLACEMENT CHARACTER}"
        else:
            self.loose_text += data

    def handle_comment(self, data):
        self.comments.append(data)

    @property
    def text(self) -> str:
        """Everything that is read, code included."""
        parser = _Text()
        parser.feed(self.html)
        parser.close()
        return parser.text


class _Text(HTMLParser):
    text = ""

    def handle_data(self, data):
        self.text += data
