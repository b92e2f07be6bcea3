"""What the time line marks: the columns in which stops are hit, and those in which trouble begins, as far as known.

Of neighbouring columns the first is marked, so that a condition that goes on holding does not cover the curve.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..replay.timeline import Position
from . import stopping
from .axis import Axis
from .session import Session

STOP, TROUBLE = "●", "!"
LAST = 1 << 60                                      # behind every value of an update


def marks(session: Session, axis: Axis) -> Iterator[tuple[str, list[int]]]:
    """(glyph, its columns); what is drawn later covers what was drawn before."""
    columns: set[int] = set()
    for number, each in list(session.stops.items()):
        found = stopping.hits(session, number) if each.enabled else None
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
