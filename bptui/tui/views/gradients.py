"""Gradients: a layer a row, how large its gradient is now, and how that went over the updates.

The bar and the strip `▁▂▃▄▅▆▇█` are by powers of ten, on one scale for all layers and all that the position has
reached. Of the updates of a column the strip shows the largest; `0` is a gradient that is exactly zero, `!` one that
is not finite.
"""

from __future__ import annotations

import math

from ...debugger.axis import Axis, Points, in_columns
from ...debugger.panes import gradients
from ...debugger.panes.curve import points_reached, series_of
from ...debugger.panes.gradients import LayerSize
from ...debugger.scene import Scene
from ...explain import notation
from ...replay.series import Series
from .canvas import Canvas, Line
from .frame import rule
from .scales import BLOCKS, Scale
from .tables import shortened, window

NAME, SIZE, RATIO, BAR, STRIP = 14, 9, 12, 12, 4    # columns; of a name the most, of a strip the fewest
TALLEST = 4                                         # rows of a layer, where there is room


def paint(scene: Scene, width: int, height: int, focused: bool) -> list[Line]:
    session = scene.session
    c = Canvas(width, height)
    layers, update = gradients.rows(scene), gradients.told(scene)
    if not layers:
        rule(c, 0, [("Gradients", "bold"), ("nothing is trained", "dim")])
        return c.lines()
    tall = min(TALLEST, max(1, (height - 1) // len(layers)))
    shown = window(scene, "gradients", len(layers), (height - 1) // tall)
    visible = layers[shown.first:shown.first + shown.count]
    sizes = [gradients.size(scene, row, update) for row in layers]
    name = min(NAME if width >= 60 else 8, max(len(row.name) for row in layers))
    bar = BAR if width >= 60 else 0
    ratio, at = width - 1 - RATIO, name + 2 + SIZE + 1
    first = at + bar + (1 if bar else 0)            # of the strip
    along = Axis(max(1, ratio - 1 - first), session.run.updates)
    series = series_of(session, *(row.text for row in layers))
    curves = [points_reached(session, series, n, row.text) for n, row in enumerate(layers)] \
        if isinstance(series, Series) and along.columns >= STRIP else []
    scale = _scale(curves, sizes)
    later = len(layers) - shown.first - shown.count
    hidden = f"  {shown.first} above, {later} below" if shown.first or later else ""
    spans = f"▁ {scale.low:.0e}  █ {scale.high:.0e}" if scale is not None and curves else ""
    than = f"than {layers[-1].name}" if len(layers[-1].name) <= RATIO - 5 else "than the last"
    rule(c, 0, [("Gradients", "bold"), (_when(scene, update, width) + hidden, "")],
         [(ratio - 1, spans), (width - 1, than)] if width >= 60 else [(width - 1, than)])
    for place, row in enumerate(visible):
        n, y = shown.first + place, (place + 1) * tall
        for line in range(y - tall + 1, y + 1):
            c.spot(line, n)
        c.put(1, y, shortened(row.name, name), "bold" if n == shown.cursor and focused else "")
        _size(c, name + 2, y, scene, row, sizes[n], update)
        if bar and scale is not None and (size := sizes[n]) is not None:
            _bar(c, at, y, bar, scale, size)
        if curves:
            _strip(c, first, y, tall - (tall > 2), in_columns(curves[n], along, session.position.update), along, scale)
        c.right(width - 1, y, gradients.compared(sizes[n], sizes[-1], n == len(layers) - 1), "")
        if focused and n == shown.cursor:
            c.restyle(y, "reverse", 0, first - 1 if curves else ratio)
            c.restyle(y, "reverse", ratio, width)
    return c.lines()


def _when(scene: Scene, update: int, width: int) -> str:
    session = scene.session
    if update == session.position.update:
        return "norms in this update"
    return f"norms in the update before, #{update}" if width >= 52 else f"norms, #{update}"


def _size(c: Canvas, x: int, y: int, scene: Scene, row: LayerSize, size: float | None, update: int) -> None:
    if size is None:
        there = gradients.where(scene, row, update) is not None
        c.put(x + 1, y, notation.PENDING if there else "not now", "dim")
    else:
        c.right(x + SIZE, y, f"{size:.3e}" if size and math.isfinite(size) else notation.number(size))


def _scale(curves: list[Points], sizes: list[float | None]) -> Scale | None:
    """One scale by powers of ten for all layers, around all that is above 0."""
    least = [v for each in curves if (v := each.least_positive) is not None] + \
        [v for v in sizes if v and math.isfinite(v)]
    most = [each.range[1] for each in curves if each.range] + [v for v in sizes if v and math.isfinite(v)]
    if not least:
        return None
    low, high = math.floor(math.log10(min(least))), math.ceil(math.log10(max(most)))
    return Scale(10.0 ** max(-307, low), 10.0 ** min(308, max(high, low + 1)), True)


def _bar(c: Canvas, x: int, y: int, width: int, scale: Scale, size: float) -> None:
    if not size or not math.isfinite(size):
        c.put(x, y, "0" if size == 0 else "!", "bold")
        return
    full, part = divmod(scale.level(size, width * 2), 2)
    c.put(x, y, "█" * full + "▌" * part)


def _strip(c: Canvas, x: int, bottom: int, rows: int, shown: Points, along: Axis, scale: Scale | None) -> None:
    """How it went: a level a column, `rows` high."""
    for column in range(along.columns):
        there = column < len(shown.high)
        if not there or (math.isnan(shown.high[column]) and not shown.bad[column]):
            c.put(x + column, bottom, notation.PENDING if not there else " ", "dim")
        elif shown.bad[column]:
            c.put(x + column, bottom, "!", "bold")
        elif shown.high[column] == 0 or scale is None:
            c.put(x + column, bottom, "0")
        else:
            full, part = divmod(scale.level(shown.high[column], rows * len(BLOCKS)), len(BLOCKS))
            for row in range(full):
                c.put(x + column, bottom - row, BLOCKS[-1])
            if part:
                c.put(x + column, bottom - full, BLOCKS[part - 1])
