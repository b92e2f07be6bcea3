"""Two runs side by side: a report on both from end to end, so later values may stand in it.

Above, both tracks; then the value at this place with its factors and paths, A, B and their difference, and why they
differ; what it leads to, and whose figures the source prints; the losses. A large window has what the scenarios say
differently and both losses as charts, a low one only the value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ...debugger.axis import Axis, in_columns, points
from ...debugger.side_by_side import compare
from ...debugger.state.session import Session
from ...debugger.state.sides import Sides
from ...explain import notation
from ...explain.departure import Compared, Detail
from ...explain.differences import differences
from ...explain.outcomes import conclusion, thinned
from ...explain.pairs import related
from ...replay.fork import Fork
from ...replay.run import Run
from ...replay.timeline import Position, Timeline
from . import loss
from .canvas import Canvas, Line, abridged, merged, sign_style, wrapped
from .frame import MOST_CELLS, SHORT, cells, labels, rule, sentence, stretches_of
from .scales import BLOCKS, Scale

TABLE = 80                                          # columns of the numbers
POINTS = (37, 53, 69)                               # of A, B and B - A
HEADINGS = (49, 65, 80)
NAME, GLYPH = 6, 3
FULL = 24                                           # rows from which there is more than the value
WIDE, TALL, CHARTS = 120, 34, 12
ROWS, OUTCOMES = 6, 5                               # of the two tables, at 24 rows
LEAST_ROWS, REASONS = 2, 2                          # of the value's table; of why it differs, where that is short
Points = tuple[np.ndarray, np.ndarray]              # updates, and values after them


def paint(session: Session, width: int, height: int) -> list[Line]:
    """The whole screen."""
    shown = session.sides
    assert shown is not None
    c = Canvas(width, height)
    detail = shown.detail()
    _bar(c, shown)
    for y, branch, at in zip((1, 2), shown.branches, (shown.at, shown.there()), strict=True):
        _track(c, y, branch.name, branch.run.times(shown.at.update), at, detail is not None and detail.late)
    charts = CHARTS if width >= WIDE and height >= TALL else 0
    extra = max(0, height - FULL - charts)
    more = min(extra, max(0, len(shown.outcomes) - OUTCOMES)) if height >= FULL else 0
    rows = ROWS + (extra - more) if height >= FULL else height - 8
    why = [row for text in (detail.reasons if detail is not None else ()) for row in wrapped(text, TABLE - 4)]
    wider = min(rows - LEAST_ROWS, max(0, len(why) - REASONS))     # rows that the reasons take from the table
    table(c, 3, rows - wider, shown, detail)
    y = 4 + rows
    for n, row in enumerate(why[:REASONS + wider], y - wider + (height >= FULL)):
        c.put(3, n, row)
    if height >= FULL:
        leads_to(c, y + 4, OUTCOMES + more, shown)
        _curve(c, height - 3 - charts, shown)
    lines = c.lines()
    if charts:
        aside = _differences(shown, width - TABLE - 1, height - 6 - charts)
        lines[3:3 + len(aside)] = [merged(line, each, TABLE + 1, width)
                                   for line, each in zip(lines[3:], aside, strict=False)]
        first = height - 2 - charts
        lines[first:first + charts] = _charts(shown, width, charts)
    foot = [*sentence(compare.sentence(session), width), labels(_keys(shown, width), width)]
    lines[-len(foot):] = foot[-(height - 3):]       # the bar and both tracks stay
    return lines


def _keys(shown: Sides, width: int) -> list[tuple[str, str, str]]:
    a, b = shown.letters
    found = [("?", "help", ""), ("x", "next difference", ""), ("X", "previous", ""), ("snf", "step both", ""),
             ("Tab", f"{a} or {b}", ""), ("Esc", f"to {shown.chosen.name}", "")]
    more = [("Enter", f"go there in {shown.chosen.name}", ""), ("a", "next update", ""), ("A", "update before", "")]
    return found + more if width >= WIDE else found


def _bar(c: Canvas, shown: Sides) -> None:
    """Both runs by name, of which the chosen one is bold; how far they have come; what is looked at."""
    what = "first difference" if shown.is_first else "" if shown.standing or shown.searching else \
        "equal here" if shown.there() is not None else "not in both"
    after = f"after {notation.counted(shown.at.update, 'update')}"
    x = c.put(1, 0, "compare") + 2
    names = [f"{branch.name} {compare.called(branch)}" for branch in shown.branches]
    room = c.width - x - len(after) - len(what) - 7
    fair = max(room // 2, room - min(map(len, names)))      # what one may take, if the other has enough
    for branch, name in zip(shown.branches, names, strict=True):
        x = c.put(x, 0, name, "bold" if branch is shown.chosen else "", until=x + min(fair, len(name))) + 2
    c.put(x, 0, after)
    c.right(c.width - 1, 0, what)
    c.restyle(0, "reverse")


def _track(c: Canvas, y: int, letter: str, times: Timeline, at: Position | None, late: bool) -> None:
    value, each = at.value if at is not None else 0, times.count <= MOST_CELLS
    x = c.put(1, y, letter, "bold") + 1
    counter = f"{value}/{times.count}" if at is not None else "not made here"
    for stretch in stretches_of(times):
        name = SHORT.get(stretch.phase, stretch.phase)
        if x + len(name) + 1 + stretch.cells(each) > c.width - len(counter) - 2:
            c.put(x, y, "…", "dim")
            break
        now = stretch.first <= value <= stretch.last
        cause = late and stretch.phase == "update" and stretch.last < value
        style = "bold" if now or cause else "dim" if stretch.first > value else ""
        x = c.put(x, y, name.upper() if now else name, style) + 1
        x = cells(c, x, stretch, value, each, y, "bold" if cause else "") + 1
    c.right(c.width - 1, y, counter)


# the value

def table(c: Canvas, y: int, room: int, shown: Sides, detail: Detail | None) -> None:
    """The rule and the rows below it: what is equal, then factors, paths and the value."""
    a, b = shown.letters
    start = "First difference" if shown.is_first else "Equal" if not shown.standing else \
        f"Difference {shown.rank()} of {len(shown.apart.given) + len(shown.apart.numbers)}"
    title = f"{start}: {detail.where}" if detail is not None else "Two runs"
    title = title if shown.is_first else title.replace(": at ", ": ")
    headings = [(HEADINGS[0], a), (HEADINGS[1], b), (HEADINGS[2], f"{b} - {a} ")]
    rule(c, y, [(abridged(title, 42), "bold")], headings, 0, TABLE)
    if detail is None:
        _no_table(c, y + 1, shown)
        return
    first = y + 1
    if shown.is_first and shown.apart.before and not shown.apart.given:
        said = f"{notation.counted(shown.apart.before, 'value')} before it equal, bit for bit"
        c.put(GLYPH, first, "=", "dim")
        c.put(NAME, first, said, "dim")
        first += 1
    rows = _fitting(detail.rows, y + 1 + room - first)
    numbers = notation.plain(number for row in rows for number in (row.a, row.b))
    changes = notation.plain(row.change for row in rows)
    for n, row in enumerate(rows):
        _row(c, first + n, row, numbers, changes)
    if any(row.here for row in rows) and shown.standing:
        c.restyle(first + next(n for n, row in enumerate(rows) if row.here), "reverse", GLYPH, TABLE - 1)


def _no_table(c: Canvas, y: int, shown: Sides) -> None:
    if shown.at.value:
        a, b = shown.branches
        times = a.run.times(shown.at.update)
        block, element = times.locate(shown.at.value)
        out = times.blocks[block].out
        c.put(NAME, y, a.namer.of(out, element), "bold", until=TABLE)
        c.put(NAME, y + 1, f"{a.name} makes it, and {b.name} makes no value of this name.", until=TABLE)
    elif not shown.searching and shown.first is None and shown.looked >= shown.both.last:
        c.put(NAME, y + 1, "The two runs do not differ anywhere.", until=TABLE)
    elif not shown.searching:
        c.put(NAME, y + 1, "Here both start from the same numbers.", "dim", until=TABLE)


def _fitting(rows: Sequence[Compared], room: int) -> list[Compared]:
    """The rows that there is room for: what is equal goes first, then what is farthest from where they part."""
    shown = list(rows)
    while len(shown) > max(1, room):
        here = next((n for n, row in enumerate(shown) if row.here), len(shown) - 1)
        spare = [n for n in range(len(shown) - 1) if n != here]
        if not spare:
            return shown[here:here + 1]
        equal = [n for n in spare if shown[n].same]
        del shown[(equal or [max(spare, key=lambda n: abs(n - here))])[-1 if not equal else 0]]
    return shown


def _row(c: Canvas, y: int, row: Compared, nine: bool, nine_changes: bool) -> None:
    strong = "bold" if row.here else ""
    if row.here:
        c.put(1, y, "►", "bold")
    c.put(GLYPH, y, "=" if row.same else "≠", "dim" if row.same else strong)
    texts = [f"{value:.0f}" if row.whole else notation.number(value, row.signed, nine) for value in (row.a, row.b)]
    starts = [point - notation.point(text) for point, text in zip(POINTS, texts, strict=False)]
    c.put(NAME, y, row.name, strong, until=starts[0] - 1)
    for start, text, value in zip(starts, texts, (row.a, row.b), strict=True):
        c.put(start, y, text, f"{sign_style(value) if row.signed else ''} {strong}".strip())
    if row.change is not None:
        text = f"{row.change:+.0f}" if row.whole else notation.number(row.change, True, nine_changes)
        c.put(POINTS[2] - notation.point(text), y, text, f"{sign_style(row.change)} {strong}".strip())


# what follows

def leads_to(c: Canvas, y: int, room: int, shown: Sides) -> None:
    a, b = shown.letters
    found = shown.outcomes
    told = any(one.printed for one in found)
    headings = [(HEADINGS[0], a), (HEADINGS[1], b), (HEADINGS[2], "printed is " if told else f"{b} - {a} ")]
    rule(c, y, [("What it leads to", "bold")], headings, 0, TABLE)
    if not found:
        c.put(6, y + 1, "Nothing: there is no difference." if shown.first is None and not shown.searching else
              "Running both to the end …", "dim")
        return
    rows = thinned(found, room)
    for n, one in enumerate(rows, 1):
        values = (one.a, one.b)
        signed = ".grad" in one.what or "∂" in one.what
        nine = notation.plain(values) or one.decimals > 9
        texts = [notation.number(value, signed, nine, one.decimals) for value in values]
        starts = [point - notation.point(text) for point, text in zip(POINTS, texts, strict=False)]
        c.put(6, y + n, one.what, "", until=starts[0] - 1)
        for start, text, value in zip(starts, texts, values, strict=True):
            c.put(start, y + n, text, sign_style(value) if signed else "")
        if told:
            c.right(TABLE - 1, y + n, one.printed, "bold")
        elif (change := Compared("", one.a, one.b).change) is not None:
            text = notation.one(change, True)
            c.put(POINTS[2] - notation.point(text), y + n, text, sign_style(change))
    c.put(6, y + 1 + len(rows), conclusion(found, shown.letters, shown.late), "bold", until=TABLE - 1)


def _gaps(shown: Sides) -> Points:
    """How far the losses are apart, as far as both are known."""
    strides = [branch.run.curve_stride for branch in shown.branches]
    stride = max(strides)                           # both are powers of two
    x, y = (np.array(branch.run.curve)[::stride // own] for branch, own in zip(shown.branches, strides, strict=True))
    count = min(len(x), len(y))
    x, y = x[:count], y[:count]
    with np.errstate(all="ignore"):
        gaps = np.where((x == y) | (np.isnan(x) & np.isnan(y)), 0.0, np.abs(y - x))
    return np.arange(count) * stride, gaps


def _curve(c: Canvas, y: int, shown: Sides) -> None:
    """How far the losses are apart, at most, in the updates of a column; of runs that never differ, their loss."""
    a, b = shown.letters
    name = shown.both.a.program(0).watched.name
    updates, values = _gaps(shown)
    differ = bool(values.any())
    if not differ:
        updates, values = _curve_of(shown.branches[0].run)
    x = c.put(1, y, f"|{b} - {a}| of {name}" if differ else f"{name} of both", until=20) + 1
    end, last = f"{shown.both.last}", c.width - 19
    columns = updates * (last - x - 1) // max(1, shown.both.last)
    inside = columns < last - x                     # one of them may go on for longer
    columns, values = columns[inside], values[inside]
    found = np.unique(columns)
    tops = np.maximum.reduceat(values, np.searchsorted(columns, found)) if len(found) else found.astype(float)
    finite = tops[np.isfinite(tops) & ((tops != 0) | (not differ))]
    if not len(finite):
        return
    scale = Scale.fitting(float(finite.min()), float(finite.max()))
    for column in range(int(found[-1]) + 1):
        value = float(tops[np.searchsorted(found, column, "right") - 1])
        if not math.isfinite(value):
            c.put(x + column, y, "!", "bold")
        elif value or not differ:
            c.put(x + column, y, BLOCKS[int(scale.share(value) * (len(BLOCKS) - 1))])
    c.put(last + 2, y, "log" if scale.logarithmic else "", "dim")
    c.right(c.width - 1, y, end, "dim")


def _curve_of(run: Run) -> Points:
    """The loss after each update, as far as it is known."""
    values = np.array(run.curve)
    return np.arange(len(values)) * run.curve_stride, values


def _differences(shown: Sides, width: int, height: int) -> list[Line]:
    """What was edited, and what the scenarios say differently: each with A's and B's."""
    c = Canvas(width, height)
    rule(c, 0, [("What they say differently", "bold")])
    y = 1
    for branch in shown.branches:
        if isinstance(branch.run, Fork):
            c.put(1, y, f"{branch.name}: a what-if run, after {notation.counted(branch.run.since, 'update')}",
                  until=width)
            for n, text in enumerate(branch.run.edits, 1):
                c.put(3, y + n, text, "bold", until=width)
            y += 1 + len(branch.run.edits)
    found = [] if related(shown.both.a, shown.both.b) else list(differences(shown.both.a, shown.both.b,
                                                                                   shown.letters))
    for n, each in enumerate(found):
        if y + 3 > height - 1 and n < len(found) - 1:
            c.put(1, y, f"{len(found) - n} more", "dim")
            break
        c.put(1, y, each.what, "bold", until=width)
        for k, (letter, text) in enumerate(zip(shown.letters, (each.a, each.b), strict=True), 1):
            c.put(3, y + k, f"{letter}  {'nothing' if text is None else text}", "dim" if text is None else "",
                  until=width)
        if each.note:
            c.put(3, y + 3, each.note, "", until=width)
        y += 3 + bool(each.note)
    if not found and y == 1:
        c.put(1, y, "Nothing.", "dim")
    return c.lines()


def _charts(shown: Sides, width: int, height: int) -> list[Line]:
    """Both losses on one scale, side by side."""
    name = shown.both.a.program(0).watched.name
    top = Canvas(width, height)
    rule(top, 0, [("Loss", "bold"), (f"{name} after each update", "dim")])
    lines = top.lines()
    curves = [points(*_curve_of(branch.run)) for branch in shown.branches]
    spans = [span for curve in curves if (span := curve.range) is not None]
    if not spans:
        return lines
    fitted = loss.fitted(min(span[0] for span in spans), max(span[1] for span in spans), height - 2)
    updates = max(branch.run.updates for branch in shown.branches)
    for n, (branch, curve) in enumerate(zip(shown.branches, curves, strict=True)):
        half = Canvas(width // 2, height - 1)
        last = f" {notation.one(branch.run.curve[-1])}" if len(branch.run.curve) else f" {notation.PENDING}"
        x = half.put(1, 0, f"{name} of {branch.name}", "bold", until=half.width)
        half.put(x, 0, last + (" (by powers of ten)" if fitted[0].logarithmic else ""), "dim", until=half.width)
        along = Axis(max(2, half.width - loss.LABEL - 2), updates)
        loss.curve(half, 0, height - 2, in_columns(curve, along, branch.run.known), *fitted)
        lines[1:] = [merged(line, each, n * (width // 2), width)
                     for line, each in zip(lines[1:], half.lines(), strict=True)]
    return lines
