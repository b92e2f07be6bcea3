"""Why a number is not finite: the first value on its way that broke, the operation, and its operands.

Read from what ran: each element that is not finite is followed back through the operands that made it so, through
earlier updates too, to the first that is not finite though its operands are. There the law is read once more, by
numbers that remember what breaks (`watched`); a sum is watched term by term. Nothing is guessed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias
from weakref import WeakKeyDictionary

from ..engine.executor import Env
from ..engine.program import FIXED, Equation, Program, Var
from ..engine.query import Query
from ..engine.scalars import Cell
from ..replay.origins import begins, cell_lane, innocent, operands
from ..replay.run import Run
from ..replay.timeline import scalars
from . import watched
from .namer import Namer
from .terms import ScalarReader
from .watched import TracedFloat, shown

LONGEST = 44                                        # characters of the names of a product's factors
MOST_TERMS = 4096                                   # of a sum that are watched
BRANCH = " in the where-branch not taken"
Derivative: TypeAlias = tuple[Query, Cell]          # a query program, and the scalar that it derives
KNOWN: WeakKeyDictionary[Run, dict[tuple[int, Cell, Cell | None], Cause | None]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Cause:
    """What broke: `cell`, made after `update` updates, by an operation that `words` name.

    `sample` is the row of the data, from 1, that it belongs to; None where there is one sample, or none has a part.
    """

    cell: Cell
    words: str
    sample: int | None
    update: int


@dataclass(frozen=True)
class Evidence:
    """The values of one update, and how each is made."""

    run: Run
    update: int
    program: Program
    env: Env
    made: Mapping[Var, Equation]

    @property
    def reader(self) -> ScalarReader:
        return ScalarReader(self.env, self.made, Namer(self.run.scenario))

    def value(self, cell: Cell) -> float:
        return self.env.scalar((cell[0].base, cell[1]))

    def row(self, cell: Cell) -> int | None:
        """The data row, from 1, of the sample that a scalar belongs to, or that the broken term of its sum does."""
        lane = cell_lane(self.made, self.env, cell) if self.run.model.rows.count > 1 else None
        return None if lane is None else self.run.rows(self.update)[lane] + 1


def evidence(run: Run, update: int, var: Var | None = None, asked: Derivative | None = None) -> Evidence:
    """The values after `update` updates; with those of the derivative `var`, if the run does not make it: of the cost,
    or what was `asked` for."""
    program, env = run.program(update), run.env(update)
    made: Mapping[Var, Equation] = program.made_by
    if var is not None and var.of and var.base not in made and var.role == "adjoint":
        query, y = asked or (run.query(program, program.cost, var.of[0]), (program.cost, 0))
        env = run.derivative_env(update, query, y)
        made = {**made, **{eq.out: eq for eq in query.equations}}
    return Evidence(run, update, program, env, made)


def cause_of(run: Run, update: int, cell: Cell, asked: Derivative | None = None) -> Cause | None:
    """Why a scalar of the values after `update` updates is NaN or infinite: the first on its way that broke.

    None where it is finite. What is given as infinite is its own cause. `asked` is what makes a derivative that neither
    the run nor its gradients have.
    """
    known = KNOWN.setdefault(run, {})
    key = update, (cell[0].base, cell[1]), asked and asked[1]
    if key not in known:
        known[key] = _followed(run, update, key[1], asked)
    return known[key]


def told(cause: Cause | None, update: int) -> str:
    """A cause in words, of what is not finite after `update` updates."""
    if cause is None:
        return ""
    sample = f"sample {cause.sample}" if cause.sample is not None else ""
    return ", ".join(filter(None, (cause.words, sample, since(cause, update))))


def since(cause: Cause, update: int) -> str:
    """In which update it broke, where that is an earlier one: it cannot be found in this."""
    return f"in update {cause.update + 1}" if cause.update != update else ""


def _followed(run: Run, update: int, cell: Cell, asked: Derivative | None) -> Cause | None:
    at = evidence(run, update, cell[0], asked)
    if math.isfinite(at.value(cell)):
        return None
    while True:
        cell = _first(at, cell)
        before = _written(at, cell)
        if before is None:
            return Cause(cell, reason(at, cell), at.row(cell), at.update)
        at = evidence(run, before)
        cell = at.program.nexts[_same(at.program, cell[0])], cell[1]


def _first(at: Evidence, cell: Cell) -> Cell:
    """The scalar that broke first on the way to `cell`, in this update; or one that is given."""
    order = {var: n for n, var in enumerate(at.made)}
    while (equation := at.made.get(cell[0].base)) is not None:
        bad = [c for c in operands(equation, cell[1]) if not math.isfinite(at.value(c))]
        if begins(equation, cell[1], at.env):       # NaN of infinities: those broke before, if they are not meant
            bad = [c for c in bad if not innocent(at.program, at.env, c, at.made)]
        elif math.isnan(at.value(cell)):
            bad = [c for c in bad if math.isnan(at.value(c))] or bad
        if not bad:
            break
        cell = min(bad, key=lambda c: (order.get(c[0].base, -1), c[1] % max(1, c[0].lane_size), c[1]))
    return cell


def _written(at: Evidence, cell: Cell) -> int | None:
    """The update whose end wrote what is kept, if that is not finite; None for what this update makes or is given."""
    var, flat = cell
    if var.role not in ("parameter", "slot") or at.update == 0:
        return None
    low, high = 0, at.update                        # it is finite after `low` updates, and is not after `high`
    if not _kept_finite(at.run, 0, var, flat):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _kept_finite(at.run, middle, var, flat) else (low, middle)
    made = at.run.program(low).nexts.get(_same(at.run.program(low), var))
    return None if made is None or math.isfinite(at.run.env(low).scalar((made, flat))) else low


def _kept_finite(run: Run, update: int, var: Var, flat: int) -> bool:
    kept = run.schedule.at(update).unpack(run.state(update))
    return var.name not in kept or math.isfinite(kept[var.name].flat[flat])


def _same(program: Program, var: Var) -> Var:
    """What is called so in another update's program."""
    return next((v for v in program.state if v.name == var.name), var)


# the operation

def reason(at: Evidence, cell: Cell, brief: bool = False) -> str:
    """Which operation makes a scalar not finite, with its operands: of the scalar alone, not of what is before it.

    `brief` leaves out what the factors of a product are called.
    """
    equation = at.made.get(cell[0].base)
    if equation is None:
        return f"given as {shown(at.value(cell))}"
    said = _of_law(at, equation, cell) if equation.law is not None else _of_sum(at, equation, cell, brief)
    return said + (BRANCH if _not_taken(at, cell) else "")


def _of_law(at: Evidence, equation: Equation, cell: Cell) -> str:
    law = equation.law
    assert law is not None
    xs = [at.value(c) for c in scalars(equation).cells(cell[1], 0)]
    broke = watched.broke(law.law(watched.FUNCTIONS, *map(TracedFloat, xs)))
    if cell[0].role != "local" or law.by is None:
        return broke or watched.called(law.name, xs, at.value(cell))
    where = watched.at(law.name.removesuffix(chr(39)), xs[1:], law.by)
    return f"the slope of {where} is {broke or shown(at.value(cell))}"


def _of_sum(at: Evidence, equation: Equation, cell: Cell, brief: bool) -> str:
    """The first product that breaks, named; else the sum of all that were added up to where it broke."""
    total: TracedFloat | None = None
    s = scalars(equation)
    for m in range(min(s.count(cell[1]), MOST_TERMS)):
        row = s.cells(cell[1], m)
        term = TracedFloat(1.0)
        for n, c in enumerate(row):
            term = term * TracedFloat(at.value(c)) if n else TracedFloat(at.value(c))
        if term.broke:
            return term.broke if brief else f"{term.broke}{_names(at, row)}"
        before, total = total, term if total is None else total + term
        if total.broke and before is not None:
            return total.broke
    return f"a sum of {s.count(cell[1])} terms overflows" if s.count(cell[1]) > 1 else shown(at.value(cell))


def _names(at: Evidence, row: tuple[Cell, ...]) -> str:
    """The factors of a product by name, as far as there is room."""
    named = [c for c in row if c[0].role not in FIXED]
    text = at.reader.names_text(tuple(named)) if named else ""
    return f", {text}" if text and len(text) <= LONGEST and "#" not in text else ""


def _not_taken(at: Evidence, cell: Cell) -> bool:
    """Whether a scalar of a written line feeds only that branch of a `where` that its condition does not choose."""
    home = at.program.home_of.get(cell[0].base)
    if home is None or cell[0].role != "temporary":
        return False
    fed = {cell}
    for equation in at.program.blocks[home].equations:
        if equation.law is None or not any(c[0] is v for c in fed for v in equation.operands):
            continue
        for flat in range(equation.out.size):
            row = scalars(equation).cells(flat, 0)
            mine = [k for k, c in enumerate(row) if c in fed]
            if mine and equation.law.name == "where" and 0 not in mine:
                return (at.value(row[0]) == 0 and mine == [1]) or (at.value(row[0]) != 0 and mine == [2])
            if mine:
                fed.add((equation.out, flat))
    return False
