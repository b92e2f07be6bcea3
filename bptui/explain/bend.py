"""Where a person stands on a kink: a row of the chain under the factor whose law bends there, with the rule.

A factor is ∂y/∂x of one line. The line is computed again with x moved by next to nothing to both sides: a law that has
another slope on one of them bends here. What becomes of E does not matter: the factor is what the rule says it is.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

from ..engine.program import Block, Program, Var
from ..engine.scalars import Cell
from ..replay.run import Run
from .links import Link, Made
from .terms import ScalarReader
from .trial import Kink, Trial, rule_of

KNOWN: WeakKeyDictionary[Run, dict[tuple[int, Cell, Cell], Kink | None]] = WeakKeyDictionary()


def notes(run: Run, update: int, reader: ScalarReader, y: Cell, x: Cell, made: Made, depth: int = 1) -> list[Link]:
    """The row below the factor ∂y/∂x, if a law between the two bends where x stands."""
    known = KNOWN.setdefault(run, {})
    if (update, y, x) not in known:
        known[update, y, x] = _kink(run, update, reader, y, x)
    kink = known[update, y, x]
    return [] if kink is None else [Link("note", "", "", "at a kink", kink.rule, "", None, made, depth=depth)]


def _kink(run: Run, update: int, reader: ScalarReader, y: Cell, x: Cell) -> Kink | None:
    program = run.program(update)
    for line in _lines(program, y[0].base, x[0].base):
        if any(eq.law is not None and rule_of(eq.law) for eq in line.equations):
            of = y if line.out is y[0].base else x
            found = next((kink for kink in Trial(program, reader.env, x, line).kinks if _of(kink.cell, of)), None)
            if found is not None:
                return found
    return None


def _lines(program: Program, y: Var, x: Var) -> list[Block]:
    """The line that makes y of x; where E is reached in one factor, the lines of the loss that read x."""
    reading = [b for b in program.forward if any(x is v.base for eq in b.equations for v in eq.operands)]
    return [b for b in reading if b.out is y] or [b for b in reading if y is program.cost and b.phase == "loss"]


def _of(cell: Cell, other: Cell) -> bool:
    """Whether what bends belongs to the other scalar: the same element, or at least of the same sample."""
    (var, flat), (out, place) = cell, other
    if var.letters == out.letters:
        return flat == place
    return not (var.lanes and out.lanes) or flat // var.lane_size == place // out.lane_size
