"""An oracle for the 2-2-2 tutorial: every figure it prints, worked out without bptui.

The derivatives are written out by hand, one line each, as one would on paper; nothing here is shared
with the program under test. The same lines run on two kinds of number: floats, fast enough for 10,000
updates, and mpmath at 50 digits, to judge the floats by. Both update rules are here: with the
tutorial's own rule every weight moves at once, with `in_place` the hidden layer's derivatives read
the output weights that have already moved.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import mpmath

Rule = Literal["simultaneous", "in_place"]
Figures = dict[str, Any]  # quantity, as a scenario names it, to its float or mpf

DIGITS = 50
WEIGHTS = ("0.15", "0.20", "0.25", "0.30", "0.40", "0.45", "0.50", "0.55")


def figures(rule: Rule, after: int, exact: bool = False) -> Figures:
    """All figures after `after` updates, as floats or (`exact`) to 50 digits."""
    with mpmath.workdps(DIGITS):
        number: Callable[[str], Any] = mpmath.mpf if exact else float
        exp: Callable[[Any], Any] = mpmath.exp if exact else math.exp
        weights = [number(w) for w in WEIGHTS]
        for _ in range(after):
            weights = next_weights(weights, rule, number, exp)
        found = one_pass(weights, number, exp)
        found |= {f"w{n}": w for n, w in enumerate(weights, 1)}
        return found


def next_weights(
    weights: list[Any], rule: Rule, number: Callable[[str], Any], exp: Callable[[Any], Any]
) -> list[Any]:
    rate = number("0.5")
    here = one_pass(weights, number, exp)
    output = [w - rate * here[f"d(E, w{n})"] for n, w in enumerate(weights[4:], 5)]
    if rule == "in_place":
        here = back_to_hidden(here, output, number)
    hidden = [w - rate * here[f"d(E, w{n})"] for n, w in enumerate(weights[:4], 1)]
    return hidden + output


def one_pass(weights: list[Any], number: Callable[[str], Any], exp: Callable[[Any], Any]) -> Figures:
    """Forward, loss and backward with one set of weights."""
    w1, w2, w3, w4, w5, w6, w7, w8 = weights
    i1, i2, t1, t2, b1, b2 = (number(v) for v in ("0.05", "0.10", "0.01", "0.99", "0.35", "0.60"))
    f: Figures = {}
    f["net_h1"] = w1 * i1 + w2 * i2 + b1
    f["net_h2"] = w3 * i1 + w4 * i2 + b1
    f["out_h1"] = 1 / (1 + exp(-f["net_h1"]))
    f["out_h2"] = 1 / (1 + exp(-f["net_h2"]))
    f["net_o1"] = w5 * f["out_h1"] + w6 * f["out_h2"] + b2
    f["net_o2"] = w7 * f["out_h1"] + w8 * f["out_h2"] + b2
    f["out_o1"] = 1 / (1 + exp(-f["net_o1"]))
    f["out_o2"] = 1 / (1 + exp(-f["net_o2"]))
    f["E_o1"] = (t1 - f["out_o1"]) * (t1 - f["out_o1"]) / 2
    f["E_o2"] = (t2 - f["out_o2"]) * (t2 - f["out_o2"]) / 2
    f["E"] = f["E_o1"] + f["E_o2"]
    f["d(E, out_o1)"] = f["out_o1"] - t1
    f["d(E, out_o2)"] = f["out_o2"] - t2
    for unit in ("h1", "h2", "o1", "o2"):
        f[f"d(out_{unit}, net_{unit})"] = f[f"out_{unit}"] * (1 - f[f"out_{unit}"])
    for unit in ("o1", "o2"):
        f[f"d(E_{unit}, net_{unit})"] = f[f"d(E, out_{unit})"] * f[f"d(out_{unit}, net_{unit})"]
    f["d(net_o1, w5)"] = f["out_h1"]
    f["d(E, w5)"] = f["d(E_o1, net_o1)"] * f["out_h1"]
    f["d(E, w6)"] = f["d(E_o1, net_o1)"] * f["out_h2"]
    f["d(E, w7)"] = f["d(E_o2, net_o2)"] * f["out_h1"]
    f["d(E, w8)"] = f["d(E_o2, net_o2)"] * f["out_h2"]
    return back_to_hidden(f, [w5, w6, w7, w8], number)


def back_to_hidden(f: Figures, output: list[Any], number: Callable[[str], Any]) -> Figures:
    """`f` with the hidden layer's derivatives, taken through the given output weights."""
    w5, w6, w7, w8 = output
    i1, i2 = number("0.05"), number("0.10")
    f = dict(f)
    f["d(E_o1, out_h1)"] = f["d(E_o1, net_o1)"] * w5
    f["d(E_o2, out_h1)"] = f["d(E_o2, net_o2)"] * w7
    f["d(E, out_h1)"] = f["d(E_o1, out_h1)"] + f["d(E_o2, out_h1)"]
    f["d(E, out_h2)"] = f["d(E_o1, net_o1)"] * w6 + f["d(E_o2, net_o2)"] * w8
    f["d(E, net_h1)"] = f["d(E, out_h1)"] * f["d(out_h1, net_h1)"]
    f["d(E, net_h2)"] = f["d(E, out_h2)"] * f["d(out_h2, net_h2)"]
    f["d(E, w1)"] = f["d(E, net_h1)"] * i1
    f["d(E, w2)"] = f["d(E, net_h1)"] * i2
    f["d(E, w3)"] = f["d(E, net_h2)"] * i1
    f["d(E, w4)"] = f["d(E, net_h2)"] * i2
    return f
