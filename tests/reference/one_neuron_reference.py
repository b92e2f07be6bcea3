"""An oracle for the one-neuron guide and for its partial derivative, worked out without bptui.

By hand and in floats, in the order in which the guide's formulas stand: some of its figures have 17
digits, and those are the digits of such a calculation, not of the true value. `exact` gives the true one.
"""

from __future__ import annotations

import math
from typing import Any

import mpmath

START = ("0.5", "0.2", "1.83")
SECOND_PASS = ("0.49990723907", "0.1997217172", "1.821556479")  # as printed after the first


def figures(start: tuple[str, str, str], after: int, exact: bool = False) -> dict[str, Any]:
    """All figures after 0 or more updates by backpropagation, as floats or (`exact`) to 50 digits."""
    with mpmath.workdps(50):
        number: Any = mpmath.mpf if exact else float
        exp: Any = mpmath.exp if exact else math.exp
        W1, W2, b = (number(v) for v in start)
        X1, X2, desired, rate = (number(v) for v in ("0.1", "0.3", "0.03", "0.01"))
        step = 0
        while True:
            s = X1 * W1 + X2 * W2 + b
            predicted = 1 / (1 + exp(-s))
            E = (desired - predicted) * (desired - predicted) / 2
            error, slope = predicted - desired, predicted * (1 - predicted)
            d_b = error * slope
            if step == after:
                break
            W1, W2, b, step = W1 - rate * d_b * X1, W2 - rate * d_b * X2, b - rate * d_b, step + 1
        closed = closed_derivatives(number, exp, W1, W2, b)
        return {
            "s": s, "predicted": predicted, "E": E, "W1": W1, "W2": W2, "b": b,
            "d(E, predicted)": error, "d(predicted, s)": slope,
            "d(s, W1)": X1, "d(s, W2)": X2, "d(s, b)": number("1"),
            "d(E, W1)": d_b * X1, "d(E, W2)": d_b * X2, "d(E, b)": d_b,
            "0.356465271 - E": number("0.356465271") - E,
        } | closed  # fmt: skip


def closed_derivatives(number: Any, exp: Any, W1: Any, W2: Any, b: Any) -> dict[str, Any]:
    """The derivatives of E = ½(desired - 1/(1 + e^-(X1·W1 + X2·W2 + b)))² as one expression.

    Differentiated at a stroke: (1/(1 + z) - desired) · z/(1 + z)² · x with z = e^-(…).
    """
    X1, X2, desired = number("0.1"), number("0.3"), number("0.03")
    z = exp(-(X1 * W1 + X2 * W2 + b))
    d_b = (1 / (1 + z) - desired) * z / ((1 + z) * (1 + z))
    return {"d(E_closed, W1)": d_b * X1, "d(E_closed, W2)": d_b * X2, "d(E_closed, b)": d_b}
