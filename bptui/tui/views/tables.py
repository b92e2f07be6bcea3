"""The lists below the chain: parameters, the values of this update, the printed figures, the program.

Each asks only for the rows that it draws, so 23,860 parameters scroll as lightly as 8. What the position has
not reached is a dot in the column of its decimal point.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ...debugger import cursors
from ...debugger.program import program_entries
from ...debugger.session import Session
from ...explain import notation
from ...explain.marks import GLYPHS
from ...replay.timeline import Position
from .canvas import Canvas, Line, sign_style
from .frame import rule

LONGEST_NAME = 22                                   # of a parameter; a longer one is shown by its end


@dataclass(frozen=True)
class Window:
    """Which rows of a long list are drawn, and which of them the cursor is on."""

    first: int
    count: int
    cursor: int


def window(session: Session, pane: str, length: int, room: int, default: int = 0) -> Window:
    """The rows around the cursor of a pane; without one, around `default`."""
    cursor = session.cursor[pane]
    at = max(0, min(length - 1, default if cursor is None else cursor))
    first = 0 if length <= room else max(0, min(at - room // 2, length - room))
    return Window(first, min(room, length - first), at)


def _number(c: Canvas, point: int, y: int, value: float | None, nine: bool, signed: bool, limit: int) -> None:
    if value is None:
        c.put(point, y, notation.PENDING, "dim")
        return
    text = notation.number(value, signed, nine)
    c.put(max(limit, point - notation.point(text)), y, text, sign_style(value) if signed else "")


def paint_parameters(session: Session, width: int, height: int, focused: bool) -> list[Line]:
    """Each parameter with its value, derivative, (change,) and next value."""
    c = Canvas(width, height)
    if not session.parameter_count:
        rule(c, 0, [("Parameters", "bold"), ("none", "dim")])
        return c.lines()
    wide = width >= 60
    rows = window(session, "parameters", session.parameter_count, height - 1, cursors.default(session, "parameters"))
    numbers = range(rows.first, rows.first + rows.count)
    home = session.parameter(rows.cursor)[0].name.split(".")[0]
    namer = session.namer if wide or session.parameter(rows.cursor)[0].elements else replace(session.namer, home=home)
    names = [namer.of(*session.parameter(n)) for n in numbers]
    room = min(max(len(n) for n in names), LONGEST_NAME if wide else width - 28)
    first = room + (10 if wide and room < 8 else 4)
    left = 0 if first + 36 == width + 1 else 1      # of the names: a column less, where it makes room for `next`
    first -= 1 - left
    points = [first, first + 16, first + 30, first + 44] if wide and first + 55 <= width else (
        [first, first + 13, first + 26] if first + 36 <= width else [first, first + 13])
    wide = len(points) == 4
    update = session.position.update
    program, times = session.run.program(update), session.times
    given = session.run.scenario.training.update_order == "in_place" or any(
        g.role != "adjoint" for g in program.gradients.values())
    gradient = ".grad" if given else f"∂{program.cost.name}/∂w"
    headings = ["value", gradient, "change", "next"] if wide else ["value", gradient, "next"][:len(points)]
    shown = [(min(p + 10, width - 1), h) for p, h in zip(points, headings, strict=True)]
    of = [(f"of {namer.home}", "")] if namer.home else []
    rule(c, 0, [("Parameters", "bold"), *of], shown if wide else shown[1:])
    env = session.run.env(update)
    block_of = {b.out: n for n, b in enumerate(times.blocks)}
    table: list[list[float | None]] = []
    for number in numbers:
        var, element = session.parameter(number)
        values: list[float | None] = [env.scalar((var, element))]
        for made in (program.gradients.get(var), program.nexts.get(var)):
            block = block_of.get(made) if made is not None else None
            there = made is not None and block is not None and \
                times.number(block, element) <= session.position.value - (
                    0 if session.position.inner >= times.stops(session.position.value) else 1)
            values.append(env.scalar((made, element)) if there and made is not None else None)
        value, gradient, following = values
        if wide:
            change = None if following is None or value is None else following - value
            values = [value, gradient, change, following]
        table.append(values[:len(points)])
    gaps = [first - left - room - 1, *(max(2, b - a - 12) for a, b in pairwise(points))]
    ends = [*(b - gap - 1 for b, gap in zip(points[1:], gaps[1:], strict=True)), width]
    signed = (False, True, wide, False)[:len(points)]
    columns = [fitted([row[k] for row in table], signed[k], gaps[k], min(11, ends[k] - points[k]))
               for k in range(len(points))]
    for y, number in enumerate(numbers, 1):
        var, element = session.parameter(number)
        followed = session.followed is not None and session.followed.var.name == var.name and \
            (session.followed.element or 0) == element
        c.put(left, y, shortened(names[y - 1], room), "bold" if followed else "")
        for k, point in enumerate(points):
            if k > 0 and var not in program.gradients:
                if k == 1:
                    turn = "not in this update" if session.run.model_at(update).trained(var.name) else "not trained"
                    c.put(point - 1, y, turn, "dim", until=width)
                continue
            value, text = table[y - 1][k], columns[k][y - 1]
            style = "dim" if value is None else sign_style(value) if signed[k] else ""
            start = max(point - gaps[k], point - notation.point(text)) if text else point
            c.put(start, y, text or notation.PENDING, style)
        if focused and number == rows.cursor:
            c.restyle(y, "reverse", 0, width)
    return c.lines()


def fitted(values: Sequence[float | None], signed: bool, before: int, after: int) -> list[str]:
    """The numbers of a column in one notation that has room: cells before the decimal point, and from it on."""
    texts = ["" if v is None else notation.number(v, signed, notation.plain(values)) for v in values]
    for decimals in (6, 5, 4, 3):
        if all(notation.point(x) <= before and len(x) - notation.point(x) <= after for x in texts if "." in x):
            break
        texts = [x if v is None or "." not in x else f"{v:{'+' if signed else ''}.{decimals}e}"
                 for v, x in zip(values, texts, strict=True)]
    return texts


def shortened(name: str, room: int) -> str:
    """A long name by its end, which tells elements apart."""
    return name if len(name) <= room else "…" + name[-(room - 1):]


def paint_values(session: Session, width: int, height: int, focused: bool) -> list[Line]:
    """Every value of this update, in the order in which it is made."""
    c = Canvas(width, height)
    rule(c, 0, [("Values", "bold")], [(width - 1, "value")])
    times, env = session.times, session.run.env(session.position.update)
    rows = window(session, "values", times.count, height - 1, max(0, session.position.value - 1))
    numbers = range(rows.first + 1, rows.first + rows.count + 1)
    done = session.position.value - (0 if session.position.inner >= times.stops(session.position.value) else 1)
    cells = {}
    for value in numbers:
        block, element = times.locate(value)
        out = times.blocks[block].out
        cells[value] = (out, out.flat(element, session.lane))
    values = {v: env.scalar(cell) if v <= done else None for v, cell in cells.items()}
    nine = notation.plain(values.values())
    for y, value in enumerate(numbers, 1):
        out, flat = cells[value]
        c.put(1, y, "►" if value == session.position.value else " ", "bold")
        c.put(3, y, f"{value}", "dim")
        name = session.namer.of(out, flat % out.lane_size)
        c.put(4 + len(str(times.count)), y, name, "" if value <= done else "dim", until=width - 17)
        _number(c, width - 12, y, values[value], nine, times.blocks[times.locate(value)[0]].phase == "backward",
                width - 16)
        if focused and value - 1 == rows.cursor:
            c.restyle(y, "reverse", 0, width)
    return c.lines()


def reached(session: Session, at: Position) -> bool:
    """Whether the position has come to `at`."""
    here = session.position
    return here >= at


def paint_printed(session: Session, width: int, height: int, focused: bool) -> list[Line]:
    """The figures that the source prints, and ours once they are made."""
    c = Canvas(width, height)
    marks = session.marks
    figures = [p for p in marks.printed if p.claim.value is not None]
    shown = [p for p in figures if reached(session, p.made)]
    agree = sum(marks.result(p).verdict == "agrees" for p in shown)
    so_far = " so far" if len(shown) < len(figures) else ""
    title = [("Printed", "bold"), (f"{agree} of {len(figures)} agree{so_far}", "")]
    rows = window(session, "printed", len(figures), height - 1, max(0, len(shown) - 1))
    numbers = range(rows.first, rows.first + rows.count)
    most = max([9, *(figures[n].decimals for n in numbers if figures[n] in shown)])
    here = width - 4 - most                         # the decimal points of ours, and of the figures
    printed = here - 6 - most
    rule(c, 0, title if figures else title[:1], [(width - 3, "here")] if width < 60 else
         [(printed + most - 1, "printed"), (width - 3, "here")])
    if not figures:
        c.put(1, 1, "No printed figures stand in this scenario.", "dim", until=width)
        return c.lines()
    for y, number in enumerate(numbers, 1):
        p = figures[number]
        there = p in shown
        name = p.claim.what if not p.claim.after else f"{p.claim.what} after {p.claim.after}"
        c.put(1, y, notation.readable(name), "" if there else "dim", until=(here if width < 60 else printed) - 6)
        if there:
            result = marks.result(p)
            if width >= 60 and p.claim.value is not None:
                c.put(printed - notation.point(p.claim.value), y, p.claim.value, "", until=here - 2)
            if isinstance(result.computed, float):
                text = notation.number(result.computed, decimals=p.decimals)
                c.put(here - notation.point(text), y, text, "", until=width - 2)
            glyph = GLYPHS[result.verdict]
            c.put(width - 2, y, glyph, "dim" if glyph == "=" else "bold")
        else:
            c.put(here, y, notation.PENDING, "dim")
        if focused and number == rows.cursor:
            c.restyle(y, "reverse", 0, width)
    return c.lines()


def paint_program(session: Session, width: int, height: int, focused: bool) -> list[Line]:
    """The program in index notation, phase by phase; the block that is being made is opened."""
    c = Canvas(width, height)
    rule(c, 0, [("Program", "bold")], [(width, "values")])
    entries = program_entries(session)
    default = next((n for n, e in enumerate(entries) if e.now), 0)
    rows = window(session, "program", len(entries), height - 1, default)
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
        if focused and number == rows.cursor:
            c.restyle(y, "reverse", 0, width)
    return c.lines()


PAINTERS: dict[str, Callable[[Session, int, int, bool], list[Line]]] = {
    "parameters": paint_parameters, "values": paint_values, "printed": paint_printed, "program": paint_program,
}
