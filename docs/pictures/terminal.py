"""Records `make demo` as a moving picture: an SVG that needs no player, is searchable, and stands still in print."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path

from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT = Path(__file__).parents[2]
COLUMNS, ROWS = 92, 30
_WIDTH, _HEIGHT, _PADDING, _BAR = 8.43, 18, 14, 30
#: seconds that the first line, each step and the end stand still
_FIRST, _EACH, _LAST = 1.0, 5.0, 6.0
#: seconds for a move
_MOVE = 0.4
#: GitHub's dark colours: black, red, green, yellow, blue, magenta, cyan, white, and the bright ones
_COLOURS = [
    (72, 79, 88),
    (255, 123, 114),
    (63, 185, 80),
    (210, 153, 34),
    (88, 166, 255),
    (188, 140, 255),
    (57, 197, 207),
    (177, 186, 196),
]
_BRIGHT = [
    (110, 118, 129),
    (255, 161, 152),
    (86, 211, 100),
    (227, 179, 65),
    (121, 192, 255),
    (210, 168, 255),
    (86, 212, 221),
    (240, 246, 252),
]
_THEME = TerminalTheme((13, 17, 23), (230, 237, 243), _COLOURS, _BRIGHT)


def recording() -> str:
    """The demo is run and its output drawn. Raises ``CalledProcessError`` when it fails."""
    lines = ["\x1b[1m$ make demo\x1b[0m", *_run()]
    return drawn(lines)


def _run() -> list[str]:
    """What the demo prints on a terminal of this size."""
    ours, theirs = pty.openpty()
    env = os.environ | {"COLUMNS": str(COLUMNS), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    command = [sys.executable, "-m", "examples.demo"]
    with subprocess.Popen(command, cwd=ROOT, env=env, stdin=theirs, stdout=theirs, stderr=theirs) as demo:
        os.close(theirs)
        printed = b"".join(_read(ours))
    os.close(ours)
    if demo.returncode:
        raise subprocess.CalledProcessError(demo.returncode, command, printed)
    return printed.decode("utf-8").replace("\r\n", "\n").splitlines()


def _read(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # Linux says so when the other side has closed
            return
        if not piece:
            return
        yield piece


def drawn(lines: list[str]) -> str:
    """Lines with terminal colours as a window, through which they move up step after step."""
    width, height = COLUMNS * _WIDTH + 2 * _PADDING, ROWS * _HEIGHT + 2 * _PADDING + _BAR
    text = "\n".join(_line(number, line) for number, line in enumerate(lines))
    seconds, frames = _frames(lines)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img">
<title>make demo: a gallery is planned, deployed, found unchanged, changed, damaged and healed</title>
<style>
text {{ font: 14px "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #e6edf3; white-space: pre }}
.moving {{ animation: up {seconds:.1f}s infinite; transform: translateY({-max(0, len(lines) - ROWS) * _HEIGHT}px) }}
@keyframes up {{
{frames}
}}
@media (prefers-reduced-motion) {{ .moving {{ animation: none }} }}
</style>
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<circle cx="20" cy="16" r="6" fill="#ff5f57"/><circle cx="40" cy="16" r="6" fill="#febc2e"/>
<circle cx="60" cy="16" r="6" fill="#28c840"/>
<svg x="{_PADDING}" y="{_BAR + _PADDING}" width="{width - 2 * _PADDING:.0f}" height="{ROWS * _HEIGHT}">
<g class="moving">
{text}
</g>
</svg>
</svg>
"""


def _frames(lines: list[str]) -> tuple[float, str]:
    """How long the whole takes, and where the lines are when. Each step stands at its top, then moves to its end."""
    begins = [number for number, line in enumerate(lines) if _is_rule(line)]
    stands: list[tuple[float, int]] = [(_FIRST, 0)]
    for begin, end in zip(begins, [*begins[1:], len(lines)], strict=True):
        top = min(max(0, begin - 1), max(0, end - ROWS)) if end - begin < ROWS else begin
        stands += [(_EACH * (0.6 if end - top > ROWS else 1.0), top)]
        if end - top > ROWS:
            stands.append((_EACH * 0.4 + 1, end - ROWS))
    stands.append((_LAST, max(0, len(lines) - ROWS)))
    seconds = sum(still for still, _ in stands) + _MOVE * len(stands)
    now, keys = 0.0, []
    for still, top in stands:
        keys.append(
            f"{now / seconds:.2%}, {(now + still) / seconds:.2%} {{ transform: translateY({-top * _HEIGHT}px) }}"
        )
        now += still + _MOVE
    return seconds, "\n".join(keys)


def _is_rule(line: str) -> bool:
    return Text.from_ansi(line).plain.startswith("──")


def _line(number: int, line: str) -> str:
    pieces, column = [], 0
    for text, style, _ in _segments(line):
        if text.strip():
            pieces.append(f'<tspan x="{column * _WIDTH:.1f}"{_look(style)}>{escape(text)}</tspan>')
        column += Segment(text).cell_length
    return f'<text y="{number * _HEIGHT + 14}">{"".join(pieces)}</text>' if pieces else ""


def _segments(line: str) -> list[Segment]:
    console = Console(width=COLUMNS, color_system="truecolor", file=open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
    return [segment for segment in Text.from_ansi(line).render(console) if segment.text != "\n"]


def _look(style: Style | None) -> str:
    if style is None:
        return ""
    look = ""
    if style.color and not style.color.is_default:
        look += f' fill="{style.color.get_truecolor(_THEME).hex}"'
    if style.bold:
        look += ' font-weight="bold"'
    if style.dim:
        look += ' opacity=".6"'
    if style.italic:
        look += ' font-style="italic"'
    return look
