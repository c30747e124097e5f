"""Renders GitHub's Markdown as a page that looks like GitHub's, and takes a picture of it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from markdown_it import MarkdownIt
from PIL import Image, ImageChops

_WIDTH, _SCALE = 860, 2
_STYLE = (Path(__file__).parent / "github.css").read_text(encoding="utf-8")
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


class NoBrowser(Exception):
    """There is no browser to take a picture with; the text says what to install."""


def comment(markdown: str, by: str) -> str:
    """A comment of a pull request."""
    return _framed(f'<b>{by}</b> <span class="bot">bot</span> commented <u>now</u>', markdown)


def summary(markdown: str) -> str:
    """The summary of a job."""
    return _framed("deploy summary", markdown)


def _framed(head: str, markdown: str) -> str:
    body = f'<div class="head">{head}</div><div class="markdown">{rendered(markdown)}</div>'
    return _page(f'<div class="comment">{body}</div>')


def plain(markdown: str) -> str:
    """A page of the repository, such as the README."""
    return _page(f'<div class="markdown">{rendered(markdown)}</div>')


def rendered(markdown: str) -> str:
    """HTML of GitHub's Markdown: tables, HTML, alerts."""
    html = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(markdown)
    return re.sub(
        r"<blockquote>\s*<p>\[!(\w+)\]\s*(.*?)</blockquote>",
        lambda found: (
            f'<div class="alert {found[1].lower()}"><p class="title">{found[1].capitalize()}</p><p>{found[2]}</div>'
        ),
        html,
        flags=re.DOTALL,
    )


def _page(body: str) -> str:
    return f'<!doctype html><meta charset="utf-8"><style>{_STYLE}</style><body>{body}</body>'


def screenshot(page: str, picture: Path, folder: Path, *, width: int = _WIDTH, most: int = 4000) -> None:
    """Take a picture of ``page``, cut to what is on it; what is longer than ``most`` fades out. ``folder`` is for what
    is needed meanwhile."""
    source = folder / "page.html"
    source.write_text(page, encoding="utf-8")
    screenshot_of(source.as_uri(), picture, folder, width=width, most=most)


def screenshot_of(address: str, picture: Path, folder: Path, *, width: int = _WIDTH, most: int = 4000) -> None:
    """The same of what is at ``address``."""
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        raise NoBrowser("No Chromium was found. On Debian: apt-get install chromium fonts-noto-color-emoji")
    shot = folder / "page.png"
    options = [
        "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=8000",
        f"--user-data-dir={folder}/browser", f"--force-device-scale-factor={_SCALE}", f"--window-size={width},4000",
    ]  # fmt: skip
    command = [browser, *options, f"--screenshot={shot}", address]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    with Image.open(shot) as whole:
        seen = whole.convert("RGB")
    edge = ImageChops.difference(seen, Image.new("RGB", seen.size, "white")).getbbox()
    bottom = min(seen.height, (edge[3] if edge else seen.height) + 16 * _SCALE)
    cut = seen.crop((0, 0, seen.width, min(bottom, most * _SCALE)))
    if bottom > cut.height:
        _fade(cut)
    cut.save(picture, quality=90, method=6)


def _fade(picture: Image.Image) -> None:
    """The end becomes white: there is more."""
    height = 90 * _SCALE
    veil = Image.linear_gradient("L").resize((picture.width, height))
    picture.paste("white", (0, picture.height - height), veil)
