"""The hits of a stop with what it logs; or what a watch was after each update so far."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ...explain import notation
from ...replay.places import write_position
from ...replay.timeline import Position
from ...scenario.errors import ExpressionError, quoted, sentence
from ...scenario.expression import read_quantity
from ..scene import Scene
from ..state import stops as set_stops
from ..state import watches
from ..state.session import Session
from ..subject import Subject
from .lines import line, watched_fields
from .pane import SLICE, GoesOn, Pane, TableOf
from .table import WATCHED, Column, Row, Table, cell, few_rows, watched_row


def hits(scene: Scene) -> Table:
    """The hits of a stop with what it logs; or what a watch was after each update so far."""
    session = scene.session
    count, of = hit_count(session), session.listed
    if isinstance(of, str):
        return few_rows(notation.readable(of), "after", WATCHED, count, lambda n: watched_row(
            f"after {n:,}", watches.history(session, of, n)), str, (of, count))
    log = (session.stops[of].stop.log or ()) if of in session.stops else ()

    def row(n: int) -> Row:
        at = hit_at(session, n)
        assert at is not None
        if at > session.position:
            return Row(write_position(session.run, at), (None,) * len(columns))
        if not log:
            found = set_stops.made_at(session, at)
            return Row(write_position(session.run, at), (None if found is None else found[1],))
        if at.update == session.position.update:    # it may log what is made later
            return Row(write_position(session.run, at), tuple(cell(watches.here(session, text).value) for text in log))
        return Row(write_position(session.run, at), tuple(map(cell, set_stops.evaluated(session, of, at))))
    columns = tuple(Column(text, notation.readable(text)) for text in log) or (Column("value", "value"),)
    return few_rows(f"Hits of stop {of}", "position", columns, count, row, stamp=(of, count))


def hit_count(session: Session) -> int:
    """The rows of the list of hits: of a stop, as far as they are found; of a watch, the updates so far."""
    if isinstance(session.listed, str):
        return session.position.update + 1
    found = set_stops.hits(session, session.listed)
    return found.count if found is not None else 0


def hit_rank(session: Session) -> int:
    """The row, from 1, that the position has reached."""
    if isinstance(session.listed, str):
        return session.position.update + 1
    found = set_stops.hits(session, session.listed)
    return found.rank(session.position) if found is not None else 0


def hit_at(session: Session, row: int) -> Position | None:
    """Where a row of the list of hits is."""
    if isinstance(session.listed, str):
        return Position(row)
    found = set_stops.hits(session, session.listed)
    return found.nth(row + 1) if found is not None and row < found.count else None


def _enter(session: Session, scene: Scene, row: int) -> None:
    if isinstance(session.listed, str):
        session.jump(Position(row), f"After {row:,} update{'s' * (row != 1)}. - goes back.")
    else:
        set_stops.go_to_hit(session, session.listed, row + 1)


def lines(scene: Scene, text: str, goes_on: GoesOn) -> Iterable[str]:
    """The hits of a stop by its number, by default the last; or what a quantity was after each update so far."""
    session = scene.session
    if text and not re.fullmatch("[0-9]{1,9}", text):
        return _history(scene, text)
    number = int(text) if text else max(session.stops, default=0)
    if number not in session.stops:
        return [f"There is no stop {number}." if text else "No stop is set yet, so there are no hits."]
    return _hits(scene, number, goes_on)


def _hits(scene: Scene, number: int, goes_on: GoesOn) -> Iterator[str]:
    session = scene.session
    found = set_stops.hits(session, number)
    if found is None:
        yield line(f"Stop {number} does not fit: {session.stops[number].fault}.")
        return
    while not found.complete and goes_on("Counting the hits …"):
        found.work(SLICE)
    if not found.count:
        yield line(f"Stop {number} has {set_stops.counts(session, number)}: {set_stops.title(session, number)}.")
    for rank in range(1, found.count + 1):
        at, log = found.nth(rank), session.stops[number].stop.log or ()
        logged = [f"{notation.readable(what)} = {value}"
                  for what, value in zip(log, set_stops.logged(session, number, at), strict=True)]
        yield line(write_position(session.run, at), f"hit {rank} of {found.count}{'' if found.complete else '+'}",
                   *(logged or [set_stops.shown_at(session, at)]))


def _history(scene: Scene, text: str) -> Iterator[str]:
    session = scene.session
    try:
        read_quantity(text)
    except ExpressionError as error:
        yield line(sentence(f"{quoted(text)}: {error}"))
        return
    for update in range(session.position.update + 1):
        where = write_position(session.run, Position(update))
        yield line(where, *watched_fields(watches.history(session, text, update)))


PANE = Pane("hits", "", "", "Hits", "of a stop, or the history of a watch", "right", low=True,
            rows=TableOf(hits), default=lambda scene: max(0, hit_rank(scene.session) - 1),
            subject=lambda scene, n: Subject("This hit", at=hit_at(scene.session, n)), enter=_enter, lines=lines,
            takes="the number of a stop, or a quantity", work=set_stops.count_on)
