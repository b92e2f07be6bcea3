"""The 50-digit reading of a program: the same laws and sums on mpmath's numbers, to judge the floats by.

It starts from the exact doubles of the run (parameters, data, settings), and computes only what a wanted
scalar needs, each scalar once. Beside each value stands its doubt: how far rounding may have taken the float,
from the rounding of each operation and from what the operation makes of its operands' doubts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.dialects import IEEE
from ..engine.laws import Elementwise
from ..engine.program import FIXED, LEAVES, Equation, Program, Var
from ..engine.scalars import Cell, is_stop
from ..replay.timeline import scalars

if TYPE_CHECKING:
    from ..engine.executor import Env

DIGITS = 50
UNIT = 2.0**-53                                     # of rounding, in doubles
TOGETHER = 2_000                                    # terms between two calls of `tell`
LARGEST_EXPONENT = 1e15                             # exp of more is inf here: its digits would fill the memory


class TooMany(Exception):
    """More terms than may be read at 50 digits."""


@dataclass
class Allowance:
    """How many terms may still be read. `tell` is called now and then."""

    left: int
    tell: Callable[[], None] | None = None

    def take(self, terms: int) -> None:
        """Raises TooMany."""
        before, self.left = self.left, self.left - terms
        if self.left < 0:
            raise TooMany
        if self.tell is not None and before // TOGETHER != self.left // TOGETHER:
            self.tell()


class Reading:
    """Scalars of equations in some kind of number, each computed once, when it is asked for.

    `leaf` reads what no equation makes; `apply` computes a law of its operands, `add` a sum of products. The
    walk keeps its own stack, so that no network is too deep for it; `known` is in the order of computation.
    """

    def __init__(self, made_by: Mapping[Var, Equation], leaf: Callable[[Cell], Any],
                 apply: Callable[[Elementwise, list[Any]], Any], add: Callable[[list[list[Any]]], Any]) -> None:
        self.made_by, self.leaf, self.apply, self.add = made_by, leaf, apply, add
        self.known: dict[Cell, Any] = {}
        self.allowance: Allowance | None = None

    def value(self, cell: Cell) -> Any:
        known, made_by = self.known, self.made_by
        waiting = [cell]
        terms: dict[Cell, list[tuple[Cell, ...]]] = {}
        while waiting:
            here = waiting[-1]
            if here in known:
                waiting.pop()
                continue
            equation = made_by.get(here[0])
            if equation is None:
                known[here] = self.leaf(here)
                continue
            if here not in terms:
                terms[here] = list(scalars(equation).all_cells(here[1]))
                missing = [c for cells in terms[here] for c in cells if c not in known]
                if missing:
                    waiting.extend(reversed(missing))
                    continue
            if self.allowance is not None:
                self.allowance.take(len(terms[here]))
            read = [[known[c] for c in cells] for cells in terms.pop(here)]
            known[here] = self.add(read) if equation.law is None else self.apply(equation.law, read[0])
        return known[cell]


@cache
def numbers() -> Any:
    """mpmath's numbers at 50 digits; a context of our own, so that nobody's precision is changed."""
    import mpmath
    context = mpmath.MPContext()
    context.dps = DIGITS
    over = context.mpf.__truediv__

    def divided(a: Any, b: Any) -> Any:
        """a / b, also by 0: a law is computed with all its branches, those not taken too."""
        if b != 0:
            return over(a, b)
        return context.nan if a == 0 or a != a else context.inf if a > 0 else -context.inf
    context.mpf.__truediv__ = divided
    context.mpf.__rtruediv__ = lambda b, a: divided(context.mpf(a), b)
    return context


@cache
def functions() -> SimpleNamespace:
    """What a law needs, on 50-digit numbers, over the reals: NaN where there is no real answer."""
    mp = numbers()

    def real(function: Callable[..., Any], holds: Callable[..., bool]) -> Callable[..., Any]:
        return lambda *xs: function(*map(mp.mpf, xs)) if holds(*xs) else mp.nan

    def exp(x: Any) -> Any:
        if abs(x) <= LARGEST_EXPONENT:
            return mp.exp(x)
        return mp.nan if x != x else mp.inf if x > 0 else mp.mpf(0)

    def power(a: Any, b: Any) -> Any:
        if b == 0:
            return a if a != a else mp.mpf(1)
        if a == 0 and b < 0:
            return mp.inf
        if abs(b) > LARGEST_EXPONENT or (a < 0 and b != int(b)):
            return mp.nan
        return mp.power(a, b)

    def expm1(x: Any) -> Any:
        return mp.expm1(x) if abs(x) <= 1 else exp(x) - 1

    return SimpleNamespace(
        exp=exp, expm1=expm1, log=real(mp.log, lambda x: x >= 0), log1p=real(mp.log1p, lambda x: x >= -1),
        sin=real(mp.sin, mp.isfinite), cos=real(mp.cos, mp.isfinite), tanh=mp.tanh,
        sqrt=real(mp.sqrt, lambda x: x >= 0), erf=mp.erf, abs=abs, where=lambda c, a, b: a if c else b, power=power,
        greatest=lambda *xs: mp.nan if any(x != x for x in xs) else max(xs),
        chosen=lambda n, *xs: mp.mpf(1 if xs.index(max(xs)) == n else 0), pi=+mp.pi)


Read = tuple[Any, float, float]                     # a 50-digit value, the doubt of the float, and its size in floats


class Digits:
    """The 50-digit reading of one update.

    `equations` are those of query programs, `seeds` their seeds (1 at a flat index, else 0); `changed` gives a
    leaf another value than the run's, for differences.
    """

    def __init__(self, program: Program, env: Env, equations: Iterable[Equation] = (),
                 seeds: Mapping[Var, int] | None = None, changed: Mapping[Cell, Any] | None = None) -> None:
        self._program = program
        self._mp, self._f = numbers(), functions()
        self._env, self._seeds, self._changed = env, seeds or {}, changed or {}
        self._leaves: dict[Var, list[float]] = {}
        self._finite = True                         # so far: a product with an exact 0 is then exactly 0
        made = {**program.made_by, **{eq.out: eq for eq in equations}}
        self._reading = Reading(made, self._leaf, self._apply, self._add)

    @property
    def allowance(self) -> Allowance | None:
        """What limits the reading; None where nothing does."""
        return self._reading.allowance

    @allowance.setter
    def allowance(self, allowance: Allowance | None) -> None:
        self._reading.allowance = allowance

    def moved(self, changed: Mapping[Cell, Any]) -> Digits:
        """The same update with some leaves moved; what `stop` holds stays where it was."""
        other = Digits(self._program, self._env, changed=changed)
        for eq in filter(is_stop, self._program.equations):
            for flat in range(eq.out.size):
                other._reading.known[eq.out, flat] = self._reading.value((eq.out, flat))
        return other

    def value(self, cell: Cell) -> Any:
        """A scalar to 50 digits."""
        return self._reading.value(cell)[0]

    def doubt(self, cell: Cell) -> float:
        """How far from it rounding may have taken the float; infinite where that cannot be said."""
        return self._reading.value(cell)[1]

    def size(self, cell: Cell) -> float:
        """Σ|terms| of the sum that makes a scalar; 0 where a law does."""
        equation = self._reading.made_by.get(cell[0])
        if equation is None or equation.law is not None:
            return 0.0
        return sum(math.prod(abs(float(self.value(c))) for c in cells)
                   for cells in scalars(equation).all_cells(cell[1]))

    def _leaf(self, cell: Cell) -> Read:
        var, flat = cell
        if cell in self._changed:
            return _exact(self._changed[cell])
        if var in self._seeds:
            return _exact(self._mp.mpf(1 if flat == self._seeds[var] else 0))
        if var.role in FIXED:
            return _exact(self._mp.mpf(var.constant_value(flat)))
        assert var.role in LEAVES, f"no equation makes {var.name}"
        if var not in self._leaves:
            self._leaves[var] = self._env.array(var).ravel().tolist()
        value = self._leaves[var][flat]
        self._finite = self._finite and math.isfinite(value)
        return self._mp.mpf(value), 0.0, abs(value)

    def _add(self, terms: list[list[Read]]) -> Read:
        total, size, doubt = self._mp.mpf(0), 0.0, 0.0
        for factors in terms:
            if self._finite and any(not off and not value for value, off, _ in factors):
                continue
            product, magnitude = self._mp.one, 1.0
            for n, (value, _, of) in enumerate(factors):
                product = product * value if n else value
                magnitude *= of
            total += product
            magnitude = magnitude if magnitude == magnitude else 0.0    # an exact 0 by what is too large for floats
            size += magnitude
            doubt += len(factors) * UNIT * magnitude
            for k, (_, off, _) in enumerate(factors):
                if off:
                    doubt += off * _others(factors, k)
        if not self._mp.isfinite(total):
            self._finite = False
            return total, math.inf, math.inf
        return total, doubt + len(terms) * UNIT * size, abs(float(total))

    def _apply(self, law: Elementwise, operands: list[Read]) -> Read:
        xs = [x for x, _, _ in operands]
        y = self._law(law, xs)
        if not self._mp.isfinite(y):
            self._finite = False
            return y, math.inf, math.inf
        # What floats make of exact operands, and what the law makes of the operands' doubts.
        doubt = UNIT * abs(float(y)) + 2 * float(abs(y - self._in_floats(law, xs)))
        for k, (x, off, _) in enumerate(operands):
            if off:
                ends = [self._law(law, [*xs[:k], x + step, *xs[k + 1:]]) for step in (off, -off)]
                doubt += max(float(abs(end - y)) for end in ends)
        return y, doubt, abs(float(y))

    def _law(self, law: Elementwise, xs: Sequence[Any]) -> Any:
        return self._mp.mpf(law.law(self._f, *xs))

    def _in_floats(self, law: Elementwise, xs: Sequence[Any]) -> Any:
        try:
            with np.errstate(all="ignore"):         # numpy's own scalars divide by 0, as floats do not
                return self._mp.mpf(float(law.law(IEEE, *map(np.float64, xs))))
        except (ArithmeticError, ValueError):
            return self._mp.nan


def _others(factors: Sequence[Read], k: int) -> float:
    """The size of the product of all factors but the k-th."""
    return math.prod(size for n, (_, _, size) in enumerate(factors) if n != k)


def _exact(value: Any) -> Read:
    """A value that no rounding has touched."""
    return value, 0.0, abs(float(value))
