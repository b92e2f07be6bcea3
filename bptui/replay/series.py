"""The values of quantities over all updates of a run, for curves: thinned, and so that no spike is lost.

A run is looked through from its start. Up to `POINTS` updates every value is kept; of a longer run, for every 2, 4, 8 …
neighbouring updates their least and their greatest value, and whether any was NaN or infinite. So a curve shows the
range of what it leaves out, and what is kept is bounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..engine.executor import Row
from ..scenario.errors import QuantityError
from ..scenario.trees import Tree
from .columns import Array, Backlog, ColumnPlan
from .run import Run, Spans
from .sweep import FEW, Sweep

POINTS = 4096                                       # of a curve, at most


@dataclass(frozen=True)
class Curve:
    """Points of `stride` updates each: the least and the greatest finite value of them (NaN where there is none), and
    whether one of them is not finite. The last point may be of fewer updates: they end before `judged`."""

    stride: int
    judged: int
    low: Array
    high: Array
    bad: Array


class Series(Sweep):
    """The values of some quantities, each of which comes to one number, for one data row (from 1; None: each batch's
    first). Raises QuantityError where one cannot be had, or is a tensor."""

    def __init__(self, run: Run, trees: Sequence[Tree], sample: int | None = None) -> None:
        super().__init__(run)
        self.reading = ColumnPlan(run, trees, sample, writes=False)
        if any(np.ndim(self.reading.value_at(tree, update)) for tree, update in self.reading.had):
            raise QuantityError("a curve is of one number: a tensor has a norm(), a max(), an element")
        self.stride = 1
        self._columns = Backlog(self.reading.look_back, self._read)
        self._low = np.full((len(trees), 2 * POINTS), np.nan)
        self._high, self._bad = self._low.copy(), np.zeros_like(self._low, bool)

    def curve(self, n: int = 0, until: int | None = None) -> Curve:
        """The n-th quantity, as far as the run was looked through; `until` leaves out what comes from an update on.

        A point that has such updates in it is left out whole: its range is not that of those before them.
        """
        judged = self.judged if until is None else min(self.judged, until)
        if judged < self.judged:
            judged -= judged % self.stride
        count = -(-judged // self.stride)
        return Curve(self.stride, judged, self._low[n, :count], self._high[n, :count], self._bad[n, :count])

    def _look(self, first: int, count: int) -> int:
        reading = self.reading
        if reading.fast:
            rows = self._watch(reading.wanted, first, count)
            values = self._columns(first, rows, self.run.schedule.programs(first, len(rows)))
        else:
            values = np.array([self._evaluated(n) for n in range(first, first + min(count, FEW))])
        self._keep(first, values)
        return len(values)

    def _read(self, first: int, rows: Sequence[Row], programs: Spans) -> Array:
        """Of each update, each quantity and whether it can be had there."""
        found = np.full((len(rows), 2, len(self.reading.trees)), np.nan)
        with np.errstate(all="ignore"):
            columns = self.reading.columns(first, rows, programs)
            for n, tree in enumerate(self.reading.trees):
                found[:, 0, n], found[:, 1, n] = columns.apart(tree)
        return found

    def _evaluated(self, update: int) -> Array:
        found = np.zeros((2, len(self.reading.trees)))
        for n, tree in enumerate(self.reading.trees):
            try:
                found[:, n] = float(self.reading.value_at(tree, update)), 1.0
            except QuantityError:
                found[:, n] = np.nan, 0.0
        return found

    def _keep(self, first: int, found: Array) -> None:
        """Take in the values of the updates from `first`."""
        values, there = found[:, 0].T, found[:, 1].T > 0
        while first + values.shape[1] > 2 * POINTS * self.stride:
            self._halve()
        finite = np.where(there & np.isfinite(values), values, np.nan)
        bad = there & ~np.isfinite(values)
        at = np.arange(first, first + values.shape[1]) // self.stride
        starts = np.flatnonzero(np.diff(at, prepend=-1))
        here = at[starts]
        self._low[:, here] = np.fmin(self._low[:, here], np.fmin.reduceat(finite, starts, axis=1))
        self._high[:, here] = np.fmax(self._high[:, here], np.fmax.reduceat(finite, starts, axis=1))
        self._bad[:, here] |= np.logical_or.reduceat(bad, starts, axis=1)

    def _halve(self) -> None:
        """Two points become one."""
        for kept, joined, empty in ((self._low, np.fmin, np.nan), (self._high, np.fmax, np.nan),
                                    (self._bad, np.logical_or, False)):
            kept[:, :POINTS] = joined(kept[:, ::2], kept[:, 1::2])
            kept[:, POINTS:] = empty
        self.stride *= 2
