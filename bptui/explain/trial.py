"""What really becomes of E when one value is moved, and the kinks that it stands on: by doing it.

Everything between the value and E is computed again, everything else is as it ran. A kink is a law that takes another
branch when the value is moved by next to nothing, and has another slope there; the law's own rule says which is taken.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np

from ..engine.arrays import Compiled, aligned, compiled, constants, execute
from ..engine.dialects import ARRAYS
from ..engine.executor import Env
from ..engine.laws import GREATEST, Elementwise
from ..engine.program import Block, Equation, Program, Var
from ..engine.scalars import Cell, is_stop

Array = np.ndarray
WAYS: WeakKeyDictionary[Program, dict[tuple[Var, Var], tuple[list[Equation], Compiled]]] = WeakKeyDictionary()
NEXT_TO_NOTHING = 1e-9                              # of the value, or of 1 where it is smaller
OTHER = 1e-6                                        # by so much of their size slopes differ at a kink
TURNS = "its condition turns, the branch taken counts"
BENT = {"where": TURNS, "masked": TURNS}
SHARES = ("max", "min")                             # laws of which PyTorch shares the slope between equals


@dataclass(frozen=True)
class Kink:
    """A law that bends where a value stands: the scalar that it makes, and which slope is taken."""

    law: Elementwise
    cell: Cell
    rule: str


class Trial:
    """E as a function of one scalar of a forward half; with a `line`, what that makes of it."""

    def __init__(self, program: Program, env: Env, cell: Cell, line: Block | None = None) -> None:
        self.program, self.env, self.cell = program, env, (cell[0].base, cell[1])
        self.equations, self._steps = _between(program, self.cell[0], line)
        reads = {v for eq in self.equations for v in eq.operands} - {eq.out for eq in self.equations}
        self._start = {**constants(self.equations), **{v: env.array(v) for v in reads}, self.cell[0]: env.array(
            self.cell[0])}

    def values(self, step: float) -> dict[Var, Array]:
        """Every value on the way to E, when the scalar is moved by `step`."""
        var, flat = self.cell
        moved = np.array(self._start[var], float)
        moved.flat[flat] += step
        values = {**self._start, var: moved}
        with np.errstate(all="ignore"):
            execute(self._steps, values)
        return values

    def cost(self, step: float) -> float:
        cost = self.program.cost
        found = self.values(step).get(cost)
        return float(np.ravel(self.env.array(cost) if found is None else found)[0])

    def change(self, step: float) -> float:
        """By how much E changes."""
        return self.cost(step) - self._here

    @cached_property
    def _here(self) -> float:
        return self.cost(0.0)

    @property
    def here(self) -> float:
        return self._here

    # kinks

    @cached_property
    def kinks(self) -> tuple[Kink, ...]:
        """The kinks that the scalar stands on, in the order of the run."""
        bent = [eq for eq in self.equations if eq.law is not None and rule_of(eq.law)]
        if not bent:
            return ()
        var, flat = self.cell
        step = NEXT_TO_NOTHING * max(1.0, abs(float(self._start[var].flat[flat])))
        up, here, down = (self.values(by) for by in (step, 0.0, -step))
        return tuple(kink for eq in bent for kink in _kinks(eq, up, here, down))


def _between(program: Program, var: Var, line: Block | None) -> tuple[list[Equation], Compiled]:
    """What lies between a variable and E, or what a line makes of it, ready to be computed; once for each."""
    known = WAYS.setdefault(program, {})
    to = program.cost if line is None else line.out
    if (var, to) not in known:
        equations = between(program.forward if line is None else (line,), var, to)
        known[var, to] = equations, compiled(equations)
    return known[var, to]


def between(blocks: Iterable[Block], var: Var, to: Var) -> list[Equation]:
    """The equations of the blocks, between a variable and `to`, that hand on a movement, in their order."""
    moved, found = {var}, list[Equation]()
    for block in blocks:
        for eq in block.equations:
            if any(v in moved for v in eq.operands) and not is_stop(eq):
                moved.add(eq.out)
                found.append(eq)
    live, kept = {to}, list[Equation]()
    for eq in reversed(found):
        if eq.out in live:
            live.update(eq.operands)
            kept.append(eq)
    return kept[::-1]


def rule_of(law: Elementwise) -> str:
    """Which slope is taken where a law bends; nothing where it does not."""
    if law.name in SHARES:
        return f"{law.kink}; PyTorch shares"
    return law.kink or BENT.get(law.name, "")


def _kinks(eq: Equation, up: dict[Var, Array], here: dict[Var, Array], down: dict[Var, Array]) -> list[Kink]:
    law = eq.law
    assert law is not None
    with np.errstate(all="ignore"):
        if law is GREATEST:
            other = _chosen(eq, up) != _chosen(eq, down)
            other = other.any(axis=tuple(n for n, c in enumerate(eq.terms[0].args[0].letters)
                                         if c not in eq.out.letters))
        else:
            other = np.zeros(eq.out.shape, bool)
            for a, b in zip(_slopes(eq, up), _slopes(eq, down), strict=True):
                other |= np.abs(a - b) > OTHER * np.maximum(1e-12, np.maximum(np.abs(a), np.abs(b)))
    return [Kink(law, (eq.out, int(flat)), rule_of(law)) for flat in np.flatnonzero(other)]


def _chosen(eq: Equation, values: dict[Var, Array]) -> Array:
    """Which of the operands are the greatest."""
    [x] = eq.terms[0].args
    return values[x.base] == aligned(eq.out.letters, x.letters)(values[eq.out])


def _slopes(eq: Equation, values: dict[Var, Array]) -> list[Array]:
    """The slopes of a law by each of its operands."""
    law = eq.law
    assert law is not None
    xs = [aligned(v.letters, eq.out.letters)(values[v.base]) for v in eq.terms[0].args]
    return [np.broadcast_to(np.asarray(p(ARRAYS, values[eq.out], *xs) if callable(p) else p, float), eq.out.shape)
            for p in law.partials]
