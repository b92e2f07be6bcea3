"""Chance as a function: the same seed and name give the same numbers, on every machine, for ever.

Only Python's `random.Random(text).random()` is used, whose stream is guaranteed; no generator state is kept.
Other people's printed figures hang on these bits. To add an init, write a line in `INITS`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

import numpy as np

One = Callable[[Random], float]                     # draws one number
Fan = tuple[int, int]                               # a layer's inputs and outputs


@dataclass(frozen=True)
class InitRule:
    """`options` are its keys with their defaults; `one` makes of them, and of a layer's fan, what draws a number.
    `fixed`: every seed draws the same."""

    options: Mapping[str, float]
    one: Callable[[Mapping[str, float], Fan], One]
    fixed: bool = False


def _uniform(low: float, high: float) -> One:
    return lambda r: low + (high - low) * r.random()


def _normal(mean: float, std: float) -> One:
    """Box and Muller (1958): two draws for each number, of which the cosine is taken."""
    def one(r: Random) -> float:
        radius = math.sqrt(-2.0 * math.log(1.0 - r.random()))
        return mean + std * (radius * math.cos(2.0 * math.pi * r.random()))
    return one


def _limits(limit: float) -> One:
    return _uniform(-limit, limit)


# Glorot and Bengio (2010); He, Zhang, Ren and Sun (2015), over the inputs, for a rectifier of slope a below 0.
INITS: dict[str, InitRule] = {
    "zeros": InitRule({}, lambda o, fan: lambda r: 0.0, fixed=True),
    "constant": InitRule({"value": 0.0}, lambda o, fan: lambda r: o["value"], fixed=True),
    "uniform": InitRule({"low": 0.0, "high": 1.0}, lambda o, fan: _uniform(o["low"], o["high"])),
    "normal": InitRule({"mean": 0.0, "std": 1.0}, lambda o, fan: _normal(o["mean"], o["std"])),
    "glorot_uniform": InitRule({"gain": 1.0}, lambda o, fan: _limits(o["gain"] * math.sqrt(6.0 / (fan[0] + fan[1])))),
    "glorot_normal": InitRule({"gain": 1.0},
                              lambda o, fan: _normal(0.0, o["gain"] * math.sqrt(2.0 / (fan[0] + fan[1])))),
    "he_uniform": InitRule({"a": 0.0}, lambda o, fan: _limits(math.sqrt(6.0 / ((1.0 + o["a"]**2) * fan[0])))),
    "he_normal": InitRule({"a": 0.0}, lambda o, fan: _normal(0.0, math.sqrt(2.0 / ((1.0 + o["a"]**2) * fan[0])))),
}
SILENT = InitRule({}, lambda o, fan: _limits(1.0 / math.sqrt(fan[0])))      # PyTorch's for a layer that says nothing


def draw(kind: str, options: Mapping[str, float], name: str, seed: int, shape: tuple[int, ...],
         fan: Fan) -> np.ndarray:
    """Initial values of the tensor `name`, row by row."""
    rule = INITS[kind] if kind else SILENT
    return _drawn(rule, options, Random(f"{seed}/{name}"), shape, fan)


def noise(kind: str, options: Mapping[str, float], name: str, seed: int, update: int,
          shape: tuple[int, ...]) -> np.ndarray:
    """The noise `name` of one update, sample by sample."""
    return _drawn(INITS[kind], options, Random(f"{seed}/{name}/{update}"), shape, (1, 1))


def mask(rate: float, name: str, seed: int, update: int, shape: tuple[int, ...]) -> np.ndarray:
    """Which units of a dropout layer stay in one update: 0 with the chance `rate`, else 1 / (1 - rate)."""
    random, kept = Random(f"{seed}/{name}/{update}"), 1.0 / (1.0 - rate)
    return np.array([0.0 if random.random() < rate else kept for _ in range(math.prod(shape))]).reshape(shape)


def _drawn(rule: InitRule, options: Mapping[str, float], random: Random, shape: tuple[int, ...],
           fan: Fan) -> np.ndarray:
    one = rule.one({**rule.options, **options}, fan)
    return np.array([one(random) for _ in range(math.prod(shape))]).reshape(shape)


def shuffled(rows: int, seed: int, epoch: int) -> list[int]:
    """The order of the rows in `epoch`: Fisher-Yates from the end."""
    random, order = Random(f"{seed}/{epoch}"), list(range(rows))
    for last in range(rows - 1, 0, -1):
        other = int(random.random() * (last + 1))
        order[last], order[other] = order[other], order[last]
    return order
