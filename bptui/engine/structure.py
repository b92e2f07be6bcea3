"""Structural operations: what moves and sums numbers, where `laws` says what is done to each.

Axes have letters that mean the same throughout a program (`s` is the sample), so an operation is known from
the letters of its operands. `Contract` multiplies its operands and sums over the letters that its output
lacks; a letter that only the output has repeats the product. `Pick` takes the greatest element. `Gather`
moves elements within each sample: slices, windows, reshapes. `Stop` copies and lets no gradient through.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import numpy as np

from .laws import Elementwise

SAMPLE = "s"


@dataclass(frozen=True)
class Contract:
    """A sum of products: `Contract(("ji", "si"), "sj")` is W·x for every sample."""

    inputs: tuple[str, ...]
    output: str

    @property
    def summed(self) -> str:
        """The letters summed over, in the order in which the terms are added (the last runs fastest)."""
        seen: dict[str, None] = {}
        for letters in self.inputs:
            seen.update(dict.fromkeys(c for c in letters if c not in self.output))
        return "".join(sorted(seen, key=lambda c: c != SAMPLE))     # samples outermost, else as they appear


@dataclass(frozen=True)
class NoGradient:
    """y = x, but the derivative is 0: written `stop(x)`."""


@dataclass(frozen=True)
class Pick:
    """The greatest of the elements of one operand along the axes that the output lacks: `Pick("sj", "s")`."""

    input: str
    output: str

    @property
    def over(self) -> str:
        """The letters that it looks along."""
        return "".join(c for c in self.input if c not in self.output)


@dataclass(frozen=True, eq=False)
class Gather:
    """Movement within each sample: element o is element `index[o]` of the operands laid end to end; -1 is a 0."""

    index: np.ndarray
    sizes: tuple[int, ...]                          # of the operands, for one sample

    def source(self, o: int) -> tuple[int, int] | None:
        """(operand, element) that output o is; None for a 0."""
        at = int(self.index[o])
        if at < 0:
            return None
        for k, size in enumerate(self.sizes):
            if at < size:
                return k, at
            at -= size
        raise IndexError(at)

    def back(self, k: int) -> Scatter:
        """What goes back to operand k."""
        first = sum(self.sizes[:k])
        feeds: list[list[int]] = [[] for _ in range(self.sizes[k])]
        for o, at in enumerate(self.index.tolist()):
            if first <= at < first + self.sizes[k]:
                feeds[at - first].append(o)
        return Scatter(tuple(map(tuple, feeds)))


@dataclass(frozen=True, eq=False)
class Scatter:
    """A Gather backwards: element i is the sum of the elements `feeds[i]`, those that it was moved to."""

    feeds: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class PickMask:
    """1 where an element is the one that `Pick` takes, else 0: `Chosen("sj", "s")` has the letters of its input."""

    input: str
    output: str


NO_GRADIENT = NoGradient()
Operation = Elementwise | Contract | Pick | PickMask | Gather | Scatter | NoGradient


def movement(move: Callable[..., np.ndarray], *shapes: tuple[int, ...]) -> tuple[Gather, tuple[int, ...]]:
    """The Gather that does to every sample what `move` does to arrays, learnt by moving the elements' numbers.

    With several shapes `move` gets as many arrays. Where it puts in something of its own that must be -1. Answers the
    shape of the output too.
    """
    numbers, first = [], 0
    for shape in shapes:
        size = prod(shape)
        numbers.append(np.arange(first, first + size).reshape(shape))
        first += size
    moved = move(*numbers)
    return Gather(np.asarray(moved).reshape(-1), tuple(prod(shape) for shape in shapes)), moved.shape
