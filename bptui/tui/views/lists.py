"""The lists that a person makes: watches, stops, and the hits of a stop or the history of a watch."""

from __future__ import annotations

from collections.abc import Callable

from ...debugger import ordering, stopping, tables, watching
from ...debugger.session import Session
from ...debugger.watching import Watched
from ...explain import notation
from ...replay.places import write
from .canvas import Canvas, Line, sign_style, wrapped
from .frame import rule
from .tables import nothing, shortened, shown, told

VALUE, CHANGE = 12, 13                              # columns of a number, with a sign


def paint_watches(session: Session, width: int, height: int, focused: bool) -> list[Line]:
    """Each watch with its value here, and its change since it was made before; `*` where its bits are others."""
    c = Canvas(width, height)
    change, value = width - 2, width - 2 - CHANGE
    seen = ordering.view(session, "watches")
    rule(c, 0, [("Watches", "bold"), *told(seen)], [(value, "value"), (change, "change")])
    if not session.watches:
        said = "Nothing is watched yet: w watches what the cursor is on, or what you type."
        for y, row in enumerate(wrapped(said, width - 2), 1):
            c.put(1, y, row, "dim")
        return c.lines()
    rows = shown(session, seen, "watches", height - 1)
    for y, n in enumerate(rows.rows, 1):
        _watch(c, y, watching.here(session, session.watches[n]), notation.readable(session.watches[n]), value, change)
        c.row(y, n, focused and n == rows.cursor)
    if not rows.rows:
        nothing(c, seen)
    return c.lines()


def _watch(c: Canvas, y: int, watched: Watched, name: str, value: int, change: int) -> None:
    room = value - VALUE - 2
    if watched.fault:
        c.put(1, y, shortened(name, room), "")
        c.put(room + 2, y, watched.fault, "dim", until=c.width - 1)
        return
    here = notation.PENDING if watched.value is None else notation.value(watched.value)
    c.put(1, y, shortened(name, max(8, min(room, value - len(here) - 2))), "")
    c.right(value, y, here, "dim" if watched.value is None else "")
    moved = watched.change
    if moved is not None:
        text = notation.one(moved, True)
        c.right(change, y, text if len(text) < CHANGE else notation.short(moved, 4, True), sign_style(moved))
    if watched.changed:
        c.put(c.width - 1, y, "*", "bold")


def paint_stops(session: Session, width: int, height: int, focused: bool) -> list[Line]:
    """Each stop by its number: on or off, what it stops at, and how many hits it has."""
    c = Canvas(width, height)
    seen = ordering.view(session, "stops")
    rule(c, 0, [("Stops", "bold"), *told(seen)], [(width - 1, "hits")])
    if not session.stops:
        said = "No stop is set yet: b sets one where the cursor is, or on a condition: E < 0.001."
        for y, row in enumerate(wrapped(said, width - 2), 1):
            c.put(1, y, row, "dim")
        return c.lines()
    rows = shown(session, seen, "stops", height - 1)
    numbers = list(session.stops)
    for y, n in enumerate(rows.rows, 1):
        number = numbers[n]
        each, counts = session.stops[number], stopping.counts(session, number)
        glyph = "?" if each.fault else "○" if not each.enabled else "≡" if each.stop.log is not None else "●"
        said = "off" if not each.enabled and not each.fault else counts
        c.put(1, y, glyph, "bold" if each.enabled else "dim")
        x = c.put(3, y, f"{number} ", "")
        c.put(x, y, stopping.title(session, number), "" if each.enabled else "dim", until=width - len(said) - 2)
        c.right(width - 1, y, said, "dim")
        c.row(y, n, focused and n == rows.cursor)
    if not rows.rows:
        nothing(c, seen)
    return c.lines()


def paint_hits(session: Session, width: int, height: int, focused: bool) -> list[Line]:
    """The hits of a stop with what it logs; or what a watch was after each update so far."""
    c = Canvas(width, height)
    seen = ordering.view(session, "hits")
    count = seen.table.rows
    if isinstance(session.listed, str):
        rule(c, 0, [(notation.readable(session.listed), "bold"), ("so far", ""), *told(seen)], [(width - 2, "change")])
    elif session.listed not in session.stops:
        rule(c, 0, [("Hits", "bold")])
        for y, row in enumerate(wrapped("Of a stop: Enter in the list of stops (B).", width - 2), 1):
            c.put(1, y, row, "dim")
        return c.lines()
    else:
        log = session.stops[session.listed].stop.log
        what = ", ".join(map(notation.readable, log)) if log else stopping.title(session, session.listed)
        rule(c, 0, [(f"Hits of stop {session.listed}", "bold"), (what, ""), *told(seen)],
             [(width - 1, stopping.counts(session, session.listed))])
    rows = shown(session, seen, "hits", height - 1)
    here = tables.listed_rank(session)
    for y, n in enumerate(rows.rows, 1):
        at = tables.listed_at(session, n)
        assert at is not None
        if isinstance(session.listed, str):
            _watch(c, y, watching.history(session, session.listed, at.update), f"after {at.update:,}",
                   width - 2 - CHANGE, width - 2)
        else:
            c.put(1, y, "►" if session.position == at else " ", "bold")
            x = c.put(3, y, f"{n + 1:>{len(str(count))}}  {write(session.run, at)}", "" if n < here else "dim")
            logged = stopping.logged(session, session.listed, at)
            found = "  ".join(logged) if logged else stopping.shown_at(session, at, width - x - 3)
            c.put(x + 2, y, found, "", until=width - 1)
        c.row(y, n, focused and n == rows.cursor)
    if not rows.rows:
        nothing(c, seen)
    return c.lines()


PAINTERS: dict[str, Callable[[Session, int, int, bool], list[Line]]] = {
    "watches": paint_watches, "stops": paint_stops, "hits": paint_hits,
}
