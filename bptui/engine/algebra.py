"""Formulas as trees.

A law read over `Operand`s builds the tree of what it computes: `law.law(BUILD, *operands).tree`. Leaves are what a
formula is about, a scalar of a program or a whole variable; how each is called, by name or by number, is said when the
tree is written: `written.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

MOST_LISTED = 8                                     # operands of `the first greatest of (…)`


@dataclass(frozen=True)
class Leaf:
    """Something that has a name and a value. `letters` are the indices that are written behind the name."""

    of: Hashable
    letters: str = ""


@dataclass(frozen=True)
class Constant:
    """A number that is the same in every run."""

    value: float


@dataclass(frozen=True)
class Applied:
    """Operands, and what is done to them: an operator (`+ - × / neg ^`), a relation (`< ≤ > ≥ = ≠`), an index (`[]`),
    or the function of that name.
    """

    sign: str
    args: tuple[Formula, ...]


@dataclass(frozen=True)
class Cases:
    """The value of the first condition that holds, else `last`: `where(b ≠ 0: p; else q)`."""

    cases: tuple[tuple[Formula, Formula], ...]
    last: Formula


@dataclass(frozen=True)
class Summed:
    """The sum of `body` over each of the axes: `Σ_j W[k,j] × x[j]`."""

    over: tuple[str, ...]
    body: Formula


@dataclass(frozen=True)
class Shortened:
    """A sum that is too long to be written: how it begins, and how many terms it has."""

    begins: Formula
    count: int


Formula: TypeAlias = Leaf | Constant | Applied | Cases | Summed | Shortened

ZERO, ONE, PI = Constant(0.0), Constant(1.0), Constant(math.pi)


# building: what an operator or a function of a law makes of trees

OUTCOMES = {"<": "<", "≤": "<=", ">": ">", "≥": ">=", "=": "=", "≠": "<>"}      # of a comparison, for which it holds
RELATION_OF = {frozenset(outcomes): sign for sign, outcomes in OUTCOMES.items()}


class Operand:
    """An operand of a law, which builds the tree of what the law makes of it."""

    __slots__ = ("tree",)
    __hash__ = None                                # type: ignore[assignment]

    def __init__(self, tree: Formula) -> None:
        self.tree = tree

    @staticmethod
    def of(x: Any) -> Operand:
        """`x` as an operand: a plain number is a constant."""
        return x if isinstance(x, Operand) else Operand(Constant(float(x)))

    def _with(self, sign: str, other: Any, flip: bool = False) -> Operand:
        a, b = (self.of(other).tree, self.tree) if flip else (self.tree, self.of(other).tree)
        return Operand(times(a, b) if sign == "×" else Applied(sign, (a, b)))

    def __add__(self, o: Any) -> Operand: return self._with("+", o)
    def __radd__(self, o: Any) -> Operand: return self._with("+", o, True)
    def __sub__(self, o: Any) -> Operand: return self._with("-", o)
    def __rsub__(self, o: Any) -> Operand: return self._with("-", o, True)
    def __mul__(self, o: Any) -> Operand: return self._with("×", o)
    def __rmul__(self, o: Any) -> Operand: return self._with("×", o, True)
    def __truediv__(self, o: Any) -> Operand: return self._with("/", o)
    def __rtruediv__(self, o: Any) -> Operand: return self._with("/", o, True)
    def __neg__(self) -> Operand: return Operand(negative(self.tree))
    def __lt__(self, o: Any) -> Operand: return Operand(related("<", self.tree, self.of(o).tree))
    def __le__(self, o: Any) -> Operand: return Operand(related("≤", self.tree, self.of(o).tree))
    def __gt__(self, o: Any) -> Operand: return Operand(related(">", self.tree, self.of(o).tree))
    def __ge__(self, o: Any) -> Operand: return Operand(related("≥", self.tree, self.of(o).tree))
    def __eq__(self, o: object) -> Operand: return Operand(related("=", self.tree, self.of(o).tree))  # type: ignore[override]


class _Functions:
    """What a law asks its `f` for; a function that is not known here is written as a call of its name."""

    pi = Operand(PI)

    def __getattr__(self, name: str) -> Callable[..., Operand]:
        return lambda *args: Operand(Applied(name, tuple(Operand.of(a).tree for a in args)))

    @staticmethod
    def power(a: Any, b: Any) -> Operand:
        return Operand(raised(Operand.of(a).tree, Operand.of(b).tree))

    @staticmethod
    def where(condition: Operand, a: Any, b: Any) -> Operand:
        return Operand(chosen_by(condition.tree, Operand.of(a).tree, Operand.of(b).tree))

    @staticmethod
    def chosen(n: Operand, *xs: Operand) -> Operand:
        assert isinstance(n.tree, Constant)
        own = xs[int(n.tree.value)].tree
        return Operand(first_greatest(own, [x.tree for x in xs]))


BUILD = _Functions()


def times(a: Formula, b: Formula) -> Formula:
    """a × b; the same twice is a square, and x² × x is x³."""
    if not isinstance(b, Constant):
        base, power = _power(b)
        if power:
            if (last := _power(a)) == (base, last[1]) and last[1]:
                return raised(base, Constant(last[1] + power))
            match a:
                case Applied("×", (before, end)) if (last := _power(end))[0] == base and last[1]:
                    return Applied("×", (before, raised(base, Constant(last[1] + power))))
    return Applied("×", (a, b))


def _power(x: Formula) -> tuple[Formula, float]:
    """x as a power with a whole exponent; 0 for one that is not."""
    match x:
        case Applied("^", (base, Constant(value=n))):
            return base, n if n > 0 and n.is_integer() else 0.0
    return x, 1.0


def raised(base: Formula, exponent: Formula) -> Formula:
    return base if exponent == ONE else Applied("^", (base, exponent))


def negative(x: Formula) -> Formula:
    return Constant(-x.value) if isinstance(x, Constant) else Applied("neg", (x,))


def product(factors: Sequence[Formula]) -> Formula:
    """From the left; the empty product is 1."""
    found = factors[0] if factors else ONE
    for factor in factors[1:]:
        found = times(found, factor)
    return found


def total(terms: Sequence[Formula]) -> Formula:
    """The sum, from the left; the empty sum is 0."""
    found = terms[0] if terms else ZERO
    for term in terms[1:]:
        found = Applied("+", (found, term))
    return found


def first_greatest(own: Formula, among: Sequence[Formula]) -> Formula:
    """1 where `own` is the first of the greatest, else 0."""
    listed = tuple(among) if len(among) <= MOST_LISTED else (Constant(len(among)),)
    return Cases(((Applied("first greatest", (own, *listed)), ONE),), ZERO)


TRUE, FALSE = Applied("true", ()), Applied("false", ())


def related(sign: str, a: Formula, b: Formula) -> Formula:
    """A comparison. What a comparison made, 1 or 0, and is compared again, is that comparison, or what it leaves."""
    match a, b:
        case Constant(x), Constant(y):
            return TRUE if _holds(sign, x, y) else FALSE
        case Cases(((condition, Constant(x)),), Constant(y)), Constant(z):
            then, other = _holds(sign, x, z), _holds(sign, y, z)
            if then == other:
                return TRUE if then else FALSE
            if then:
                return condition
            match condition:
                case Applied(relation, (left, right)) if relation in OUTCOMES:
                    return Applied(RELATION_OF[frozenset("<=>") - frozenset(OUTCOMES[relation])], (left, right))
    return Applied(sign, (a, b))


def _holds(sign: str, x: float, y: float) -> bool:
    return ("<" if x < y else ">" if x > y else "=" if x == y else "NaN") in OUTCOMES[sign]


def chosen_by(condition: Formula, a: Formula, b: Formula) -> Formula:  # noqa: C901
    """a where the condition holds, else b, without the branches that only a NaN can take.

    A law that keeps a NaN asks for all outcomes of a comparison: `where(c > 0, a, where(c < 0, a, where(c <= 0, b,
    c)))` is a where c ≠ 0, else b.
    """
    if isinstance(a, Cases) and a.last == b and condition not in (TRUE, FALSE):
        return Cases(tuple((Applied("and", (condition, inner)), value) for inner, value in a.cases), b)
    cases, last = ((condition, a),), b
    if isinstance(b, Cases):
        cases, last = (*cases, *b.cases), b.last
    pair, left, rest = None, set("<=>"), last       # max and min leave a + b to a NaN
    found: list[tuple[Formula, Formula]] = []
    for n, (asked, value) in enumerate(cases):
        if asked == FALSE:
            continue
        if asked == TRUE:
            last = value
            break
        match asked:
            case Applied(sign, args) if sign in OUTCOMES and pair in (None, args):
                pair = args
            case _:
                found += [case for case in cases[n:] if case[0] != FALSE]
                break
        here = left & set(OUTCOMES[sign])
        left -= here
        if not here:
            continue
        if found and found[-1][1] == value:
            here |= set(OUTCOMES[found.pop()[0].sign])   # type: ignore[union-attr]
        if not left:
            last = value
            break
        found.append((Applied(RELATION_OF[frozenset(here)], args), value))
    match found:
        case []:
            return last
        case _ if isinstance(last, Cases):
            return Cases((*found, *last.cases), last.last)
        case [(Applied("≥", (x, y)), value)] if (x, y) == (value, last) and rest == Applied("+", (x, y)):
            return Applied("max", (x, y))
        case [(Applied("≤", (x, y)), value)] if (x, y) == (value, last) and rest == Applied("+", (x, y)):
            return Applied("min", (x, y))
    return Cases(tuple(found), last)


def leaves(tree: Formula) -> Iterable[Leaf]:
    """Every leaf, from left to right, as often as it stands there."""
    match tree:
        case Leaf():
            yield tree
        case Constant():
            return
        case Applied(args=args):
            for part in args:
                yield from leaves(part)
        case Cases(cases, last):
            for condition, value in cases:
                yield from leaves(condition)
                yield from leaves(value)
            yield from leaves(last)
        case Summed(body=body) | Shortened(begins=body):
            yield from leaves(body)


def renamed(tree: Formula, new: Callable[[Leaf], Formula]) -> Formula:
    """The same formula over other leaves."""
    def below(part: Formula) -> Formula:
        return renamed(part, new)

    match tree:
        case Leaf():
            return new(tree)
        case Constant():
            return tree
        case Applied(sign, args):
            return Applied(sign, tuple(map(below, args)))
        case Cases(cases, last):
            return Cases(tuple((below(condition), below(value)) for condition, value in cases), below(last))
        case Summed(over, body):
            return Summed(over, below(body))
        case Shortened(begins, count):
            return Shortened(below(begins), count)


def compound(tree: Formula) -> bool:
    """Whether something stands between two operands: more than one number, and functions and powers of it."""
    match tree:
        case Leaf() | Constant():
            return False
        case Applied("^", args) | Applied(_, ([_] | ()) as args):
            return any(map(compound, args))
    return True
