"""Why a derivative is exactly 0: read from its terms, back to the factor that is 0.

A sum may have no terms (nothing reads the value), terms that cancel, or only terms that are 0. Then a factor is 0 in
each: the derivative before it, which is followed back; a slope; the data; a dropped unit; a parameter.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from ..engine.dialects import IEEE
from ..engine.executor import Env
from ..engine.program import Equation, Program, Var
from ..engine.scalars import Cell
from .timeline import scalars

Why = Literal["unread", "cancels", "before", "slope", "data", "dropped", "parameter", "value", "small"]
MOST_TERMS = 512                                    # of a sum that are read
MOST_ELEMENTS = 64                                  # of a tensor whose reasons are looked for
OF_ROLE: dict[str, Why] = {"adjoint": "before", "share": "before", "estimate": "before", "local": "slope",
                           "data": "data", "noise": "dropped", "parameter": "parameter", "next": "parameter"}
ORDER: tuple[Why, ...] = ("dropped", "data", "slope", "value", "parameter", "before", "small")


@dataclass(frozen=True)
class Zero:
    """`cell` is the factor that is 0, where it is one: of the first term, if `every` term has it for this reason."""

    why: Why
    cell: Cell | None = None
    terms: int = 0
    every: bool = True


def reason(made: Mapping[Var, Equation], env: Env, cell: Cell) -> Zero:
    """Why `cell`, which is 0, is 0; one step back only."""
    equation = made.get(cell[0].base)
    if equation is None:
        return Zero(OF_ROLE.get(cell[0].role, "value"), cell)
    if equation.law is not None:
        return Zero("slope" if cell[0].role == "local" else "value", cell)
    s = scalars(equation)
    count = s.count(cell[1])
    if not count:
        return Zero("unread")
    rows = [tuple((v.base, k) for v, k in row) for row in islice(s.all_cells(cell[1]), MOST_TERMS)]
    if any(math.prod(env.scalar(c) for c in row) for row in rows):
        return Zero("cancels", terms=count)
    reasons = [_of_product(env, row) for row in rows]
    shared: list[Why] = [w for w in ORDER if all(w in each for each in reasons)]
    mine: list[Why] = [w for w in ORDER if w in reasons[0]]
    why = (shared or mine)[0]
    return Zero(why, reasons[0][why], count, bool(shared))


def _of_product(env: Env, row: tuple[Cell, ...]) -> dict[Why, Cell]:
    """What is 0 in a product that is 0, by what it is."""
    found: dict[Why, Cell] = {}
    for c in row:
        if env.scalar(c) == 0:
            found.setdefault(OF_ROLE.get(c[0].role, "value"), c)
    return found or {"small": row[0]}


def roots(program: Program, env: Env, cell: Cell) -> Iterator[Zero]:
    """The reasons at which the zeros before `cell` begin: those of its first terms, each followed back."""
    todo, seen = [cell], {cell}
    while todo and len(seen) <= MOST_TERMS:
        at = todo.pop()
        zero = reason(program.made_by, env, at)
        if zero.why == "before" or (zero.why == "slope" and zero.cell is not None and zero.cell != at):
            for c in _zeros(program, env, at):
                if c not in seen:
                    seen.add(c)
                    todo.append(c)
            continue
        yield zero


def _zeros(program: Program, env: Env, cell: Cell) -> Iterator[Cell]:
    """The derivatives and slopes that are 0 in the terms of `cell`, one for each term."""
    for row in islice(scalars(program.made_by[cell[0]]).all_cells(cell[1]), MOST_TERMS):
        zeros = [(v.base, k) for v, k in row if env.scalar((v.base, k)) == 0]
        slopes = [c for c in zeros if c[0].role == "local"]
        yield from (slopes or [c for c in zeros if c[0] in program.made_by])[:1]


def flat_here(program: Program, env: Env, local: Cell) -> bool:
    """Whether a slope of 0 is that of a flat piece of a law: moved a little either way, the law makes the same."""
    y = local[0].of[0].base
    equation = program.made_by.get(y)
    partial = program.made_by.get(local[0].base)
    if equation is None or equation.law is None or partial is None or partial.law is None:
        return False
    flat = scalars(partial).cells(local[1], 0)
    here, xs = env.scalar(flat[0]), [env.scalar(c) for c in flat[1:]]
    k = partial.law.by
    if k is None or equation.law.name != partial.law.name.removesuffix("'"):
        return False
    step = 1e-6 * max(1.0, abs(xs[k]))
    return all(equation.law.law(IEEE, *xs[:k], xs[k] + by, *xs[k + 1:]) == here for by in (step, -step))
