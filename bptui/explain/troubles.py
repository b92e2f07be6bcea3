"""Trouble in one sentence: what begins to go wrong, and what it means."""

from __future__ import annotations

from collections.abc import Callable

from ..replay.trouble import Trouble
from . import notation
from .naming import Namer

Say = Callable[[str, Trouble], str]
SAYS: dict[str, Say] = {
    "nan": lambda name, t: f"{name} is NaN",
    "inf": lambda name, t: f"{name} is {'-' if t.value < 0 else ''}Inf",
    "overflow": lambda name, t: f"{name} overflows: Inf out of finite numbers",
    "zero gradient": lambda name, t: f"the gradient of {name} is 0 in every element: it does not learn here",
    "vanishing": lambda name, t: f"the gradient vanishes: {name} hears {_times(t.value)} less than the last layer",
    "saturated": lambda name, t: f"{name} is saturated: its slope, {notation.short(t.value)}, lets nothing through",
    "dead": lambda name, t: f"{name} is dead: its slope is 0 for all of the data",
    "loss up": lambda name, t: f"{name} goes up by {notation.short(t.value)}",
}


def about(namer: Namer, trouble: Trouble) -> str:
    """What begins at a trouble's position."""
    return SAYS[trouble.kind](_name(namer, trouble), trouble)


def _name(namer: Namer, trouble: Trouble) -> str:
    var = trouble.var
    if trouble.kind == "vanishing":
        of = var.derivative_of or var
        return of.name.removesuffix(".net").removesuffix(".out")
    if trouble.element is None:
        return var.name
    return namer.of(var, trouble.element % var.lane_size)


def _times(ratio: float) -> str:
    return f"{ratio:,.0f} times" if ratio < 1e12 else f"{ratio:.0e} times"
