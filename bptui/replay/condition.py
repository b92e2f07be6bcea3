"""Judges a condition over many updates at once: `E < 0.001`, `changed(sign(d(E, w5)))`, `abs(w5.change) > 1e-4`.

The rare condition that cannot be read so is evaluated update by update. A condition that cannot be had at an update
(another objective has its turn, the sample is not in the batch) does not hold there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ..engine.executor import Row
from ..engine.program import Program
from ..scenario.errors import QuantityError
from ..scenario.trees import Call, Number, Operation, Tree
from .columns import Array, ColumnPlan, depends, first_had
from .leaves import Slow, end_of_derivatives, leaves_of, number_of, read_leaf, walk
from .quantity import evaluate, lane_of, same_bits
from .run import Run, Spans
from .timeline import Timeline


class Condition(ColumnPlan):
    """A tree that is true or false at each update. What is not about one sample is judged in every batch.

    Raises QuantityError also for a part of it that `or` leaves alone.
    """

    def __init__(self, run: Run, tree: Tree, sample: int | None = None, writes: bool = True,
                 since: int = 0) -> None:
        mine = sample if depends(run, (tree,)) else None
        for part, is_truth in _looked_at(tree):
            first = first_had(run, part, mine, since)
            if is_truth and np.ndim(evaluate(run, part, first, lane_of(run, first, mine))):
                raise QuantityError("a tensor is neither true nor false; use any() or all()")
        super().__init__(run, (tree,), sample, writes, since)
        self.tree = tree

    def made(self, times: Timeline) -> int | None:
        """The number of the value with which the condition is known; 0 where it is from the start of the update. None
        where the update does not get so far: the last one has no update phase."""
        numbers = [0]
        for tree, written in self._known_by(times.program):
            try:
                leaf = read_leaf(self.run, times.program, tree, written, self.lane(times.program))
                number = 0 if leaf is None else number_of(times, leaf)
            except Slow:
                number = end_of_derivatives(times)
            if number is not None:
                numbers.append(number)
            elif not written:                       # what nothing writes any more is known not to change
                return None
        return max(numbers)

    def _known_by(self, program: Program) -> Iterator[tuple[Tree, bool]]:
        """What the condition names of its own update, and what steps of it write."""
        for leaf in leaves_of(self.run, program, self.tree):
            yield leaf, False
        for part in walk(self.tree):
            if self.of_a_write(part):
                yield from ((leaf, True) for leaf in leaves_of(self.run, program, part))

    # judging

    def judge(self, first: int, rows: Sequence[Row], programs: Spans) -> Array:
        """Whether it holds at the updates from `first`, of which `rows` have what was wanted. The first `look_back`
        rows are only looked back at, where there are updates before them."""
        with np.errstate(all="ignore"):
            columns = self.columns(first, rows, programs)
            holds = columns.truth(columns.value(self.tree))
        return np.broadcast_to(holds, columns.count) & columns.there

    def holds(self, update: int) -> bool:
        """Whether it holds after `update` updates, evaluated for itself."""
        try:
            value = self.value_at(self._with_writes(self.tree, update), update)
        except QuantityError:
            return False
        return not np.ndim(value) and bool(value) and not np.isnan(value)

    def _with_writes(self, tree: Tree, update: int) -> Tree:
        """The tree with every `changed` that is of a step of this update as 1 or 0."""
        if isinstance(tree, Call) and self.of_a_write(tree):
            (inner,) = tree.args
            return Number(float(update < self.run.updates and not same_bits(evaluate(self.run, inner, update),
                                                                            evaluate(self.run, inner, update + 1))))
        if isinstance(tree, Operation) or (isinstance(tree, Call) and tree.function != "changed"):
            return replace(tree, args=tuple(self._with_writes(part, update) for part in tree.args))
        return tree


def _looked_at(tree: Tree) -> Iterator[tuple[Tree, bool]]:
    """The parts of a condition that each have to be had, and whether they are to be true or false."""
    for part in walk(tree):
        if isinstance(part, Operation) and part.operator in ("and", "or", "not"):
            yield from ((each, True) for each in part.args)
        elif isinstance(part, Call) and part.function == "changed":
            yield part.args[0], False
    yield tree, True
