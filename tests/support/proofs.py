"""Proofs of the library's laws by sympy: that a stated slope is the derivative, in every branch that points reach.

sympy works on symbols that are made by `explain/formula.py`; what it cannot decide is worked out with 50 digits.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sympy

from bptui.engine.laws import Elementwise
from bptui.explain.digits import numbers
from bptui.explain.formula import POINTS, RANGES, Choices, exactly, noting, released, symbolic, value_at, vanishes

How = Literal["symbols", "symbols, up to the rounding of constants", "numbers at 50 digits", "refused"]
WEAKEST_FIRST: tuple[How, ...] = ("numbers at 50 digits", "symbols, up to the rounding of constants", "symbols")


@dataclass(frozen=True)
class Proof:
    """Whether a partial is the derivative, and how that is known. True or false as itself."""

    holds: bool
    how: How

    def __bool__(self) -> bool:
        return self.holds


def prove(law: Elementwise, k: int) -> Proof:
    """Whether `law.partials[k]` is the derivative of the law by its k-th operand, wherever it has one."""
    count = len(law.partials)
    xs = [sympy.Dummy(f"x{n}", real=True) for n in range(count)]
    hows: list[How] = []
    for choices, points in _branches(law, k, count).items():
        f = symbolic(choices)
        y = law.law(f, *xs)
        partial = law.partials[k]
        stated = partial(f, y, *xs) if callable(partial) else partial
        how = _equal(exactly(sympy.diff(exactly(y), xs[k])), exactly(stated), xs, points)
        if how == "refused":
            return Proof(False, how)
        hows.append(how)
    for how in WEAKEST_FIRST:
        if how in hows:
            return Proof(True, how)
    return Proof(False, "refused")                  # no point lies in its domain


def _branches(law: Elementwise, k: int, count: int) -> dict[Choices, list[list[Any]]]:
    """The combinations of branches that random points reach, with the points, without those outside the domain."""
    mp, chance = numbers(), random.Random(f"{law.name}/{k}")
    found: dict[Choices, list[list[Any]]] = {}
    for n in range(POINTS):
        low, high = RANGES[n % len(RANGES)]
        point = [mp.mpf(chance.uniform(low, high)) for _ in range(count)]
        choices: list[int] = []
        f = noting(choices)
        try:
            y = law.law(f, *point)
            partial = law.partials[k]
            slope = partial(f, y, *point) if callable(partial) else partial
        except ZeroDivisionError:
            continue
        if mp.isfinite(y) and mp.isfinite(slope):
            found.setdefault(tuple(choices), []).append(point)
    return found


def _equal(a: Any, b: Any, symbols: Sequence[Any], points: Sequence[Sequence[Any]]) -> How:
    """How it is known that two expressions are equal; "refused" if they are not."""
    if vanishes(a - b) or (gap := sympy.simplify(released(a - b))) == 0:
        return "symbols"
    a, b = released(a), released(b)
    largest = 0.0
    for point in points:
        here = dict(zip(symbols, (sympy.Float(str(x), 50) for x in point), strict=True))
        scale = 1 + abs(value_at(a, here)) + abs(value_at(b, here))
        largest = max(largest, float(abs(value_at(gap, here)) / scale))
    if largest < 1e-40:
        return "numbers at 50 digits"
    # 0.1 * 0.2 written in Python is a float before sympy sees it.
    return "symbols, up to the rounding of constants" if largest < 1e-15 and _tiny(gap) else "refused"


def _tiny(gap: Any) -> bool:
    """Whether every coefficient of an expression is what rounding leaves of a constant."""
    return all(abs(c) < 1e-15 for c, _ in (t.as_coeff_Mul() for t in sympy.Add.make_args(sympy.expand(gap))))
