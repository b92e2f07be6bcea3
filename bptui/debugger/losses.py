"""The loss over the updates, as far as the position has come: of the training, and of the rows held back."""

from __future__ import annotations

import numpy as np

from .axis import Points, points
from .session import Session

Point = tuple[int, float]                           # (update, value)


def reached(session: Session) -> tuple[list[Point], list[Point]]:
    """The points of both curves up to the position, as far as the run is known."""
    run = session.run
    training = [(n * run.curve_stride, v) for n, v in enumerate(run.curve[:_count(session)])]
    return training, held_back(session)


def held_back(session: Session) -> list[Point]:
    """E.validation at ends of epochs, up to the position."""
    return [(update, v) for update, v in session.run.validation if update <= session.position.update]


def trained(session: Session) -> Points:
    """The loss of each update up to the position; of a very long run, of every second, fourth … update."""
    run = session.run
    values = np.array(run.curve[:_count(session)], float)
    return points(np.arange(len(values)) * run.curve_stride, values)


def _count(session: Session) -> int:
    made = session.position.update + (session.cost() is not None)
    return -(-made // session.run.curve_stride)
