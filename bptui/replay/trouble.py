"""Trouble: where a run begins to go wrong. NaN, Inf, gradients that are 0 or vanish, units that no longer learn, a
loss that goes up.

Only beginnings are trouble: a unit that is dead for thousands of updates is one. Where a batch is not all of the data,
a unit or a gradient is judged by a whole epoch, and the loss by its mean over the epoch: one batch proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property, partial

import numpy as np

from ..engine.executor import Wanted
from ..engine.program import Equation, Program, Var
from .looking import Looking
from .reading import matrix_of
from .run import Run
from .timeline import Position

Array = np.ndarray
KINDS = ("nan", "inf", "overflow", "zero gradient", "vanishing", "saturated", "dead", "loss up")
FLAT = 0.01                                         # a slope below this lets almost nothing through
ROUNDING = 1e-9                                     # of the loss: by less it does not go up
VANISHED = 1e-3                                     # of the error signal of the last layer arrives at the first


@dataclass(frozen=True)
class Trouble:
    """What begins at a position: of a variable, or of one element of it."""

    at: Position
    kind: str
    var: Var
    element: int | None = None
    value: float = 0.0


@dataclass(frozen=True, eq=False)
class _Seen:
    """What is looked at in one program."""

    program: Program

    @cached_property
    def made(self) -> tuple[Var, ...]:
        return tuple(dict.fromkeys(b.out for b in self.program.blocks))

    @cached_property
    def slopes(self) -> tuple[tuple[Var, Var], ...]:
        """(slope of an activation, what it is a factor of): only where each unit has its own."""
        found: list[tuple[Var, Var]] = []
        for block in self.program.blocks:
            for eq in block.equations if block.phase == "backward" else ():
                y, x = eq.out.of if eq.out.role == "local" and len(eq.out.of) == 2 else (None, None)
                if y is not None and x is not None and _unit_by_unit(self.program, eq, y, x):
                    found.append((eq.out, block.out))
        return tuple(found)

    @cached_property
    def signals(self) -> tuple[Var, ...]:
        """∂E/∂net (or out) of each layer, in the order of the way back: the last layer's first."""
        by_group: dict[str, Var] = {}
        for block in self.program.blocks:
            of = block.out.derivative_of if block.phase == "backward" else None
            if of is not None and of.lanes and block.group and of.name.endswith((".net", ".out")):
                by_group[block.group] = block.out
        return tuple(by_group.values())

    @cached_property
    def wanted(self) -> Wanted:
        everything = dict.fromkeys((*self.made, *(slope for slope, _ in self.slopes)))
        return Wanted(tuple((v, n) for v in everything for n in range(v.size)))

    @cached_property
    def places(self) -> dict[Var, int]:
        found, at = dict[Var, int](), 0
        for var in dict.fromkeys(v for v, _ in self.wanted.cells):
            found[var], at = at, at + var.size
        return found


def _unit_by_unit(program: Program, equation: Equation, y: Var, x: Var) -> bool:
    made = program.made_by.get(y)
    return made is not None and made.law is not None and y.letters == x.letters == equation.out.letters and \
        x.name.endswith(".net") and equation.law is not None


Values = Callable[[Var], Array]                     # of each update of a stretch, along the first axis


def _columns(seen: _Seen, matrix: Array, var: Var) -> Array:
    at = seen.places[var]
    return matrix[:, at:at + var.size].reshape(-1, *var.shape)


class Troubles(Looking):
    """All trouble of a run. `found` is in the order of the run."""

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self.found: list[Trouble] = []
        self._seen = cache(_Seen)
        self._streaks: dict[tuple[str, str, int], Array] = {}     # updates in a row, by what it is of and the objective
        self._bad: dict[str, bool] = {}
        self._mean: list[float] = []                # the losses of this epoch
        self._before = np.nan                       # the loss, or its mean over the epoch, before

    def _look(self, first: int, count: int) -> int:
        run = self.run
        if run.schedule.kind != "straight":
            for update in range(first, first + count):
                env = run.env(update)
                self._judge(update, 1, self._seen(run.program(update)), lambda v, env=env: env.array(v)[None])
        else:
            rows, at = self._watch(lambda p: self._seen(p).wanted, first, count), 0
            count = len(rows)
            for program, each in run.schedule.programs(first, count):
                seen, matrix = self._seen(program), matrix_of(rows[at:at + each])
                self._judge(first + at, each, seen, partial(_columns, seen, matrix), bool(np.isfinite(matrix).all()))
                at += each
        self.found.sort(key=lambda trouble: trouble.at)
        return count

    # one stretch of one program

    def _judge(self, first: int, count: int, seen: _Seen, values: Values, finite: bool = False) -> None:
        kinds = (self._gradients, self._vanishing, self._units, self._loss)
        with np.errstate(all="ignore"):
            if finite:
                self._bad["nan"] = self._bad["inf"] = False
            for found in kinds if finite else (self._not_finite, *kinds):
                self.found += found(first, count, seen, values)

    def _at(self, update: int, var: Var, element: int) -> Position | None:
        times = self.run.times(update)
        block = times.program.block_of.get(var)
        if block is None or block >= len(times.blocks):
            return None                             # the update phase that the last update does not have
        value = times.number(block, element)
        return Position(update, value, times.stops(value))

    def _not_finite(self, first: int, count: int, seen: _Seen, values: Values) -> Iterator[Trouble]:
        last = self.run.updates
        flags = {kind: np.zeros(count, bool) for kind in ("nan", "inf")}
        where: dict[str, dict[int, tuple[Var, int]]] = {"nan": {}, "inf": {}}
        for var in seen.made:
            whole = values(var).reshape(count, -1)
            if np.isfinite(whole).all():
                continue
            for kind, bad in (("nan", np.isnan(whole)), ("inf", np.isinf(whole))):
                for n in np.flatnonzero(bad.any(axis=1) & ~flags[kind]):
                    element = min(np.flatnonzero(bad[n]).tolist(), key=lambda e, var=var: (e % var.lane_size, e))
                    if not (first + int(n) == last and var.role == "next"):
                        where[kind][int(n)] = var, element
                        flags[kind][n] = True
        for kind, bad in flags.items():
            for n in self._beginnings(kind, bad):
                var, element = where[kind][n]
                at = self._at(first + n, var, element % var.lane_size)
                if at is not None:
                    yield Trouble(at, kind, var, element, float(values(var)[n].reshape(-1)[element]))
                    if kind == "inf" and self._from_finite(seen.program, var, values, n):
                        yield Trouble(at, "overflow", var, element)

    def _from_finite(self, program: Program, var: Var, values: Values, n: int) -> bool:
        """Whether an Inf was made of finite numbers."""
        equation = program.made_by[var]
        made = {v for v in equation.operands if v.base in program.made_by and v.base in set(self._seen(program).made)}
        return all(bool(np.isfinite(values(v.base)[n]).all()) for v in made)

    def _beginnings(self, key: str, bad: Array) -> list[int]:
        before = np.concatenate([[self._bad.get(key, False)], bad[:-1]])
        self._bad[key] = bool(bad[-1])
        return [int(n) for n in np.flatnonzero(bad & ~before)]

    def _lasting(self, first: int, kind: str, name: str, bad: Array) -> list[tuple[int, int]]:
        """(update of the stretch, element) where something has been so for a whole epoch, and was not for the one
        before: at the last update of the epoch in which its objective has its turn."""
        schedule = self.run.schedule
        goal = schedule.goal(first)
        key = kind, name, goal
        before = self._streaks.get(key, np.zeros(bad.shape[1], int))
        if not bad.any():
            self._streaks[key] = np.zeros_like(before)
            return []
        rows = np.arange(len(bad))[:, None]
        good = np.maximum.accumulate(np.where(bad, -1, rows))         # where it last was not so
        streak = np.where(good < 0, before + rows + 1, rows - good)
        self._streaks[key] = streak[-1]
        mine = [n for n in range(schedule.turns) if schedule.goal(n) == goal]
        epoch = schedule.batches // schedule.turns * len(mine)
        ends = (first + rows) % schedule.batches == schedule.batches - schedule.turns + mine[-1]
        return [(n, element) for n, element in np.argwhere(ends & (streak >= epoch) & (streak < 2 * epoch)).tolist()]

    def _gradients(self, first: int, count: int, seen: _Seen, values: Values) -> Iterator[Trouble]:
        for var, gradient in seen.program.gradients.items():
            if gradient not in seen.places:
                continue
            bad = (values(gradient).reshape(count, -1) == 0).all(axis=1)[:, None]
            for n, _ in self._lasting(first, "zero", var.name, bad):
                if (at := self._at(first + n, gradient, gradient.lane_size - 1)) is not None:
                    yield Trouble(at, "zero gradient", var)

    def _vanishing(self, first: int, count: int, seen: _Seen, values: Values) -> Iterator[Trouble]:
        if len(seen.signals) < 2:
            return
        sizes = [np.sqrt(np.mean(np.square(values(v).reshape(count, -1)), axis=1)) for v in
                 (seen.signals[-1], seen.signals[0])]
        bad = (sizes[0] < VANISHED * sizes[1])[:, None]
        for n, _ in self._lasting(first, "vanishing", "", bad):
            var = seen.signals[-1]
            if (at := self._at(first + n, var, var.lane_size - 1)) is not None:
                yield Trouble(at, "vanishing", var, None, float(sizes[1][n] / sizes[0][n]) if sizes[0][n] else np.inf)

    def _units(self, first: int, count: int, seen: _Seen, values: Values) -> Iterator[Trouble]:
        for slope, home in seen.slopes:
            whole = values(slope)
            if not slope.lanes:
                whole = whole[:, None]
            size = np.abs(whole.reshape(count, whole.shape[1], -1)).max(axis=1)
            for kind, bad in (("dead", size == 0), ("saturated", (size > 0) & (size < FLAT))):
                for n, element in self._lasting(first, kind, slope.name, bad):
                    if (at := self._at(first + n, home, min(element, home.lane_size - 1))) is not None:
                        yield Trouble(at, kind, slope.of[1], element, float(size[n, element]))

    def _loss(self, first: int, count: int, seen: _Seen, values: Values) -> Iterator[Trouble]:
        watched, batches = seen.program.watched, self.run.schedule.batches
        costs = values(watched).reshape(count)
        if batches == 1:
            before, self._before = np.concatenate([[self._before], costs[:-1]]), float(costs[-1])
            for n in self._beginnings("loss up", costs - before > ROUNDING * np.abs(before)):
                if (at := self._at(first + n, watched, 0)) is not None:
                    yield Trouble(at, "loss up", watched, 0, float(costs[n] - before[n]))
            return
        for n, cost in enumerate(costs.tolist()):
            self._mean.append(cost)
            if len(self._mean) < batches:
                continue
            now, self._mean = sum(self._mean) / batches, []
            up = now - self._before > ROUNDING * abs(self._before)
            if up and not self._bad.get("loss up") and (at := self._at(first + n, watched, 0)) is not None:
                yield Trouble(at, "loss up", watched, 0, now - self._before)
            self._bad["loss up"], self._before = up, now
