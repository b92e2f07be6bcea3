"""Which values of an update a derivative needs: what stepping visits when one is followed.

Masks over tensors, of which elements are needed: those of a result say which of its operands' are, by the letters of
its axes. So a derivative in a network of a million values is followed in as many steps as the program has equations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate

import numpy as np

from ..engine.program import Block, Equation, Program, Term, Var
from ..engine.structure import Gather, Pick, PickMask, Scatter
from .timeline import Timeline

Mask = np.ndarray                                   # which elements of a tensor, in its shape
Pull = Callable[[Mask], Mask]                       # from a mask of a result to that of an operand it is made of
Reading = tuple[Var, tuple[tuple[Var, Pull], ...]]  # what an equation makes, and what of it is made on the way back

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
    masks = {target: np.arange(target.size).reshape(target.shape) == target.flat(element, lane)}
    for out, operands in _readings(program):
        if out in masks:
            for operand, pull in operands:
                mask = pull(masks[out])
                masks[operand] = masks[operand] | mask if operand in masks else mask
    one = {out: masks[out].any(axis=0) if out.lanes else masks[out] for out in outs if out in masks}
    return Needed({out: mask.reshape(-1) for out, mask in one.items()}, times)


@lru_cache(16)
def _readings(program: Program) -> tuple[Reading, ...]:
    """What the derivative's equations read of what others of them make, the last equation first."""
    equations = [eq for block in program.blocks if block.phase in FOLLOWED for eq in block.equations]
    inside = {eq.out for eq in equations}
    return tuple((eq.out, tuple((operand, pull) for term in eq.terms for operand, pull in _pulls(eq, term)
                                if operand in inside)) for eq in reversed(equations))


def _pulls(equation: Equation, term: Term) -> Iterator[tuple[Var, Pull]]:
    """The operands of a term, each with how a mask of the result becomes one of it."""
    op, out = term.op, equation.out
    if isinstance(op, Gather):
        ends = list(accumulate(op.sizes))
        for arg, size, end in zip(term.args, op.sizes, ends, strict=True):
            there = np.flatnonzero((op.index >= end - size) & (op.index < end))
            yield arg.base, _moved(out, arg, there, op.index[there] - (end - size))
    elif isinstance(op, Scatter):
        owners = np.repeat(np.arange(len(op.feeds)), [len(feeds) for feeds in op.feeds])
        fed = np.fromiter((o for feeds in op.feeds for o in feeds), int, len(owners))
        yield term.args[0].base, _moved(out, term.args[0], owners, fed)
    elif isinstance(op, Pick | PickMask):             # whatever it is chosen from
        yield term.args[0].base, _lettered(out, term.args[0], "".join(c for c in op.input if c not in op.output))
    else:
        for arg in term.args:
            yield arg.base, _lettered(out, arg)


def _lettered(out: Var, arg: Var, whole: str = "") -> Pull:
    """Axes of the same letter go together. Of an axis that the result has not, or that is `whole`, all is read."""
    gone = tuple(n for n, c in enumerate(out.letters) if c not in arg.letters or c in whole)
    kept = [c for c in out.letters if c in arg.letters and c not in whole]
    order = [kept.index(c) for c in arg.letters if c in kept]
    at = tuple(slice(None) if c in kept else None for c in arg.letters)
    same = out.letters == arg.letters and not whole

    def pull(mask: Mask) -> Mask:
        if same:
            return mask
        fewer = mask.any(axis=gone) if gone else mask
        return np.broadcast_to(np.transpose(fewer, order)[at], arg.shape)
    return pull


def _moved(out: Var, arg: Var, owners: np.ndarray, read: np.ndarray) -> Pull:
    """Of each sample, the elements `read`, where their `owners` are needed."""
    def pull(mask: Mask) -> Mask:
        rows = mask.reshape(len(mask) if out.lanes else 1, -1)
        found = np.zeros((arg.shape[0] if arg.lanes else 1, arg.lane_size), bool)
        row, column = np.nonzero(rows[:, owners])
        found[row if arg.lanes else 0, read[column]] = True
        return found.reshape(arg.shape)
    return pull
