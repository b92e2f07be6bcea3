"""Updates as columns: the one mapping of the time line, of plots and of strips, and back from a column to an update.

The first column begins with update 0, the last is the end of the run alone. A column of a long run stands for several
updates; of a short run, most columns stand for none, and show what was before them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Axis:
    """`columns` cells for the values after 0 … `updates` updates."""

    columns: int
    updates: int

    def column(self, update: int) -> int:
        return min(update, self.updates) * (self.columns - 1) // max(1, self.updates)

    def first(self, column: int) -> int:
        """The first update that does not lie before a column."""
        return -(-column * self.updates // max(1, self.columns - 1))

    def update(self, column: int) -> int:
        """The update that a column stands for: its first; where it has none, the one before it."""
        column = max(0, min(self.columns - 1, column))
        found = self.first(column)
        return found if self.column(found) == column else max(0, found - 1)

    def beside(self, update: int, by: int) -> int:
        """The first update of the next column that has one, or (`by` < 0) of the column before."""
        if by > 0:
            return min(self.updates, max(update + 1, self.first(self.column(update) + 1)))
        return self.first(self.column(max(0, self.first(self.column(update)) - 1)))


@dataclass(frozen=True)
class Points:
    """Ranges of values over updates `first` … `last`, in their order; NaN where there is none. `bad`: some were NaN or
    infinite."""

    first: Array
    last: Array
    low: Array
    high: Array
    bad: Array

    @property
    def range(self) -> tuple[float, float] | None:
        """The least and the greatest finite value."""
        if not len(self.low) or np.isnan(self.low).all():
            return None
        return float(np.nanmin(self.low)), float(np.nanmax(self.high))

    @property
    def least_positive(self) -> float | None:
        """The least value above 0."""
        above = np.concatenate([self.low[self.low > 0], self.high[self.high > 0]])
        return float(above.min()) if len(above) else None


def points(updates: Sequence[int] | Array, values: Sequence[float] | Array) -> Points:
    """Single values at some updates."""
    at, given = np.asarray(updates, int), np.asarray(values, float)
    finite = np.where(np.isfinite(given), given, np.nan)
    return Points(at, at, finite, finite, ~np.isfinite(given))


def in_columns(of: Points, axis: Axis, until: int) -> Points:
    """A range for each column up to that of update `until`. A column with no point of its own has that before it; not
    that of `until`, whose point may be still to come."""
    count = axis.column(until) + 1
    low, high, bad, own = np.full(count, np.nan), np.full(count, np.nan), np.zeros(count, bool), np.zeros(count, bool)
    for ends in (of.first, of.last) if len(of.first) else ():
        at = np.minimum(ends, axis.updates) * (axis.columns - 1) // max(1, axis.updates)
        starts = np.flatnonzero(np.diff(at, prepend=-1))
        here = at[starts]
        inside = here < count
        here = here[inside]
        low[here] = np.fmin(low[here], np.fmin.reduceat(of.low, starts)[inside])
        high[here] = np.fmax(high[here], np.fmax.reduceat(of.high, starts)[inside])
        bad[here] |= np.logical_or.reduceat(of.bad, starts)[inside]
        own[here] = True
    source = np.maximum.accumulate(np.where(own, np.arange(count), -1))
    held = source >= 0
    if axis.first(count - 1) >= until:              # nothing is known of the last yet
        held[-1] &= own[-1]
    source = np.maximum(source, 0)
    columns = np.arange(count)
    return Points(columns, columns, np.where(held, low[source], np.nan), np.where(held, high[source], np.nan),
                  held & bad[source])
