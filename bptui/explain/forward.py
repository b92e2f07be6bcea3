"""How E changes when one parameter is moved: the forward half, run again in floats.

The slope comes from central differences whose step shrinks, by Ridders' extrapolation, which estimates its own error.
Where a law takes another branch when the parameter is moved, or rounding is too large, a slope says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..engine.arrays import aligned, compiled, constants, execute
from ..engine.dialects import ARRAYS
from ..engine.executor import Env
from ..engine.laws import CHOSEN, GREATEST
from ..engine.program import Program, Var, live_equations
from ..engine.scalars import is_stop

SIDE = 1e-6                                         # of a difference to one side
ROWS = 6                                            # of Ridders' tableau
MOVE = 0.1                                          # how far its first step moves any value of the forward half
ROUGHEST = 1e-3                                     # a difference less sure than this (of the tensor) says nothing
LEAST = 1e-6                                        # below it a slope counts as 0
UNIT = 2.0**-52
NOTHING_BESIDE = "E has no number close beside it"
ROUGH = "rounding is too large there"


def tolerance(b: float, size: float = 0.0, doubt: float = 0.0) -> float:
    """How far from `b` a float may be: `size` is Σ|terms| of a sum, `doubt` what rounding may have done before."""
    return max(1e-10 * (abs(b) + 1e-6), 1e-12 * size, 4 * doubt if math.isfinite(doubt) else 0.0)


class Forward:
    """E as a function of one moved parameter, in floats."""

    def __init__(self, program: Program, env: Env) -> None:
        self.program = program
        self.equations = live_equations(program.equations, [program.cost])
        self._start = {**constants(self.equations), **{v: env.array(v) for v in (*program.parameters, *program.inputs)}}
        stopped = [eq for eq in self.equations if is_stop(eq)]      # what no derivative goes through does not move
        self._start.update((eq.out, env.array(eq.out)) for eq in stopped)
        self._steps = compiled(eq for eq in self.equations if eq not in stopped)

    @property
    def rules(self) -> str:
        """What holds at the kinks of this program's laws."""
        found = {f"{eq.law.name}: {eq.law.kink}": None for eq in self.equations if eq.law and eq.law.kink}
        return "; ".join(found) or "the branch of a where changes"

    def values(self, w: Var, flat: int, step: float) -> dict[Var, np.ndarray]:
        moved = np.array(self._start[w], float)
        values = {**self._start, w: moved}
        with np.errstate(all="ignore"):
            moved.flat[flat] += step
            execute(self._steps, values)
        return values

    def cost(self, w: Var, flat: int, step: float) -> float:
        return float(np.ravel(self.values(w, flat, step)[self.program.cost])[0])   # as (cost, 0) is what is derived

    @cached_property
    def _here(self) -> dict[Var, np.ndarray]:
        w = self.program.parameters[0]
        return self.values(w, 0, 0.0)

    def first_step(self, w: Var, flat: int) -> float:
        """The step that moves no forward value by more than about `MOVE`; 0 if nothing moves, NaN if none is known."""
        size = max(1.0, abs(float(self._start[w].flat[flat])))
        for exponent in (-20, 0, 20):               # an effect below the rounding of its value needs a larger trial
            trial = 2.0**exponent * size
            most = max(self._moved(w, flat, trial), self._moved(w, flat, -trial))
            if most != 0.0:
                return trial * MOVE / most if math.isfinite(most) else math.nan
        return 0.0

    def _moved(self, w: Var, flat: int, step: float) -> float:
        """How far `step` moves the value of the forward half that moves most; infinite if one is no number."""
        values = self.values(w, flat, step)
        with np.errstate(all="ignore"):
            most = float(np.max([np.max(np.abs(values[eq.out] - self._here[eq.out])) for eq in self.equations]))
        return math.inf if math.isnan(most) else most

    def beside(self, w: Var, flat: int) -> tuple[float, list[float]]:
        """A small step of a parameter, and E before it, without it and after it."""
        h = SIDE * max(1.0, abs(float(self._start[w].flat[flat])))
        return h, [self.cost(w, flat, step) for step in (-h, 0.0, h)]

    def slope(self, w: Var, flat: int, largest: float) -> tuple[float, float] | str:
        """∂E/∂w by differences, and the tolerance it allows; why, if it is not known. `largest` is of the tensor."""
        h = self.first_step(w, flat)
        if h == 0.0:
            return 0.0, tolerance(0.0)
        if not h > 0.0:
            return NOTHING_BESIDE
        found, error = ridders(lambda step: self.cost(w, flat, step), h)
        noise = 32 * UNIT * abs(float(self._here[self.program.cost])) / (h / 2**(ROWS - 1))
        allowed = max(1e-6 * (abs(found) + 1e-6), 4 * error, noise)
        sure = math.isfinite(found) and allowed <= ROUGHEST * max(largest, abs(found), LEAST)
        return (found, allowed) if sure else ROUGH if math.isfinite(found) else NOTHING_BESIDE

    def crosses(self, w: Var, flat: int, step: float | None) -> bool:
        """Whether any law takes another branch when the parameter is moved by `step` up or down."""
        h = self.first_step(w, flat) if step is None else step * max(1.0, abs(float(self._start[w].flat[flat])))
        up, here, down = (self._branches(self.values(w, flat, by)) for by in (h, 0.0, -h))
        return any(not np.array_equal(a, b) for other in (up, down) for a, b in zip(here, other, strict=True))

    def _branches(self, values: dict[Var, np.ndarray]) -> list[np.ndarray]:
        """Every condition that the laws and their partials decide."""
        seen: list[np.ndarray] = []

        def where(condition: Any, a: Any, b: Any) -> Any:
            seen.append(np.asarray(condition))
            return np.where(condition, a, b)

        functions = SimpleNamespace(**{**vars(ARRAYS), "where": where})
        with np.errstate(all="ignore"):
            for eq in self.equations:
                if eq.law is None or eq.law is CHOSEN:
                    continue
                if eq.law is GREATEST:              # which of them it is
                    [x] = eq.terms[0].args
                    top = aligned(eq.out.letters, x.letters)(values[eq.out])
                    seen.append(values[x.base] == top)
                    continue
                xs = [aligned(v.letters, eq.out.letters)(values[v]) for v in eq.terms[0].args]
                y = eq.law.law(functions, *xs)
                for partial in eq.law.partials:
                    if callable(partial):
                        partial(functions, y, *xs)
        return seen


def ridders(f: Callable[[float], float], h: float) -> tuple[float, float]:
    """f'(0) by central differences at h, h/2, h/4, … extrapolated to 0, and the estimated error.

    Ridders, "Accurate computation of F'(x) and F'(x) F''(x)", Advances in Engineering Software 4 (1982).
    """
    best, error = math.nan, math.inf
    row: list[float] = []
    for n in range(ROWS):
        step = h / 2**n
        following = [(f(step) - f(-step)) / (2 * step)]
        for k, before in enumerate(row, 1):
            following.append(following[-1] + (following[-1] - before) / (4**k - 1))
            off = max(abs(following[-1] - following[-2]), abs(following[-1] - before))
            if off <= error:
                best, error = following[-1], off
        row = following
    return best, error
