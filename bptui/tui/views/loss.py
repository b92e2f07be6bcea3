"""The plot: the loss over the updates, validation beside it, watches; one chart under the other on one time axis.

Each column is full up to the least value of its updates, and `░` from there to the greatest where that is a cell or
more away, so that no spike is lost; `!` is where one of them is not finite. Only what the position has reached is
drawn. The cursor is a column; its update and the value there stand above the chart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from ...debugger.axis import Axis, Points, in_columns
from ...debugger.panes.curve import value_at
from ...debugger.panes.pane import turned_to
from ...debugger.panes.plot import VIEWS, Chart, charts, to_column
from ...debugger.panes.register import at as cursor_at
from ...debugger.scene import Scene
from ...debugger.state import looks
from ...explain import notation
from .canvas import Canvas, Line
from .frame import rule
from .scales import BLOCKS, Scale, rounded, written

LABEL = 9                                           # columns of the scale's numbers
LEAST = 3                                           # rows of a chart, with its title
APART = 3                                           # rows between two numbers of a scale, at least
LABELLED = 12                                       # rows from which the updates are written below


def axis(scene: Scene, width: int) -> Axis:
    """The columns of a plot that is so wide."""
    session = scene.session
    return Axis(max(2, width - LABEL - 2), session.run.updates)


def sideways(scene: Scene, width: int, by: int) -> None:
    """The cursor to the column beside it."""
    to_column(scene.session, axis(scene, width), by)


def paint(scene: Scene, width: int, height: int, focused: bool) -> list[Line]:
    session = scene.session
    c = Canvas(width, height)
    along, drawn = axis(scene, width), charts(session)
    view = turned_to(session, "loss", VIEWS)
    of = {"loss": f"{session.run.program(0).watched.name} after each update", "watches": "watches", "all": "all"}[view]
    rule(c, 0, [("Plot", "bold"), (of, "")], [])
    if not drawn:
        c.put(1, 1, "No number is watched yet: w watches one." if view == "watches" else "Nothing to draw.", "dim",
              until=width)
        return c.lines()
    below = 2 if height >= LABELLED else 1
    count = max(1, min(len(drawn), (height - 1 - below) // LEAST))
    more = len(drawn) - count
    room = height - 1 - below - (1 if more else 0)
    cursor = session.cursor["loss"]
    at = None if cursor is None or not focused else cursor_at(scene, "loss")
    tops = [1 + n * room // count for n in range(count + 1)]
    for n, chart in enumerate(drawn[:count]):
        group = [each.points for each in drawn if each.scale == chart.scale]
        draw(c, scene, tops[n], tops[n + 1] - tops[n], chart, group, along, at)
    if more:
        c.put(1, tops[-1], f"… {more} more: {'make the window larger' if looks.look(session, 'zoom') == 'on' else 'z'}",
              "dim", until=width)
    _updates(c, scene, height - below, below, along)
    for column in range(along.columns):
        c.spot(-1, min(along.update(column), session.position.update), LABEL + 1 + column, LABEL + 2 + column)
    if at is not None:
        for y in set(range(1, height - below + 1)) - set(tops):
            c.restyle(y, "reverse", LABEL + 1 + along.column(at), LABEL + 2 + along.column(at))
    return c.lines()


def draw(c: Canvas, scene: Scene, y: int, height: int, chart: Chart, group: Sequence[Points], along: Axis,
         cursor: int | None) -> None:
    """One chart: its title, and below it `height` - 1 rows of the curve."""
    session = scene.session
    found, note = _scaled(scene, group, height - 1)
    _title(c, scene, y, chart, cursor, note, along)
    if found is not None:
        curve(c, y, height - 1, in_columns(chart.points, along, session.position.update), *found)


def curve(c: Canvas, y: int, rows: int, shown: Points, scale: Scale, ticks: Sequence[float]) -> None:
    """A curve in the `rows` below row y, and the numbers of its scale at its left."""
    step = min((abs(b - a) for a, b in pairwise(ticks)), default=abs(ticks[0]) or 1.0)
    for row in range(rows):
        c.put(LABEL, y + 1 + row, "│", "dim")
    taken = set[int]()
    for tick in (ticks[-1], ticks[0], *ticks[1:-1]):
        row = (scale.level(tick, rows * len(BLOCKS)) - 1) // len(BLOCKS)
        if not taken & {row - 1, row, row + 1} or (rows <= 2 and row not in taken):
            taken.add(row)
            c.right(LABEL, y + rows - row, written(tick, abs(tick) if scale.logarithmic else step), "dim")
            c.put(LABEL, y + rows - row, "┤", "dim")
    for column, (low, high, bad) in enumerate(zip(shown.low, shown.high, shown.bad, strict=True)):
        _column(c, LABEL + 1 + column, y + rows, rows, scale, float(low), float(high))
        if bad and rows:
            c.put(LABEL + 1 + column, y + 1, "!", "bold")


def _column(c: Canvas, x: int, bottom: int, rows: int, scale: Scale, low: float, high: float) -> None:
    """Full up to the least, `░` up to the cell of the greatest; where both are within a cell, full up to that."""
    if math.isnan(low):
        return
    least, most = (scale.level(v, rows * len(BLOCKS)) for v in (low, high))
    if most - least < len(BLOCKS):
        least = most                                # by less than a cell they do not differ here
    full, part = divmod(least, len(BLOCKS))
    for row in range(full):
        c.put(x, bottom - row, BLOCKS[-1])
    if part:
        c.put(x, bottom - full, BLOCKS[part - 1])
    for row in range(full + (part > 0), -(-most // len(BLOCKS))):
        c.put(x, bottom - row, "░")


Fitted = tuple[Scale, list[float]]


def fitted(low: float, high: float, rows: int) -> Fitted:
    """The scale of a chart of so many rows as it fits best, and the numbers beside it."""
    return rounded(low, high, Scale.fitting(low, high).logarithmic, max(1, rows // APART))


def _scaled(scene: Scene, group: Sequence[Points], rows: int) -> tuple[Fitted | None, str]:
    """The scale of charts that share one, as it was chosen, and what is to be said of it."""
    session = scene.session
    spans = [span for each in group if (span := each.range) is not None]
    if not spans:
        return None, ""
    low, high = min(span[0] for span in spans), max(span[1] for span in spans)
    chosen = looks.look(session, "plot.scale")
    automatic = Scale.fitting(low, high).logarithmic
    powers = automatic if chosen == "automatic" else low > 0 and chosen != "linear"
    note = "powers of ten" if powers else "not all above 0: linear" if chosen == "by powers of ten" else ""
    return rounded(low, high, powers, max(1, rows // APART)), note


def _title(c: Canvas, scene: Scene, y: int, chart: Chart, cursor: int | None, note: str, along: Axis) -> None:
    """What a chart is of, and its value at the cursor, or else where the run stands."""
    session = scene.session
    update = session.position.update if cursor is None else cursor
    value = None if chart.fault else value_at(session, chart.text, update)
    shown = chart.fault or (notation.PENDING if value is None else notation.one(value))
    if cursor is None and value is None and chart.points.range is not None and not chart.fault:
        before = int(chart.points.last[-1])         # this update's is not made yet: what it was before
        older = value_at(session, chart.text, before)
        if before < update and older is not None:
            shown = f"{notation.PENDING}  {notation.one(older)} after {before:,}"
    said = f"{shown} after {update:,}" if cursor is not None else shown
    x = c.put(1, y, chart.name, "bold", until=max(8, c.width - len(said) - 3))
    x = c.put(x + 1, y, said, "" if cursor is not None else "dim", until=c.width)
    rest = [note] if note else []
    if chart.known is not None:
        rest.insert(0, f"worked out to {chart.known:,}")
    if cursor is not None and session.run.updates >= along.columns:
        rest.insert(0, _of_column(scene, chart, along, along.column(cursor)))
    for text in filter(None, rest):
        if x + 2 + len(text) < c.width:
            x = c.put(x + 2, y, text, "dim")


def _of_column(scene: Scene, chart: Chart, along: Axis, column: int) -> str:
    """The range of a column of several updates."""
    session = scene.session
    shown = in_columns(chart.points, along, session.position.update)
    first, last = along.first(column), min(along.first(column + 1) - 1, session.position.update)
    if first >= last or column >= len(shown.low) or math.isnan(shown.low[column]):
        return ""
    return f"{first:,} to {last:,}: {notation.one(shown.low[column])} to {notation.one(shown.high[column])}"


def _updates(c: Canvas, scene: Scene, y: int, height: int, along: Axis) -> None:
    """The axis of the updates: where the run stands, and numbers below it where there is room."""
    session = scene.session
    left = LABEL + 1
    c.put(LABEL, y, "└", "dim")
    c.fill(left, y, along.columns, "─", "dim")
    end = f" {session.run.updates:,}"
    if height == 1:
        c.right(LABEL, y, "after 0", "dim")
        if along.column(session.position.update) < along.columns - len(end):
            c.right(left + along.columns, y, end, "dim")
    else:
        c.right(LABEL, y + 1, "after", "dim")
        free = left
        ticks = rounded(0.0, float(max(1, session.run.updates)), False, max(1, along.columns // 16))[1]
        for tick in (int(t) for t in ticks if t == int(t) and t <= session.run.updates):
            x, text = left + along.column(tick), f"{tick:,}"
            start = min(x, left + along.columns - len(text))
            if start >= free:
                c.put(x, y, "┬", "dim")
                free = c.put(start, y + 1, text, "dim") + 2
    c.put(left + along.column(session.position.update), y, "►", "bold")
