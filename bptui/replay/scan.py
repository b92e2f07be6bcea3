"""Looks through a run for the updates at which a condition holds."""

from __future__ import annotations

from array import array

import numpy as np

from .columns import Backlog
from .condition import Condition
from .run import Run
from .sweep import FEW, Sweep


class Scan(Sweep):
    """`updates` are those of the first `judged` at which the condition holds; with `becomes`, at which it begins to."""

    def __init__(self, run: Run, condition: Condition, becomes: bool = False) -> None:
        super().__init__(run)
        self.condition, self.becomes = condition, becomes
        self.updates = array("q")
        self._judge = Backlog(condition.look_back, condition.judge)
        self._held = False                          # at the last update that was judged

    def _look(self, first: int, count: int) -> int:
        if self.condition.fast:
            rows = self._watch(self.condition.wanted, first, count)
            holds = self._judge(first, rows, self.run.schedule.programs(first, len(rows)))
        else:
            holds = np.array([self.condition.holds(n) for n in range(first, first + min(count, FEW))], bool)
        begins = holds
        if self.becomes:
            begins, self._held = holds & ~np.concatenate([[self._held], holds[:-1]]), bool(holds[-1])
        self.updates.extend((np.flatnonzero(begins) + first).tolist())
        return len(holds)
