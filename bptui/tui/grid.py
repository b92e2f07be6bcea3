"""The one widget that draws the screen: lines of styled text, of which only what changed is sent.

Panes are areas of one grid, not widgets of their own: a widget that takes the focus is repainted whole (45 KB
for a Tab between two panes, measured), here a step writes only the cells that differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rich.cells import cell_len
from rich.console import Console
from rich.control import Control
from rich.segment import Segment
from textual._compositor import ChopsUpdate, Compositor
from textual.events import MouseDown, MouseMove, MouseScrollDown, MouseScrollUp
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from ..debugger.state.session import Session
from .layout import panes, screen
from .themes import BY_NAME, Theme, style
from .views.ascii_line import spelled
from .views.canvas import Line

WHEEL = 3                                           # rows of a turn of the wheel
MOVE = 10                                           # cells that are not worth a move of the terminal's cursor


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


def dressed(looks: Mapping[str, str], only_ascii: bool) -> tuple[Theme, bool]:
    """The theme of some looks, and whether all is spelled in ASCII, where the terminal may have nothing else."""
    glyphs = looks.get("glyphs", "automatic")
    return BY_NAME[looks.get("theme", "terminal")], glyphs == "ascii" or (glyphs == "automatic" and only_ascii)


class Clicked(Message):
    """A click at a cell, a turn of the wheel there by some rows, or a move with the button held."""

    def __init__(self, x: int, y: int, wheel: int = 0, held: bool = False) -> None:
        super().__init__()
        self.x, self.y, self.wheel, self.held = x, y, wheel, held


class Grid(Widget):
    DEFAULT_CSS = "Grid { width: 100%; height: 100%; }"

    def __init__(self, session: Session, seen: Callable[[], None]) -> None:
        super().__init__()
        self.session = session
        self.seen = seen                            # called when the whole has been drawn
        self.lines: list[Line] = []
        self.dressed = self.dress()

    def dress(self) -> tuple[Theme, bool]:
        """The theme, and whether all is spelled in ASCII."""
        return dressed(self.session.looks, self.session.only_ascii)

    def drawn(self, width: int, height: int) -> list[Line]:
        """Every line of the screen."""
        self.session.shown = panes(self.session, width, height)
        return screen(self.session, width, height)

    def paint(self) -> None:
        """Draw the session; cells that are as they were are not sent."""
        width, height = self.size
        if not width or not height:
            return
        lines, dressed = self.drawn(width, height), self.dress()
        if dressed[1]:
            lines = [spelled(line) for line in lines]
        if len(lines) != len(self.lines) or dressed != self.dressed:
            self.lines, self.dressed = lines, dressed
            self.refresh()
            return
        regions: list[Region] = []
        for y, (old, new) in enumerate(zip(self.lines, lines, strict=True)):
            if old != new:
                regions += [Region(first, y, end - first, 1) for first, end in changed_spans(old, new)]
        self.lines = lines
        if regions:
            self.refresh(*regions)

    def on_mouse_down(self, event: MouseDown) -> None:
        """A click puts the cursor where it is; on the time line it goes to that update."""
        event.stop()
        self.post_message(Clicked(event.x, event.y))

    def on_mouse_move(self, event: MouseMove) -> None:
        """With the button held the time line is scrubbed."""
        if event.button:
            event.stop()
            self.post_message(Clicked(event.x, event.y, held=True))

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        event.stop()
        self.post_message(Clicked(event.x, event.y, WHEEL))

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        event.stop()
        self.post_message(Clicked(event.x, event.y, -WHEEL))

    def on_resize(self) -> None:
        self.lines = []
        self.paint()
        self.call_after_refresh(self.seen)

    def render_line(self, y: int) -> Strip:
        theme = self.dressed[0]
        if y >= len(self.lines):
            return Strip.blank(self.size.width, style(theme, ""))
        return Strip([Segment(text, style(theme, words)) for text, words in self.lines[y].segments if text])
