"""Where the panes stand, for every size of the terminal; and the whole screen, put together.

The grid of 80 columns has fixed rows: bar, track, chain, two lower panes, time, words, keys. Rows beyond 24
go to the lower panes; with fewer rows or columns, from 60 x 10 on, the chain alone is a debugger. A large terminal
shows everything at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..debugger.commands import lesson as lessons
from ..debugger.commands.lesson import Page
from ..debugger.panes.pane import Side
from ..debugger.panes.register import BY_ID
from ..debugger.scene import Scene
from ..debugger.state import looks
from ..debugger.state.session import Session
from ..explain import notation
from .views import below, frame, lesson, sides
from .views.canvas import Canvas, Line, merged, row_at
from .views.register import PAINTERS

LEAST_WIDTH, LEAST_HEIGHT = 60, 10
TWO_RUNS = 80, 14                                   # side by side: two columns of whole numbers
WIDE_WIDTH, WIDE_HEIGHT = 120, 34
LOWER_FROM, LOWER_WIDTH = 24, 80                     # rows and columns from which there are panes below the chain


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
    room = body(width, height)
    if looks.look(session, "zoom") == "on":
        return [Area(session.focus, 0, 2, width, room)]
    if height < LOWER_FROM or width < LOWER_WIDTH or layout == "chain":
        return [Area("chain", 0, 2, width, room)]
    if layout == "one below":
        chain = 10 if height < WIDE_HEIGHT else max(14, room * 16 // 34)
        lower = looks.look(session, "lower")
        return [Area("chain", 0, 2, width, chain), Area(lower, 0, 2 + chain, width, room - chain)]
    if is_wide(width, height):
        left = 51 if width < 150 else width * 2 // 5
        pictures = 12
        chain = max(14, (room - 2) * 16 // 34)
        printed = max(7, (room - chain) * 2 // 5)
        parameters = room - chain - printed
        return [
            Area("chain", left + 1, 2, width - left - 1, chain),
            Area(_at_home(session.left, "left", False), 0, 2, left, room - pictures),
            Area(_at_home(session.left, "left", True), 0, 2 + room - pictures, left, pictures),
            Area(_at_home(session.right, "right", False), left + 1, 2 + chain, width - left - 1, parameters),
            Area(_at_home(session.right, "right", True), left + 1, 2 + chain + parameters, width - left - 1, printed),
        ]
    left = 37 if width < 100 else 51
    lower = height - 15
    return [Area("chain", 0, 2, width, 10), Area(session.left, 0, 12, left, lower),
            Area(session.right, left + 1, 12, width - left - 1, lower)]


def _at_home(chosen: str, side: Side, low: bool) -> str:
    """The pane in one of the two places of a side: the chosen one where that is its place, else the first of them."""
    homes = [pane.id for pane in BY_ID.values() if pane.side == side and pane.low == low]
    return chosen if chosen in homes else homes[0]


def clicked(session: Session, width: int, height: int, x: int, y: int) -> tuple[str, int | None] | None:
    """The pane at a cell of the screen, and the row of its list that is drawn there; None outside of all panes."""
    if session.sides is not None or width < LEAST_WIDTH or height < LEAST_HEIGHT:
        return None
    if lessons.reading(session):
        return "lesson", row_at(lambda: lesson.paint(session, width, body(width, height)), x, y - 2)
    scene = Scene(session, shown=panes(session, width, height))
    areas = above(arrange(session, width, height), len(words(scene, width, height)) - 1)
    for area in areas:
        if area.x <= x < area.x + area.width and area.y <= y < area.y + area.height:
            return area.pane, row_at(lambda area=area: _pane(scene, area), x - area.x, y - area.y)
    return None


def body(width: int, height: int) -> int:
    """The rows that the panes have, together."""
    return height - (6 if is_wide(width, height) else 5 if height >= LOWER_FROM else 4)


def lesson_page(width: int, height: int) -> Page:
    """What there is room for of a lesson."""
    return lesson.page(width, body(width, height))


def above(areas: list[Area], more: int) -> list[Area]:
    """The areas where the words take `more` rows than one: the lowest panes are lower, and show their cursors still."""
    end = max(area.y + area.height for area in areas)
    return [replace(a, height=max(1, a.height - more)) if a.y + a.height == end else a for a in areas]


def time_row(session: Session, width: int, height: int) -> int | None:
    """The row of the time line, where there is one."""
    shown = session.sides is None and not lessons.reading(session) and height >= LOWER_FROM and width >= LEAST_WIDTH
    return height - 2 - len(words(Scene(session), width, height)) if shown else None


def words(scene: Scene, width: int, height: int) -> list[Line]:
    """The words below the panes: of what a row cuts, all."""
    session = scene.session
    focused = (area.width for area in arrange(session, width, height) if area.pane == session.focus)
    return below.words(scene, width, next(focused, None))


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
        return _screen(Scene(session, shown=panes(session, width, height)), width, height)


def _screen(scene: Scene, width: int, height: int) -> list[Line]:
    session = scene.session
    if width < LEAST_WIDTH or height < LEAST_HEIGHT:
        return too_small(width, height)
    if session.sides is not None:
        fits = width >= TWO_RUNS[0] and height >= TWO_RUNS[1]
        return sides.paint(session, width, height) if fits else too_small(width, height, "side by side", TWO_RUNS)
    if lessons.reading(session):
        return _lesson(scene, width, height)
    said = words(scene, width, height)
    areas = above(arrange(session, width, height), len(said) - 1)
    blank = Line(((" " * width, ""),))
    rows: list[Line] = [blank] * height
    rows[0], rows[1] = frame.header(scene, width), frame.track(scene, width, height < LOWER_FROM)
    for area in sorted(areas, key=lambda a: (a.y, a.x)):
        for n, line in enumerate(_pane(scene, area)):
            rows[area.y + n] = merged(rows[area.y + n], line, area.x, width)
    _dividers(rows, areas, width)
    foot = [*_time(scene, width, height), *said, frame.footer(scene, width)]
    rows[-len(foot):] = foot[-(height - 2):]        # the bar and the track stay
    return rows


def _lesson(scene: Scene, width: int, height: int) -> list[Line]:
    """The lesson, in the place of the panes."""
    session = scene.session
    shown = lesson_page(width, height)
    said = frame.sentence(lessons.sentence(session, shown), width)
    room = body(width, height) - (len(said) - 1)
    more = lesson.left(session, width, room)
    time = [frame.timeline(scene, width, more)] if height >= LOWER_FROM else []
    page = lesson.paint(session, width, room)
    top = [frame.header(scene, width), frame.track(scene, width, height < LOWER_FROM)]
    blank = [Line(((" " * width, ""),))] * is_wide(width, height)
    return [*top, *page, *blank, *time, *said, frame.labels(lesson.keys(session), width)]


def _time(scene: Scene, width: int, height: int) -> list[Line]:
    """The time line, and in a large window its rule."""
    session = scene.session
    if height < LOWER_FROM:
        return []
    c = Canvas(width, 1)
    cost = session.run.program(0).watched.name
    frame.rule(c, 0, [("Time", "bold"), (f"{cost} after each update", "dim")])
    return [*(c.lines() if is_wide(width, height) else ()), frame.timeline(scene, width)]


def _pane(scene: Scene, area: Area) -> list[Line]:
    return PAINTERS[area.pane].paint(scene, area.width, area.height, scene.session.focus == area.pane)


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


def too_small(width: int, height: int, what: str = "bptui",
              least: tuple[int, int] = (LEAST_WIDTH, LEAST_HEIGHT)) -> list[Line]:
    """What a terminal that is too small shows."""
    c = Canvas(width, height)
    for y, text in enumerate((f"This window is {width} x {height}.", f"{what} needs {least[0]} x {least[1]}.",
                              "Make it larger: your place is kept.")):
        c.put(0, y, text)
    return c.lines()
