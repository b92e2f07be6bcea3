"""The list of stops: each on or off, what it stops at, and how many hits it has."""

from __future__ import annotations

from collections.abc import Iterator

from ...replay.stops import write_stop
from ..scene import Scene
from ..state import stops as set_stops
from ..state.session import Session
from ..subject import Subject
from .lines import line
from .pane import SLICE, GoesOn, Pane, TableOf
from .table import Column, Row, Table, few_rows
from .view import shown_rows


def stops(scene: Scene) -> Table:
    """Each stop: on or off, what it stops at, and how many hits it has."""
    session = scene.session
    numbers = list(session.stops)

    def row(n: int) -> Row:
        each, found = session.stops[numbers[n]], set_stops.hits(session, numbers[n])
        how = "does not fit" if each.fault else "off" if not each.enabled else "on"
        return Row(set_stops.title(session, numbers[n]),
                   (float(numbers[n]), how, None if found is None else float(found.count)))
    columns = (Column("number", "number"), Column("state", "state", number=False), Column("hits", "hits"))
    return few_rows("Stops", "stop", columns, len(numbers), row, lambda n: write_stop(session.stops[numbers[n]].stop),
                   tuple((n, str(each), set_stops.counts(session, n)) for n, each in session.stops.items()), main=None)


def _number(session: Session, row: int) -> int:
    return list(session.stops)[row]


def _subject(scene: Scene, n: int) -> Subject:
    session = scene.session
    number = _number(session, n)
    return Subject(set_stops.title(session, number), stop=write_stop(session.stops[number].stop))


def _enter(session: Session, scene: Scene, n: int) -> None:
    session.list_hits(_number(session, n))


def lines(scene: Scene, text: str, goes_on: GoesOn) -> Iterator[str]:
    """Each stop by its number: what it stops at, on or off, and how many hits it has."""
    session = scene.session
    if not session.stops:
        yield "No stop is set yet: b sets one where the run stands, b E < 0.001 on a condition."
    while goes_on("Counting the hits …") and set_stops.count_on(session, SLICE):
        pass
    for number, each in (list(session.stops.items())[n] for n in shown_rows(scene, "stops", stops)):
        how = f"does not fit: {each.fault}" if each.fault else "off" if not each.enabled else \
            "logs" if each.stop.log is not None else "on"
        yield line(f"stop {number}", set_stops.title(session, number), how,
                   "" if each.fault else set_stops.counts(session, number))


PANE = Pane("stops", "", "B", "Stops", "the list; Enter lists the hits of one", "right",
            rows=TableOf(stops), default=lambda scene: max(0, len(scene.session.stops) - 1), subject=_subject,
            enter=_enter, remove=lambda session, n: set_stops.remove(session, _number(session, n)),
            switch=lambda session, n: set_stops.switch(session, _number(session, n)), lines=lines,
            work=set_stops.count_on)
