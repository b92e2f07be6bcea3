"""Trouble: where a run begins to go wrong. Numbers that are none, gradients that are 0, vanish or explode, units that
no longer learn, a loss that goes up and stays up, a rate of 0.

Only beginnings are trouble, and each once: a unit that is dead for thousands of updates is one. Where a batch is not
all of the data, everything is judged by a whole epoch: one batch proves nothing. What each kind looks at is in `kinds`;
here a run is looked through.
"""

from __future__ import annotations

from functools import cache, partial

import numpy as np

from .columns import matrix_of
from .kinds import JUDGES, numbers, unfinite
from .ledger import ALSO, FINDINGS, KINDS, NUMBERS, Ledger, Stretch, Trouble
from .run import Run
from .sweep import Sweep
from .units import Seen, Values

__all__ = ["ALSO", "FINDINGS", "KINDS", "NUMBERS", "Trouble", "Troubles"]


class Troubles(Sweep):
    """All trouble of a run."""

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self.ledger = Ledger(run)
        self._seen = cache(Seen)

    @property
    def found(self) -> list[Trouble]:
        """In the order of the run."""
        return self.ledger.found

    @property
    def marks(self) -> list[Trouble]:
        """The first values of each of NUMBERS, whatever began them."""
        return self.ledger.marks

    @property
    def settled(self) -> int:
        """Nothing will be found any more in the updates before this one."""
        return min([self.judged, *(trouble.at.update for trouble, _ in self.ledger.open.values())])

    def work(self, seconds: float) -> bool:
        more = super().work(seconds)
        if not more:
            self.ledger.finish()
        return more

    def _look(self, first: int, count: int) -> int:
        run = self.run
        if run.schedule.kind != "straight":
            for update in range(first, first + count):
                env = run.env(update)
                self._judge(update, 1, self._seen(run.program(update)), lambda v, env=env: env.array(v)[None])
            return count
        rows, at = self._watch(lambda p: self._seen(p).wanted, first, count), 0
        for program, each in run.schedule.programs(first, len(rows)):
            seen, matrix = self._seen(program), matrix_of(rows[at:at + each])
            self._judge(first + at, each, seen, partial(seen.column, matrix), bool(np.isfinite(matrix).all()))
            at += each
        return len(rows)

    def _judge(self, first: int, count: int, seen: Seen, values: Values, finite: bool = False) -> None:
        """One stretch of one program."""
        with np.errstate(all="ignore"):
            bad = np.zeros(count, bool) if finite else unfinite(seen, values, count)
            stretch = Stretch(first, count, seen, values, bad)
            numbers(self.ledger, stretch)
            for judge in JUDGES:
                judge(self.ledger, stretch)
            self.ledger.forget(first + count)
