"""One more reading of the laws: numbers that remember the first operation that broke.

An operation breaks when it makes something that is not finite of finite numbers, or NaN of infinities. What it says
is derived from its operands: `log of -0.1`, `0 × ∞`, `exp of 1000 overflows`. A branch that a `where` does not take
is not remembered, as its value goes nowhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ..engine.dialects import IEEE, ieee_div

SHOWN = {"sqrt": "√", "**0.5": "√"}
SIGNS = ("+", "-", "/")                             # laws that stand between their operands


def shown(x: float) -> str:
    """A number in the words of a cause: short, but never rounded to another meaning."""
    if math.isnan(x):
        return "NaN"
    if math.isinf(x):
        return "-∞" if x < 0 else "∞"
    return f"{x:.6g}" if x else "0"


def bracketed(x: float) -> str:
    """A number on the right of an operator."""
    return f"({shown(x)})" if x < 0 else shown(x)


class TracedFloat:
    """A float, and what broke on the way to it; nothing while all is well."""

    __slots__ = ("broke", "v")
    __hash__ = None                                 # type: ignore[assignment]

    def __init__(self, v: float, broke: str = "") -> None:
        self.v, self.broke = float(v), broke

    def __neg__(self) -> TracedFloat: return TracedFloat(-self.v, self.broke)
    def __add__(self, o: Any) -> TracedFloat: return _operated("+", self, o)
    def __radd__(self, o: Any) -> TracedFloat: return _operated("+", o, self)
    def __sub__(self, o: Any) -> TracedFloat: return _operated("-", self, o)
    def __rsub__(self, o: Any) -> TracedFloat: return _operated("-", o, self)
    def __mul__(self, o: Any) -> TracedFloat: return _operated("×", self, o)
    def __rmul__(self, o: Any) -> TracedFloat: return _operated("×", o, self)
    def __truediv__(self, o: Any) -> TracedFloat: return _operated("/", self, o)
    def __rtruediv__(self, o: Any) -> TracedFloat: return _operated("/", o, self)
    def __lt__(self, o: Any) -> bool: return self.v < value(o)
    def __le__(self, o: Any) -> bool: return self.v <= value(o)
    def __gt__(self, o: Any) -> bool: return self.v > value(o)
    def __ge__(self, o: Any) -> bool: return self.v >= value(o)
    def __eq__(self, o: object) -> bool: return self.v == value(o)


def value(x: Any) -> float:
    return x.v if isinstance(x, TracedFloat) else float(x)


def broke(x: Any) -> str:
    return x.broke if isinstance(x, TracedFloat) else ""


OPERATE: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "×": lambda a, b: a * b, "/": ieee_div}


def breaks(result: float, operands: Sequence[float]) -> bool:
    """Whether an operation is where something stops being finite."""
    if math.isnan(result):
        return not any(map(math.isnan, operands))
    return math.isinf(result) and all(map(math.isfinite, operands))


def operation(sign: str, a: float, b: float) -> str:
    """`a sign b`, in words of what is wrong with it."""
    text = f"{shown(a)} {sign} {bracketed(b)}"
    undefined = (sign == "/" and b == 0) or not (math.isfinite(a) and math.isfinite(b))
    return text if undefined else f"{text} overflows"


def _operated(sign: str, x: Any, y: Any) -> TracedFloat:
    a, b = value(x), value(y)
    result = OPERATE[sign](a, b)
    if breaks(result, (a, b)):
        return TracedFloat(result, operation(sign, a, b))
    return TracedFloat(result, next((said for o in (x, y) if not math.isfinite(value(o)) and (said := broke(o))), "")
                   if not math.isfinite(result) else "")


def _power(xs: Sequence[float], result: float) -> str:
    a, b = xs[0], xs[1]
    text = f"{bracketed(a)} to the power {shown(b)}"
    if a == 0 and b < 0:
        return f"{text} is 1 / 0"
    return f"{text} is no real number" if math.isnan(result) else f"{text} overflows"


def called(name: str, xs: Sequence[float], result: float) -> str:
    """A function of numbers, in words of what is wrong with it."""
    if name in ("power", "**"):
        return _power(xs, result)
    if name in SIGNS:
        return operation(name, xs[0], xs[1])
    if name.startswith("**") and name not in SHOWN:
        return _power((xs[0], float(name.removeprefix("**"))), result)
    text = f"{SHOWN.get(name, name)} of {' and '.join(map(shown, xs))}"
    poles = {"log": 0.0, "log1p": -1.0}
    return text if math.isnan(result) or (name in poles and xs[0] == poles[name]) else f"{text} overflows"


def at(name: str, xs: Sequence[float], k: int = 0) -> str:
    """A law and where it stands, as in `the slope of √ at 0`. Of several operands the one that the slope is by, number
    k, is x, and the others have their values: `x**3 at 0`, `2**x at 1`, `max(x, 2) at 1.5`."""
    put = [("x" if n == k else shown(x), "x" if n == k else bracketed(x)) for n, x in enumerate(xs)]
    if name in SIGNS:
        law = f"{put[0][0]} {name} {put[1][1]}"
    elif name == "**":
        law = f"{put[0][1]}**{put[1][1]}"
    elif name.startswith("**") and name not in SHOWN:
        law = f"x{name}"
    else:
        law = SHOWN.get(name, name) + (f"({', '.join(text for text, _ in put)})" if len(xs) > 1 else "")
    return f"{law} at {shown(xs[k])}"


def _function(name: str, compute: Callable[..., float]) -> Callable[..., TracedFloat]:
    def read(*operands: Any) -> TracedFloat:
        xs = tuple(map(value, operands))
        result = compute(*xs)
        if breaks(result, xs):
            return TracedFloat(result, called(name, xs, result))
        return TracedFloat(result, next(filter(None, map(broke, operands)), "") if not math.isfinite(result) else "")
    return read


def _where(condition: Any, a: Any, b: Any) -> TracedFloat:
    taken = a if condition else b
    return taken if isinstance(taken, TracedFloat) else TracedFloat(taken)


class _Functions:
    """What a law's `f` has: every function of the floats that never raise, watched."""

    pi = IEEE.pi
    where = staticmethod(_where)

    def __getattr__(self, name: str) -> Callable[..., TracedFloat]:
        return _function(name, getattr(IEEE, name))


FUNCTIONS = _Functions()
