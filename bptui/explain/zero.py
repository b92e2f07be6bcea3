"""Why a derivative is exactly 0, in words: nothing reads the value, its terms cancel, or a factor of each is 0."""

from __future__ import annotations

from ..engine.program import FIXED
from ..engine.scalars import Cell
from ..replay import zeros
from ..replay.timeline import scalars
from . import watched
from .cause import Evidence


def why(at: Evidence, cell: Cell) -> str:
    """The reason, as it follows on a colon: `the slope of relu at -0.3 is 0`, `its 4 terms cancel`."""
    zero = zeros.reason(at.made, at.env, cell)
    if zero.why == "unread":
        return f"nothing that makes {at.program.cost.name} reads it"
    if zero.why == "cancels":
        return f"its {zero.terms} terms cancel"
    if not zero.every:
        return f"in each of its {zero.terms} terms a factor is 0"
    if zero.why == "small" or zero.cell is None:
        return "its factors are so small that their product is 0"
    if zero.why == "slope":
        return _slope(at, zero.cell) + (" in every term" if zero.terms > 1 else "")
    return f"{SAYS[zero.why].format(_name(at, zero.cell))}{' in every term' if zero.terms > 1 else ''}"


def beginning(at: Evidence, cell: Cell) -> str:
    """The reason where the zeros on the way to a derivative begin."""
    root = cell
    while (zero := zeros.reason(at.made, at.env, root)).why == "before" and zero.cell is not None and zero.every:
        root = zero.cell
    return why(at, cell) if root == cell else f"{at.reader.name(root)} is 0, as {why(at, root)}"


SAYS: dict[zeros.Why, str] = {
    "before": "{} is 0 already", "data": "its input {} is 0", "dropped": "{} is 0, it is dropped",
    "parameter": "{} is 0", "value": "{} is 0"}


def _name(at: Evidence, cell: Cell) -> str:
    """A factor by name; what has none of its own is written out."""
    if cell[0].role in FIXED:
        return "a constant factor"
    name = at.reader.names_text((cell,)) if cell[0].role == "temporary" else at.reader.name(cell)
    return name if "#" not in name else "a factor of it"


def _slope(at: Evidence, local: Cell) -> str:
    """A slope that is 0, by the law that has it and where; of one that is made of several, why it is."""
    equation = at.made.get(local[0].base)
    if equation is None or equation.law is None:
        return why(at, local) if equation is not None else f"{at.reader.name(local)} is 0"
    if equation.law.by is None:
        return f"{at.reader.name(local)} is 0"
    xs = [at.value(c) for c in scalars(equation).cells(local[1], 0)][1:]
    return f"the slope of {watched.at(equation.law.name.removesuffix(chr(39)), xs, equation.law.by)} is 0"
