"""What is drawn over the updates: the loss, validation beside it, and watches; and the marks of the time line.

A curve comes from the run itself (the loss) or from a series, which is worked out between keys while its pane is in
sight. Only what the position has reached is told; the cursor stands on an update, and Enter goes there. The time line
marks the columns in which stops are hit, and those in which trouble begins, as far as known.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from ...explain import notation
from ...replay.places import write_position
from ...replay.series import Series
from ...replay.timeline import Position
from ..axis import Axis, Points, points
from ..scene import Scene
from ..state import stops as set_stops
from ..state import watches
from ..state.session import Session
from ..subject import Subject
from .curve import VALIDATION, first_of_batch, held_back, made_at, points_reached, series_of, series_on, value_at
from .lines import line
from .pane import SLICE, GoesOn, Pane, turned_to

VIEWS = ("loss", "watches", "all")
IDLE = 3.0                                          # seconds that the time line's marks of a run may take, in all
STOP, TROUBLE = "●", "!"
LAST = 1 << 60                                      # behind every value of an update


@dataclass(frozen=True)
class Chart:
    """One curve: what it is, its points up to the position, and how far it is worked out where that is not far enough.

    Charts of one `scale` are drawn to the same scale. `fault` says why there is none.
    """

    name: str
    text: str
    points: Points
    scale: str
    known: int | None = None
    fault: str = ""


NOTHING = points([], [])


def charts(session: Session) -> list[Chart]:
    """The curves of the view that was chosen."""
    view = turned_to(session, "loss", VIEWS)
    found = [] if view == "watches" else list(_losses(session))
    return found + ([] if view == "loss" else [chart for text in session.watches if (chart := _watched(session, text))])


def _losses(session: Session) -> Iterator[Chart]:
    name = session.run.program(0).watched.name
    if session.run.curve_stride > 1:                # the run keeps less than every update: a spike could be lost
        chart = _watched(session, name)
        if chart is not None:
            yield chart
    else:
        known = session.run.known if session.run.known < session.position.update else None
        yield Chart(name, name, trained(session), "loss", known)
    if session.run.model.judged:
        held = held_back(session)
        yield Chart(f"{name}.validation", VALIDATION, points([u for u, _ in held], [v for _, v in held]), "loss")


def _watched(session: Session, text: str) -> Chart | None:
    """The curve of a watch; None for a tensor."""
    series = series_of(session, text)
    if not isinstance(series, Series):
        here = watches.here(session, text)
        return None if np.ndim(here.value if here.value is not None else here.before) else \
            Chart(notation.readable(text), text, NOTHING, text, None, series)
    name = notation.readable(text) + (", first of each batch" if first_of_batch(session, text) else "")
    known = series.judged if series.judged < session.position.update else None
    return Chart(name, text, points_reached(session, series, 0, text), text, known)


def trained(session: Session) -> Points:
    """The loss of each update up to the position; of a very long run, of every second, fourth … update."""
    run = session.run
    values = np.array(run.curve[:_count(session)], float)
    return points(np.arange(len(values)) * run.curve_stride, values)


def _count(session: Session) -> int:
    made = session.position.update + (session.cost() is not None)
    return -(-made // session.run.curve_stride)


def work(session: Session, seconds: float) -> bool:
    """Work out the curves that are no losses."""
    return any(series_on(session, seconds, chart.text) for chart in charts(session) if chart.scale != "loss")


# the marks of the time line

def mark_on(session: Session, seconds: float) -> bool:
    """Look for what the time line marks, for about `seconds`; False when all is known, or the run is too long for it.
    """
    branch = session.branch
    if branch.marking > IDLE:
        return False
    hits = [found for number, each in session.stops.items() if each.enabled
            and (found := set_stops.hits(session, number)) is not None]
    for found in (*hits, session.troubles):
        if not found.complete:
            began = time.perf_counter()
            found.work(seconds)
            branch.marking += time.perf_counter() - began
            return True
    return False


def given_up(session: Session) -> bool:
    """Whether the run is too long to be looked through for trouble unasked."""
    return session.branch.marking > IDLE and not session.troubles.complete


def marks(session: Session, axis: Axis) -> Iterator[tuple[str, list[int]]]:
    """(glyph, its columns); what is drawn later covers what was drawn before."""
    columns: set[int] = set()
    for number, each in list(session.stops.items()):
        found = set_stops.hits(session, number) if each.enabled else None
        if found is None or not found.count:
            continue
        before = 0
        for column in range(axis.columns):
            end = axis.first(column + 1) if column + 1 < axis.columns else session.run.updates + 1
            rank = found.rank(Position(end - 1, LAST, LAST)) if end else 0
            if rank > before:
                columns.add(column)
            before = rank
            if rank == found.count:
                break
    yield STOP, _beginnings(columns)
    yield TROUBLE, _beginnings({axis.column(trouble.at.update) for trouble in session.troubles.found})


def _beginnings(columns: set[int]) -> list[int]:
    return sorted(column for column in columns if column - 1 not in columns)


# the cursor: an update

def to_column(session: Session, axis: Axis, by: int) -> None:
    """The cursor of the plot to the next column, or to the one before; the last is that of the position."""
    at = session.cursor["loss"]
    here = min(session.position.update, at if at is not None else session.position.update)
    session.cursor["loss"] = min(session.position.update, axis.beside(here, by))
    session.message = ""


def go_to(session: Session, update: int) -> None:
    """Jump to an update, where all that is drawn of it is made."""
    numbers = [n for chart in charts(session) if chart.text != VALIDATION
               and (n := made_at(session, chart.text, update)) is not None]
    value = max(numbers, default=0)
    session.jump(Position(update, value, session.run.times(update).stops(value) if value else 0),
                 f"After {update:,} update{'s' * (update != 1)}. - goes back.")


# the pane

def _subject(scene: Scene, update: int) -> Subject:
    session = scene.session
    chart = next(iter(charts(session)), None)
    if chart is None:
        return Subject("This update", at=Position(update))
    value = value_at(session, chart.text, update)
    return Subject(f"{chart.name} after {notation.counted(update, 'update')}", value, chart.text, at=Position(update))


def lines(scene: Scene, text: str, goes_on: GoesOn) -> Iterable[str]:
    """The loss of each update so far, and that of the rows held back."""
    session = scene.session
    run = session.run
    needed = session.position.update + (session.cost() is not None)
    while run.known < needed and goes_on("Running to this update …") and run.work(SLICE):
        pass
    name = run.program(0).watched.name
    training = [(n * run.curve_stride, v) for n, v in enumerate(run.curve[:_count(session)])]
    found = [(update, f"{name}.validation", value, 0) for update, value in held_back(session)]
    found += [(update, name, value, run.times(update).watched_value) for update, value in training]
    if not found:
        yield f"{name} is not computed yet: step to it."
    for update, what, value, made in sorted(found, key=lambda p: (p[0], p[3])):
        at = Position(update, made, run.times(update).stops(made))
        yield line(write_position(run, at), f"{what} = {notation.one(value)}")


PANE = Pane("loss", "7", "7", "Plot", "the loss; again: watches; both. \\ scale", "left", low=True,
            views=VIEWS,
            rows=lambda scene: scene.session.position.update + 1,
            default=lambda scene: scene.session.position.update, subject=_subject,
            enter=lambda session, scene, n: go_to(session, n), lines=lines, work=work)
