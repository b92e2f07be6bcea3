"""A block of character cells to draw on: text at a column, in a style.

Styles are words: bold, dim, reverse, underline, plus and minus (the colours of the two signs). What they look
like is decided where lines become strips. A character that does not fit is cut, never wrapped.
"""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len

Segment = tuple[str, str]


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
        if until is not None and x + cell_len(text) > end:
            while text and x + cell_len(text) + 1 > end:
                text = text[:-1]
            text += "…" if end > x else ""
        for character in text:
            wide = cell_len(character)
            if wide == 0:
                continue
            if x + wide > end:
                break
            if x >= 0:
                self._cells[y][x] = (character, style)
                for filler in range(1, wide):
                    self._cells[y][x + filler] = ("", style)
            x += wide
        return x

    def right(self, x: int, y: int, text: str, style: str = "") -> int:
        """Draw `text` so that it ends before column x; its first column."""
        start = x - cell_len(text)
        self.put(start, y, text, style)
        return start

    def fill(self, x: int, y: int, count: int, character: str, style: str = "") -> None:
        self.put(x, y, character * max(0, count), style)

    def restyle(self, y: int, style: str, first: int = 0, last: int | None = None) -> None:
        """Add `style` to a row; signs lose their colour inside a reversed row."""
        for x in range(first, self.width if last is None else last):
            character, old = self._cells[y][x]
            if style == "reverse":
                old = old.replace("plus", "").replace("minus", "").replace("dim", "")
            self._cells[y][x] = (character, " ".join(f"{old} {style}".split()))

    def lines(self) -> list[Line]:
        result: list[Line] = []
        for row in self._cells:
            runs: list[list[str]] = []
            for character, style in row:
                if runs and runs[-1][1] == style:
                    runs[-1][0] += character
                else:
                    runs.append([character, style])
            result.append(Line(tuple((text, style) for text, style in runs)))
        return result


def sign_style(value: float | None) -> str:
    """The colour of a derivative, contribution or change."""
    return "" if value is None or not value else "plus" if value > 0 else "minus"
