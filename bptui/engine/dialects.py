"""The readings of a law that need nothing but Python and numpy.

`ARRAYS` computes with numpy, `FLOATS` with `math` (it raises where IEEE has inf or NaN), `IEEE` is the same
arithmetic that never raises: finite bits do not change. `Text` is an operand that writes the expression it
takes part in as Python source, for the straight-line executor. What a person reads is written by `algebra`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

_NAN, _INF = math.nan, math.inf
_erf = np.vectorize(math.erf, otypes=[float])     # numpy has none; exact, and only gelu and erf use it



def _where(condition: Any, a: Any, b: Any) -> Any:
    """numpy's where, in floats even if a law writes 0 or 1."""
    return np.where(condition, a if isinstance(a, np.ndarray) else float(a),
                    b if isinstance(b, np.ndarray) else float(b))


def _array_power(a: Any, b: Any) -> Any:
    return np.where(np.isnan(a) | np.isnan(b), _NAN, np.power(a, b))


def _power(a: float, b: float) -> float:
    """a ** b, but NaN stays NaN: in `math` and numpy NaN ** 0 and 1 ** NaN are 1."""
    return _NAN if a != a or b != b else math.pow(a, b)


def _greatest(*xs: float) -> float:
    """The greatest of several numbers; NaN if one of them is."""
    return _NAN if any(x != x for x in xs) else max(xs)


def _chosen(n: float, *xs: float) -> float:
    """1 if the n-th of `xs` (from 0) is the first of the greatest, else 0; NaN counts as greater than all."""
    at = next((k for k, x in enumerate(xs) if x != x), None)
    return 1.0 if n == (xs.index(max(xs)) if at is None else at) else 0.0


ARRAYS = SimpleNamespace(
    exp=np.exp, expm1=np.expm1, log=np.log, log1p=np.log1p, sin=np.sin, cos=np.cos, tanh=np.tanh, sqrt=np.sqrt,
    erf=_erf, abs=np.abs, where=_where, power=_array_power, pi=math.pi)

FLOATS = SimpleNamespace(
    exp=math.exp, expm1=math.expm1, log=math.log, log1p=math.log1p, sin=math.sin, cos=math.cos, tanh=math.tanh,
    sqrt=math.sqrt, erf=math.erf, abs=abs, where=lambda c, a, b: a if c else b, power=_power,
    greatest=_greatest, chosen=_chosen, pi=math.pi)


def _guarded(function: Callable[[float], float], answer: Callable[[float], float]) -> Callable[[float], float]:
    """`function`, and `answer(x)` where it raises."""
    def guarded(x: float) -> float:
        try:
            return function(x)
        except (ValueError, OverflowError):
            return answer(x)
    return guarded


def ieee_div(a: float, b: float) -> float:
    """a / b as IEEE 754 has it: 1/0 is inf, 0/0 is NaN."""
    try:
        return a / b
    except ZeroDivisionError:
        if a == 0 or a != a:
            return _NAN
        return math.copysign(_INF, a) * math.copysign(1.0, b)


def ieee_power(a: float, b: float) -> float:
    """a ** b over the reals: NaN for a negative base with a fractional exponent, inf for an overflow."""
    try:
        return _power(a, b)
    except OverflowError:
        return -_INF if a < 0 and b % 2 == 1 else _INF
    except ValueError:
        if a == 0:                                 # 0 to a negative power
            return math.copysign(_INF, a) if b % 2 == 1 else _INF
        return _NAN


IEEE = SimpleNamespace(
    exp=_guarded(math.exp, lambda x: _INF), expm1=_guarded(math.expm1, lambda x: _INF),
    log=_guarded(math.log, lambda x: -_INF if x == 0 else _NAN),
    log1p=_guarded(math.log1p, lambda x: -_INF if x == -1 else _NAN),
    sin=_guarded(math.sin, lambda x: _NAN), cos=_guarded(math.cos, lambda x: _NAN), tanh=math.tanh,
    sqrt=_guarded(math.sqrt, lambda x: _NAN), erf=math.erf, abs=abs, where=FLOATS.where, power=ieee_power,
    greatest=_greatest, chosen=_chosen, div=ieee_div, pi=math.pi)

SUM, PRODUCT, UNARY, ATOM = range(4)


@dataclass(frozen=True)
class Dialect:
    """How a text operand spells things. `number` writes a constant of the law."""

    times: str
    divide: str                                    # "" writes div(a, b): the division that never raises
    number: Callable[[float], str]
    where: Callable[[str, str, str], str]
    call: Callable[[str, str], str]


PYTHON = Dialect(" * ", " / ", lambda v: repr(float(v)), lambda c, a, b: f"({a} if {c} else {b})",
                 lambda name, args: f"{name}({args})")
PYTHON_IEEE = Dialect(" * ", "", PYTHON.number, PYTHON.where, PYTHON.call)


class Text:
    """An operand that writes the expression it takes part in, with the fewest parentheses.

    Sums and products associate to the left, as they are computed; what stands on the right of an operator
    is bracketed when it is of the same rank, so reading the text gives the same bits.
    """

    __slots__ = ("dialect", "level", "source")
    __hash__ = None                                # type: ignore[assignment]

    def __init__(self, source: str, dialect: Dialect, level: int = ATOM) -> None:
        self.source, self.dialect, self.level = source, dialect, level

    def of(self, x: Any) -> Text:
        """`x` as an operand of the same dialect."""
        if isinstance(x, Text):
            return x
        return Text(self.dialect.number(x), self.dialect, UNARY if x < 0 else ATOM)

    def at(self, level: int, right: bool = False) -> str:
        bare = self.level >= level and not (right and self.source.startswith("-"))
        return self.source if bare else f"({self.source})"

    def _join(self, other: Any, sign: str, level: int, flip: bool) -> Text:
        a, b = (self.of(other), self) if flip else (self, self.of(other))
        return Text(f"{a.at(level)}{sign}{b.at(level + 1, right=True)}", self.dialect, level)

    def __add__(self, o: Any) -> Text: return self._join(o, " + ", SUM, False)
    def __radd__(self, o: Any) -> Text: return self._join(o, " + ", SUM, True)
    def __sub__(self, o: Any) -> Text: return self._join(o, " - ", SUM, False)
    def __rsub__(self, o: Any) -> Text: return self._join(o, " - ", SUM, True)
    def __mul__(self, o: Any) -> Text: return self._join(o, self.dialect.times, PRODUCT, False)
    def __rmul__(self, o: Any) -> Text: return self._join(o, self.dialect.times, PRODUCT, True)
    def __truediv__(self, o: Any) -> Text: return self._divide(self, self.of(o))
    def __rtruediv__(self, o: Any) -> Text: return self._divide(self.of(o), self)

    def _divide(self, a: Text, b: Text) -> Text:
        if not self.dialect.divide:
            return Text(f"div({a.source}, {b.source})", self.dialect)
        return Text(f"{a.at(PRODUCT)}{self.dialect.divide}{b.at(PRODUCT + 1, right=True)}", self.dialect, PRODUCT)

    def __neg__(self) -> Text:
        return Text(f"-{self.at(UNARY, right=True)}", self.dialect, UNARY)

    def _relate(self, relation: str, other: Any) -> Text:
        return Text(f"{self.at(SUM)} {relation} {self.of(other).at(SUM)}", self.dialect, SUM - 1)

    def __lt__(self, o: Any) -> Text: return self._relate("<", o)
    def __le__(self, o: Any) -> Text: return self._relate("<=", o)
    def __gt__(self, o: Any) -> Text: return self._relate(">", o)
    def __ge__(self, o: Any) -> Text: return self._relate(">=", o)
    def __eq__(self, o: object) -> Text: return self._relate("==", o)  # type: ignore[override]


def text_functions(dialect: Dialect) -> SimpleNamespace:
    """The functions of a law as text of `dialect`."""
    blank = Text("", dialect)

    def call(name: str) -> Callable[..., Text]:
        return lambda *args: Text(dialect.call(name, ", ".join(blank.of(a).source for a in args)), dialect)

    names = ("exp", "expm1", "log", "log1p", "sin", "cos", "tanh", "sqrt", "erf", "abs", "power", "greatest", "chosen")
    return SimpleNamespace(
        **{name: call(name) for name in names},
        where=lambda c, a, b: Text(dialect.where(c.source, blank.of(a).source, blank.of(b).source), dialect),
        pi=Text("pi", dialect))


SOURCE = text_functions(PYTHON)
SOURCE_IEEE = text_functions(PYTHON_IEEE)
