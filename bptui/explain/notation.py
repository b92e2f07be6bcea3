"""How numbers are written: one notation a column, signs that can be pasted, an exact zero as 0.

A column has nine decimals while each of its numbers is 0 or at least 1e-6 and below 1e4 in size; else six
decimals and an exponent. Derivatives, contributions and changes always carry their sign.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from fractions import Fraction
from typing import Any

import numpy as np

from ..engine.written import ATOM, NEGATIVE, PRODUCT, Spelled

PENDING = "·"
PLAIN_LEAST, PLAIN_MOST = 1e-6, 1e4


def plain(values: Iterable[float | None]) -> bool:
    """Whether a column of these numbers can have nine decimals."""
    return all(v is None or v == 0 or not math.isfinite(v) or PLAIN_LEAST <= abs(v) < PLAIN_MOST for v in values)


FORMAT: ContextVar[str] = ContextVar("FORMAT", default="9")     # what `written_as` says
LARGEST_DENOMINATOR = 9999


@contextmanager
def written_as(numbers: str) -> Iterator[None]:
    """While it lasts, numbers are written with 9 decimals, 4 significant digits, `all` digits, or as a `fraction`."""
    before = FORMAT.set(numbers)
    try:
        yield
    finally:
        FORMAT.reset(before)


def number(value: float, signed: bool = False, nine: bool = True, decimals: int | None = None) -> str:
    """A value in the column's notation; NaN and infinities by name. `decimals` are those of a printed figure."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return ("-" if value < 0 else "+" if signed else "") + "Inf"
    if value == 0:
        return "0"
    sign = "+" if signed else ""
    if decimals is None and (as_chosen := _chosen(value, nine)):
        return ("+" if signed and value > 0 else "") + as_chosen
    text = f"{value:{sign}.{9 if decimals is None else decimals}f}" if nine else f"{value:{sign}.6e}"
    return text if text.strip("+-0.") else f"{value:{sign}.2g}"     # a number that is not 0 is not written as one


def all_digits(value: float) -> str:
    """A number with all its digits; a zero has no sign, and NaN and infinities have their names."""
    return repr(float(value) + 0.0) if math.isfinite(value) else number(value)


def _chosen(value: float, nine: bool) -> str:
    """A number in the format that was chosen; nothing where that is the column's own notation."""
    match FORMAT.get():
        case "4":
            after = max(0, 3 - math.floor(math.log10(abs(value))))
            return f"{value:.{after}f}" if nine else f"{value:.3e}"
        case "all":
            return all_digits(value)
        case "fraction":
            found = fraction(value)
            return "" if found is None else f"{found[0]}/{found[1]}" if found[1] > 1 else str(found[0])
    return ""


def fraction(value: float) -> tuple[int, int] | None:
    """The whole numbers whose quotient a number is, where they are small."""
    p, q = Fraction(value).limit_denominator(LARGEST_DENOMINATOR).as_integer_ratio()
    return (p, q) if p / q == value else None


def one(value: float, signed: bool = False) -> str:
    """A number that stands alone."""
    return number(value, signed, plain([value]))


def short(value: float, decimals: int = 4, signed: bool = False) -> str:
    """A number for the network picture: four decimals, or an exponent where they would say nothing."""
    if value == 0 or not math.isfinite(value):
        return number(value, signed)
    if 1e-4 <= abs(value) < 1e3:
        return number(value, signed, True, decimals)
    return f"{value:{'+' if signed else ''}.0e}"


def operand(value: float) -> Spelled[str]:
    """A number inside a substituted formula; a negative one is bracketed by the formula where it must be."""
    chosen = fraction(value) if FORMAT.get() == "fraction" and math.isfinite(value) else None
    barred = chosen is not None and chosen[1] > 1
    return Spelled(one(value), PRODUCT if barred else NEGATIVE if value < 0 else ATOM, value < 0)


def product(values: Iterable[float]) -> str:
    """Numbers multiplied; one with a sign stands in brackets behind the first."""
    return " × ".join(f"({one(value)})" if n and value < 0 else one(value) for n, value in enumerate(values))


def point(text: str) -> int:
    """Where the decimal point of a written number stands (after its last digit, if it has none)."""
    at = text.find(".")
    return len(text) if at < 0 else at


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def counted(n: int, one: str) -> str:
    """`1 update`, `2 updates`, `10,000 updates`."""
    return f"{n:,} {one}{'s' * (n != 1)}"


DERIVATIVE = re.compile(r"\bd\(\s*(\w+)\s*,\s*([^()]+?)\s*\)")


def readable(text: str) -> str:
    """A typed quantity as it is shown: `d(E, w5)` is ∂E/∂w5."""
    return DERIVATIVE.sub(r"∂\1/∂\2", text.strip())


def value(found: Any, signed: bool = False) -> str:
    """What a quantity came to: a number, yes or no, or a tensor by its shape and its extremes."""
    if isinstance(found, bool):
        return "yes" if found else "no"
    if not isinstance(found, np.ndarray):
        return one(float(found), signed)
    bad = int(np.size(found) - np.isfinite(found).sum())
    if not found.size or bad == found.size:
        return f"{list(found.shape)}, {bad} not finite"
    fine = found[np.isfinite(found)]
    extremes = f"{list(found.shape)} {short(float(fine.min()))} … {short(float(fine.max()))}"
    return f"{extremes}, {bad} not finite" if bad else extremes
