"""What is drawn over the updates: the loss, validation beside it, and watches; and the cursor of the plot.

A curve comes from the run itself (the loss) or from a series, which is worked out between keys while its pane is in
sight. Only what the position has reached is told; the cursor stands on an update, and Enter goes there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..explain import notation
from ..replay.columns import depends, moves
from ..replay.leaves import known_from
from ..replay.series import Series
from ..replay.timeline import Position
from ..scenario.errors import ExpressionError, QuantityError
from ..scenario.expression import read_quantity
from . import gradients, looks, stopping, watching
from .axis import Axis, Points, points
from .losses import held_back, trained
from .scene import Scene
from .session import Session

VALIDATION = "E.validation"
IDLE = 3.0                                          # seconds that the time line's marks of a run may take, in all


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
    view = looks.look(session, "view.loss")
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
        here = watching.here(session, text)
        return None if np.ndim(here.value if here.value is not None else here.before) else \
            Chart(notation.readable(text), text, NOTHING, text, None, series)
    name = notation.readable(text) + (", first of each batch" if _first_of_batch(session, text) else "")
    known = series.judged if series.judged < session.position.update else None
    return Chart(name, text, reached(session, series, 0, text), text, known)


def reached(session: Session, series: Series, n: int, text: str) -> Points:
    """What a series has of the updates before the position's, and of its own once that is made."""
    update = session.position.update
    curve = series.curve(n, update)
    first = np.arange(len(curve.low)) * curve.stride
    last = np.minimum(first + curve.stride, curve.judged) - 1
    low, high, bad = curve.low, curve.high, curve.bad
    here = value_at(session, text, update) if series.judged >= update else None
    if here is not None:
        at, finite = np.array([update]), here if np.isfinite(here) else np.nan
        first, last = np.concatenate([first, at]), np.concatenate([last, at])
        low, high = np.concatenate([low, [finite]]), np.concatenate([high, [finite]])
        bad = np.concatenate([bad, [not np.isfinite(here)]])
    return Points(first, last, low, high, bad)


def value_at(session: Session, text: str, update: int) -> float | None:
    """What a curve is at an update that the position has reached; None where it is not made, or cannot be had."""
    if text == VALIDATION:
        held = [v for u, v in held_back(session) if u <= update]
        return held[-1] if held else None
    if update == session.position.update and not _made(session, text):
        return None
    try:
        value = watching.value_at(session, text, update)
    except QuantityError:
        return None
    return None if np.ndim(value) else float(value)


def _made(session: Session, text: str) -> bool:
    return (known := made_at(session, text, session.position.update)) is not None and \
        (known, session.times.stops(known)) <= session.here


def made_at(session: Session, text: str, update: int) -> int | None:
    """The number of the value with which a curve is known in an update."""
    try:
        return known_from(session.run, session.run.times(update), read_quantity(text), session.lane)
    except (ExpressionError, QuantityError):
        return None


# series, by what they are of

def _first_of_batch(session: Session, text: str) -> bool:
    return moves(session.run) and depends(session.run, (read_quantity(text),))


def series_of(session: Session, *texts: str) -> Series | str:
    """The series of some quantities in the run on screen, or why there is none."""
    run, row = session.run, None
    try:
        trees = [read_quantity(text) for text in texts]
        if run.model.rows.count > 1 and not moves(run) and depends(run, trees):
            row = session.row()
        key = texts, row
        if key not in session.branch.series:
            if len(session.branch.series) >= watching.MOST_KNOWN // 100:
                session.branch.series.clear()
            session.branch.series[key] = Series(run, trees, row)
        return session.branch.series[key]
    except (ExpressionError, QuantityError) as error:
        return str(error)


def _in_sight(session: Session) -> Iterator[Series]:
    """The series that the panes in sight show."""
    if "gradients" in session.shown:
        found = series_of(session, *(row.text for row in gradients.rows(Scene(session))))
        if isinstance(found, Series):
            yield found
    if "loss" in session.shown:
        for chart in charts(session):
            if chart.scale != "loss" and isinstance(found := series_of(session, chart.text), Series):
                yield found


def work_on(session: Session, seconds: float) -> bool:
    """Work out what is in sight, then the marks of the time line, for about `seconds`; False when all is done.

    The whole run is looked through for a pane; for the marks, no more than `IDLE` seconds of it.
    """
    for series in _in_sight(session):
        if not series.complete:
            series.work(seconds)
            return True
    branch = session.branch
    if branch.marking > IDLE:
        return False
    hits = [found for number, each in session.stops.items() if each.enabled
            and (found := stopping.hits(session, number)) is not None]
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
