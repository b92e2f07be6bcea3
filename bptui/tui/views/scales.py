"""Scales of charts: where a value stands between the least and the greatest, linear or by powers of ten; and the
numbers that are written beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass

BLOCKS = "▁▂▃▄▅▆▇█"
LOGARITHMIC = 100                                   # what spans more than this is drawn by its powers of ten
STEPS = (1.0, 2.0, 5.0, 10.0)
CLOSE = 1e-9                                        # of a step: that far off, a number is still on it


@dataclass(frozen=True)
class Scale:
    """From `low` to `high`; by powers of ten both are above 0."""

    low: float
    high: float
    logarithmic: bool

    @staticmethod
    def fitting(low: float, high: float) -> Scale:
        """By powers of ten where the values span more than two."""
        return Scale(low, high, low > 0 and high > LOGARITHMIC * low)

    def share(self, value: float) -> float:
        """From 0 to 1."""
        if self.logarithmic:
            if value <= self.low:
                return 0.0
            found = math.log(value / self.low) / math.log(self.high / self.low) if self.high > self.low else 0.0
        else:                                       # halves, so that the span of the largest numbers is finite
            span = self.high / 2 - self.low / 2
            found = (value / 2 - self.low / 2) / span if span > 0 else 0.0
        return min(1.0, max(0.0, found))

    def level(self, value: float, levels: int) -> int:
        """From 1 to `levels`."""
        return 1 + min(levels - 1, int(self.share(value) * levels))


def rounded(low: float, high: float, logarithmic: bool, ticks: int) -> tuple[Scale, list[float]]:
    """A scale whose ends are round numbers, around the values, and about so many numbers to be written beside it."""
    if logarithmic:
        return _powers(low, high, ticks)
    if low == high:
        low, high = (low - abs(low) / 2, high + abs(high) / 2) if low else (-1.0, 1.0)
    if 0 < low < high / 2:
        low = 0.0
    if high < 0 and high > low / 2:
        high = 0.0
    step = (high - low) / max(1, ticks)
    if not math.isfinite(step) or step == 0:
        return Scale(low, high, False), [low, high]
    step = _round_up(step)
    first, last = math.floor(low / step + CLOSE), math.ceil(high / step - CLOSE)
    return Scale(first * step, last * step, False), [n * step for n in range(first, last + 1)]


def _powers(low: float, high: float, ticks: int) -> tuple[Scale, list[float]]:
    """Powers of ten, and the ends, which are 1, 2 or 5 times one."""
    low, high = _round_down(low), _round_up(high)
    if low == high:
        low, high = low / 10 or low, high * 10
    first, last = math.ceil(math.log10(low) - CLOSE), math.floor(math.log10(high) + CLOSE)
    every = max(1, -(-(last - first) // max(1, ticks)))
    inside = [10.0 ** n for n in range(first, last + 1) if n % every == 0 and low * 1.5 < 10.0 ** n < high / 1.5]
    return Scale(low, high, True), [low, *inside, high]


def _round_up(value: float) -> float:
    """The next of 1, 2, 5, 10 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value))
    found = next((float(f"{s * power:.0e}") for s in STEPS if s * power >= value * (1 - CLOSE)), value)
    return found if math.isfinite(found) and power else value


def _round_down(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    return next((float(f"{s * power:.0e}") for s in reversed(STEPS) if s * power <= value * (1 + CLOSE)), value) \
        if power else value


def written(value: float, step: float) -> str:
    """A number beside the scale: as short as it can be told from its neighbours, one `step` away."""
    if value == 0 or abs(value) < step * CLOSE:
        return "0"
    if not 1e-4 <= abs(value) < 1e6 or not step >= 1e-5:
        digits = max(0, min(2, math.floor(math.log10(abs(value))) - math.floor(math.log10(step) + CLOSE)))
        return f"{value:.{digits}e}"
    decimals = max(0, -math.floor(math.log10(step) + CLOSE))
    return f"{value:,.{decimals}f}" if abs(value) >= 1e4 else f"{value:.{decimals}f}"
