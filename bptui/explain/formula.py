"""Formulas by sympy: a slope simplified, and proofs that what the engine derives is the derivative.

The one module that imports sympy, and only inside its functions, because the import takes half a second.
Symbols are objects made here; no text, least of all a user's, is ever handed to sympy to read. Where a law
has branches (`where`, `abs`), random points find out which combinations can occur, and each is proved apart.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any

from ..engine.algebra import Applied, Formula, Leaf
from ..engine.derive import elementwise
from ..engine.laws import Elementwise
from ..engine.program import FIXED, Block, Equation, Program, Var
from ..engine.query import query
from ..engine.scalars import Cell, is_stop
from .digits import Reading, functions, numbers
from .spelling import spelled
from .symbol import Symbol, line

Choices = tuple[int, ...]                          # what each where and abs decided, in order
POINTS = 60                                         # random points that look for branches
BRANCHES = 4                                        # of a whole program that are proved
MOST_SCALARS = 500                                  # of a program that is proved as a whole
MOST_SIMPLIFIED = 60                                # operations of a slope that sympy is asked to simplify
MOST_NODES = 100_000                                # of its expressions, written out as trees
MOST_CANCELLED = 1000                               # operations of a fraction that is brought to one denominator
RANGES = ((-1, 1), (0, 1), (-6, 6))                 # where points are drawn from


@cache
def held_exp() -> Any:
    """exp as a function that sympy does not rewrite: its own makes exp(u)·exp(v) into exp(u + v), unasked."""
    import sympy

    class HeldExp(sympy.Function):
        def fdiff(self, argindex: Any = 1) -> Any:
            return self
    return HeldExp


def symbolic(choices: Iterable[int] | None = None) -> SimpleNamespace:
    """A law's functions for sympy. With `choices`, for proofs: each where and abs takes the branch that is its turn."""
    import sympy
    turn = iter(choices or ())

    def branch(a: Any, b: Any) -> Any:
        return a if next(turn) else b

    def where(condition: Any, a: Any, b: Any) -> Any:
        if condition in (True, False):              # numbers have been compared
            return a if condition else b
        return sympy.Piecewise((a, condition), (b, True))

    decided = choices is not None
    exp = held_exp() if decided else sympy.exp
    return SimpleNamespace(
        exp=exp, expm1=lambda x: exp(x) - 1, log=sympy.log, log1p=lambda x: sympy.log(1 + x),
        sin=sympy.sin, cos=sympy.cos, tanh=sympy.tanh, sqrt=sympy.sqrt, erf=sympy.erf,
        abs=(lambda x: branch(x, -x)) if decided else sympy.Abs,
        where=(lambda c, a, b: branch(a, b)) if decided else where,
        power=lambda a, b: sympy.Pow(a, exactly(b)),
        greatest=(lambda *xs: xs[next(turn)]) if decided else sympy.Max,
        chosen=lambda n, *xs: sympy.Integer(1 if next(turn) else 0), pi=sympy.pi)


def noting(choices: list[int]) -> SimpleNamespace:
    """A law's functions on 50-digit numbers, writing down what each where and abs decides."""
    f = functions()

    def where(condition: Any, a: Any, b: Any) -> Any:
        choices.append(bool(condition))
        return a if condition else b

    def greatest(*xs: Any) -> Any:
        choices.append(xs.index(max(xs)))
        return xs[choices[-1]]

    def chosen(n: Any, *xs: Any) -> Any:
        return where(xs.index(max(xs)) == n, 1, 0)

    return SimpleNamespace(**{**vars(f), "where": where, "abs": lambda x: where(x >= 0, x, -x),
                              "greatest": greatest, "chosen": chosen})


def exactly(expression: Any) -> Any:
    """`expression` with each float as the fraction that its digits say."""
    import sympy
    return sympy.nsimplify(expression, rational=True)


def released(expression: Any) -> Any:
    """`expression` with sympy's own exp."""
    import sympy
    return expression.replace(held_exp(), sympy.exp)


def value_at(expression: Any, here: Mapping[Any, Any]) -> Any:
    """The number that `expression` is where its symbols have the values of `here`."""
    import sympy
    return sympy.N(expression.xreplace(here), 50)


# is it zero? by algebra, with every transcendental part as a symbol of its own

def vanishes(expression: Any) -> bool:
    """Whether `expression` is 0 as a rational function of its symbols, exponentials, logarithms, roots and so on."""
    import sympy
    plain = sympy.expand(_Atoms().replaced(exactly(expression)))
    if plain == 0 or sympy.count_ops(plain) > MOST_CANCELLED:
        return plain == 0
    return sympy.cancel(sympy.together(plain)) == 0


class _Atoms:
    """Replaces what is not rational by symbols, equal parts by equal symbols.

    exp(u) becomes (1 - σ)/σ, so that a sigmoid is just σ; exp(n·u) a power of it.
    """

    def __init__(self) -> None:
        self._symbols: dict[Any, Any] = {}
        self._done: dict[Any, Any] = {}

    def _symbol(self, part: Any) -> Any:
        import sympy
        return self._symbols.setdefault(part, sympy.Dummy(f"a{len(self._symbols)}"))

    def _exponential(self, u: Any) -> Any:
        import sympy
        content, part = sympy.expand(self.replaced(u)).primitive()  # 2a + 2b is 2 times a + b
        sign = 1
        if part.could_extract_minus_sign():         # of u and -u only one has a symbol
            sign, part = -1, -part
        s = self._symbol(sympy.exp(part / content.q))
        return ((1 - s) / s) ** (-sign * content.p)

    def _power(self, base: Any, exponent: Any) -> Any:
        import sympy
        inside = self.replaced(base)
        if exponent.is_negative:                    # a small fraction, cleared before it is part of a large one
            inside = sympy.cancel(inside)
        if exponent.is_Rational and exponent.q == 1:
            return inside**exponent.p
        if exponent.is_Rational:                    # base^(p/q) as the p-th power of a root
            return self._symbol(sympy.Pow(sympy.expand(inside), sympy.Rational(1, exponent.q))) ** exponent.p
        steps = sympy.floor(exponent.as_coeff_Add()[0])
        left = sympy.expand(self.replaced(exponent - steps))
        return inside**steps * self._symbol(sympy.Pow(sympy.expand(inside), left))

    def replaced(self, part: Any) -> Any:
        import sympy
        if part not in self._done:
            if part.is_Atom or part.is_number:
                done = part
            elif isinstance(part, (sympy.exp, held_exp())):
                done = self._exponential(part.args[0])
            elif part.is_Pow:
                done = self._power(*part.as_base_exp())
            elif part.is_Add or part.is_Mul:
                done = part.func(*(self.replaced(a) for a in part.args))
            else:
                done = self._symbol(part.func(*(sympy.expand(self.replaced(a)) for a in part.args)))
            self._done[part] = done
        return self._done[part]


# a whole derivative

def prove_derivative(program: Program, y: Cell, x: Cell) -> bool | None:
    """Whether the engine's query program for d(y, x) is what sympy makes of the forward half, written out.

    `y` and `x` are scalars. None: too large to be proved, or sympy cannot decide. Of a program with branches,
    those are proved that random points reach.
    """
    import sympy
    found = query(program, y[0], x[0])
    made = {eq.out: eq for eq in (*program.equations, *found.equations) if not is_stop(eq)}    # it is a constant
    made.pop(x[0], None)                            # x is a symbol, whatever made it
    cells = [y] if found.adjoint is None else [y, (found.adjoint, x[1])]
    cases: dict[Choices, None] = {}
    chance = random.Random("/".join(v.name for v in (y[0], x[0])))
    for n in range(POINTS):
        try:
            choices = _choices(made, found.seed, y, cells, RANGES[n % len(RANGES)], chance)
        except _TooLarge:
            return None
        if choices is not None:
            cases[choices] = None
        if len(cases) == BRANCHES or (n >= 3 and cases == {(): None}):
            break
    if not cases:
        return None
    for choices in cases:
        symbols: dict[Cell, Any] = {}
        reading = _symbols(made, found.seed, y, symbols, choices)
        top, *engine = (exactly(reading.value(cell)) for cell in cells)
        wanted = sympy.diff(top, symbols[x]) if x in symbols else sympy.Integer(0)
        off = wanted - (engine[0] if engine else 0)
        if not vanishes(off):
            return None if _zero_in_numbers(off, symbols, chance) else False
    return True


class _TooLarge(Exception):
    """More than sympy should be asked to prove."""


def _leaf(cell: Cell, seed: Var | None, y: Cell) -> float | None:
    """The number of a leaf that is known: a constant, or the seed of the query program."""
    var, flat = cell
    if var is seed:
        return 1.0 if flat == y[1] else 0.0
    return var.constant_value(flat) if var.role in FIXED else None


def _choices(made: Mapping[Var, Equation], seed: Var | None, y: Cell, cells: Sequence[Cell],
             span: tuple[int, int], chance: random.Random) -> Choices | None:
    """The branches taken at a random point; None if it lies outside the domain. Raises _TooLarge."""
    mp, choices = numbers(), list[int]()
    f = noting(choices)

    def leaf(cell: Cell) -> tuple[Any, int]:
        if len(reading.known) > MOST_SCALARS:
            raise _TooLarge
        known = _leaf(cell, seed, y)
        return mp.mpf(chance.uniform(*span) if known is None else known), 1

    def apply(law: Elementwise, xs: list[Any]) -> tuple[Any, int]:
        return mp.mpf(law.law(f, *(x for x, _ in xs))), 4 + 2 * sum(nodes for _, nodes in xs)

    def add(terms: list[list[Any]]) -> tuple[Any, int]:
        return (mp.fsum(mp.fprod(x for x, _ in factors) for factors in terms),
                1 + sum(nodes for factors in terms for _, nodes in factors))

    reading = Reading(made, leaf, apply, add)
    try:
        values = [reading.value(cell) for cell in cells]
    except ZeroDivisionError:
        return None
    if any(nodes > MOST_NODES for _, nodes in values):
        raise _TooLarge
    return tuple(choices) if all(mp.isfinite(value) for value, _ in values) else None


def _symbols(made: Mapping[Var, Equation], seed: Var | None, y: Cell, symbols: dict[Cell, Any],
             choices: Choices) -> Reading:
    """The same scalars in symbols, along the branches of `choices`."""
    import sympy
    f = symbolic(choices)

    def leaf(cell: Cell) -> Any:
        known = _leaf(cell, seed, y)
        if known is not None:
            return exactly(sympy.Float(known))
        return symbols.setdefault(cell, sympy.Dummy(f"v{len(symbols)}", real=True))

    def apply(law: Elementwise, xs: list[Any]) -> Any:
        return exactly(law.law(f, *xs))

    def add(terms: list[list[Any]]) -> Any:
        return sympy.Add(*(sympy.Mul(*factors) for factors in terms))
    return Reading(made, leaf, apply, add)


def _zero_in_numbers(expression: Any, symbols: Mapping[Cell, Any], chance: random.Random) -> bool:
    import sympy
    expression = released(expression)
    return all(abs(value_at(expression, {s: sympy.Float(chance.uniform(0, 1), 50) for s in symbols.values()})) < 1e-30
               for _ in range(5))


# a formula to read

def simplified(block: Block, x: Var, called: Callable[[Var], Symbol] | None = None) -> str | None:
    """∂y/∂x of a written line that works element by element, simplified.

    None where the line sums over an axis, or asks whether two numbers are equal: of a single point sympy says nothing.
    `called` names a variable; by default it is what equations call it.
    """
    import sympy
    if not elementwise(block) or any(eq.law is not None and eq.law.name in ("==", "!=") for eq in block.equations):
        return None
    symbols: dict[Var, Any] = {}
    made = {eq.out: eq for eq in block.equations if not is_stop(eq)}
    held = {eq.out: eq.terms[0].args[0] for eq in block.equations if is_stop(eq)}

    def leaf(cell: Cell) -> Any:
        var = cell[0]
        if var.role in FIXED:
            value = var.constant_value(cell[1])
            return sympy.pi * int(value / math.pi) if abs(value) == math.pi else exactly(sympy.Float(value))
        return symbols.setdefault(var, sympy.Dummy(f"v{len(symbols)}", real=True))

    def apply(law: Elementwise, xs: list[Any]) -> Any:
        return exactly(law.law(symbolic(), *xs))

    def add(terms: list[list[Any]]) -> Any:
        return sympy.Add(*(sympy.Mul(*factors) for factors in terms))

    def meant(var: Var) -> Formula:
        if var not in held:
            return Leaf((called or _called)(var))
        return Applied("stop", (told(reading.value((held[var], 0))),))

    def told(e: Any) -> Formula:
        inside = {s: meant(v) for v, s in list(symbols.items()) if s in e.free_symbols}
        return spelled(e, inside, sympy.fraction)

    reading = Reading(made, leaf, apply, add)
    y = reading.value((block.out, 0))
    if x not in symbols:
        return "0"
    return line(told(_shortest(sympy.diff(y, symbols[x]))))


def _shortest(slope: Any) -> Any:
    """The shortest of sympy's forms that brings in no function which the line does not have, such as cosh."""
    import sympy
    if sympy.count_ops(slope) > MOST_SIMPLIFIED:
        return slope
    forms = [slope, sympy.factor(slope), sympy.simplify(slope)]

    def kinds(e: Any) -> set[Any]:
        return {part.func for part in e.atoms(sympy.Function)}

    return min((e for e in forms if kinds(e) <= kinds(slope)), key=sympy.count_ops)


def _called(var: Var) -> Symbol:
    return Symbol(var.symbol or var.name)
