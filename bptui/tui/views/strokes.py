"""Lines between any two cells, in dots: eight to a cell, two wide and four high, as Braille has them.

A line is one to three dots wide; a dashed one is told from a whole one without colour. Cells that text stands on are
left alone: text comes first, lines run behind it.
"""

from __future__ import annotations

from .canvas import Canvas

BLANK = 0x2800
DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))    # of a cell: by column, by row
NOTHING = (0, "")
WHOLE, DASHED, SPARSE = (1, 1), (5, 9), (1, 6)      # dots that are drawn, of how many


class Strokes:
    """Dots to be laid on a canvas; a cell has the style of the line that was drawn last."""

    def __init__(self) -> None:
        self.cells: dict[tuple[int, int], tuple[int, str]] = {}

    def line(self, start: tuple[int, int], end: tuple[int, int], wide: int = 1, dash: tuple[int, int] = WHOLE,
             style: str = "") -> None:
        """From the middle of the left side of one cell to that of the right side of another."""
        x0, y0, x1, y1 = 2 * start[0], 4 * start[1] + 2, 2 * end[0] + 1, 4 * end[1] + 2
        count = max(abs(x1 - x0), abs(y1 - y0), 1)
        steep = abs(y1 - y0) > abs(x1 - x0)
        sides = ((0, 0), (1, 0) if steep else (0, 1), (-1, 0) if steep else (0, -1))[:wide]
        across, down, cells = (x1 - x0) / count, (y1 - y0) / count, self.cells
        for n in range(count + 1):
            if n % dash[1] >= dash[0]:
                continue
            for dx, dy in sides:
                x, y = int(x0 + across * n + 0.5) + dx, int(y0 + down * n + 0.5) + dy
                cell = x // 2, y // 4
                cells[cell] = cells.get(cell, NOTHING)[0] | DOTS[x % 2][y % 4], style

    def lay(self, c: Canvas, taken: set[tuple[int, int]]) -> None:
        """Draw what lies inside the canvas, below its rule, where no text is."""
        for (x, y), (bits, style) in self.cells.items():
            if 0 <= x < c.width and 1 <= y < c.height and (x, y) not in taken:
                c.mark(x, y, chr(BLANK + bits), style)
