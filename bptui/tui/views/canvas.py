"""A block of character cells to draw on: text at a column, in a style.

Styles are words: bold, dim, reverse, underline, plus and minus (the colours of the two signs). What they look
like is decided where lines become strips. A character that does not fit is cut, never wrapped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import normalize

from rich.cells import cell_len

from ...scenario.errors import MOST_MARKS, printable
from ...scenario.markdown import TextWord, flowed

Segment = tuple[str, str]
Spot = tuple[int, int, int, int]                    # columns from, up to; row of the canvas; row of the pane's list
JOINING = frozenset(map(chr, range(0x1F3FB, 0x1F400)))      # colours of skin: a cell of their own, or none
NAMED = 12                                          # columns in which both ends of a name tell something
HEARD: ContextVar[list[Spot] | None] = ContextVar("HEARD", default=None)


@dataclass(frozen=True)
class Line:
    """One row of cells as (text, style) runs."""

    segments: tuple[Segment, ...]

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.segments)


class Canvas:
    """`width` x `height` cells."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._cells: list[list[Segment]] = [[(" ", "")] * width for _ in range(height)]

    def put(self, x: int, y: int, text: str, style: str = "", until: int | None = None) -> int:
        """Draw `text` from column x; the column after it. With `until` it is cut there, and ends in an ellipsis."""
        end = self.width if until is None else min(until, self.width)
        if not 0 <= y < self.height:
            return x
        room = max(0, end - x) + 1
        text = drawable(text[:room * (1 + MOST_MARKS)])[:room]      # none is narrower now; long texts stay quick
        if until is not None and x + cell_len(text) > end:
            while text and x + cell_len(text) + 1 > end:
                text = text[:-1]
            text += "…" if end > x else ""
        if text and text.isascii() and text.isprintable() and 0 <= x <= end - len(text):
            self._free(y, x, x + len(text))
            self._cells[y][x:x + len(text)] = [(character, style) for character in text]
            return x + len(text)
        for character in text:
            wide = cell_len(character)
            if x + wide > end:
                break
            if x >= 0:
                self._free(y, x, x + wide)
                self._cells[y][x] = (character, style)
                for filler in range(1, wide):
                    self._cells[y][x + filler] = ("", style)
            x += wide
        return x

    def mark(self, x: int, y: int, character: str, style: str = "") -> None:
        """Draw one character that is known to be one cell wide, on a cell of the canvas."""
        self._free(y, x, x + 1)
        self._cells[y][x] = (character, style)

    def _free(self, y: int, first: int, end: int) -> None:
        """Make room: of a wide character that is drawn over, the half that is left becomes a blank."""
        row = self._cells[y]
        if not row[first][0]:
            row[first - 1] = (" ", row[first - 1][1])
        if end < self.width and not row[end][0]:
            row[end] = (" ", row[end][1])

    def right(self, x: int, y: int, text: str, style: str = "") -> int:
        """Draw `text` so that it ends before column x; its first column."""
        text = drawable(text)
        start = x - cell_len(text)
        self.put(start, y, text, style)
        return start

    def fill(self, x: int, y: int, count: int, character: str, style: str = "") -> None:
        self.put(x, y, character * max(0, count), style)

    def restyle(self, y: int, style: str, first: int = 0, last: int | None = None) -> None:
        """Add `style` to a row; signs lose their colour inside a reversed row."""
        for x in range(first, self.width if last is None else min(last, self.width)):
            character, old = self._cells[y][x]
            if style == "reverse":
                old = old.replace("plus", "").replace("minus", "").replace("dim", "")
            self._cells[y][x] = (character, " ".join(f"{old} {style}".split()))

    def row(self, y: int, row: int, chosen: bool) -> None:
        """A row of the pane's list is drawn here, over the whole width; reversed where it is `chosen`."""
        self.spot(y, row)
        if chosen:
            self.restyle(y, "reverse")

    def spot(self, y: int, row: int, first: int = 0, last: int | None = None) -> None:
        """A row of the pane's list is drawn here, with y = -1 on every row: what a click means."""
        heard = HEARD.get()
        if heard is not None:
            heard.append((first, self.width if last is None else last, y, row))

    def lines(self) -> list[Line]:
        return [Line(joined(row)) for row in self._cells]


def wrapped(text: str, width: int) -> list[str]:
    """`text` as rows of at most `width` cells, broken between words; a word that is wider is broken within."""
    return [row.text for row in flowed([TextWord(word) for word in drawable(text).split()], width, cell_len)]


def abridged(text: str, width: int) -> str:
    """`text` in at most `width` cells: whole; or cut after a word, if that leaves half of it, and ending in `…`; or
    with its middle left out, as the end of a name tells elements apart."""
    text = drawable(text)
    if cell_len(text) <= width:
        return text
    words = _part(text, 0, max(0, width - 1))
    words = words[:words.rfind(" ") + 1].rstrip()
    if 0 < width <= cell_len(words) * 2:
        return f"{words}…"
    if 0 < width < NAMED:
        return f"{_part(text, 0, width - 1)}…"
    end = cell_len(text)
    return f"{_part(text, 0, width - 1 - width // 2)}…{_part(text, end - width // 2, end)}" if width > 0 else ""


def drawable(text: str) -> str:
    """`text` as cells: controls as escapes, and no character that some terminals draw into the cell before it."""
    return text if text.isascii() and text.isprintable() else _drawable(text)


@lru_cache(4096)
def _drawable(text: str) -> str:
    return "".join(c for c in printable(normalize("NFC", text)) if cell_len(c) and c not in JOINING)


def joined(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    """The same cells in as few runs as there are."""
    result: list[Segment] = []
    texts: list[str] = []
    now = ""
    for text, style in segments:
        if style != now:
            if texts:
                result.append(("".join(texts), now))
                texts = []
            now = style
        texts.append(text)
    if texts:
        result.append(("".join(texts), now))
    return tuple(result)


def cut(segments: Iterable[Segment], first: int, end: int) -> list[Segment]:
    """The cells of columns `first` to `end`; half a wide character is a blank."""
    result: list[Segment] = []
    x = 0
    for text, style in segments:
        width = cell_len(text)
        low, high = max(first - x, 0), min(end - x, width)
        if low < high:
            part = text if high - low == width else text[low:high] if width == len(text) else _part(text, low, high)
            result.append((part, style))
        x += width
    return result


def _part(text: str, first: int, end: int) -> str:
    """Columns `first` to `end` of a text that has wide characters."""
    result, x = "", 0
    for character in text:
        wide = cell_len(character)
        inside = min(x + wide, end) - max(x, first)
        result += character if inside == wide else " " * max(0, inside)
        x += wide
    return result


def merged(under: Line, over: Line, x: int, width: int) -> Line:
    """`over` laid on `under` from column x; both as wide as they look."""
    end = x + sum(cell_len(text) for text, _ in over.segments)
    return Line(joined((*cut(under.segments, 0, x), *cut(over.segments, 0, width - x),
                        *cut(under.segments, end, width))))


def sign_style(value: float | None) -> str:
    """The colour of a derivative, contribution or change."""
    return "" if value is None or not value else "plus" if value > 0 else "minus"


def row_at(paint: Callable[[], object], x: int, y: int) -> int | None:
    """The row of a pane's list that is drawn at a cell, when `paint` draws the pane."""
    spots: list[Spot] = []
    before = HEARD.set(spots)
    try:
        paint()
    finally:
        HEARD.reset(before)
    return next((row for first, last, at, row in reversed(spots) if at in (y, -1) and first <= x < last), None)
