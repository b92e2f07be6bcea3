"""The laws' definitions for mpmath, from PyTorch's documentation; nothing of bptui is imported.

Where a law needs a positive argument (a logarithm, a power) the definition takes the absolute value, so that
mpmath never leaves the real numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath


def _huber(o: Any, t: Any) -> Any:
    return (o - t) ** 2 / 2 if abs(o - t) < 1 else abs(o - t) - mpmath.mpf(1) / 2


SELU = mpmath.mpf("1.0507009873554804934193349852946"), mpmath.mpf("1.6732632423543772848170429916717")
DEFINITIONS: dict[str, Callable[..., Any]] = {
    "-": lambda a, b: a - b,
    "/": lambda a, b: a / b,
    "neg": lambda x: -x,
    "**": lambda a, b: abs(a) ** b,
    "log_cross_entropy": lambda o, t: -t * o,
    "abs": abs,
    "exp": mpmath.exp,
    "log": lambda x: mpmath.log(abs(x)),
    "sqrt": lambda x: mpmath.sqrt(abs(x)),
    "tanh": lambda x: (mpmath.exp(2 * x) - 1) / (mpmath.exp(2 * x) + 1),
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "erf": mpmath.erf,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "relu": lambda x: max(x, 0 * x),
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "max": max,
    "min": min,
    "where": lambda c, a, b: b if c == 0 else a,
    "leaky_relu": lambda x: x if x > 0 else x * mpmath.mpf(0.01),
    "elu": lambda x: x if x > 0 else mpmath.exp(x) - 1,
    "selu": lambda x: SELU[0] * (x if x > 0 else SELU[1] * (mpmath.exp(x) - 1)),
    "gelu": lambda x: x * mpmath.ncdf(x),
    "silu": lambda x: x * (1 / (1 + mpmath.exp(-x))),
    "softsign": lambda x: x / (1 + abs(x)),
    "hard_sigmoid": lambda x: min(max(x + 3, 0 * x), 6 + 0 * x) / 6,
    "half_squared_error": lambda o, t: (t - o) ** 2 / 2,
    "squared_error": lambda o, t: (t - o) ** 2,
    "mean_squared_error": lambda o, t: (t - o) ** 2 / 3,
    "absolute_error": lambda o, t: abs(t - o),
    "huber": _huber,
    "binary_cross_entropy": lambda o, t: -(t * mpmath.log(o) + (1 - t) * mpmath.log(1 - o)),
    "cross_entropy": lambda o, t: -t * mpmath.log(o),
    "hinge": lambda o, t: max(0 * o, 1 - t * o),
}
