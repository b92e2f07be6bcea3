"""How the numbers of one run are those of another: transposed, in another order, with the other sign, half of them.

A relation is said only where it holds of every number: bit for bit, or, and then this is said, but for rounding. It is
looked for among the mistakes that people make; of numbers that are related in no such way nothing is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray
Letters = tuple[str, str]
LARGEST_FACTOR = 1000
ROUNDING = 4 * np.finfo(float).eps
MOST_LISTED = 8                                     # rows whose order is spelled out
MOST_ORDERED = 2000                                 # rows whose order is looked for


@np.errstate(all="ignore")
def relation(x: Array, y: Array, letters: Letters, axes: Sequence[str] = ()) -> str:
    """How B's numbers `y` are A's `x`, in words; "" where they are equal or not related. `axes` name their axes."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    if x.size != y.size or not x.size or (x.shape == y.shape and np.array_equal(x, y)):
        return ""
    several = x.size > 1 and len(np.unique(x)) > 1  # of numbers that are all the same every order is the same
    if several and (moved := _moved(x, y, letters, axes)):
        return moved
    return _times(x, y, letters) or _signs(x, y) if x.shape == y.shape else ""


def _signs(x: Array, y: Array) -> str:
    """Where some numbers have the other sign, and all else is the same."""
    if not np.isfinite(x).all() or not np.array_equal(np.abs(x), np.abs(y)):
        return ""
    return f"the same numbers, but {np.count_nonzero(x != y)} of {x.size} with the other sign"


def _moved(x: Array, y: Array, letters: Letters, axes: Sequence[str]) -> str:
    if x.ndim == 2 and x.T.shape == y.shape and np.array_equal(x.T, y):
        return "the same numbers, transposed"
    if x.shape != y.shape:
        return "the same numbers in another shape" if np.array_equal(x.ravel(), y.ravel()) else ""
    for axis, name in zip(range(x.ndim), axes or (("rows", "columns") if x.ndim > 1 else ("numbers",)), strict=False):
        order = _order(np.moveaxis(x, axis, 0), np.moveaxis(y, axis, 0))
        if order is not None:
            which = f": {letters[1]}'s are {letters[0]}'s {', '.join(str(n + 1) for n in order)}"
            return f"the same {name} in another order{which if len(order) <= MOST_LISTED else ''}"
    return "the same numbers in another order" if np.array_equal(np.sort(x, axis=None), np.sort(y, axis=None)) else ""


def _order(x: Array, y: Array) -> list[int] | None:
    """Which row of x each row of y is; None where y's rows are not those of x."""
    if len(x) > MOST_ORDERED:
        return None
    places: dict[bytes, list[int]] = {}
    for n, row in enumerate(x):
        places.setdefault((row + 0.0).tobytes(), []).append(n)      # + 0.0: -0 is 0
    order: list[int] = []
    for row in y:
        found = places.get((row + 0.0).tobytes())
        if not found:
            return None
        order.append(found.pop(0))
    return order


def _times(x: Array, y: Array, letters: Letters) -> str:
    """One factor between all numbers: -1, a whole number, or one over a whole number."""
    finite = np.isfinite(x) & np.isfinite(y)
    if not finite.all() or not np.array_equal(x == 0, y == 0) or not x.any():
        return ""
    a, b = letters
    one = int(np.argmax(np.abs(x)))
    for more, less, greater, smaller in ((y, x, b, a), (x, y, a, b)):
        factor = round(float(more.flat[one] / less.flat[one]))
        if factor in (0, 1) or abs(factor) > LARGEST_FACTOR:
            continue
        exact = np.array_equal(more, factor * less)
        if not exact and not (np.abs(more - factor * less) <= ROUNDING * np.abs(more)).all():
            continue
        but = "" if exact else ", but for rounding"
        if factor == -1:
            return f"{b} has −1 times what {a} has{but}"
        if factor == 2:
            return f"{smaller} has {'exactly ' if exact else ''}half of what {greater} has{but}"
        return f"{greater} has {'−' if factor < 0 else ''}{abs(factor)} times what {smaller} has{but}"
    return ""
