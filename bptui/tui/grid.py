"""The one widget that draws the screen: lines of styled text, of which only what changed is sent.

Panes are areas of one grid, not widgets of their own: a widget that takes the focus is repainted whole (45 KB
for a Tab between two panes, measured), here a step writes only the cells that differ.
"""

from __future__ import annotations

from functools import cache

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from .layout import screen
from .session import Session
from .views.canvas import Line

# The terminal's own colours. The two signs differ in lightness too, and carry + and - besides.
COLOURS = {"plus": "yellow", "minus": "bright_cyan", "dim": "bright_black"}


@cache
def look(style: str) -> Style:
    """What a style's words look like."""
    words = style.split()
    colour = next((COLOURS[w] for w in words if w in COLOURS), None)
    return Style(color=colour, bold="bold" in words or None, reverse="reverse" in words or None,
                 underline="underline" in words or None)


def changed_span(old: Line, new: Line) -> tuple[int, int] | None:
    """The first and last column in which two lines differ."""
    a = [(ch, style) for text, style in old.segments for ch in text]
    b = [(ch, style) for text, style in new.segments for ch in text]
    if len(a) != len(b):
        return 0, max(len(a), len(b))
    differing = [n for n, (x, y) in enumerate(zip(a, b, strict=True)) if x != y]
    return (differing[0], differing[-1] + 1) if differing else None


class Grid(Widget):
    DEFAULT_CSS = "Grid { width: 100%; height: 100%; }"

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.lines: list[Line] = []

    def paint(self) -> None:
        """Draw the session; cells that are as they were are not sent."""
        width, height = self.size
        if not width or not height:
            return
        lines = screen(self.session, width, height)
        if len(lines) != len(self.lines):
            self.lines = lines
            self.refresh()
            return
        regions: list[Region] = []
        for y, (old, new) in enumerate(zip(self.lines, lines, strict=True)):
            span = None if old == new else changed_span(old, new)
            if span is not None:
                regions.append(Region(span[0], y, span[1] - span[0], 1))
        self.lines = lines
        if regions:
            self.refresh(*regions)

    def on_resize(self) -> None:
        self.lines = []
        self.paint()

    def render_line(self, y: int) -> Strip:
        if y >= len(self.lines):
            return Strip.blank(self.size.width)
        return Strip([Segment(text, look(style)) for text, style in self.lines[y].segments if text])
