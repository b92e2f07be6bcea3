"""The loss over the updates, as far as the position has come: of the training, and of the rows held back."""

from __future__ import annotations

from .session import Session

Point = tuple[int, float]                           # (update, value)


def reached(session: Session) -> tuple[list[Point], list[Point]]:
    """The points of both curves up to the position, as far as the run is known."""
    run, at = session.run, session.position.update
    made = at + (session.cost() is not None)
    training = [(n * run.curve_stride, v) for n, v in enumerate(run.curve[:-(-made // run.curve_stride)])]
    return training, [(update, v) for update, v in run.validation if update <= at]
