"""When a run ends before its last update: a condition that holds, or validation that no longer gets better.

The runner looks after each update, at what it sees of it anyway; only the rare condition that cannot be read from
that is evaluated for itself, which is slower.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..engine.executor import Row, Wanted
from ..engine.program import Program
from ..scenario.errors import Problem, QuantityError, ScenarioError
from ..scenario.trees import Operation, Pin, Tree, parts
from .columns import Backlog
from .condition import Condition
from .quantity import evaluate
from .run import Run, Spans

NOTHING = Wanted(())


class End:
    """What `[training]` says of an early end: `until`, patience, or both. Raises ScenarioError."""

    def __init__(self, run: Run) -> None:
        training = run.scenario.training
        self._until = Until(run) if training.until is not None else None
        self._patience = Patience(training.patience) if training.patience is not None else None
        self.every_epoch = self._patience is not None

    def wanted(self, program: Program) -> Wanted:
        return self._until.wanted(program) if self._until is not None else NOTHING

    def first(self, first: int, rows: Sequence[Row], programs: Spans) -> tuple[int, str] | None:
        found = self._until.first_true(first, rows, programs) if self._until is not None else None
        return None if self._until is None or found is None else (found, f"{self._until.text} holds")

    def after_epoch(self, validation: float) -> str:
        if self._patience is None or not self._patience.ends(validation):
            return ""
        return f"E.validation was not better for {self._patience.epochs} epochs"


class Until:
    """The condition of `[training] until`, checked when the run is opened. Raises ScenarioError."""

    def __init__(self, run: Run) -> None:
        condition = run.scenario.training.until
        assert condition is not None
        self.text, self._run = condition.text, run
        try:
            _check(run, condition.tree)
            self._condition = Condition(run, condition.tree, writes=False, since=run.since + 1)
        except QuantityError as error:
            raise ScenarioError([Problem(("training", "until"), f"until: {error}")]) from None
        self._judge = Backlog(self._condition.look_back, self._condition.judge)

    def wanted(self, program: Program) -> Wanted:
        """What the runner has to see for `first_true`."""
        return self._condition.wanted(program) if self._condition.fast else NOTHING

    def first_true(self, first: int, rows: Sequence[Row], programs: Spans) -> int | None:
        """The place among the updates from `first` of the one after which the run ends, if it is there."""
        if self._condition.fast:
            holds = self._judge(first, rows, programs)
            return next((n for n, ends in enumerate(holds.tolist()) if ends and self._looks(first + n)), None)
        return next((n for n in range(len(rows)) if self._looks(first + n) and self._condition.holds(first + n)), None)

    def _looks(self, update: int) -> bool:
        """It looks after each update; what is edited at the start of a what-if run comes after that look."""
        return 0 < update != self._run.since


def _check(run: Run, tree: Tree) -> None:
    """All parts can be had: also those that `or` leaves alone, and none that is still to come. Raises QuantityError."""
    if isinstance(tree, Pin) and tree.at not in ("prev", 0):
        raise QuantityError(f"it looks back only, at @0 or @prev, not at @{tree.at}")
    if isinstance(tree, Operation) and tree.operator in ("and", "or", "not"):
        for part in tree.args:
            evaluate(run, part, run.since + 1)
    for part in parts(tree):
        _check(run, part)


class Patience:
    """Ends a run after so many epochs in which E.validation was never less than before."""

    def __init__(self, epochs: int) -> None:
        self.epochs, self.best, self.waited = epochs, math.inf, 0

    def ends(self, validation: float) -> bool:
        if validation < self.best:
            self.best, self.waited = validation, 0
        else:
            self.waited += 1
        return self.waited >= self.epochs
