"""Chance as a function: the same seed and name give the same numbers, on every machine, for ever.

Only Python's `random.Random(text).random()` is used, whose stream is guaranteed; no generator state is kept.
Other people's printed figures hang on these bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from random import Random

import numpy as np


def _uniform(low: float, high: float) -> Callable[[Random], float]:
    return lambda r: low + (high - low) * r.random()


def draw(kind: str, options: Mapping[str, float], name: str, seed: int, shape: tuple[int, ...],
         fan: tuple[int, int]) -> np.ndarray:
    """Initial values of the tensor `name`, row by row. `fan` is (inputs, outputs) of the layer.

    Glorot's limit is sqrt(6 / (inputs + outputs)), from Glorot and Bengio (2010).
    """
    random = Random(f"{seed}/{name}")
    fan_in, fan_out = fan
    if kind == "uniform":
        one = _uniform(options.get("low", 0.0), options.get("high", 1.0))
    elif kind == "glorot_uniform":
        limit = options.get("gain", 1.0) * math.sqrt(6.0 / (fan_in + fan_out))
        one = _uniform(-limit, limit)
    else:                                           # PyTorch's rule for a linear layer that says nothing
        limit = 1.0 / math.sqrt(fan_in)
        one = _uniform(-limit, limit)
    return np.array([one(random) for _ in range(math.prod(shape))]).reshape(shape)


INITS: dict[str, tuple[str, ...]] = {"uniform": ("low", "high"), "glorot_uniform": ("gain",)}
LATER_INITS = ("zeros", "constant", "normal", "glorot_normal", "he_uniform", "he_normal")


def shuffled(rows: int, seed: int, epoch: int) -> list[int]:
    """The order of the rows in `epoch`: Fisher-Yates from the end."""
    random, order = Random(f"{seed}/{epoch}"), list(range(rows))
    for last in range(rows - 1, 0, -1):
        other = int(random.random() * (last + 1))
        order[last], order[other] = order[other], order[last]
    return order
