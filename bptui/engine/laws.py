"""Elementwise laws: each operation and its partial derivatives, stated once.

A law is ordinary arithmetic over an object `f` that supplies the functions which arithmetic lacks. Given
numpy's it computes arrays, given `math`'s a scalar, given mpmath's 50 digits, given sympy's it writes the
formula, given a text operand it writes source. `partials[k]` is dy/dx_k over (f, y, *xs), in the form that
textbooks print where that does not cancel; a plain number where it is constant. Every law maps NaN to NaN
(comparisons answer 0), and kinks take the value that the design names: relu'(0) = 0, |x|'(0) = 0, max gives the first
largest everything. A factor that is exactly 0 beside an infinite one is 0 only where a law says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Partial = Callable[..., Any] | float


@dataclass(frozen=True, eq=False)
class Elementwise:
    """One output element from one element of each operand. `kink` says which rule holds where it bends; `by`, of a law
    that is the partial of another, which operand it is by."""

    name: str
    law: Callable[..., Any]
    partials: tuple[Partial, ...]
    kink: str = ""
    by: int | None = None


def _unary(name: str, law: Callable[..., Any], partial: Partial, kink: str = "") -> Elementwise:
    return Elementwise(name, law, (partial,), kink)


def _none(f: Any, x: Any) -> Any:
    """0, and NaN where `x` is NaN: what stands in place of 0 × x where x may be infinite."""
    return f.where(x > 0, 0, f.where(x <= 0, 0, x))


# Arithmetic. Sums and products of a written line are Contract terms; these serve inside longer expressions.
SUB = Elementwise("-", lambda f, a, b: a - b, (1.0, -1.0))
DIV = Elementwise("/", lambda f, a, b: a / b, (lambda f, y, a, b: 1 / b, lambda f, y, a, b: -a / (b * b)))
NEG = _unary("neg", lambda f, x: -x, -1.0)
POW = Elementwise("**", lambda f, a, b: f.power(a, b),
                  (lambda f, y, a, b: f.where(b == 0, _none(f, a), b * f.power(a, b - 1)),
                   lambda f, y, a, b: f.where(a == 0, f.where(b >= 0, 0, y * f.log(a)), y * f.log(a))))

_POWERS: dict[float, tuple[Callable[..., Any], Partial]] = {
    -1.0: (lambda f, x: 1 / x, lambda f, y, x: -1 / (x * x)),
    0.5: (lambda f, x: f.sqrt(x), lambda f, y, x: 1 / (2 * y)),
    2.0: (lambda f, x: x * x, lambda f, y, x: 2 * x),
    3.0: (lambda f, x: x * x * x, lambda f, y, x: 3 * x * x),
    4.0: (lambda f, x: x * x * (x * x), lambda f, y, x: 4 * x * x * x),
}


def power(exponent: float) -> Elementwise:
    """x ** exponent for a constant exponent; small powers are written out, as x*x."""
    if exponent in _POWERS:
        law, partial = _POWERS[exponent]
        return Elementwise(f"**{exponent:g}", law, (partial,))
    return Elementwise(f"**{exponent:g}", lambda f, x: f.power(x, exponent),
                       (lambda f, y, x: exponent * f.power(x, exponent - 1),))


# The functions of a scenario's expressions.
SIGMOID = _unary("sigmoid", lambda f, x: 1 / (1 + f.exp(-x)), lambda f, y, x: y * (1 - y))
RELU = _unary("relu", lambda f, x: f.where(x <= 0, 0, x), lambda f, y, x: f.where(x <= 0, 0, 1),
              "at 0 the slope is taken as 0")
SOFTPLUS = _unary("softplus", lambda f, x: f.where(x > 0, x + f.log1p(f.exp(-x)), f.log1p(f.exp(x))),
                  lambda f, y, x: 1 / (1 + f.exp(-x)))
FUNCTIONS: dict[str, Elementwise] = {law.name: law for law in (
    _unary("abs", lambda f, x: f.abs(x), lambda f, y, x: f.where(x > 0, 1, f.where(x < 0, -1, 0)),
           "at 0 the slope is taken as 0"),
    _unary("exp", lambda f, x: f.exp(x), lambda f, y, x: y),
    _unary("log", lambda f, x: f.log(x), lambda f, y, x: 1 / x),
    _unary("sqrt", lambda f, x: f.sqrt(x), lambda f, y, x: 1 / (2 * y)),
    _unary("tanh", lambda f, x: f.tanh(x), lambda f, y, x: 1 - y * y),
    _unary("sin", lambda f, x: f.sin(x), lambda f, y, x: f.cos(x)),
    _unary("cos", lambda f, x: f.cos(x), lambda f, y, x: -f.sin(x)),
    _unary("erf", lambda f, x: f.erf(x), lambda f, y, x: 2 / f.sqrt(f.pi) * f.exp(-x * x)),
    SIGMOID,
    RELU,
    SOFTPLUS,
    Elementwise("max", lambda f, a, b: f.where(a >= b, a, f.where(a < b, b, a + b)),
                (lambda f, y, a, b: f.where(a >= b, 1, 0), lambda f, y, a, b: f.where(a >= b, 0, 1)),
                "of equals, the first takes everything"),
    Elementwise("min", lambda f, a, b: f.where(a <= b, a, f.where(a > b, b, a + b)),
                (lambda f, y, a, b: f.where(a <= b, 1, 0), lambda f, y, a, b: f.where(a <= b, 0, 1)),
                "of equals, the first takes everything"),
    Elementwise("where", lambda f, c, a, b: f.where(c > 0, a, f.where(c < 0, a, f.where(c <= 0, b, c))),
                (0.0, lambda f, y, c, a, b: f.where(c > 0, 1, f.where(c < 0, 1, 0)),
                 lambda f, y, c, a, b: f.where(c > 0, 0, f.where(c < 0, 0, 1)))),
)}

# Comparisons answer 1 or 0, and 0 when a NaN is compared (1 for !=). They let no gradient through.
COMPARISONS: dict[str, Elementwise] = {name: Elementwise(name, law, (0.0, 0.0)) for name, law in {
    "<": lambda f, a, b: f.where(a < b, 1, 0),
    "<=": lambda f, a, b: f.where(a <= b, 1, 0),
    ">": lambda f, a, b: f.where(a > b, 1, 0),
    ">=": lambda f, a, b: f.where(a >= b, 1, 0),
    "==": lambda f, a, b: f.where(a == b, 1, 0),
    "!=": lambda f, a, b: f.where(a == b, 0, 1),
}.items()}

# Activations, as PyTorch defines them.
_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
ACTIVATIONS: dict[str, Elementwise] = {law.name: law for law in (
    SIGMOID,
    FUNCTIONS["tanh"],
    RELU,
    SOFTPLUS,
    _unary("leaky_relu", lambda f, x: f.where(x <= 0, 0.01 * x, x), lambda f, y, x: f.where(x <= 0, 0.01, 1),
           "at 0 the slope is taken as 0.01"),
    _unary("elu", lambda f, x: f.where(x <= 0, f.expm1(x), x), lambda f, y, x: f.where(x <= 0, f.exp(x), 1)),
    _unary("selu", lambda f, x: _SELU_SCALE * f.where(x <= 0, _SELU_ALPHA * f.expm1(x), x),
           lambda f, y, x: f.where(x <= 0, _SELU_SCALE * _SELU_ALPHA * f.exp(x), _SELU_SCALE),
           "at 0 the slope is that of the left side"),
    _unary("gelu", lambda f, x: x / 2 * (1 + f.erf(x / f.sqrt(2))),
           lambda f, y, x: (1 + f.erf(x / f.sqrt(2))) / 2 + x * f.exp(-x * x / 2) / f.sqrt(2 * f.pi)),
    _unary("silu", lambda f, x: x / (1 + f.exp(-x)), lambda f, y, x: (1 + (x - y)) / (1 + f.exp(-x))),
    _unary("softsign", lambda f, x: x / (1 + f.abs(x)),
           lambda f, y, x: 1 / ((1 + f.abs(x)) * (1 + f.abs(x)))),
    _unary("hard_sigmoid", lambda f, x: f.where(x <= -3, 0, f.where(x >= 3, 1, x / 6 + 0.5)),
           lambda f, y, x: f.where(x <= -3, 0, f.where(x >= 3, 0, 1 / 6)), "at -3 and 3 the slope is taken as 0"),
)}

# Losses, per output: the part of one output from the output o and its target t. Their sum is the sample's loss.
PART_LOSSES: dict[str, Elementwise] = {law.name: law for law in (
    Elementwise("half_squared_error", lambda f, o, t: (t - o) * (t - o) / 2,
                (lambda f, y, o, t: o - t, lambda f, y, o, t: t - o)),
    Elementwise("squared_error", lambda f, o, t: (t - o) * (t - o),
                (lambda f, y, o, t: 2 * (o - t), lambda f, y, o, t: 2 * (t - o))),
    Elementwise("absolute_error", lambda f, o, t: f.abs(t - o),
                (lambda f, y, o, t: f.where(o > t, 1, f.where(o < t, -1, 0)),
                 lambda f, y, o, t: f.where(o > t, -1, f.where(o < t, 1, 0))), "where o = t the slope is taken as 0"),
    Elementwise("huber", lambda f, o, t: f.where(f.abs(t - o) <= 1, (t - o) * (t - o) / 2, f.abs(t - o) - 0.5),
                (lambda f, y, o, t: f.where(o - t > 1, 1, f.where(o - t < -1, -1, o - t)),
                 lambda f, y, o, t: f.where(o - t > 1, -1, f.where(o - t < -1, 1, t - o)))),
    # A summand whose weight, t or 1 - t, is exactly 0 is 0, as log(0) may stand beside it.
    Elementwise("binary_cross_entropy",
                lambda f, o, t: f.where(t == 0, _none(f, o), -(t * f.log(o)))
                - f.where(t == 1, _none(f, o), (1 - t) * f.log(1 - o)),
                (lambda f, y, o, t: f.where(t == 0, 1 / (1 - o), f.where(t == 1, -1 / o, (o - t) / (o * (1 - o)))),
                 lambda f, y, o, t: f.log(1 - o) - f.log(o))),
    Elementwise("cross_entropy", lambda f, o, t: f.where(t == 0, _none(f, o), -(t * f.log(o))),
                (lambda f, y, o, t: f.where(t == 0, _none(f, o), -t / o), lambda f, y, o, t: -f.log(o))),
    Elementwise("hinge", lambda f, o, t: f.where(t * o >= 1, 0, 1 - t * o),
                (lambda f, y, o, t: f.where(t * o >= 1, 0, -t), lambda f, y, o, t: f.where(t * o >= 1, 0, -o)),
                "where t × o = 1 the slope is taken as 0"),
)}

# The part of one output of the cross-entropy, from the logarithm of its probability.
LOG_CROSS_ENTROPY = Elementwise("log_cross_entropy", lambda f, o, t: f.where(t == 0, _none(f, o), -(t * o)),
                                (lambda f, y, o, t: -t, lambda f, y, o, t: -o))

# The greatest of any number of operands; and whether the n-th of them is the first that is the greatest, which is the
# slope of the greatest by it.
GREATEST = Elementwise("greatest", lambda f, *xs: f.greatest(*xs), (), "of equals, the first takes everything")
CHOSEN = Elementwise("chosen", lambda f, n, *xs: f.chosen(n, *xs), (), GREATEST.kink)

CONSTANTS = {"pi": math.pi}
