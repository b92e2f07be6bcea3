"""Where the panes stand, for every size of the terminal; and the whole screen, put together.

The grid of 80 columns has fixed rows: bar, track, chain, two lower panes, time, words, keys. Rows beyond 24
go to the lower panes; from 14 to 23 rows the chain alone is a debugger. A large terminal shows everything at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..debugger import looks
from ..debugger.session import Session
from ..explain import notation
from .views import batch, cards, chainpane, frame, gradients, graph, lists, loss, matrix, sides, tables
from .views.canvas import Canvas, Line, merged, row_at

LEAST_WIDTH, LEAST_HEIGHT = 80, 14
WIDE_WIDTH, WIDE_HEIGHT = 120, 34
LOWER_FROM = 24
# Above the printed figures, where there is room for both.
UPPER = ("parameters", "values", "watches", "stops", "adjoints", "batch")
# On the left below the program, where there is room for both.
PICTURES = {"network": graph.paint, "loss": loss.paint, "gradients": gradients.paint, "matrix": matrix.paint}


@dataclass(frozen=True)
class Area:
    """A pane's place: its rule is the first of its rows."""

    pane: str
    x: int
    y: int
    width: int
    height: int


def arrange(session: Session, width: int, height: int) -> list[Area]:
    """The panes of a terminal of this size, in the layout that was chosen, in the order in which Tab visits them."""
    layout = looks.look(session, "layout")
    body = height - (6 if is_wide(width, height) else 5 if height >= LOWER_FROM else 4)
    if looks.look(session, "zoom") == "on":
        return [Area(session.focus, 0, 2, width, body)]
    if height < LOWER_FROM or layout == "chain":
        return [Area("chain", 0, 2, width, body)]
    if layout == "one below":
        chain = 10 if height < WIDE_HEIGHT else max(14, body * 16 // 34)
        lower = looks.look(session, "lower")
        return [Area("chain", 0, 2, width, chain), Area(lower, 0, 2 + chain, width, body - chain)]
    if is_wide(width, height):
        left = 51 if width < 150 else width * 2 // 5
        pictures = 12
        chain = max(14, (body - 2) * 16 // 34)
        printed = max(7, (body - chain) * 2 // 5)
        parameters = body - chain - printed
        return [
            Area("chain", left + 1, 2, width - left - 1, chain),
            Area("program", 0, 2, left, body - pictures),
            Area(session.left if session.left in PICTURES else "network", 0, 2 + body - pictures, left, pictures),
            Area(session.right if session.right in UPPER else "parameters", left + 1, 2 + chain, width - left - 1,
                 parameters),
            Area("hits" if session.right == "hits" else "printed", left + 1, 2 + chain + parameters,
                 width - left - 1, printed),
        ]
    left = 37 if width < 100 else 51
    lower = height - 15
    return [Area("chain", 0, 2, width, 10), Area(session.left, 0, 12, left, lower),
            Area(session.right, left + 1, 12, width - left - 1, lower)]


def clicked(session: Session, width: int, height: int, x: int, y: int) -> tuple[str, int | None] | None:
    """The pane at a cell of the screen, and the row of its list that is drawn there; None outside of all panes."""
    if session.sides is not None or width < LEAST_WIDTH or height < LEAST_HEIGHT:
        return None
    for area in arrange(session, width, height):
        if area.x <= x < area.x + area.width and area.y <= y < area.y + area.height:
            return area.pane, row_at(lambda area=area: _pane(session, area), x - area.x, y - area.y)
    return None


def is_wide(width: int, height: int) -> bool:
    return width >= WIDE_WIDTH and height >= WIDE_HEIGHT


def panes(session: Session, width: int, height: int) -> tuple[str, ...]:
    """The panes that are drawn."""
    return tuple(area.pane for area in arrange(session, width, height))


def tab_order(session: Session, width: int, height: int) -> tuple[str, ...]:
    """The panes that Tab visits; where one stands alone, or one below the chain, it takes turns."""
    shown = panes(session, width, height)
    if len(shown) > 2:
        return shown
    return tuple(dict.fromkeys(("chain", session.left, session.right, session.focus)))


def screen(session: Session, width: int, height: int) -> list[Line]:
    """Every line of the screen."""
    with notation.written_as(looks.look(session, "numbers")):
        return _screen(session, width, height)


def _screen(session: Session, width: int, height: int) -> list[Line]:
    if width < LEAST_WIDTH or height < LEAST_HEIGHT:
        return too_small(width, height)
    if session.sides is not None:
        return sides.paint(session, width, height)
    areas = arrange(session, width, height)
    blank = Line(((" " * width, ""),))
    rows: list[Line] = [blank] * height
    rows[0], rows[1] = frame.header(session, width), frame.track(session, width, height < LOWER_FROM)
    for area in sorted(areas, key=lambda a: (a.y, a.x)):
        for n, line in enumerate(_pane(session, area)):
            rows[area.y + n] = merged(rows[area.y + n], line, area.x, width)
    _dividers(rows, areas, width)
    bottom = height - 1
    rows[bottom], rows[bottom - 1] = frame.footer(session, width), frame.words(session, width)
    if height >= LOWER_FROM:
        rows[bottom - 2] = frame.timeline(session, width)
    if is_wide(width, height):
        c = Canvas(width, 1)
        cost = session.run.program(0).watched.name
        frame.rule(c, 0, [("Time", "bold"), (f"{cost} after each update", "dim")])
        rows[bottom - 3] = c.lines()[0]
    return rows


def _pane(session: Session, area: Area) -> list[Line]:
    focused = session.focus == area.pane
    if area.pane == "chain":
        if session.yours is not None:
            return cards.yours(session, area.width, area.height)
        if session.untouched or session.card:
            return cards.first(session, area.width, area.height)
        return chainpane.paint(session, area.width, area.height, focused)
    if area.pane in PICTURES:
        return PICTURES[area.pane](session, area.width, area.height, focused)
    painters = {**tables.PAINTERS, **lists.PAINTERS, "batch": batch.paint}
    return painters[area.pane](session, area.width, area.height, focused)


def _dividers(rows: list[Line], areas: list[Area], width: int) -> None:
    """The line between panes that stand side by side."""
    columns = {a.x - 1 for a in areas if a.x > 0}
    for column in columns:
        right = [a for a in areas if a.x - 1 == column]
        top, end = min(a.y for a in right), max(a.y + a.height for a in right)
        for y in range(top, end):
            starts = any(a.y == y for a in areas)
            rows[y] = merged(rows[y], Line((("┬" if y == top else "┤" if starts and not any(
                a.y == y for a in right) else "├" if starts and not any(
                a.y == y for a in areas if a.x == 0) else "┼" if starts else "│", "dim"),)), column, width)


def too_small(width: int, height: int) -> list[Line]:
    """What a terminal that is too small shows."""
    c = Canvas(width, height)
    for y, text in enumerate((f"This window is {width} x {height}.", f"bptui needs {LEAST_WIDTH} x {LEAST_HEIGHT}.",
                              "Make it larger: your place is kept.")):
        c.put(0, y, text)
    return c.lines()
