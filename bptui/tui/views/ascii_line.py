"""A drawn line in ASCII: every column stays where it is.

A glyph whose spelling is longer takes the room from the blanks that end its field; where there are none, it has its
spelling of one cell.
"""

from __future__ import annotations

from rich.cells import cell_len

from ...explain import ascii
from .canvas import Line, Segment, joined


def spelled(line: Line) -> Line:
    """The same line, in ASCII."""
    if line.text.isascii():
        return line
    cells: list[Segment] = []
    for text, style in line.segments:
        cells += [(character, style) for character in text]
    wide = _widened(cells)
    return Line(joined(wide))


def _widened(cells: list[Segment]) -> list[Segment]:
    found: list[Segment] = []
    owed = 0                                        # cells that longer spellings took: blanks give them back
    for at, (glyph, style) in enumerate(cells):
        if owed and glyph == " " and _blank(cells, at + 1):
            owed -= 1                               # the last blank before the next field stays
            continue
        if glyph.isascii():
            found.append((glyph, style))
            continue
        width = cell_len(glyph)
        if glyph not in ascii.IN_COLUMNS and len(text := ascii.long(glyph)) > width and (
                owed + len(text) - width <= _slack(cells, at + 1)):
            owed += len(text) - width
            found += [(character, style) for character in text]
        else:
            found += [(character, style) for character in (ascii.one(glyph) * width)[:width]]
    return found


def _blank(cells: list[Segment], at: int) -> bool:
    return at < len(cells) and cells[at][0] == " "


def _slack(cells: list[Segment], at: int) -> int:
    """How many blanks the end of this field can give: the first two and more in a row, less one."""
    while at < len(cells):
        if cells[at][0] == " ":
            start = at
            while _blank(cells, at):
                at += 1
            if at - start > 1:
                return at - start - 1
            continue
        at += 1
    return 0
