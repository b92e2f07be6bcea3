"""Values that are 0 but for rounding: what a sum leaves whose terms cancel, and what is made of nothing else.

The 50-digit reading tells beside each value how far rounding may have taken the float. A value that lies within that
of 0 has no digit to compare, and no ratio to anything. Of a program too large for that reading, Σ|terms| decides.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..engine.executor import Env
from ..engine.program import Equation
from ..engine.query import Query
from ..engine.scalars import Cell
from ..replay.meaning import meaning
from ..replay.run import Run
from ..replay.timeline import scalars
from ..scenario.trees import Number, Operation, Tree
from .digits import Digits
from .terms import term_values

MOST_READ = 20_000                                  # terms of a program that are read at 50 digits for one value
UNIT = 2.0**-53                                     # of rounding, in doubles
FEW = 16                                            # of these units of Σ|terms|
WORDS = "0 but for rounding"


@dataclass(frozen=True)
class Made:
    """A scalar of the run, with the update that makes it; of a derivative that no update makes, its query program."""

    update: int
    cell: Cell
    query: Query | None = None
    seed: Cell | None = None

    @property
    def derivative(self) -> tuple[Query, Cell] | None:
        return None if self.query is None or self.seed is None else (self.query, self.seed)


def made_of(run: Run, tree: Tree, update: int, lane: int) -> Made | None:
    """The scalar that a quantity names; None where it is no single value of the run."""
    program = run.program(update)
    found = meaning(run, program, tree)
    if found is None or not found.place.scalar or found.place.var in program.stacks:
        return None
    x, element = found.place.var, found.place.element or 0
    if found.of is not None:
        query = run.query(program, found.of.var, x)
        if not found.of.scalar or found.of.var in program.stacks or found.of.var is x or query.adjoint is None:
            return None
        return Made(update, (query.adjoint, found.place.cell(lane)[1]), query, found.of.cell(lane))
    if found.kind in ("grad", "next"):
        return Made(update, ((program.gradients if found.kind == "grad" else program.nexts)[x], element))
    if found.kind == "change":
        return None
    before = run.program(update - 1) if update else program
    kept = next((w for w in before.nexts if w.name == x.name), None) if x in program.state else None
    if update and kept is not None:                 # what the update before has written
        return Made(update - 1, (before.nexts[kept], element))
    return Made(update, found.place.cell(lane))


def is_residue(run: Run, tree: Tree, update: int, lane: int) -> bool:
    """Whether a quantity is not 0, and lies no farther from it than rounding may have taken it."""
    with np.errstate(all="ignore"):
        known = _doubt(run, tree, update, lane)
    return known is not None and 0 < abs(known[0]) <= known[1]


def _doubt(run: Run, tree: Tree, update: int, lane: int) -> tuple[float, float] | None:
    """A quantity, and how far rounding may have taken it; None where that cannot be said."""
    if isinstance(tree, Number):
        return tree.value, 0.0
    if isinstance(tree, Operation):
        operands = [_doubt(run, arg, update, lane) for arg in tree.args]
        known = [each for each in operands if each is not None]
        return _operated(tree.operator, known) if len(known) == len(operands) else None
    made = made_of(run, tree, update, lane)
    return None if made is None else _of_cell(run, made)


def _operated(operator: str, known: Sequence[tuple[float, float]]) -> tuple[float, float] | None:
    match operator, known:
        case "neg", [(a, da)]:
            return -a, da
        case ("+" | "-"), [(a, da), (b, db)]:
            return a + b if operator == "+" else a - b, da + db + 2 * UNIT * (abs(a) + abs(b))
        case "*", [(a, da), (b, db)]:
            return a * b, abs(a) * db + abs(b) * da
        case "/", [(a, da), (b, db)] if b:
            return a / b, (da + abs(a / b) * db) / abs(b)
    return None


def _of_cell(run: Run, made: Made) -> tuple[float, float] | None:
    program, env = run.program(made.update), run.env(made.update)
    equations: tuple[Equation, ...] = ()
    seeds = {}
    if made.derivative is not None:
        query, y = made.derivative
        env, equations = run.derivative_env(made.update, query, y), query.equations
        seeds = {query.seed: y[1]} if query.seed is not None else {}
    value = env.scalar(made.cell)
    if value == 0 or not math.isfinite(value):
        return value, 0.0
    made_by = {**program.made_by, **{eq.out: eq for eq in equations}}
    if sum(scalars(eq).total for eq in made_by.values()) > MOST_READ:
        return value, _by_terms(env, made_by.get(made.cell[0]), made.cell)
    doubt = Digits(program, env, equations, seeds).doubt(made.cell)
    return value, 2 * doubt if math.isfinite(doubt) else 0.0


def _by_terms(env: Env, equation: Equation | None, cell: Cell) -> float:
    """What rounding may leave of a sum whose terms cancel."""
    if equation is None or equation.law is not None:
        return 0.0
    return FEW * UNIT * float(np.sum(np.abs(term_values(env, equation, cell[1]))))
