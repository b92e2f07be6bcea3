"""The lists below the chain: parameters, the values of this update, the printed figures, the program.

Each asks only for the rows that it draws, so 23,860 parameters scroll as lightly as 8. What the position has
not reached is a dot in the column of its decimal point.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ...debugger import cursors, ordering, tables
from ...debugger.ordering import View
from ...debugger.program import program_entries
from ...debugger.scene import Scene
from ...engine.program import Var
from ...explain import notation
from ...explain.claims import WORDS
from .canvas import Canvas, Line, sign_style, wrapped
from .frame import rule

ALL_DIGITS = 22                                     # columns of a number with all digits, from its point on
LONGEST_NAME = 22                                   # of a parameter; a longer one is shown by its end
START = 3                                           # and by so much of its start, where layers stand mixed


@dataclass(frozen=True)
class Window:
    """Which rows of a long list are drawn, and which of them the cursor is on."""

    first: int
    count: int
    cursor: int


def window(scene: Scene, pane: str, length: int, room: int, default: int = 0) -> Window:
    """The rows around the cursor of a pane; without one, around `default`."""
    session = scene.session
    cursor = session.cursor[pane]
    at = max(0, min(length - 1, default if cursor is None else cursor))
    return Window(_first(at, length, room), min(room, length), at)


def _first(at: int, length: int, room: int) -> int:
    return 0 if length <= room else max(0, min(at - room // 2, length - room))


@dataclass(frozen=True)
class Shown:
    """Which rows of a table are drawn, by their numbers as made, and which of them the cursor is on."""

    rows: Sequence[int]
    cursor: int


def shown(scene: Scene, seen: View, pane: str, room: int) -> Shown:
    """The rows of a table around its cursor, in the order in which they are looked at."""
    cursor = cursors.at(scene, pane)
    first = _first(seen.place(cursor), seen.count, room)
    return Shown([seen.row(place) for place in range(first, first + min(room, seen.count - first))], cursor)


def nothing(c: Canvas, seen: View, top: int = 1) -> None:
    """What stands where the filter leaves no row."""
    if seen.table.rows:
        for y, row in enumerate(wrapped(f"No row fits {seen.filter}: & and an empty line show all.", c.width - 1), top):
            c.put(1, y, row, "dim")


def told(seen: View) -> list[tuple[str, str]]:
    """How a table is ordered and filtered, for its rule."""
    return [(text, "") for text in seen.said]


def _number(c: Canvas, point: int, y: int, value: float | None, nine: bool, signed: bool, limit: int) -> None:
    if value is None:
        c.put(point, y, notation.PENDING, "dim")
        return
    text = notation.number(value, signed, nine)
    c.put(max(limit, point - notation.point(text)), y, text, sign_style(value) if signed else "")


def paint_parameters(scene: Scene, width: int, height: int, focused: bool) -> list[Line]:
    """Each parameter with its value, derivative, (change,) and next value."""
    session = scene.session
    c = Canvas(width, height)
    seen = ordering.view(scene, "parameters")
    if not seen.table.rows:
        rule(c, 0, [("Parameters", "bold"), ("none", "dim")])
        return c.lines()
    wide = width >= 60
    top = 2 if seen.said else 1                     # the headings have a row of their own where the rule is full
    rows = shown(scene, seen, "parameters", height - top)
    if wide:
        names, home = [seen.table.row(n).name for n in rows.rows], ""
    else:
        names, home = _names(scene, seen, rows, scene.parameter)
    room = min(max(map(len, names), default=0), LONGEST_NAME if wide else width - 28)
    ahead = 10 if wide and room < 8 else 4
    left, points = _points(room, ahead, width, wide)
    if ahead < 10 and _is_long([seen.table.row(n).numbers[0] for n in rows.rows]):
        more = _points(room, ahead + 1, width, wide)
        left, points = more if len(more[1]) == len(points) else (left, points)
    if notation.FORMAT.get() == "all":
        points = _whole_digits(points[0], width, 4 if wide else 3)
    columns = (0, 1, 2, 3) if len(points) == 4 else (0, 1, 3)[:len(points)]
    headings = [(min(p + 10, width - 1), seen.table.columns[k].title) for p, k in zip(points, columns, strict=True)]
    of = [(f"of {home}", "")] if home else []
    every = top == 2 or len(points) == 4
    _head(c, [("Parameters", "bold"), *of, *told(seen)], headings if every else headings[1:], top)
    followed = session.followed

    def bold(number: int) -> bool:
        var, element = scene.parameter(number)
        return followed is not None and followed.var.name == var.name and (followed.element or 0) == element
    _columns(c, seen, rows, _Layout(top, left, room, points, columns), names, bold, focused)
    return c.lines()


def _points(room: int, ahead: int, width: int, wide: bool) -> tuple[int, list[int]]:
    """Where the names of parameters begin, and the decimal points of as many columns as there is room for, the first
    so far behind the names."""
    first = room + ahead
    left = 0 if first + 36 == width + 1 else 1      # of the names: a column less, where it makes room for `next`
    first -= 1 - left
    if wide and first + 55 <= width:
        return left, [first, first + 16, first + 30, first + 44]
    return left, [first, first + 13, first + 26] if first + 36 <= width else [first, first + 13]


def _is_long(values: Sequence[float | None]) -> bool:
    """Whether a number takes three cells before its decimal point, as -18.1 does; NaN has three, too."""
    nine = notation.plain(values)
    texts = [notation.number(v, False, nine) for v in values if v is not None]
    return any(notation.point(text) == 3 and "/" not in text for text in texts)


def paint_adjoints(scene: Scene, width: int, height: int, focused: bool) -> list[Line]:
    """Every derivative of this update, in the order of the way back, and what it is a derivative by."""
    session = scene.session
    c = Canvas(width, height)
    seen, wide = ordering.view(scene, "adjoints"), width >= 60
    if not seen.table.rows:
        rule(c, 0, [("Derivatives", "bold"), ("none in this update", "dim")])
        return c.lines()
    top = 2 if seen.said else 1
    rows = shown(scene, seen, "adjoints", height - top)
    if wide or session.run.scenario.training.update_order == "in_place":     # where it may be called w1.grad
        names, home = [seen.table.row(n).name for n in rows.rows], ""
    else:
        names, home = _names(scene, seen, rows, lambda n: _derived_by(scene, n))
    left = 3 if wide else 2
    room = min(max(map(len, names), default=0), LONGEST_NAME + 8) if wide else width - 28
    points = [left + room + 8, left + room + 24] if wide and room + 40 <= width else [width - 23, width - 10]
    if notation.FORMAT.get() == "all":
        points = _whole_digits(left + room + 8, width, 2) if wide else [width - ALL_DIGITS]
    columns = tuple(range(len(points)))
    headings = [(min(p + 10, width), seen.table.columns[k].title) for p, k in zip(points, columns, strict=True)]
    of = [(f"of {home}", "")] if home else []
    _head(c, [("Derivatives", "bold"), *of, *told(seen)], headings, top)
    now = tables.adjoint_now(scene)
    for y, number in enumerate(rows.rows, top):
        c.put(left - 2, y, "►" if number == now else " ", "bold")
    _columns(c, seen, rows, _Layout(top, left, room, points, columns), names, lambda number: number == now, focused)
    return c.lines()


def _derived_by(scene: Scene, number: int) -> tuple[Var, int]:
    var, element = tables.adjoint(scene, number)
    return var.of[0], element


def _names(scene: Scene, seen: View, rows: Shown,
           element: Callable[[int], tuple[Var, int]]) -> tuple[list[str], str]:
    """Names where there is little room: without the layer of the row that has the cursor, where all stand in order."""
    home = element(rows.cursor)
    if home[0].elements or "." not in home[0].name or seen.said:
        return [scene.namer.of(*element(n)) for n in rows.rows], ""
    namer = replace(scene.namer, home=home[0].name.split(".")[0])
    return [namer.of(*element(n)) for n in rows.rows], namer.home


def _head(c: Canvas, title: Sequence[tuple[str, str]], headings: Sequence[tuple[int, str]], top: int) -> None:
    """The rule with the columns' headings, or with these below it."""
    rule(c, 0, title, headings if top == 1 else ())
    if top == 2:
        for column, text in headings:
            c.right(column, 1, text, "dim")


def _whole_digits(first: int, width: int, most: int) -> list[int]:
    """The decimal points of as many columns as have room for all digits; of one at least."""
    each = ALL_DIGITS + 5
    return [first + n * each for n in range(most) if not n or first + n * each + ALL_DIGITS <= width]


@dataclass(frozen=True)
class _Layout:
    """The first row, where the names begin, their room, and the decimal points of the columns that are drawn."""

    top: int
    left: int
    room: int
    points: Sequence[int]
    columns: Sequence[int]


def _columns(c: Canvas, seen: View, rows: Shown, layout: _Layout, names: Sequence[str], bold: Callable[[int], bool],
             focused: bool) -> None:
    """Rows of numbers, each column in one notation that has room."""
    points, drawn = layout.points, [seen.table.columns[k] for k in layout.columns]
    found = [seen.table.row(n) for n in rows.rows]
    cells = [[row.numbers[k] for k in layout.columns] for row in found]
    most = ALL_DIGITS if notation.FORMAT.get() == "all" else 11
    longest = min(layout.room, max(map(len, names), default=0))
    clear = points[0] - layout.left - max(layout.room, longest + 1)     # a blank is left after the longest name
    gaps = [clear, *(max(2, b - a - most - 1) for a, b in pairwise(points))]
    ends = [*(b - gap - 1 for b, gap in zip(points[1:], gaps[1:], strict=True)), c.width]
    texts = [fitted([row[k] for row in cells], drawn[k].signed, gaps[k],
                    min(most, ends[k] - points[k])) for k in range(len(points))]
    for n, row in enumerate(found):
        y = layout.top + n
        name = shortened(names[n], layout.room, START if seen.said else 0)
        c.put(layout.left, y, name, "bold" if bold(rows.rows[n]) else "")
        for k, point in enumerate(points):
            if k > 0 and row.note:
                if k == 1:
                    c.put(point - 1, y, row.note, "dim", until=c.width)
                continue
            value, text = cells[n][k], texts[k][n]
            style = "dim" if value is None else sign_style(value) if drawn[k].signed else ""
            start = max(point - gaps[k], point - notation.point(text)) if text else point
            c.put(start, y, text or notation.PENDING, style)
        c.row(y, rows.rows[n], focused and rows.rows[n] == rows.cursor)
    if not found:
        nothing(c, seen, layout.top)


def fitted(values: Sequence[float | None], signed: bool, before: int, after: int) -> list[str]:
    """The numbers of a column in one notation that has room: cells before the decimal point, and from it on."""
    texts = ["" if v is None else notation.number(v, signed, notation.plain(values)) for v in values]
    if any("." not in x and len(x) > before for x in texts):     # p/q, or a whole number, that would run into the name
        with notation.written_as("9"):
            texts = ["" if v is None else notation.number(v, signed, notation.plain(values)) for v in values]
    for decimals in (6, 5, 4, 3):
        if all(notation.point(x) <= before and len(x) - notation.point(x) <= after for x in texts if "." in x):
            break
        texts = [x if v is None or "." not in x else f"{v:{'+' if signed else ''}.{decimals}e}"
                 for v, x in zip(values, texts, strict=True)]
    return texts


def shortened(name: str, room: int, start: int = 0) -> str:
    """A long name by its end, which tells elements apart; with a `start`, which tells layers apart."""
    return name if len(name) <= room else f"{name[:start]}…{name[-(room - 1 - start):]}"


def paint_values(scene: Scene, width: int, height: int, focused: bool) -> list[Line]:
    """Every value of this update, in the order in which it is made."""
    session = scene.session
    c = Canvas(width, height)
    seen, times = ordering.view(scene, "values"), scene.times
    rule(c, 0, [("Values", "bold"), *told(seen)], [(width - 1, "value")])
    rows = shown(scene, seen, "values", height - 1)
    values = [seen.table.row(number).numbers[0] for number in rows.rows]
    nine = notation.plain(values)
    point = width - (ALL_DIGITS if notation.FORMAT.get() == "all" else 12)
    for y, (number, value) in enumerate(zip(rows.rows, values, strict=True), 1):
        block, element = times.locate(number + 1)
        c.put(1, y, "►" if number + 1 == session.position.value else " ", "bold")
        c.put(3, y, f"{number + 1}", "dim")
        name = scene.namer.of(times.blocks[block].out, element)
        c.put(4 + len(str(times.count)), y, name, "dim" if value is None else "", until=point - 5)
        _number(c, point, y, value, nine, times.blocks[block].phase == "backward", point - 4)
        c.row(y, number, focused and number == rows.cursor)
    if not rows.rows:
        nothing(c, seen)
    return c.lines()


def paint_printed(scene: Scene, width: int, height: int, focused: bool) -> list[Line]:
    """The figures that the source prints, and ours once they are made."""
    session = scene.session
    c = Canvas(width, height)
    seen, figures = ordering.view(scene, "printed"), tables.figures(scene)
    every = [seen.table.row(n) for n in range(seen.table.rows)]
    agree = sum(row.cells[2] == "agrees" for row in every)
    made = [n for n, figure in enumerate(figures) if figure.made <= session.position]
    so_far = " so far" if len(made) < len(figures) else ""
    title = [("Printed", "bold"), *(told(seen) or [(f"{agree} of {len(figures)} agree{so_far}", "")])]
    rows = shown(scene, seen, "printed", height - 1)
    most = max([9, *(figures[n].decimals for n in rows.rows if n in made)])
    here = width - 4 - most                         # the decimal points of ours, and of the figures
    printed = here - 6 - most
    rule(c, 0, title if figures else title[:1], [(width - 3, "here")] if width < 60 else
         [(printed + most - 1, "printed"), (width - 3, "here")])
    if not figures:
        for y, row in enumerate(wrapped("No printed figures stand in this scenario.", width - 1), 1):
            c.put(1, y, row, "dim")
        return c.lines()
    for y, number in enumerate(rows.rows, 1):
        there, row = number in made, every[number]
        c.put(1, y, row.name, "" if there else "dim", until=(here if width < 60 else printed) - 6)
        if there:
            figure, value, _ = row.cells
            result = scene.marks.result(figures[number])
            if width >= 60 and isinstance(figure, str):
                c.put(printed - notation.point(figure), y, figure, "", until=here - 2)
            if isinstance(value, float):
                text = notation.number(value, decimals=result.decimals)
                c.put(here - notation.point(text), y, text, "", until=width - 2)
            glyph = WORDS[result.verdict].mark
            c.put(width - 2, y, glyph, "dim" if glyph == "=" else "bold")
        else:
            c.put(here, y, notation.PENDING, "dim")
        c.row(y, number, focused and number == rows.cursor)
    if not rows.rows:
        nothing(c, seen)
    return c.lines()


def paint_program(scene: Scene, width: int, height: int, focused: bool) -> list[Line]:
    """The program in index notation, phase by phase; the block that is being made is opened."""
    c = Canvas(width, height)
    rule(c, 0, [("Program", "bold")], [(width, "values")])
    entries = program_entries(scene)
    default = next((n for n, e in enumerate(entries) if e.now), 0)
    rows = window(scene, "program", len(entries), height - 1, default)
    for y, number in enumerate(range(rows.first, rows.first + rows.count), 1):
        entry = entries[number]
        style = "bold" if entry.now or (entry.heading and entry.reached) else "" if entry.reached else "dim"
        if entry.mark:
            c.put(entry.indent - 2, y, "►", "bold")
        c.put(entry.indent, y, entry.text, style, until=width - 6)
        if entry.count:
            c.right(width - 1, y, entry.count, "dim")
        if entry.value:
            c.put(max(entry.indent + len(entry.text) + 2, 14), y, entry.value, entry.value_style, until=width - 1)
        c.row(y, number, focused and number == rows.cursor)
    return c.lines()


PAINTERS: dict[str, Callable[[Scene, int, int, bool], list[Line]]] = {
    "parameters": paint_parameters, "adjoints": paint_adjoints,
    "values": paint_values, "printed": paint_printed, "program": paint_program,
}
