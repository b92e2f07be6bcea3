"""Where numbers stop being finite in one update: the scalars that are NaN or infinite though what made them is not.

Every equation is looked at, those inside a written line and the local derivatives too. An element breaks if it is not
finite and all its operands are, or if it is NaN and no operand is NaN (∞ - ∞, 0 × ∞). The latter is an origin only if
its infinities are no fault; everything else that is not finite was spoiled by an operand. Nothing here has words:
`explain/cause` says which operation broke.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ..engine.executor import Env
from ..engine.laws import SUB
from ..engine.program import Equation, Program, Var
from ..engine.scalars import Cell
from ..engine.structure import Contract, Gather
from .timeline import Position, Timeline, scalars

Array = np.ndarray
MOST_JUDGED = 512                                   # elements of one equation that are looked at one by one
TRANSPARENT = ("max", "min", "where", "greatest", "neg")        # laws that hand on one of their operands


@dataclass(frozen=True)
class Origin:
    """A scalar that begins to be not finite. `meant`: a -Inf that is a mask, as an `exp` makes 0 of it."""

    cell: Cell
    value: float
    meant: bool = False


def operands(equation: Equation, flat: int) -> Iterator[Cell]:
    """The scalars that make one element, each once."""
    return iter(dict.fromkeys((v.base, k) for row in scalars(equation).all_cells(flat) for v, k in row))


def begins(equation: Equation, flat: int, env: Env) -> bool:
    """Whether an element that is not finite is an origin."""
    nan = math.isnan(env.scalar((equation.out, flat)))
    for cell in operands(equation, flat):
        x = env.scalar(cell)
        if math.isnan(x) or (math.isinf(x) and not nan):
            return False
    return True


def _begins_alone(program: Program, equation: Equation, flat: int, env: Env) -> bool:
    """Whether NaN of infinities is not what an infinity before it led to: then all of them are innocent."""
    infinite = [c for c in operands(equation, flat) if not math.isfinite(env.scalar(c))]
    return all(innocent(program, env, c) for c in infinite)


def in_order(var: Var, flats: Array) -> list[int]:
    """Elements in the order in which they are made: by element, then by sample."""
    return sorted(flats.tolist(), key=lambda e: (e % max(1, var.lane_size), e))


def origins(program: Program, env: Env, updating: bool = True) -> Iterator[Origin]:
    """The origins of one update in the order of the run. Of an equation with very many, the first are looked at.

    Without `updating` the update phase, which the last update of a run does not have, is left out.
    """
    last = program.blocks if updating else [b for b in program.blocks if b.phase != "update"]
    for equation in (eq for block in last for eq in block.equations):
        whole = env.array(equation.out)
        if np.isfinite(whole).all():
            continue
        flats = np.flatnonzero(~np.isfinite(whole.reshape(-1)))
        finite = all(bool(np.isfinite(env.array(v)).all()) for v in dict.fromkeys(equation.operands))
        for flat in in_order(equation.out, flats)[:MOST_JUDGED]:
            if finite or (begins(equation, flat, env) and _begins_alone(program, equation, flat, env)):
                value = float(whole.reshape(-1)[flat])
                yield Origin((equation.out, flat), value, is_meant(program, env, (equation.out, flat)))


def first(program: Program, env: Env, updating: bool = True,
          wanted: Callable[[Cell], bool] = lambda cell: True) -> Origin | None:
    """The origin to begin with. What is meant comes after what is not, and counts only where it does harm: where the
    loss, a gradient or what goes on to the next update is not finite."""
    mask: Origin | None = None
    for origin in origins(program, env, updating):
        if not wanted(origin.cell):
            continue
        if not origin.meant:
            return origin
        mask = mask or origin
    counted = (program.cost, program.watched, *program.gradients.values(), *program.nexts.values())
    return None if all(bool(np.isfinite(env.array(v)).all()) for v in counted) else mask


def spoils(program: Program, env: Env, origin: Cell, updating: bool = True) -> int:
    """How many values of one update, those of all samples, are not finite beside the one that an origin belongs to."""
    count = sum(int(np.size(x) - np.isfinite(x).sum()) for block in program.blocks
                if updating or block.phase != "update" for x in (env.array(block.out),))
    out = program.blocks[program.home_of[origin[0]]].out
    element = origin[1] if out.shape == origin[0].shape else 0
    return max(0, count - (not math.isfinite(env.array(out).flat[element])))


def hides(program: Program, env: Env) -> bool:
    """Whether only one of the loss and the gradients is finite, so that one says nothing of the other."""
    loss = bool(np.isfinite(env.array(program.cost)).all())
    gradients = all(bool(np.isfinite(env.array(g)).all()) for g in program.gradients.values())
    return loss != gradients


# masks

def innocent(program: Program, env: Env, cell: Cell, made: Mapping[Var, Equation] | None = None) -> bool:
    """Whether an infinity is no fault: given in the data, or a mask. `made` knows more equations than the program."""
    made = program.made_by if made is None else made
    while (equation := made.get(cell[0].base)) is not None:
        if begins(equation, cell[1], env):
            return is_meant(program, env, cell)
        cell = next(c for c in operands(equation, cell[1]) if not math.isfinite(env.scalar(c)))
    return cell[0].role not in ("parameter", "slot")


def is_meant(program: Program, env: Env, cell: Cell) -> bool:
    """Whether a scalar is -Inf as a mask: of a sum or a logarithm, on its way to an `exp`. One of a product is not: it
    is too large."""
    var, flat = cell
    home = program.home_of.get(var)
    if home is None or program.blocks[home].phase not in ("forward", "loss") or env.scalar(cell) != -math.inf:
        return False
    equation = program.made_by[var]
    law = equation.law
    if law is not None and law is not SUB and law.name != "log":
        return False
    if law is None and not all(_finite_product(env, row) for row in scalars(equation).all_cells(flat)):
        return False
    return _feeds_exp(program, var)


def _finite_product(env: Env, cells: tuple[Cell, ...]) -> bool:
    return math.isfinite(math.prod(env.scalar(c) for c in cells))


def _feeds_exp(program: Program, var: Var) -> bool:
    """Whether a -Inf in `var` reaches an `exp` through what hands it on: sums, differences, maxima, movements."""
    carried = {var}
    for block in program.forward:
        for eq in block.equations:
            if not any(v in carried for v in eq.operands):
                continue
            if eq.law is not None and eq.law.name == "exp":
                return True
            sums = eq.law is None and all(isinstance(t.op, Contract | Gather) for t in eq.terms)
            if sums or eq.law is SUB or (eq.law is not None and eq.law.name in TRANSPARENT):
                carried.add(eq.out)
    return False


# where

def position_of(program: Program, times: Timeline, update: int, cell: Cell) -> Position | None:
    """Where a scalar is made: its own value, or the stop inside the value whose line it belongs to. None for what is
    given, and for the update phase that the last update does not have."""
    var, flat = cell
    block = program.home_of.get(var.base)
    if block is None or block >= len(times.blocks):
        return None
    out = times.blocks[block].out
    element = line_element(var, flat, out)
    value = times.number(block, element)
    stops = times.stops(value)
    scope = [eq.out for eq in times.scope(block)]
    return Position(update, value, scope.index(var) + 1 if var in scope else stops)


def line_element(var: Var, flat: int, out: Var) -> int:
    """The element of a line's result, counted in one sample, that a scalar of its scope is made for: the first."""
    if var is out or var.lane_shape == out.lane_shape:
        return flat % max(1, var.lane_size)
    inner = _index(var, flat)
    place = 0
    for letter, length in zip(out.letters, out.shape, strict=True):
        if letter != "s":
            place = place * length + min(inner.get(letter, 0), length - 1)
    return place


def _index(var: Var, flat: int) -> dict[str, int]:
    index: dict[str, int] = {}
    for letter, length in zip(reversed(var.letters), reversed(var.shape), strict=True):
        flat, index[letter] = divmod(flat, length)
    return index


def cell_lane(made: Mapping[Var, Equation], env: Env, cell: Cell) -> int | None:
    """The place in the batch of the sample that a scalar belongs to; of a sum over samples, the sample of the first
    term that is not finite. None where no sample has a part in it."""
    var, flat = cell
    if var.lanes:
        return flat // var.lane_size
    equation = made.get(var.base)
    if equation is None or not any(v.lanes for v in equation.operands):
        return None
    for row in scalars(equation).all_cells(flat):
        lanes = [k // v.lane_size for v, k in row if v.lanes]
        if lanes and not _finite_product(env, row):
            return lanes[0]
    return None

