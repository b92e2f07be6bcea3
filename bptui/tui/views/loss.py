"""The loss over the updates, and beside it that of the rows held back: two charts on one scale.

Only what the position has reached is drawn. A loss that spans more than two powers of ten is drawn by its powers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ...debugger.losses import Point, reached
from ...debugger.session import Session
from ...explain import notation
from .canvas import Canvas, Line
from .frame import BLOCKS, LOGARITHMIC, rule

LABEL = 9                                           # columns of the scale's numbers


def paint(session: Session, width: int, height: int, focused: bool) -> list[Line]:
    c = Canvas(width, height)
    run, name = session.run, session.run.program(0).watched.name
    training, validation = reached(session)
    rule(c, 0, [("Loss", "bold"), (f"{name} after each update", "")], [])
    charts = [(name, training)] + ([(f"{name}.validation", validation)] if run.model.judged else [])
    finite = [v for _, points in charts for _, v in points if math.isfinite(v)]
    if not finite:
        c.put(1, 1, f"{name} is not computed yet: step to it.", "dim", until=width)
        return c.lines()
    scale = Scale(min(finite), max(finite))
    room = (height - 1) // len(charts)
    for n, (title, points) in enumerate(charts):
        chart(c, 1 + n * room, room, title, points, scale, run.updates)
    return c.lines()


class Scale:
    """Where a value stands between the least and the greatest, from 0 to 1."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high
        self.logarithmic = low > 0 and high / low > LOGARITHMIC
        self._of: Callable[[float], float] = math.log if self.logarithmic else float

    def share(self, value: float) -> float:
        low, high = self._of(self.low), self._of(self.high)
        return (self._of(value) - low) / (high - low) if high > low else 0.0


def chart(c: Canvas, y: int, height: int, title: str, points: Sequence[Point], scale: Scale, updates: int) -> None:
    """One curve: a column for some updates, `height` rows of which the first says what it is."""
    rows, columns = height - 1, c.width - LABEL - 2
    last = f" {notation.one(points[-1][1])}" if points else f" {notation.PENDING}"
    x = c.put(1, y, title, "bold", until=c.width)
    c.put(x, y, last + (" (by powers of ten)" if scale.logarithmic else ""), "dim", until=c.width)
    if rows < 1 or columns < 4:
        return
    c.put(1, y + 1, notation.short(scale.high, 3), "dim")
    if rows > 1:
        c.put(1, y + rows, notation.short(scale.low, 3), "dim")
    shown: dict[int, float] = {}
    for update, value in points:
        shown[min(columns - 1, update * columns // max(1, updates))] = value
    held: float | None = None
    for column in range(max(shown, default=-1) + 1):
        held = shown.get(column, held)
        if held is None:
            continue
        if not math.isfinite(held):
            c.put(LABEL + column + 1, y + 1, "!", "bold")
            continue
        level = 1 + int(scale.share(held) * (rows * len(BLOCKS) - 1))
        for row in range(rows):
            fill = min(len(BLOCKS), level - row * len(BLOCKS))
            if fill > 0:
                c.put(LABEL + column + 1, y + rows - row, BLOCKS[fill - 1])
