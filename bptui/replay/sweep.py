"""Looks through a run from its start, a stretch at a time: what searches, troubles and series have in common.

What was looked through stays known, so to look again, or from the other side, costs nothing. A stretch grows while it
takes a moment only, and shrinks where an update takes long, so that somebody who waits at a keyboard is not kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from ..engine.executor import Row, State, Wanted
from ..engine.program import Program
from .columns import MANY
from .run import Run

STRETCH = 4096                                      # updates of a stretch, at most
FEW = 8                                             # the same where an update takes long, and of the first stretch
MOMENT = 0.01                                       # seconds that a stretch may well take
AHEAD = 0.02                                        # seconds of running ahead to see whether the run ends


class Sweep:
    """`judged` updates have been looked through."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.judged = 0
        self._head: tuple[int, State] | None = None
        self._size = FEW

    @property
    def complete(self) -> bool:
        """Whether the whole run has been looked through: its last update, too, has a loss."""
        return self.judged > self.run.updates and not (self.run.may_end and self.run.known < self.run.updates)

    def work(self, seconds: float) -> bool:
        """Go on for about `seconds`; False when the whole run has been looked through."""
        end = time.perf_counter() + seconds
        while not self.complete:
            self._stretch()
            if time.perf_counter() > end:
                break
        return not self.complete

    def _stretch(self) -> None:
        run, first, began = self.run, self.judged, time.perf_counter()
        if run.may_end and run.known <= first and run.known < run.updates:
            run.work(AHEAD)                         # whether it goes on after an update is known by the next
        last = run.updates if run.known >= run.updates or not run.may_end else run.known - 1
        most = STRETCH if run.schedule.kind == "straight" else FEW
        count = min(self._size, most, last + 1 - first)
        if count <= 0:
            return
        looked = self._look(first, count)
        self.judged = first + looked
        if time.perf_counter() - began < MOMENT / 2 and looked == count:
            self._size = min(STRETCH, 2 * self._size)
        elif time.perf_counter() - began > 2 * MOMENT:
            self._size = max(1, self._size // 2)

    def _look(self, first: int, count: int) -> int:
        """Look at `count` updates from `first`, or at fewer; at how many."""
        raise NotImplementedError

    def _watch(self, wanted: Callable[[Program], Wanted], first: int, count: int) -> list[Row]:
        """What is wanted of each of some updates, of fewer where it is much."""
        run, seen = self.run, wanted(self.run.program(first))
        size = len(seen.cells) + sum(len(asked.cells) for asked in seen.queries)
        count = min(count, max(1, MANY // max(1, size)))
        at, state = self._head if self._head is not None else (-1, ())
        state, rows = run.schedule.watch(wanted, state if at == first else run.state(first), first, count)
        self._head = first + count, state
        return rows
