"""Which values of an update a derivative needs: what stepping visits when one is followed.

What is needed of a result says what is needed of its operands, as masks over tensors: equation by equation, from the
derivative back to the loss.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from ..engine.program import Block, Program, Var
from .masks import Dependence, Mask, dependences, joined, one
from .timeline import Timeline

FOLLOWED = ("backward", "perturbation")


@dataclass(frozen=True, eq=False)
class Needed:
    """What an update makes on the way to a derivative, by number and by tensor: nothing, where it does not make that.

    Samples advance together, so a value that any sample needs is there for all of them.
    """

    masks: dict[Var, Mask]                          # over the elements of one sample
    times: Timeline

    @cached_property
    def numbers(self) -> np.ndarray:
        """The numbers of these values, in the order in which they are made."""
        found = [np.flatnonzero(self.masks[block.out]) + self.times.number(n, 0)
                 for n, block in _back(self.times) if block.out in self.masks]
        return np.concatenate(found) if found else np.zeros(0, int)

    def __bool__(self) -> bool:
        return bool(self.masks)

    def __contains__(self, number: int) -> bool:
        return self.at_most(number) == number

    def has(self, var: Var, element: int) -> bool:
        """Whether an element of a tensor is one of them, counted within one sample."""
        mask = self.masks.get(var)
        return mask is not None and bool(mask[element])

    def at_least(self, number: int) -> int | None:
        """The first of them that is not before a number."""
        n = int(self.numbers.searchsorted(number))
        return int(self.numbers[n]) if n < len(self.numbers) else None

    def at_most(self, number: int) -> int | None:
        """The last of them that is not after a number."""
        n = int(self.numbers.searchsorted(number, "right"))
        return int(self.numbers[n - 1]) if n else None


def _back(times: Timeline) -> Iterator[tuple[int, Block]]:
    """The blocks of the derivative, with their numbers."""
    return ((n, block) for n, block in enumerate(times.blocks) if block.phase in FOLLOWED)


@lru_cache(32)
def needed(program: Program, times: Timeline, var: Var, element: int, lane: int) -> Needed:
    """What the run makes on the way to ∂E/∂var of one element in the sample at `lane`."""
    outs = dict.fromkeys(block.out for _, block in _back(times))
    target = next((out for out in outs if out.derivative_of is var), None)
    if target is None:
        return Needed({}, times)
    masks = {target: one(target, target.flat(element, lane))}
    for out, read in _backwards(program):
        if out in masks:
            for each in read:
                joined(masks, each.var, each.read(masks[out]))
    samples = {out: masks[out].any(axis=0) if out.lanes else masks[out] for out in outs if out in masks}
    return Needed({out: mask.reshape(-1) for out, mask in samples.items()}, times)


@lru_cache(16)
def _backwards(program: Program) -> tuple[tuple[Var, tuple[Dependence, ...]], ...]:
    """What the equations of the derivative make, and what of it they read; the last equation first."""
    equations = [eq for block in program.blocks if block.phase in FOLLOWED for eq in block.equations]
    inside = {eq.out for eq in equations}
    return tuple((eq.out, tuple(each for each in dependences(eq) if each.var in inside)) for eq in reversed(equations))
