"""Formulas written: where brackets stand, and what stands in line.

`Typesetter` alone knows the ranks of operators, so that what it writes, read by the usual ranks, is the tree: powers
bind before a sign, a sign before × and /, these before + and -, and a product or sum is read from the left. What it
puts together is a `Medium`'s: characters of one line here, boxes of a book's page elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, Protocol, TypeVar

from .algebra import OUTCOMES, Applied, Cases, Constant, Formula, Leaf, Shortened, Summed

LOGIC, RELATION, SUM, SERIES, PRODUCT, SLOPE, NEGATIVE, POWER, ATOM = range(9)
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
MOST_EXPONENT = 99                                  # that is written above the line
LONGEST_CONSTANT = 12                               # characters; a longer one may be a quotient
LARGEST_DENOMINATOR = 100                           # of a constant that is written as a fraction

T = TypeVar("T")


@dataclass(frozen=True)
class Spelled(Generic[T]):
    """What is written, how tightly it holds together, and whether a sign comes first."""

    said: T
    rank: int = ATOM
    signed: bool = False


Spelling = Callable[[Leaf], Spelled[str]]


class Medium(Protocol[T]):
    """How a kind of writing puts parts together. What has no `bars` writes quotients and powers in line."""

    bars: bool

    def leaf(self, leaf: Leaf, /) -> Spelled[T]: ...
    def text(self, said: str, /) -> T: ...
    def beside(self, parts: Sequence[T], /) -> T: ...
    def bracketed(self, inside: T, /) -> T: ...
    def fraction(self, over: T, under: T, /) -> T: ...
    def power(self, base: T, exponent: T, /) -> T: ...
    def whole_power(self, base: T, exponent: int, /) -> T: ...
    def function(self, name: str, inside: T, /) -> Spelled[T]: ...
    def sum_over(self, axis: str, /) -> T: ...


class Typesetter(Generic[T]):
    """Writes formulas in a medium."""

    def __init__(self, medium: Medium[T]) -> None:
        self.medium = medium

    def write(self, tree: Formula) -> T:
        return self.part(tree).said

    def part(self, tree: Formula) -> Spelled[T]:
        match tree:
            case Leaf():
                return self.medium.leaf(tree)
            case Constant(value):
                return self._constant(value)
            case Cases(cases, last):
                told = [x for condition, value in cases for x in (self.write(condition), ": ", self.write(value), "; ")]
                return self._called("where", self._line(*told, "else ", self.write(last)))
            case Summed(over, body):
                signs = [x for axis in over for x in (self.medium.sum_over(axis), " ")]
                return Spelled(self._line(*signs, self._at(body, SERIES)), SERIES)
            case Shortened(begins, count):
                begun = self._operand(begins, SUM)
                return Spelled(self._line(begun.said, f" + … ({count} terms)"), RELATION, begun.signed)
            case Applied(sign, args):
                return self._applied(sign, args)

    def _line(self, *parts: T | str) -> T:
        return self.medium.beside([self.medium.text(p) if isinstance(p, str) else p for p in parts])

    def _called(self, name: str, inside: T) -> Spelled[T]:
        return Spelled(self._line(name, self.medium.bracketed(inside)))

    def _listed(self, args: Sequence[Formula]) -> T:
        return self._line(*[x for n, a in enumerate(args) for x in ((", ",) if n else ()) + (self.write(a),)])

    def _operand(self, tree: Formula, rank: int, right: bool = False) -> Spelled[T]:
        """An operand, in brackets if it is of a lower rank; on the right of an operator also if a sign comes first."""
        part = self.part(tree)
        if part.rank >= rank and not (right and part.signed):
            return part
        return Spelled(self.medium.bracketed(part.said))

    def _at(self, tree: Formula, rank: int, right: bool = False) -> T:
        return self._operand(tree, rank, right).said

    def _applied(self, sign: str, args: tuple[Formula, ...]) -> Spelled[T]:  # noqa: C901
        match sign, args:
            case ("+" | "-"), (a, b):
                return self._between(a, SUM, f" {sign} ", b, SERIES, SUM)
            case "×", (a, b):
                return self._between(a, PRODUCT, " × ", b, SLOPE, PRODUCT)
            case "/", (a, b) if self.medium.bars:
                return Spelled(self.medium.fraction(self.write(a), self.write(b)), PRODUCT)
            case "/", (a, b):
                return self._between(a, PRODUCT, " / ", b, NEGATIVE, PRODUCT)
            case "neg", (a,):
                return self._negative(a)
            case "^", (a, Constant(value=n)) if 0 <= n <= MOST_EXPONENT and n.is_integer():
                return Spelled(self.medium.whole_power(self._at(a, ATOM), int(n)), POWER)
            case "^", (a, b):
                exponent = self.write(b) if self.medium.bars else self._at(b, ATOM)
                return Spelled(self.medium.power(self._at(a, ATOM), exponent), POWER)
            case ("and" | "or"), _:
                return Spelled(self._line(*[x for n, a in enumerate(args) for x in
                                         ((f" {sign} ",) if n else ()) + (self._at(a, RELATION),)]), LOGIC)
            case "[]", (a, index):
                return Spelled(self._line(self._at(a, ATOM), "[", self.write(index), "]"))
            case "first greatest", (own,):
                return Spelled(self._line(self._at(own, SUM), " is the first greatest"), RELATION)
            case "first greatest", (own, *among):
                of = self.write(among[0]) if len(among) == 1 else self.medium.bracketed(self._listed(among))
                return Spelled(self._line(self._at(own, SUM), " is the first greatest of ", of), RELATION)
            case _, (a, b) if sign in OUTCOMES:
                return self._between(a, SUM, f" {sign} ", b, SUM, RELATION, False)
            case _, (a,):
                return self.medium.function(sign, self.write(a))
        return self._called(sign, self._listed(args) if args else self.medium.text(""))

    def _between(self, a: Formula, left: int, sign: str, b: Formula, right: int, rank: int,
                 second: bool = True) -> Spelled[T]:
        """Two operands and what stands between them, as tightly as `rank`; they hold at least as `left` and `right`."""
        before = self._operand(a, left)
        return Spelled(self._line(before.said, sign, self._at(b, right, second)), rank, before.signed)

    def _negative(self, a: Formula) -> Spelled[T]:
        part = self.part(a)
        if part.rank < PRODUCT or part.signed:
            return Spelled(self._line("-", self.medium.bracketed(part.said)), NEGATIVE, True)
        return Spelled(self._line("-", part.said), min(part.rank, NEGATIVE), True)

    def _constant(self, value: float) -> Spelled[T]:
        signed = value < 0
        if (found := as_quotient(value)) is not None:
            over, under = (self.medium.text(str(whole)) for whole in found)
            said = self.medium.fraction(over, under)
            return Spelled(said, SERIES if signed else PRODUCT, signed)
        return Spelled(self.medium.text(constant(value)), NEGATIVE if signed else ATOM, signed)


def constant(value: float) -> str:
    """A constant of a formula, with all its digits; π by its name, 1/6 as the quotient that it is."""
    if abs(value) == math.pi:
        return "π" if value > 0 else "-π"
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    found = as_quotient(value)
    return repr(value) if found is None else f"{found[0]} / {found[1]}"


def as_quotient(value: float) -> tuple[int, int] | None:
    """The two whole numbers of a constant that is their quotient, and whose digits do not end soon."""
    if not math.isfinite(value) or abs(value) == math.pi or len(repr(value)) <= LONGEST_CONSTANT or (
            value.is_integer() and abs(value) < 1e15):
        return None
    p, q = Fraction(value).limit_denominator(LARGEST_DENOMINATOR).as_integer_ratio()
    return (p, q) if p / q == value else None


class OneLine:
    """Formulas as characters of one line; `spell` says how a leaf is called."""

    bars = False

    def __init__(self, spell: Spelling) -> None:
        self.spell = spell

    def leaf(self, leaf: Leaf) -> Spelled[str]:
        return self.spell(leaf)

    def text(self, said: str) -> str:
        return said

    def beside(self, parts: Sequence[str]) -> str:
        return "".join(parts)

    def bracketed(self, inside: str) -> str:
        return f"({inside})"

    def fraction(self, over: str, under: str) -> str:
        return f"{over} / {under}"

    def power(self, base: str, exponent: str) -> str:
        return f"{base}^{exponent}"

    def whole_power(self, base: str, exponent: int) -> str:
        return f"{base}{str(exponent).translate(RAISED)}"

    def function(self, name: str, inside: str) -> Spelled[str]:
        return Spelled(f"{name}({inside})")

    def sum_over(self, axis: str) -> str:
        return f"Σ_{axis}"


def write(tree: Formula, spell: Spelling) -> str:
    """The formula on one line."""
    return Typesetter(OneLine(spell)).write(tree)
