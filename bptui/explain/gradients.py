"""The gradients of a run against two judges that share nothing with its backward half.

Differences: how E really changes when one parameter is moved. In small programs they are taken at 50 digits,
where they are good to thirty; in large ones in floats, by Ridders' extrapolation, whose error is estimated. And
the 50-digit reading of the same equations, which tells what rounding has done. Errors are in units of the
tolerance, so that more than 1 is a failure. Where a difference steps over a kink it says nothing, and is left out.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.arrays import aligned, compiled, constants, execute
from ..engine.executor import Env
from ..engine.laws import CHOSEN, GREATEST
from ..engine.program import Program, Var, live_equations
from ..engine.readings import ARRAYS
from ..engine.scalars import Scalars, is_stop
from .digits import Digits, numbers

if TYPE_CHECKING:
    from ..replay.run import Run

MOST_CHECKED, SAMPLED = 1000, 200                   # above so many parameters, so many are sampled
MOST_JACOBIAN = 20_000                              # terms of Jacobians beyond which fewer are sampled
MOST_EXACT = 300_000                                # terms that differences at 50 digits may add up in all
STEP = 1e-15                                        # of these differences
ROWS = 6                                            # of Ridders' tableau
MOVE = 0.1                                          # how far its first step moves any value of the forward half
ROUGHEST = 1e-3                                     # a difference less sure than this (of the tensor) says nothing
UNIT = 2.0**-52


@dataclass(frozen=True)
class GradientRow:
    """The worst errors of one parameter tensor; None where no element could be judged."""

    what: str
    differences: float | None
    digits50: float | None
    ok: bool


@dataclass
class Tally:
    """What was found of one tensor, over all updates looked at."""

    differences: list[float] = field(default_factory=list)
    digits: list[float] = field(default_factory=list)
    wrong: bool = False

    def row(self, what: str) -> GradientRow:
        differences, digits = (max(errors, default=None) for errors in (self.differences, self.digits))
        ok = not self.wrong and all(worst is None or worst <= 1 for worst in (differences, digits))
        return GradientRow(what, differences, digits, ok)


def tolerance(b: float, size: float = 0.0, doubt: float = 0.0) -> float:
    """How far from `b` a float may be: `size` is Σ|terms| of a sum, `doubt` what rounding may have done before."""
    return max(1e-10 * (abs(b) + 1e-6), 1e-12 * size, 4 * doubt if math.isfinite(doubt) else 0.0)


def sample(run: Run) -> dict[str, list[int]]:
    """The elements to check, by parameter name: all, or some of each tensor, chosen by the scenario's seed."""
    sizes = {p.name: p.value.size for p in run.model.parameters if run.model.trained(p.name)}
    total = sum(sizes.values())
    jacobians = sum(Scalars(eq).total for eq in run.program(0).equations if eq.out.jacobian)
    most = SAMPLED if jacobians <= MOST_JACOBIAN else max(2 * len(sizes), SAMPLED * MOST_JACOBIAN // jacobians)
    if total <= (MOST_CHECKED if most == SAMPLED else most):
        return {name: list(range(size)) for name, size in sizes.items()}
    chance = random.Random(f"{run.scenario.training.seed}/check")
    few = max(1, most // (2 * len(sizes)))          # at least so many of each, the rest by size
    counts = {name: min(size, max(few, most * size // total)) for name, size in sizes.items()}
    largest = max(sizes, key=lambda name: sizes[name])
    counts[largest] = max(1, min(sizes[largest], counts[largest] + most - sum(counts.values())))
    return {name: sorted(chance.sample(range(sizes[name]), count)) for name, count in counts.items()}


def check_gradients(run: Run, updates: Sequence[int]) -> tuple[tuple[GradientRow, ...], tuple[str, ...]]:
    """A row for each trained parameter, the worst of `updates`; and what is to be said about it."""
    chosen = sample(run)
    tallies = {name: Tally() for name in chosen}
    notes: list[str] = []
    total, checked = run.model.size, sum(map(len, chosen.values()))
    if checked < sum(p.value.size for p in run.model.parameters if run.model.trained(p.name)):
        notes.append(f"{checked} of {total:,} parameters are checked, chosen by the seed")
    looked = [_Gradients(run, update, notes) for update in updates]
    for at in looked:
        for w in at.program.trained:
            at.check(w, chosen[w.name], tallies[w.name])
    costs = {w.name: at.program.cost.name for at in looked for w in at.program.trained}
    rows = tuple(tally.row(f"d({costs.get(name, '')}, {name})") for name, tally in tallies.items())
    return rows, tuple(notes)


class _Gradients:
    """The gradients of one update."""

    def __init__(self, run: Run, update: int, notes: list[str]) -> None:
        self.run, self.update, self.notes = run, update, notes
        self.program = run.program(update)
        self.env = run.env(update)
        self.cost = (self.program.cost, 0)
        self.queries = {w: run.query(self.program, self.program.cost, w) for w in self.program.trained}
        self.digits = Digits(self.program, self.env, [eq for q in self.queries.values() for eq in q.equations])
        self.forward = Forward(self.program, self.env)
        terms = sum(Scalars(eq).total for eq in self.forward.equations)
        self.exactly = 2 * terms * min(SAMPLED, sum(w.size for w in self.program.trained)) <= MOST_EXACT

    def say(self, w: Var, what: str) -> None:
        after = f"{self.update} update{'s' * (self.update != 1)}"
        self.notes.append(f"{self.program.cost.name} by {w.name} after {after}: {what}")

    def check(self, w: Var, chosen: Sequence[int], tally: Tally) -> None:
        true = self.run.derivative(self.update, self.cost, w).ravel()
        given = self.env.array(self.program.gradients[w]).ravel()
        kinks: list[int] = []
        unsure: list[int] = []
        for values, name in ((true, f"d({self.program.cost.name}, {w.name})"), (given, f"{w.name}.grad")):
            bad = np.flatnonzero(~np.isfinite(values))
            if len(bad) and self.update and not self._finite:      # it has diverged, which is no fault of its gradients
                self.say(w, f"not judged: {name} is not finite, as the run's forward values are not")
                return
            if len(bad):
                tally.wrong = True
                self.say(w, f"{name} is not finite in {len(bad)} of {w.size} elements, first in number {bad[0]}")
                return
        for flat in chosen:
            self._digits(w, flat, float(true[flat]), float(given[flat]), tally)
            found = self._difference(w, flat, float(np.abs(true).max()))
            error = None if found is None else abs(float(true[flat]) - found[0]) / found[1]
            if error is not None and error <= 1:
                tally.differences.append(error)
            elif self.forward.crosses(w, flat, 1e-7 if self.exactly else None):
                kinks.append(flat)
            elif error is None:
                unsure.append(flat)
            else:
                tally.differences.append(error)
        if kinks:
            self.say(w, f"{_some(kinks, chosen)} at a kink, where differences say nothing ({self.forward.rules})")
        if unsure:
            self.say(w, f"{_some(unsure, chosen)} could not be judged by differences: rounding is too large there")

    def _digits(self, w: Var, flat: int, true: float, given: float, tally: Tally) -> None:
        """The float derivative, and what the optimizer was given, against 50 digits."""
        adjoint = self.queries[w].adjoint
        cells = [((self.program.gradients[w], flat), given)]
        if adjoint is not None:
            cells.append(((adjoint, flat), true))
        for cell, value in cells:
            exact = self.digits.value(cell)
            if not numbers().isfinite(exact):
                tally.wrong = True
                self.say(w, f"number {flat} is {value!r}, but at 50 digits there is no finite value")
                return
            allowed = tolerance(float(exact), self.digits.size(cell), self.digits.doubt(cell))
            tally.digits.append(float(abs(exact - value)) / allowed)
        if adjoint is not None and self._must_agree[w]:
            grad, d = (self.digits.value(cell) for cell, _ in cells)
            if abs(grad - d) > 1e-40 * (abs(d) + 1e-6):
                tally.wrong = True
                self.say(w, f"number {flat} of {w.name}.grad is not the derivative")

    @cached_property
    def _finite(self) -> bool:
        """Whether the forward half has numbers only; a run that has overflowed has no derivative to judge."""
        return all(np.isfinite(self.env.array(eq.out)).all() for eq in self.forward.equations)

    @cached_property
    def _must_agree(self) -> dict[Var, bool]:
        """Whether `w.grad` is the true derivative: nothing that it reads has been updated before it was made."""
        made = {w: live_equations(self.program.equations, [g]) for w, g in self.program.gradients.items()}
        return {w: not any(v.role in ("next", "estimate", "made") for eq in equations for v in (eq.out, *eq.operands))
                for w, equations in made.items()}

    def _difference(self, w: Var, flat: int, largest: float) -> tuple[float, float] | None:
        """The slope of E by one parameter, and how far the derivative may be from it; None if it is not known."""
        if not self.exactly:
            return self.forward.slope(w, flat, largest)
        mp = numbers()
        middle = mp.mpf(float(self.env.array(w).flat[flat]))
        h = mp.mpf(STEP) * max(1, abs(middle))
        up, down = (self.digits.moved({(w, flat): middle + step}).value(self.cost) for step in (h, -h))
        slope = (up - down) / (2 * h)
        if not mp.isfinite(slope):
            return None
        return float(slope), tolerance(float(slope), 0.0, self.digits.doubt((self.program.gradients[w], flat)))


def _some(elements: Sequence[int], chosen: Sequence[int]) -> str:
    stand = "stands" if len(elements) == 1 else "stand"
    return f"{len(elements)} of {len(chosen)} elements {stand}"


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

    def slope(self, w: Var, flat: int, largest: float) -> tuple[float, float] | None:
        """∂E/∂w by differences, and the tolerance it allows; None if it is too unsure. `largest` is of the tensor."""
        h = self.first_step(w, flat)
        if h == 0.0:
            return 0.0, tolerance(0.0)
        if not h > 0.0:
            return None
        found, error = ridders(lambda step: self.cost(w, flat, step), h)
        noise = 32 * UNIT * abs(float(self._here[self.program.cost])) / (h / 2**(ROWS - 1))
        allowed = max(1e-6 * (abs(found) + 1e-6), 4 * error, noise)
        sure = math.isfinite(found) and allowed <= ROUGHEST * max(largest, abs(found), 1e-6)
        return (found, allowed) if sure else None

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
