"""The lists that a person makes: watches, stops, and the hits of a stop or the history of a watch."""

from __future__ import annotations

from rich.cells import cell_len

from ...debugger.panes.hits import hit_at, hit_rank
from ...debugger.panes.register import at as cursor_at
from ...debugger.panes.register import length, view
from ...debugger.scene import Scene
from ...debugger.state import stops as set_stops
from ...debugger.state import watches
from ...debugger.state.watches import Watched
from ...explain import notation
from ...replay.places import write_position
from ...replay.timeline import Position
from .canvas import Canvas, Line, sign_style, wrapped
from .frame import rule
from .tables import nothing, shortened, shown, told

VALUE, CHANGE = 12, 13                              # columns of a number, with a sign


def paint_watches(scene: Scene, width: int, height: int, focused: bool) -> list[Line]:
    """Each watch with its value here, and its change since it was made before; `*` where its bits are others."""
    session = scene.session
    c = Canvas(width, height)
    change, value = width - 2, width - 2 - CHANGE
    seen = view(scene, "watches")
    rule(c, 0, [("Watches", "bold"), *told(seen)], [(value, "value"), (change, "change")])
    if not session.watches:
        said = "Nothing is watched yet: w watches what the cursor is on, or what you type."
        for y, row in enumerate(wrapped(said, width - 2), 1):
            c.put(1, y, row, "dim")
        return c.lines()
    rows = shown(scene, seen, "watches", height - 1)
    for y, n in enumerate(rows.rows, 1):
        _watch(c, y, watches.here(session, session.watches[n]), notation.readable(session.watches[n]), value, change)
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


def unfit_watch(scene: Scene, width: int) -> str:
    """The watch under the cursor in one line, where its row has no room for all of it; else nothing."""
    session = scene.session
    if not length(scene, "watches"):
        return ""
    watched = watches.here(session, session.watches[cursor_at(scene, "watches")])
    return _unfit_watch(watched, notation.readable(watched.text), width)


def unfit_stop(scene: Scene, width: int) -> str:
    """The stop under the cursor in one line, where its row has no room for all of it; else nothing."""
    if not length(scene, "stops"):
        return ""
    return _unfit_stop(scene, list(scene.session.stops)[cursor_at(scene, "stops")], width)


def unfit_hit(scene: Scene, width: int) -> str:
    """The hit, or what a watch was, in one line, where its row has no room for all of it; else nothing."""
    session = scene.session
    if not length(scene, "hits"):
        return ""
    number = cursor_at(scene, "hits")
    if isinstance(session.listed, str):
        watched = watches.history(session, session.listed, number)
        return _unfit_watch(watched, f"after {number:,}", width)
    return _unfit_hit(scene, session.listed, number, width)


def _unfit_hit(scene: Scene, stop: int, number: int, width: int) -> str:
    session = scene.session
    at = hit_at(session, number)
    logged = set_stops.logged(session, stop, at) if at is not None else []
    if at is None or not logged:
        return ""
    values = "  ".join(logged)
    x = 3 + len(_hit(scene, number, at)) + 2
    named = zip(session.stops[stop].stop.log or (), logged, strict=True)
    return "" if x + cell_len(values) <= width - 1 else \
        f"{number + 1} {write_position(session.run, at)}: " + ", ".join(
            f"{notation.readable(w)} = {v}" for w, v in named)


def _hit(scene: Scene, number: int, at: Position) -> str:
    """A hit by its number and its place."""
    session = scene.session
    return f"{number + 1:>{len(str(view(scene, 'hits').table.rows))}}  {write_position(session.run, at)}"


def _unfit_watch(watched: Watched, name: str, width: int) -> str:
    room = width - 2 - CHANGE - VALUE - 2
    if watched.fault:
        fits = cell_len(name) <= room and room + 2 + cell_len(watched.fault) <= width - 1
        return "" if fits else f"{name}: {watched.fault}"
    here = notation.PENDING if watched.value is None else notation.value(watched.value)
    return "" if cell_len(name) <= min(room, room + VALUE - len(here)) else f"{name} = {here}"


def _unfit_stop(scene: Scene, number: int, width: int) -> str:
    session = scene.session
    title, said, fault = set_stops.title(session, number), _counts(scene, number), session.stops[number].fault
    if fault:
        return f"{number} {title} does not fit: {fault}"
    x = 3 + len(f"{number} ")
    return "" if x + cell_len(title) <= width - len(said) - 2 else f"{number} {title}: {said}"


def _counts(scene: Scene, number: int) -> str:
    session = scene.session
    counts, each = set_stops.counts(session, number), session.stops[number]      # counting says whether it fits
    return "off" if not each.enabled and not each.fault else counts


def paint_stops(scene: Scene, width: int, height: int, focused: bool) -> list[Line]:
    """Each stop by its number: on or off, what it stops at, and how many hits it has."""
    session = scene.session
    c = Canvas(width, height)
    seen = view(scene, "stops")
    rule(c, 0, [("Stops", "bold"), *told(seen)], [(width - 1, "hits")])
    if not session.stops:
        said = "No stop is set yet: b sets one where the cursor is, or on a condition: E < 0.001."
        for y, row in enumerate(wrapped(said, width - 2), 1):
            c.put(1, y, row, "dim")
        return c.lines()
    rows = shown(scene, seen, "stops", height - 1)
    numbers = list(session.stops)
    for y, n in enumerate(rows.rows, 1):
        number = numbers[n]
        said, each = _counts(scene, number), session.stops[number]
        glyph = "?" if each.fault else "○" if not each.enabled else "≡" if each.stop.log is not None else "●"
        c.put(1, y, glyph, "bold" if each.enabled else "dim")
        x = c.put(3, y, f"{number} ", "")
        c.put(x, y, set_stops.title(session, number), "" if each.enabled else "dim", until=width - len(said) - 2)
        c.right(width - 1, y, said, "dim")
        c.row(y, n, focused and n == rows.cursor)
    if not rows.rows:
        nothing(c, seen)
    return c.lines()


def paint_hits(scene: Scene, width: int, height: int, focused: bool) -> list[Line]:
    """The hits of a stop with what it logs; or what a watch was after each update so far."""
    session = scene.session
    c = Canvas(width, height)
    seen = view(scene, "hits")
    if isinstance(session.listed, str):
        rule(c, 0, [(notation.readable(session.listed), "bold"), ("so far", ""), *told(seen)], [(width - 2, "change")])
    elif session.listed not in session.stops:
        rule(c, 0, [("Hits", "bold")])
        for y, row in enumerate(wrapped("Of a stop: Enter in the list of stops (B).", width - 2), 1):
            c.put(1, y, row, "dim")
        return c.lines()
    else:
        log = session.stops[session.listed].stop.log
        what = ", ".join(map(notation.readable, log)) if log else set_stops.title(session, session.listed)
        rule(c, 0, [(f"Hits of stop {session.listed}", "bold"), (what, ""), *told(seen)],
             [(width - 1, set_stops.counts(session, session.listed))])
    rows = shown(scene, seen, "hits", height - 1)
    here = hit_rank(session)
    for y, n in enumerate(rows.rows, 1):
        at = hit_at(session, n)
        assert at is not None
        if isinstance(session.listed, str):
            _watch(c, y, watches.history(session, session.listed, at.update), f"after {at.update:,}",
                   width - 2 - CHANGE, width - 2)
        else:
            c.put(1, y, "►" if session.position == at else " ", "bold")
            x = c.put(3, y, _hit(scene, n, at), "" if n < here else "dim")
            logged = set_stops.logged(session, session.listed, at)
            found = "  ".join(logged) if logged else set_stops.shown_at(session, at, width - x - 3)
            c.put(x + 2, y, found, "", until=width - 1)
        c.row(y, n, focused and n == rows.cursor)
    if not rows.rows:
        nothing(c, seen)
    return c.lines()
