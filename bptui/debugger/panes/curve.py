"""One quantity over the updates: the series that it comes from, and its points up to the position.

A series is worked out between keys while a pane that shows it is in sight. Only what the position has reached is told.
"""

from __future__ import annotations

import numpy as np

from ...replay.columns import depends, moves
from ...replay.leaves import known_from
from ...replay.series import Series
from ...scenario.errors import ExpressionError, QuantityError
from ...scenario.expression import read_quantity
from ..axis import Points
from ..state import watches
from ..state.session import Session

VALIDATION = "E.validation"


def held_back(session: Session) -> list[tuple[int, float]]:
    """E.validation at ends of epochs, up to the position."""
    return [(update, v) for update, v in session.run.validation if update <= session.position.update]


def points_reached(session: Session, series: Series, n: int, text: str) -> Points:
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
        value = watches.value_at(session, text, update)
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


def first_of_batch(session: Session, text: str) -> bool:
    """Whether a quantity is of the first row of each batch, batches being others each time."""
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
            if len(session.branch.series) >= watches.MOST_KNOWN // 100:
                session.branch.series.clear()
            session.branch.series[key] = Series(run, trees, row)
        return session.branch.series[key]
    except (ExpressionError, QuantityError) as error:
        return str(error)


def series_on(session: Session, seconds: float, *texts: str) -> bool:
    """Go on with the series of some quantities; False when it is complete, or there is none."""
    found = series_of(session, *texts)
    if not isinstance(found, Series) or found.complete:
        return False
    found.work(seconds)
    return True
