"""The matrix pane: every cell as a sign and a digit, as a shade, or as its number where there is room for all of them.

`9` is the largest of the whole matrix, not of what is in sight, so cells can be compared while the window moves around
the cursor. An exact zero is 0, and what the position has not reached is a dot.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...debugger.panes import matrix
from ...debugger.panes.matrix import Field
from ...debugger.scene import Scene
from ...explain import notation
from .canvas import Canvas, Line, sign_style
from .frame import rule

SHADES = " ░▒▓█"
BESIDE = 18                                         # cells beside an image in which it can be told about
NUMBER = 16                                         # cells of a number with all its digits, and around it
LONGEST = 8                                         # of the name of a row
DIGITS, SHADED = 3, 2                               # cells of the terminal that one takes


@dataclass(frozen=True, eq=False)
class CellWindow:
    """The rows and columns in sight, and how many elements one cell stands for, down and across."""

    rows: range
    columns: range
    block: tuple[int, int] = (1, 1)


def paint(scene: Scene, width: int, height: int, focused: bool) -> list[Line]:
    c = Canvas(width, height)
    shown, at = matrix.field(scene), matrix.cursor(scene)
    cost = scene.program.cost.name
    after = matrix.next_view(scene, shown)
    told = _rule(c, matrix.title(scene.namer, shown, cost), shown, f"8: {after}" if after else "")
    note = "" if told else shown.note
    named, short = (matrix.named(scene, shown, at, way) for way in (False, True))
    named = named if len(named) + NUMBER <= width else short
    shades = shown.layout == "image" and shown.var.role == "data" and bool(np.all(shown.values >= 0))
    labels, left, head = *_labels(scene, shown), 0
    cell, texts = SHADED if shades else DIGITS, _numbers(shown)
    side = left + cell * shown.index.shape[1]
    if shown.layout == "image" and side + max(BESIDE, len(short) + 2) <= width:
        window = _window(shown, at, height - 1, shown.index.shape[1])
        named = named if len(named) + 2 <= width - side else short
        said, place = _said(width - side - 1, named, note, shown, at, shades, True, window), (side + 1, 1)
    else:
        room = height - 1 - len(_said(width, named, note, shown, at, shades, texts is None, _all(shown)))
        wide = max(map(len, texts.values())) + 2 if texts is not None else cell
        if texts is not None and (left + wide * shown.index.shape[1] > width or len(shown.index) > room):
            texts = None
        cell = wide if texts is not None else cell
        head = bool(shown.names[1]) and shown.layout != "whole" and len(shown.index) + (texts is None) < room
        room -= head
        while True:                                 # what is said of the part in sight takes rows of it
            window = _window(shown, at, room, (width - left) // cell)
            said = _said(width, named, note, shown, at, shades, texts is None, window)
            if room <= 1 or head + room + len(said) < height:
                break
            room -= 1
        place = 1, height - len(said)
    if head:
        _header(c, shown, window, left, cell)
    _cells(c, shown, at, window, texts, shades, left, cell, labels, 1 + head)
    for y, (text, style) in enumerate(said, place[1]):
        c.put(place[0], y, text, style, until=width)
    return c.lines()


def _cells(c: Canvas, shown: Field, at: int, window: CellWindow, texts: dict[int, str] | None, shades: bool, left: int,
           cell: int, labels: list[str], top: int) -> None:
    chosen = _chosen(shown, window)
    made = (shown.there[chosen] & (chosen >= 0)).tolist()
    values, flats = shown.values[chosen].tolist(), chosen.tolist()
    for y, row in enumerate(flats, top):
        c.right(left - 1, y, labels[window.rows[0] + (y - top) * window.block[0]], "dim")
        for n, flat in enumerate(row):
            if flat < 0:
                continue
            c.spot(y, flat, left + n * cell, left + (n + 1) * cell)
            text, style = _cell(shown, flat, values[y - top][n], made[y - top][n], texts, shades)
            c.put(left + n * cell + (0 if shades else cell - len(text)), y, text, style)
    row, column = (int(k) for k in np.argwhere(shown.index == at)[0])
    if row in window.rows and column in window.columns:
        x = left + cell * ((column - window.columns[0]) // window.block[1])
        c.restyle((row - window.rows[0]) // window.block[0] + top, "reverse", x + (not shades), x + cell)


def _chosen(shown: Field, window: CellWindow) -> np.ndarray:
    """The element that each cell shows: its own; of a block the largest that is made, before all what is no number."""
    index = shown.index[window.rows.start:window.rows.stop, window.columns.start:window.columns.stop]
    if window.block == (1, 1):
        return index
    (a, b), (height, width) = window.block, index.shape
    size = np.where(shown.there[index] & (index >= 0), np.nan_to_num(np.abs(shown.values[index]), nan=np.inf), -1.0)
    edge = ((0, -height % a), (0, -width % b))
    index, size = np.pad(index, edge, constant_values=-1), np.pad(size, edge, constant_values=-2.0)
    blocks = [x.reshape(len(x) // a, a, -1, b).swapaxes(1, 2).reshape(len(x) // a, -1, a * b) for x in (index, size)]
    return np.take_along_axis(blocks[0], blocks[1].argmax(axis=2)[..., None], axis=2)[..., 0]


def _all(shown: Field) -> CellWindow:
    rows, columns = shown.index.shape
    return CellWindow(range(rows), range(columns))


def _window(shown: Field, at: int, rows: int, columns: int) -> CellWindow:
    """What is in sight: all in blocks, or a part around the cursor."""
    height, width = shown.index.shape
    rows, columns = max(1, rows), max(1, columns)
    if shown.layout == "whole":
        return CellWindow(range(height), range(width), (-(-height // rows), -(-width // columns)))
    row, column = map(int, np.argwhere(shown.index == at)[0])
    first = max(0, min(row - rows // 2, height - rows))
    start = max(0, min(column - columns // 2, width - columns))
    return CellWindow(range(first, min(height, first + rows)), range(start, min(width, start + columns)))


def _labels(scene: Scene, shown: Field) -> tuple[list[str], int]:
    """What stands before each row (the unit or input that it is of, or its number; of a sample, its row of the data),
    and where the cells begin."""
    session = scene.session
    rows = range(len(shown.index))
    if shown.layout == "image":
        labels = [""] * len(rows)
    elif shown.row == "sample":
        labels = [str(session.run.rows(session.position.update)[row] + 1) for row in rows]
    else:
        labels = [*shown.names[0]] if _short(shown.names[0]) else [*map(str, rows)]
    return labels, 2 + max(map(len, labels))


def _short(names: tuple[str, ...]) -> bool:
    return 0 < max(map(len, names), default=0) <= LONGEST


def _header(c: Canvas, shown: Field, window: CellWindow, left: int, cell: int) -> None:
    """What each column is of, or its number, where that fits above a cell."""
    names = shown.names[1]
    if max(len(names[n]) for n in window.columns) >= cell:
        names = tuple(map(str, range(len(names))))
    if max(len(names[n]) for n in window.columns) < cell:
        for place, n in enumerate(window.columns, 1):
            c.right(left + place * cell, 1, names[n], "dim")


def _rule(c: Canvas, title: str, shown: Field, after: str) -> bool:
    """The title, and as much of what rows and columns are as there is room for, and what the pane's key turns to;
    whether the field's note is there."""
    rows, columns = shown.index.shape
    across = f"a column per {shown.column}"
    each = [f"a row per {shown.row} ({rows}), {across} ({columns})", f"a row per {shown.row}, {across}",
            f"a row per {shown.row}"] if shown.row else [f"{across} ({columns})", across]
    each = each if shown.column else [f"{each[2]} ({rows})", each[2]]
    each = [shown.note] if shown.layout == "image" else [f"{rows} x {columns}"] if shown.row == "row" else each
    then = [(after, "dim")] if after else []
    alone = [*([(title, "bold"), (text, "dim")] for text in each)]
    tries = [[("Matrix", "bold"), (title, ""), (each[0], "dim"), *then], *([*parts, *then] for parts in alone),
             *(alone if shown.note else []), [(title, "bold"), *then], *alone, [(title, "bold")]]
    parts = next((parts for parts in tries if sum(len(t) + 3 for t, _ in parts) + 1 <= c.width), tries[-1])
    rule(c, 0, parts)
    return any(text == shown.note for text, _ in parts)


def _numbers(shown: Field) -> dict[int, str] | None:
    """Every cell as a number in one notation; none where they are too many for that."""
    if shown.index.size > 600 or shown.layout in ("whole", "image"):
        return None
    values = {int(f): shown.value(int(f)) for f in shown.index.ravel() if f >= 0}
    nine = notation.plain(values.values())
    signed = shown.view != matrix.VIEWS[0]
    return {f: notation.PENDING if v is None else notation.number(v, signed, nine) for f, v in values.items()}


def _cell(shown: Field, flat: int, value: float, made: bool, texts: dict[int, str] | None, shades: bool) -> \
        tuple[str, str]:
    """One cell as text and style."""
    if not made:
        return (f"{notation.PENDING} " if shades else notation.PENDING), "dim"
    if texts is not None:
        return texts[flat], sign_style(value)
    if shades:
        share = value / shown.scale if shown.scale and math.isfinite(value) else 0.0
        return (SHADES[math.ceil(share * 4 - 1e-9)] if math.isfinite(value) else "?") * 2, ""
    return digit(value, shown.scale), sign_style(value)


def digit(value: float, scale: float) -> str:
    """A sign and a digit, 9 being the scale; an exact zero is 0."""
    if math.isnan(value):
        return "?"
    sign = "-" if value < 0 else "+"
    if math.isinf(value):
        return f"{sign}∞"
    return "0" if value == 0 else f"{sign}{math.floor(9 * (abs(value) / scale) + 0.5)}"


def _said(width: int, named: str, note: str, shown: Field, at: int, shades: bool, scaled: bool,
          window: CellWindow) -> list[tuple[str, str]]:
    """The element under the cursor with all its digits; below it the scale, and what part is in sight."""
    value = shown.value(at)
    signed = shown.view != matrix.VIEWS[0]
    number = notation.PENDING if value is None else notation.one(value, signed)
    lines = [(f"{named} {number}", "bold")] if len(named) + 1 + len(number) < width else \
        [(named, "bold"), (number, "bold")]
    rows, columns = shown.index.shape
    said: list[str] = []
    if scaled and shown.scale:
        said.append(f"{'█' if shades else '9'} = {shown.scale:.4g}")
    if window.block != (1, 1):
        said.append(f"a cell: the largest of {window.block[0]} x {window.block[1]}")
    elif len(window.rows) < rows or len(window.columns) < columns:
        parts = [f"rows {window.rows[0]}-{window.rows[-1]} of {rows}",
                 f"columns {window.columns[0]}-{window.columns[-1]} of {columns}"]
        said += [", ".join(parts)] if len(", ".join(parts)) < width - 1 else parts
    said += [note] if len(note) < width - 1 else note.split(", ")
    text = ""
    for part in filter(None, said):
        joined = f"{text}  {part}" if text else part
        if text and len(joined) >= width:
            lines.append((text, "dim"))
            joined = part
        text = joined
    return [*lines, (text, "dim")] if text else lines
