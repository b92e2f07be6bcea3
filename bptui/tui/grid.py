"""The one widget that draws the screen: lines of styled text, of which only what changed is sent.

Panes are areas of one grid, not widgets of their own: a widget that takes the focus is repainted whole (45 KB
for a Tab between two panes, measured), here a step writes only the cells that differ.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from rich.cells import cell_len
from rich.console import Console
from rich.control import Control
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from ..debugger.session import Session
from .layout import panes, screen
from .views.canvas import Line

# The terminal's own colours. The two signs differ in lightness too, and carry + and - besides.
COLOURS = {"plus": "yellow", "minus": "bright_cyan", "dim": "bright_black"}
MOVE = 10                                           # cells that are not worth a move of the terminal's cursor


@cache
def look(style: str) -> Style:
    """What a style's words look like."""
    words = style.split()
    colour = next((COLOURS[w] for w in words if w in COLOURS), None)
    return Style(color=colour, bold="bold" in words or None, reverse="reverse" in words or None,
                 underline="underline" in words or None)


def cells(line: Line) -> list[tuple[str, str]]:
    """One (character, style) a column; behind a wide character stands an empty one."""
    return [cell for text, style in line.segments for character in text
            for cell in ((character, style), *[("", style)] * (cell_len(character) - 1))]


def changed_spans(old: Line, new: Line) -> list[tuple[int, int]]:
    """The stretches of columns, as (first, behind the last), in which two lines differ."""
    a, b = cells(old), cells(new)
    if len(a) != len(b):
        return [(0, max(len(a), len(b)))]
    spans: list[tuple[int, int]] = []
    for n, (x, y) in enumerate(zip(a, b, strict=True)):
        if x != y:
            if spans and n - spans[-1][1] < MOVE:
                spans[-1] = spans[-1][0], n + 1
            else:
                spans.append((n, n + 1))
    return spans


class Spans(ChopsUpdate):
    """A paint of the changed stretches alone. Textual's own begins each at its widget's left edge: twice the bytes."""

    def render_segments(self, console: Console) -> str:
        parts: list[str] = []
        for y, first, end in self.spans:
            for right, (left, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=True):
                low, high = max(left, first), min(right, end)
                if strip is not None and low < high:
                    parts += Control.move_to(low, y).segment.text, strip.crop(low - left, high - left).render(console)
        return "".join(parts)


class SpanCompositor(Compositor):
    def render_partial_update(self) -> Spans | None:
        update = super().render_partial_update()
        return update and Spans(update.chops, update.spans, update.chop_ends)


class Grid(Widget):
    DEFAULT_CSS = "Grid { width: 100%; height: 100%; }"

    def __init__(self, session: Session, seen: Callable[[], None]) -> None:
        super().__init__()
        self.session = session
        self.seen = seen                            # called when the whole has been drawn
        self.lines: list[Line] = []

    def drawn(self, width: int, height: int) -> list[Line]:
        """Every line of the screen."""
        self.session.shown = panes(self.session, width, height)
        return screen(self.session, width, height)

    def paint(self) -> None:
        """Draw the session; cells that are as they were are not sent."""
        width, height = self.size
        if not width or not height:
            return
        lines = self.drawn(width, height)
        if len(lines) != len(self.lines):
            self.lines = lines
            self.refresh()
            return
        regions: list[Region] = []
        for y, (old, new) in enumerate(zip(self.lines, lines, strict=True)):
            if old != new:
                regions += [Region(first, y, end - first, 1) for first, end in changed_spans(old, new)]
        self.lines = lines
        if regions:
            self.refresh(*regions)

    def on_resize(self) -> None:
        self.lines = []
        self.paint()
        self.call_after_refresh(self.seen)

    def render_line(self, y: int) -> Strip:
        if y >= len(self.lines):
            return Strip.blank(self.size.width)
        return Strip([Segment(text, look(style)) for text, style in self.lines[y].segments if text])
