"""One value in two runs: what each makes it of, where it parted, and why what is made of equal numbers is not equal.

Operands are paired by the names under which they can be asked for; those that have none in the other run, by their
place, where both runs make the value by the same operations. Reasons are read from the equations, the rules of the
laws, and the numbers themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..engine.dialects import FLOATS
from ..engine.laws import Elementwise
from ..engine.optimizers import CLIP_AT, SETTINGS
from ..engine.program import FIXED, Block, Equation
from ..engine.scalars import Cell
from ..replay.timeline import scalars
from . import differences
from .chain import Explainer
from .namer import quantity_text
from .pairs import Both, Pair, unlike
from .relation import relation
from .terms import TermView

MOST_READ = 1000                                    # terms of a sum that are looked at
NEAR, BENT = 1e-6, 1e-3                             # how far beside a place slopes are taken; how unlike they must be
Letters = tuple[str, str]                           # what the two runs are called


@dataclass(frozen=True)
class Side:
    """The value in one of the runs."""

    at: Explainer
    cell: Cell
    equation: Equation
    number: int

    @property
    def primal(self) -> Cell:
        return (self.cell[0].of[0], self.cell[1]) if self.cell[0].derivative_of is not None else self.cell

    def value(self, cell: Cell) -> float:
        return self.at.reader.value(cell)

    def term(self, m: int) -> TermView:
        return self.at.reader.terms(self.cell, [m])[0]

    def name(self, cell: Cell) -> str:
        """How a scalar can be asked for."""
        return quantity_text(self.at.program, self.at.namer, cell[0], cell[1] % cell[0].lane_size)

    @property
    def block(self) -> Block:
        return self.at.times.blocks[self.at.times.locate(self.number)[0]]

    def reads(self) -> list[Cell]:
        """The scalars that it is made of, those of all its terms; temporaries stand for theirs."""
        found: dict[Cell, None] = {}
        todo = [self.cell]
        while todo and len(found) < MOST_READ:
            s = scalars(self.at.program.made_by[todo[0][0]])
            cells = [c for m in range(min(s.count(todo[0][1]), MOST_READ)) for c in s.cells(todo[0][1], m)]
            todo[:1] = [c for c in cells if c[0].role == "temporary"]
            found |= dict.fromkeys(c for c in cells if c[0].role not in (*FIXED, "temporary"))
        return list(found)

    def kinds(self) -> list[tuple[str, int]]:
        """The operations that make it."""
        return [(eq.law.name if eq.law is not None else "sum", len(eq.terms)) for eq in self.block.equations]

    def made_with(self) -> str:
        """What makes it, as the scenario writes it, or by the name of a law; "" where it has none."""
        if self.block.text and self.cell[0].derivative_of is None:
            return self.block.text.partition(" = ")[2] or self.block.text
        law = self.equation.law
        return law.name if law is not None and law.name.isidentifier() else ""


def read(a: Side, b: Side) -> list[tuple[Cell, Cell]]:
    """What a value is made of in both runs: by name, and, where both make it alike, what is left by its place."""
    mine, its = a.reads(), b.reads()
    named = {b.name(d): d for d in its}
    pairs = [(c, named[name]) for c in mine if (name := a.name(c)) in named]
    found = ({c for c, _ in pairs}, {d for _, d in pairs})
    left = [[c for c in cells if c not in seen] for cells, seen in zip((mine, its), found, strict=True)]
    if a.kinds() == b.kinds() and len(left[0]) == len(left[1]):
        pairs += zip(*left, strict=True)
        pairs.sort(key=lambda pair: mine.index(pair[0]))
    return pairs


def origin(both: Both, pair: Pair, update: int) -> Pair:
    """Where a value that differs parted: back along what it reads, to what is made of equal numbers and is not equal.

    A value that no name has in the other run is not among those that are matched, and may yet be the first.
    """
    while True:
        a, b = both_sides(both, pair, update)
        earlier = next(((c, d) for c, d in read(a, b) if unequal(a, b, c, d) and not _changed(c, d)
                        and 0 < a.at.made(c)[0] < a.number and b.at.made(d)[0]), None)
        if earlier is None:
            return pair
        c, d = earlier
        pair = Pair(a.name(c), c, d, (a.at.made(c)[0], b.at.made(d)[0]), pair.lane)


def both_sides(both: Both, pair: Pair, update: int) -> tuple[Side, Side]:
    a, b = (Side(Explainer(run, update, pair.lane), cell, run.program(update).made_by[cell[0]], number)
            for run, cell, number in zip((both.a, both.b), (pair.a, pair.b), pair.numbers, strict=True))
    return a, b


def unequal(a: Side, b: Side, c: Cell, d: Cell) -> bool:
    return bool(unlike(np.array([a.value(c)]), np.array([b.value(d)]))[0])


def _changed(c: Cell, d: Cell) -> bool:
    """Whether these are one parameter, which one of the runs has changed already."""
    return {c[0].role, d[0].role} == {"next", "parameter"}


def itself(a: Side, b: Side, pairs: list[tuple[Cell, Cell]], letters: Letters) -> tuple[str, ...]:
    """What is made of equal numbers and is not equal: how each makes it, and how the numbers are related."""
    others = (letters[1], letters[0])
    said = list(_decayed(a, b, letters) or _decayed(b, a, others) or _clipped(a, b, letters) or _clipped(b, a, others))
    name, laws = a.at.title(a.cell), [of.made_with() for of in (a, b)]
    if laws[0] != laws[1] and all(laws):
        said.append(f"{letters[0]} makes {name} with {laws[0]}, {letters[1]} with {laws[1]}.")
    said += _slopes(a, b, pairs, letters)
    x, y = (of.at.run.env(of.at.update).array(of.cell[0]) for of in (a, b))
    axes = ("samples", "units") if a.cell[0].lanes else ()
    if related_ := relation(x, y, letters, axes):
        whole = a.at.namer.tensor(a.cell[0]) if a.cell[0].size > 1 else name
        said.append(f"{whole}: {related_}.")
    return tuple(said)


def _decayed(of: Side, other: Side, letters: Letters) -> tuple[str, ...]:
    """That one optimizer adds the weight decay to the gradient; and where the other has it."""
    var, program = of.cell[0], of.at.program
    symbol = SETTINGS["weight_decay"]
    if var.role != "made" or not var.of or not any(c[0].name == symbol for c in of.reads()) or (
            program.gradients.get(var.of[0]) not in [c[0] for c in of.reads()]):
        return ()
    w, grad = of.at.title((var.of[0], of.cell[1])), of.at.title((program.gradients[var.of[0]], of.cell[1]))
    else_ = any(eq.out.of[:1] and eq.out.of[0].name == var.of[0].name and any(v.name == symbol for v in eq.operands)
                for eq in other.at.program.equations if eq.out.role in ("made", "next"))
    there = f"{letters[1]} takes it from the weight itself" if else_ else f"{letters[1]} has none"
    return (f"{letters[0]} puts the weight decay into g: g = {grad} + {symbol} × {w}.", f"{there}.")


def _clipped(of: Side, other: Side, letters: Letters) -> tuple[str, ...]:
    """That one run clips the gradient before its optimizer has it."""
    var, clipped = of.cell[0], CLIP_AT[0]
    if var.role != "made" or not var.name.endswith(f".{clipped}") or any(
            eq.out.name == var.name for eq in other.at.program.equations):
        return ()
    limit = next((f" at {differences.number(of.value((v, 0)))}" for eq in of.at.program.equations
                  for v in eq.operands if v.name == SETTINGS["clip_norm"] and v.role == "setting"), "")
    return (f"{letters[0]} clips the gradient{limit} before the optimizer has it; {letters[1]} does not.",)


def _slopes(a: Side, b: Side, pairs: list[tuple[Cell, Cell]], letters: Letters) -> list[str]:
    """The rules by which laws that bend at a place have other slopes there, though they make the same of the same."""
    for c, d in pairs:
        if c[0].role == "local" and d[0].role == "local" and unequal(a, b, c, d):
            x = c[0].of[1]
            cell = (x, a.cell[1] if x.size == a.cell[0].size else c[1] % x.size)
            at = f"At {a.at.title(cell)} = {differences.number(a.value(cell))}"
            return [f"{at}, {letter}'s {rule}." for letter, of, local in zip(letters, (a, b), (c, d), strict=True)
                    for rule in _rules(of, local)]
    return []


def _rules(of: Side, local: Cell) -> list[str]:
    """The rules of the laws that make a local partial's y and bend at the numbers that they read."""
    y = local[0].of[0]
    element = (y, of.cell[1] if y.size == of.cell[0].size else local[1] % y.size)
    block = of.at.program.blocks[of.at.program.home_of[y]]
    found: dict[str, None] = {}
    for equation in block.equations:
        law, out = equation.law, equation.out
        if law is not None and law.kink and out.size == y.size:
            xs = [of.value(c) for c in scalars(equation).cells(element[1], 0)]
            if bends(law, xs):
                found[f"{law.name}: {law.kink}"] = None
    return list(found)


@np.errstate(all="ignore")
def bends(law: Elementwise, xs: Sequence[float]) -> bool:
    """Whether a law bends at a place: its slopes on two sides of it are not alike."""
    for k, partial in enumerate(law.partials):
        if callable(partial):
            sides = [[x + step * (n == k) for n, x in enumerate(xs)] for step in (-NEAR, NEAR)]
            slopes = [float(partial(FLOATS, law.law(FLOATS, *at), *at)) for at in sides]
            if abs(slopes[1] - slopes[0]) > BENT:
                return True
    return False
