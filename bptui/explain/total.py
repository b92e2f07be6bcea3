"""The chain of any derivative d(y, x): of a hidden value, of one output, an entry of a Jacobian.

The run itself makes derivatives of the cost. Any other is worked out beside it, by the query program from y back to
x: the same equations, the same rows. It is shown where all derivatives of the update are there. A y that x does not
reach has the derivative 0, and the one row says why.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..engine.algebra import Leaf
from ..engine.executor import Env
from ..engine.program import Equation, Program, Var, live_equations
from ..engine.scalars import Cell
from ..engine.structure import NoGradient
from ..replay.run import Run
from ..replay.timeline import Timeline, scalars
from .links import Chain, Link, Made, factor, key_of
from .namer import Namer, indexed
from .symbol import quotient
from .terms import ScalarReader, TermView, term_values

BACK = ("adjoint", "share", "seed")                 # what a factor must be that a derivative comes back by


@dataclass(frozen=True)
class Total:
    """A query program with its values: the reader of its rows, and the scalar that is ∂y/∂x."""

    reader: ScalarReader
    namer: Namer
    y: str
    result: Cell | None                             # None where nothing of x reaches y


def total(run: Run, update: int, namer: Namer, y: Cell, x: Cell) -> Total:
    """d(y, x) of two scalars after `update` updates."""
    program = run.program(update)
    name = namer.of(y[0], y[1] % y[0].lane_size)
    found = run.query(program, y[0], x[0])
    of = replace(namer, true=True, y=name)
    if found.adjoint is None:
        return Total(ScalarReader(run.env(update), program.made_by, of), of, name, None)
    env = run.derivative_env(update, found, y)
    made = {**program.made_by, **{eq.out: eq for eq in found.equations}}
    if found.seed is None:
        return Total(ScalarReader(env, made, of), of, name, (found.adjoint, x[1]))
    reader = Seeded(env, made, of, (found.seed, y[1]))
    return Total(reader, of, name, (found.adjoint, x[1]) if reader.alive((found.adjoint, x[1])) else None)


class Seeded(ScalarReader):
    """Reads a query program that begins at one element of a tensor: terms that come from others are none of its own."""

    def __init__(self, env: Env, made: dict[Var, Equation], namer: Namer, seed: Cell) -> None:
        super().__init__(env, made, namer)
        self.seed = seed
        self._alive: dict[Cell, bool] = {}

    def alive(self, cell: Cell) -> bool:
        """Whether a derivative comes from the seed back to `cell`."""
        todo = [cell]
        while todo:
            here = todo[-1]
            if here in self._alive or here[0].role == "seed":
                self._alive[here] = self._alive.get(here, here == self.seed)
                todo.pop()
                continue
            back = [[c for c in cells if c[0].role in BACK] for cells in scalars(self.made[here[0]]).all_cells(here[1])]
            unknown = [c for cells in back for c in cells if c not in self._alive]
            todo += unknown
            if not unknown:
                self._alive[here] = any(all(self._alive[c] for c in cells) for cells in back)
                todo.pop()
        return self._alive[cell]

    def _kept(self, cell: Cell) -> list[int]:
        """The numbers of the terms that come from the seed."""
        return [m for m, cells in enumerate(scalars(self.made[cell[0]]).all_cells(cell[1]))
                if cell[0].role not in BACK or all(self.alive(c) for c in cells if c[0].role in BACK)]

    def count(self, cell: Cell) -> int:
        return len(self._kept(cell))

    def values(self, cell: Cell) -> np.ndarray:
        return term_values(self.env, self.made[cell[0]], cell[1])[self._kept(cell)]

    def terms(self, cell: Cell, chosen: list[int] | None = None) -> list[TermView]:
        kept, values, s = self._kept(cell), self.values(cell), scalars(self.made[cell[0]])
        return [TermView(s.cells(cell[1], kept[m]), float(values[m]))
                for m in (range(len(kept)) if chosen is None else chosen)]

    def term(self, cell: Cell, m: int) -> TermView:
        return self.terms(cell, [m])[0]


def nothing(program: Program, y: Cell, x: Cell, made: Made, names: tuple[str, str]) -> Chain:
    """The chain of a derivative that is 0 because nothing comes back from y to x; or 1, where y is x itself."""
    same = y == x
    called = quotient(*map(indexed, names))
    name = str(called)
    rule = f"{names[1]} is {names[0]} itself" if same else _why(program, y, x, names)
    row = Link("result", "=", "", name, rule, "", float(same), made, key_of(*names))
    return Chain(name, (factor(Leaf(called)),), (row,), x, back=True)


def _why(program: Program, y: Cell, x: Cell, names: tuple[str, str]) -> str:
    """Why y does not change with x."""
    forward = [eq for block in program.forward for eq in block.equations]
    if not _feeds(forward, y, x, True):
        return f"{names[1]} does not feed {names[0]}"
    if not _feeds(forward, y, x, False):
        return f"{names[1]} feeds {names[0]} only through stop(), which lets no derivative back"
    return f"{names[1]} feeds {names[0]} only by what a comparison says, and that has the slope 0"


def _feeds(forward: list[Equation], y: Cell, x: Cell, stops: bool) -> bool:
    """Whether y is made of x; without `stops` not through stop()."""
    made = {eq.out: eq for eq in live_equations(forward, [y[0]])}
    todo, seen = [y], {y}
    while todo:
        var, flat = todo.pop()
        if (var, flat) == x:
            return True
        if var not in made or (not stops and any(isinstance(t.op, NoGradient) for t in made[var].terms)):
            continue
        new = [c for cells in scalars(made[var]).all_cells(flat) for c in cells if c not in seen]
        seen.update(new)
        todo += new
    return False


def when(times: Timeline) -> Made:
    """When a derivative that the run does not make is there: with the last that it makes."""
    value = max((times.span(n)[1] for n, b in enumerate(times.blocks) if b.phase in ("backward", "perturbation")),
                default=times.cost_value)
    return value, times.stops(value)
