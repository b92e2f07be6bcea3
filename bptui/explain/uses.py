"""The uses of a value, which its adjoint is a sum over: what each is called, and what is said of all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..engine.scalars import Cell
from ..replay.run import Run
from .namer import Namer, step_of
from .terms import ScalarReader, TermView


@dataclass(frozen=True)
class Use:
    """One of the uses that an adjoint is a sum over: `through o1`, or by a sample, a line, a step in time."""

    name: str
    through: bool = False                           # whether it is a value that the path leads through

    def __str__(self) -> str:
        return f"through {self.name}" if self.through else self.name


@dataclass(frozen=True)
class Uses:
    """Names the uses of the values of one update, on the way back from `cost`."""

    run: Run
    update: int
    namer: Namer
    reader: ScalarReader
    cost: str

    @property
    def samples(self) -> int:
        return self.run.program(self.update).samples

    @staticmethod
    def left_out(values: np.ndarray) -> str:
        """What is said of the terms of a long sum that have no row of their own."""
        zeros = int(np.sum(values == 0))
        if zeros == len(values):
            return "all exactly 0"
        return f"{zeros} of them exactly 0" if zeros else "smaller than those above"

    def through(self, head: Cell, term: TermView) -> Use:
        """What a path is called: by what the sum runs over."""
        if any(v.role == "seed" for v, _ in term.cells):
            return Use(self.cost, through=True)
        if term.adjoint is None:
            lane = next((flat // v.lane_size for v, flat in term.cells if v.lanes), None)
            one = lane is None or head[0].of[0].lanes or self.samples == 1
            return Use("itself" if one else f"sample {self.run.rows(self.update)[lane or 0] + 1}")
        var, flat = term.adjoint
        if var.role == "share":
            return Use(self.namer.by(var.of[1]))
        of = var.of[0]
        x = head[0].of[0]
        words: list[str] = []
        if of.lanes and not x.lanes and self.samples > 1:
            rows = self.run.rows(self.update)
            words.append(f"sample {rows[flat // of.lane_size] + 1}")
        one_unit = x.role == "parameter" and len(x.lane_shape) > 0
        if not (words and one_unit) or (of.lane_size > 1 and not one_unit):
            unit = self.namer.unit(of, flat % of.lane_size)
            if not words:
                return Use(unit, through=True)
            words.append(unit)
        return Use(", ".join(words))

    def feeds(self, head: Cell) -> str:
        """What a value feeds: `feeds o1 and o2`."""
        x = head[0].of[0]
        values = self.reader.values(head)
        first = self.reader.term(head, 0).adjoint
        if first is not None and first[0].role == "share":
            return f"a sum over {len(values)} {'steps' if step_of(first[0].of[1]) else 'uses'}"
        if len(values) > 3 or (not x.lanes and self.samples > 1):
            over = f"{len(values)} samples" if not x.lanes and len(values) == self.samples else \
                f"{len(values)} uses"
            return f"a sum over {over}"
        through = [self.through(head, t).name for t in self.reader.terms(head)]
        return f"feeds {' and '.join([', '.join(through[:-1]), through[-1]])}"

    def cancels(self, head: Cell) -> str:
        """How much the terms of a sum take from each other."""
        values = self.reader.values(head)
        up, down = float(values[values > 0].sum()), float(-values[values < 0].sum())
        if not up or not down or not np.isfinite(up + down):
            return ""
        less, more = min(up, down), max(up, down)
        if len(values) == 2:
            taker = self.through(head, self.reader.terms(head)[int(np.argmin(np.abs(values)))])
            return f"{taker.name} takes back {100 * less / more:.0f} %"
        return f"{200 * less / (up + down):.0f} % cancels"
