"""The batch of this update: a line for each row of the data, with what it is fed, what is made of it, and its loss.

Numbers have as many digits as let all of them stand. Where that is too few, groups lose their last numbers, the longest
first, and its heading says how many are left out. The number of the selected sample stands in brackets.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...debugger.panes.batch import Batch, ColumnGroup
from ...debugger.panes.register import view
from ...debugger.scene import Scene
from ...explain import notation
from .canvas import Canvas, Line
from .frame import rule
from .tables import nothing, shown, told

DECIMALS = (4, 3, 2)
FULL, SHORT = 12, 6                                 # columns of the loss: with nine decimals, or with four
ROOMY = 60                                          # width from which the loss keeps its digits


@dataclass(frozen=True)
class CellPlace:
    """A group on the screen: the number of its first column, where it stands, and its numbers as they are written."""

    group: ColumnGroup
    first: int
    x: int
    count: int
    cell: int
    decimals: int

    @property
    def heading(self) -> str:
        """Its title, and how many numbers are left out, as far as there is room."""
        left, room = self.group.size - self.count, self.end - self.x
        if not left:
            title = self.group.title
            return title if len(title) <= room else f"{title[:max(0, room - 1)]}…"
        long, short = f"{self.group.title} … {left:,} more", f"{self.group.title} …{left}"
        return next((text for text in (long, short) if len(text) <= room), f"…{left}")

    @property
    def end(self) -> int:
        """The column after it."""
        left = self.group.size - self.count
        return self.x + max(self.count * self.cell, len(f"…{left}") if left else 0)


def brief(value: float | None, decimals: int) -> str:
    """A number with few decimals, or as a power of ten where these would say nothing."""
    if value is None:
        return notation.PENDING
    if value == 0 or not math.isfinite(value):
        return notation.number(value)
    if not decimals or 10.0 ** -decimals <= abs(value) < 1000:
        return f"{value:.{decimals}f}"
    return f"{value:.0e}"


class Layout:
    """Where the groups stand between column x and column `end`."""

    def __init__(self, batch: Batch, rows: Sequence[int], x: int, end: int) -> None:
        self.batch, self.x, self.end = batch, x, end
        most = max(1, (end - x) // 2)
        self.firsts = [1 + sum(g.size for g in batch.groups[:n]) for n in range(len(batch.groups))]
        self.numbers = [[batch.number(row, first + n) for row in rows for n in range(min(g.size, most))]
                        for first, g in zip(self.firsts, batch.groups, strict=True)]
        self.counts = [min(g.size, most) for g in batch.groups]
        self.sizes: dict[int, list[tuple[int, int]]] = {}

    def cells(self, decimals: int) -> list[tuple[int, int]]:
        """Of each group the width of a number, and its decimals: none where all are whole."""
        if decimals not in self.sizes:
            found: list[tuple[int, int]] = []
            for group, numbers in zip(self.batch.groups, self.numbers, strict=True):
                whole = group.label or all(v is not None and abs(v) < 1000 and v == int(v) for v in numbers)
                digits = 0 if whole else decimals
                texts = [len(brief(v, digits)) for v in numbers]
                found.append((1 + max([digits + 2 if digits else 1, *texts, len(group.title) * group.label]), digits))
            self.sizes[decimals] = found
        return self.sizes[decimals]

    def laid(self, decimals: int) -> list[CellPlace]:
        found: list[CellPlace] = []
        x = self.x
        for n, (cell, digits) in enumerate(self.cells(decimals)):
            found.append(CellPlace(self.batch.groups[n], self.firsts[n], x, self.counts[n], cell, digits))
            x = found[-1].end + 1
        return found

    def whole(self) -> list[CellPlace] | None:
        """All numbers, with as many decimals as there is room for; None if there is none."""
        if 2 * sum(g.size for g in self.batch.groups) > self.end - self.x:
            return None
        for decimals in DECIMALS:
            found = self.laid(decimals)
            if all(p.count == p.group.size for p in found) and (not found or found[-1].end <= self.end):
                return found
        return None

    def cut(self) -> list[CellPlace]:
        """As many numbers as there is room for."""
        while (found := self.laid(DECIMALS[0])) and found[-1].end > self.end and any(self.counts):
            longest = max(range(len(found)), key=lambda n: found[n].end - found[n].x if self.counts[n] else 0)
            self.counts[longest] -= 1
        return found


def laid_out(batch: Batch, rows: Sequence[int], x: int, width: int, short: int) -> tuple[list[CellPlace], bool]:
    """The groups, and whether the loss has all its digits."""
    for loss in (FULL, short):
        found = Layout(batch, rows, x, width - loss).whole()
        if found is not None:
            return found, loss == FULL
    full = width >= ROOMY
    return Layout(batch, rows, x, width - (FULL if full else short)).cut(), full


def paint(scene: Scene, width: int, height: int, focused: bool) -> list[Line]:
    session = scene.session
    c = Canvas(width, height)
    seen, batch = view(scene, "batch"), Batch(scene)
    rows = shown(scene, seen, "batch", height - 2)
    count, every = len(batch.numbers), session.run.model.rows.count
    rows_of = f"{count:,} of {every:,} rows" if every > count else f"all {count:,} rows" if count > 1 else "1 row"
    rule(c, 0, [("Batch", "bold"), *([] if seen.said and width < ROOMY else [(rows_of, "")]), *told(seen)])
    if not rows.rows:
        nothing(c, seen)
        return c.lines()
    digits, last = len(str(max(batch.numbers))), len(batch.columns) - 1
    losses = [batch.number(row, last) for row in rows.rows]
    short = max([SHORT, *(len(brief(loss, 4)) for loss in losses)])
    places, full = laid_out(batch, rows.rows, digits + 3, width, short)
    nine = notation.plain(losses)
    c.put(min(1, digits - 1), 1, "row", "dim")
    for place in places:
        c.put(place.x, 1, place.heading, "dim")
    c.right(width, 1, batch.columns[last].title, "dim")
    for y, (row, loss) in enumerate(zip(rows.rows, losses, strict=True), 2):
        here = row == session.lane
        number = f"{batch.numbers[row]:>{digits}}"
        c.put(0, y, f"[{number}]" if here else f" {number} ", "bold" if here else "")
        for place in places:
            for n in range(place.count):
                _put(c, place, n, y, batch.number(row, place.first + n))
        text = notation.PENDING if loss is None else notation.number(loss, nine=nine) if full else brief(loss, 4)
        point = width - (10 if full else 5)
        c.put(min(point if loss is None else point - notation.point(text), width - len(text)), y, text,
              "dim" if loss is None else "")
        c.row(y, row, focused and row == rows.cursor)
    return c.lines()


def _put(c: Canvas, place: CellPlace, n: int, y: int, value: float | None) -> None:
    """A number of a group; zeros, and what is not made yet, where the others have their units, or their point."""
    text = brief(value, place.decimals)
    end = place.x + (n + 1) * place.cell - 1
    if place.decimals and text == "0":
        end -= place.decimals + 1
    elif place.decimals and value is None:
        end -= place.decimals
    c.put(end - len(text), y, text, "dim" if value is None else "")
