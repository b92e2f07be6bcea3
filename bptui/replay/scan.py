"""Looks through a run for the updates at which a condition holds, from its start, a stretch at a time.

What was looked through stays known, so to look again, or from the other side, costs nothing.
"""

from __future__ import annotations

import time
from array import array

import numpy as np

from ..engine.executor import State
from .condition import MANY, Condition, Judge
from .run import LOOK, Run

STRETCH = 4096                                      # updates between two looks at the clock
FEW = 8                                             # the same where an update takes long


class Scan:
    """`updates` are those of the first `judged` at which the condition holds; with `becomes`, at which it begins to."""

    def __init__(self, run: Run, condition: Condition, becomes: bool = False) -> None:
        self.run, self.condition, self.becomes = run, condition, becomes
        self.updates = array("q")
        self.judged = 0
        self._judge = Judge(condition)
        self._held = False                          # at the last update that was judged
        self._head: tuple[int, State] | None = None

    @property
    def complete(self) -> bool:
        """Whether the whole run has been looked through: its last update, too, has a loss."""
        return self.judged > self.run.updates and not (self.run.may_end and self.run.known < self.run.updates)

    def work(self, seconds: float) -> bool:
        """Go on for about `seconds`; False when everything is judged."""
        end = time.perf_counter() + seconds
        while not self.complete:
            self._stretch()
            if time.perf_counter() > end:
                break
        return not self.complete

    def _stretch(self) -> None:
        run, first = self.run, self.judged
        if run.may_end and run.known <= first and run.known < run.updates:
            run.work(min(LOOK, 0.02))               # whether it goes on after an update is known by the next
        last = run.updates if run.known >= run.updates or not run.may_end else run.known - 1
        each = STRETCH if run.schedule.kind == "straight" else FEW
        count = min(each, last + 1 - first)
        if count <= 0:
            return
        holds = self._seen(first, count) if self.condition.fast else \
            np.array([self.condition.holds(n) for n in range(first, first + min(count, FEW))], bool)
        count = len(holds)
        if self.becomes:
            before = np.concatenate([[self._held], holds[:-1]])
            begins, self._held = holds & ~before, bool(holds[-1])
            holds = begins
        self.updates.extend((np.flatnonzero(holds) + first).tolist())
        self.judged = first + count

    def _seen(self, first: int, count: int) -> np.ndarray:
        run, wanted = self.run, self.condition.wanted
        seen = wanted(run.program(first))
        size = len(seen.cells) + sum(len(asked.cells) for asked in seen.queries)
        count = min(count, max(1, MANY // max(1, size)))
        at, state = self._head if self._head is not None else (-1, ())
        state, rows = run.schedule.watch(wanted, state if at == first else run.state(first), first, count)
        self._head = first + count, state
        return self._judge.judge(first, rows, run.schedule.programs(first, count))
