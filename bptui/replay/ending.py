"""When a run ends before its last update: a condition that holds, or validation that no longer gets better.

The runner looks after each update. A condition on plain numbers (`E < 1e-4`) is read from what the runner sees
anyway; any other quantity is evaluated at each update, which is slower.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..engine.program import Program
from ..engine.scalars import Cell
from ..scenario.errors import Problem, QuantityError, ScenarioError
from ..scenario.trees import Attribute, Index, Name, Number, Operation, Pin, Tree, parts
from .quantity import evaluate, find

if TYPE_CHECKING:
    from .run import Run

Seen = Sequence[float]
_SIMPLE: dict[str, Callable[[float, float], float | bool]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq,
    "and": lambda a, b: _true(a) and _true(b), "or": lambda a, b: _true(a) or _true(b),
}


def _true(x: float | bool) -> bool:
    """As in the language of quantities: NaN is not true, and no comparison with it is."""
    return bool(x) and not math.isnan(x)


class Until:
    """The condition of `[training] until`, checked when the run is opened. Raises ScenarioError."""

    def __init__(self, run: Run) -> None:
        condition = run.scenario.training.until
        assert condition is not None
        self.text, self.tree, self._run = condition.text, condition.tree, run
        self._leaves: list[Tree] = []
        self._simple = self._compiled(self.tree)
        try:
            _check(run, self.tree)
            if np.ndim(evaluate(run, self.tree, run.since + 1)):
                raise QuantityError("a tensor is neither true nor false; use any() or all()")
        except QuantityError as error:
            raise ScenarioError([Problem(("training", "until"), f"until: {error}")]) from None

    def _compiled(self, tree: Tree) -> Callable[[Seen], float | bool] | None:
        """The tree as a function of the numbers of its leaves; None where it is more than simple arithmetic."""
        match tree:
            case Number(value=value):
                return lambda seen: value
            case Operation("neg", (inner,)):
                of = self._compiled(inner)
                return None if of is None else lambda seen: -of(seen)
            case Operation("not", (inner,)):
                of = self._compiled(inner)
                return None if of is None else lambda seen: not _true(of(seen))
            case Operation(op, (left, right)) if op in _SIMPLE:
                function, a, b = _SIMPLE[op], self._compiled(left), self._compiled(right)
                return None if a is None or b is None else lambda seen: function(a(seen), b(seen))
            case Name() | Attribute() | Index():
                place = find(self._run, self._run.program(0), tree)
                if place is None or not place.scalar:
                    return None
                at = len(self._leaves)
                self._leaves.append(tree)
                return lambda seen: seen[at]
        return None

    def cells(self, program: Program) -> tuple[Cell, ...]:
        """What the runner has to watch for `holds`."""
        if self._simple is None:
            return ()
        places = [find(self._run, program, leaf) for leaf in self._leaves]
        return tuple(place.cell(0) for place in places if place is not None)

    def holds(self, update: int, seen: Seen) -> bool:
        """Whether the run ends after `update` updates."""
        if self._simple is None or len(seen) != len(self._leaves):
            return bool(evaluate(self._run, self.tree, update))
        return _true(self._simple(seen))


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
