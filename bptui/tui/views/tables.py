"""The tables below the chain: one painter for all of them, which parameters and derivatives lay out in their way.

A painter asks only for the rows that it draws, so 23,860 parameters scroll as lightly as 8. What the position has
not reached is a dot in the column of its decimal point. Values, printed figures and the program have their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ...debugger.panes.derivatives import derivative, row_here
from ...debugger.panes.ids import PaneId
from ...debugger.panes.printed import figures as printed_figures
from ...debugger.panes.program import entries as program_entries
from ...debugger.panes.register import BY_ID, view
from ...debugger.panes.register import at as cursor_at
from ...debugger.panes.view import View
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
class RowWindow:
    """Which rows of a long list are drawn, and which of them the cursor is on."""

    first: int
    count: int
    cursor: int


def window(scene: Scene, pane: str, length: int, room: int, default: int = 0) -> RowWindow:
    """The rows around the cursor of a pane; without one, around `default`."""
    session = scene.session
    cursor = session.cursor[pane]
    at = max(0, min(length - 1, default if cursor is None else cursor))
    return RowWindow(_first(at, length, room), min(room, length), at)


def _first(at: int, length: int, room: int) -> int:
    return 0 if length <= room else max(0, min(at - room // 2, length - room))


@dataclass(frozen=True)
class Shown:
    """Which rows of a table are drawn, by their numbers as made, and which of them the cursor is on."""

    rows: Sequence[int]
    cursor: int


def shown(scene: Scene, seen: View, pane: str, room: int) -> Shown:
    """The rows of a table around its cursor, in the order in which they are looked at."""
    cursor = cursor_at(scene, pane)
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


@dataclass(frozen=True)
class _Layout:
    """The first row, where the names begin, their room, the decimal points of the columns that are drawn, and which
    of their titles stand above them, and where these end."""

    top: int
    left: int
    room: int
    points: Sequence[int]
    columns: Sequence[int]
    headings: Sequence[tuple[int, str]]


def _laid(scene: Scene, seen: View, rows: Shown, names: Sequence[str], width: int) -> _Layout:
    """As many columns as there is room for, behind the longest name."""
    wide = width >= 60
    left, room = 1, min(max(map(len, names), default=0), LONGEST_NAME if wide else width - 28)
    first = left + room + 8
    whole = notation.FORMAT.get() == "all"
    points = _whole_digits(first, width, len(seen.table.columns)) if whole else \
        [point for point in range(first, max(first, width - 11) + 1, 15)][:len(seen.table.columns)]
    return _Layout(_top(seen), left, room, points, range(len(points)), _headings(seen, points, width))


def _top(seen: View) -> int:
    """The row below the rule; the headings have one of their own where the rule is full."""
    return 2 if seen.said else 1


def _headings(seen: View, points: Sequence[int], end: int, columns: Sequence[int] = ()) -> list[tuple[int, str]]:
    chosen = columns or range(len(points))
    return [(min(point + 10, end), seen.table.columns[k].title) for point, k in zip(points, chosen, strict=True)]


Paint = Callable[[Scene, int, int, bool], list[Line]]       # width, height, whether it has the focus
Rows = Callable[[Scene], Callable[[int], bool]]     # which rows stand out
Elements = Callable[[Scene], Callable[[int], tuple[Var, int]] | None]    # what the rows are of
Lay = Callable[[Scene, View, Shown, Sequence[str], int], _Layout]


def painter(pane: PaneId, none: str = "none", lay: Lay = _laid, bold: Rows = lambda scene: lambda row: False,
            mark: Rows | None = None, elements: Elements = lambda scene: None) -> Paint:
    """The painter of any table of numbers. Where there is little room rows that are `elements` of tensors are named
    without their layer; `none` is said where there are no rows."""
    def paint(scene: Scene, width: int, height: int, focused: bool) -> list[Line]:
        c, seen, title = Canvas(width, height), view(scene, pane), BY_ID[pane].title
        if not seen.table.rows:
            rule(c, 0, [(title, "bold"), (none, "dim")])
            return c.lines()
        rows = shown(scene, seen, pane, height - _top(seen))
        names, home = [seen.table.row(n).name for n in rows.rows], ""
        if width < 60 and (element := elements(scene)) is not None:
            names, home = _names(scene, seen, rows, element)
        laid = lay(scene, seen, rows, names, width)
        of = [(f"of {home}", "")] if home else []
        _head(c, [(title, "bold"), *of, *told(seen)], laid.headings, laid.top)
        if mark is not None:
            here = mark(scene)
            for y, row in enumerate(rows.rows, laid.top):
                c.put(laid.left - 2, y, "►" if here(row) else " ", "bold")
        _columns(c, seen, rows, laid, names, bold(scene), focused)
        return c.lines()
    return paint


# parameters

def _followed(scene: Scene) -> Callable[[int], bool]:
    followed = scene.session.followed

    def is_followed(row: int) -> bool:
        var, element = scene.parameter(row)
        return followed is not None and followed.var.name == var.name and (followed.element or 0) == element
    return is_followed


def _laid_parameters(scene: Scene, seen: View, rows: Shown, names: Sequence[str], width: int) -> _Layout:
    """Value, derivative, (change,) and next value."""
    wide, top = width >= 60, _top(seen)
    room = min(max(map(len, names), default=0), LONGEST_NAME if wide else width - 28)
    ahead = 10 if wide and room < 8 else 4
    left, points = _points(room, ahead, width, wide)
    if ahead < 10 and _is_long([seen.table.row(n).numbers[0] for n in rows.rows]):
        more = _points(room, ahead + 1, width, wide)
        left, points = more if len(more[1]) == len(points) else (left, points)
    if notation.FORMAT.get() == "all":
        points = _whole_digits(points[0], width, 4 if wide else 3)
    columns = (0, 1, 2, 3) if len(points) == 4 else (0, 1, 3)[:len(points)]
    headings = _headings(seen, points, width - 1, columns)
    every = top == 2 or len(points) == 4
    return _Layout(top, left, room, points, columns, headings if every else headings[1:])


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


PARAMETERS = painter("parameters", lay=_laid_parameters, bold=_followed, elements=lambda scene: scene.parameter)


# derivatives

def _derived_by(scene: Scene) -> Callable[[int], tuple[Var, int]] | None:
    """What the derivatives are by; nothing where a row may be called w1.grad."""
    def of(row: int) -> tuple[Var, int]:
        var, element = derivative(scene, row)
        return var.of[0], element
    return None if scene.session.run.scenario.training.update_order == "in_place" else of


def _made_now(scene: Scene) -> Callable[[int], bool]:
    now = row_here(scene)
    return lambda row: row == now


def _laid_derivatives(scene: Scene, seen: View, rows: Shown, names: Sequence[str], width: int) -> _Layout:
    """x, and the derivative by it."""
    wide = width >= 60
    left = 3 if wide else 2
    room = min(max(map(len, names), default=0), LONGEST_NAME + 8) if wide else width - 28
    points = [left + room + 8, left + room + 24] if wide and room + 40 <= width else [width - 23, width - 10]
    if notation.FORMAT.get() == "all":
        points = _whole_digits(left + room + 8, width, 2) if wide else [width - ALL_DIGITS]
    return _Layout(_top(seen), left, room, points, range(len(points)), _headings(seen, points, width))


DERIVATIVES = painter("adjoints", "none in this update", _laid_derivatives, _made_now, _made_now, _derived_by)


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
            if isinstance(word := row.cells[layout.columns[k]], str):
                c.put(point - 1, y, word, until=ends[k])
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
    seen, times = view(scene, "values"), scene.times
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
    seen, figures = view(scene, "printed"), printed_figures(scene)
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
