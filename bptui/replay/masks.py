"""Masks over tensors, through equations: which elements an operation reads for some of its result, and the other way.

By the letters of axes, not element by element: so what depends on what in a network of a million values is found in as
many steps as the program has equations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

import numpy as np

from ..engine.program import Equation, Term, Var
from ..engine.structure import Gather, Pick, PickMask, Scatter

Mask = np.ndarray                                   # which elements of a tensor, in its shape
Carry = Callable[[Mask], Mask]                      # a mask of one tensor to that of another


@dataclass(frozen=True, eq=False)
class Dependence:
    """An operand of an equation: `read` makes of a mask of the result which elements of it are read, `makes` of a mask
    of it which elements of the result are made of some."""

    var: Var
    read: Carry
    makes: Carry


def one(var: Var, flat: int) -> Mask:
    """A single element, samples included."""
    return np.arange(var.size).reshape(var.shape) == flat


def joined(masks: dict[Var, Mask], var: Var, more: Mask) -> None:
    """Put what is in a mask to what is there of a tensor; what was there is never written to."""
    masks[var] = masks[var] | more if var in masks else more


@lru_cache(4096)
def dependences(equation: Equation) -> tuple[Dependence, ...]:
    return tuple(each for term in equation.terms for each in _dependences(equation.out, term))


def _dependences(out: Var, term: Term) -> Iterator[Dependence]:
    op = term.op
    if isinstance(op, Gather):
        for arg, size, end in zip(term.args, op.sizes, accumulate(op.sizes), strict=True):
            there = np.flatnonzero((op.index >= end - size) & (op.index < end))
            yield _moved(out, arg, there, op.index[there] - (end - size))
    elif isinstance(op, Scatter):
        owners = np.repeat(np.arange(len(op.feeds)), [len(feeds) for feeds in op.feeds])
        yield _moved(out, term.args[0], owners, np.fromiter((o for feeds in op.feeds for o in feeds), int, len(owners)))
    else:                                           # whatever it is chosen from, where it is
        whole = "".join(c for c in op.input if c not in op.output) if isinstance(op, Pick | PickMask) else ""
        for arg in term.args:
            yield Dependence(arg.base, _lettered(out, arg, whole), _lettered(arg, out, whole))


def _lettered(start: Var, end: Var, whole: str) -> Carry:
    """Axes of the same letter go together. Of an axis that the start has not, or that is `whole`, all is meant."""
    gone = tuple(n for n, c in enumerate(start.letters) if c not in end.letters or c in whole)
    kept = [c for c in start.letters if c in end.letters and c not in whole]
    order = [kept.index(c) for c in end.letters if c in kept]
    at = tuple(slice(None) if c in kept else None for c in end.letters)
    if start.letters == end.letters and not whole:
        return lambda mask: mask
    return lambda mask: np.broadcast_to(np.transpose(mask.any(axis=gone) if gone else mask, order)[at], end.shape)


def _moved(out: Var, arg: Var, owners: np.ndarray, read: np.ndarray) -> Dependence:
    """Of each sample, the elements `read` make their `owners`."""
    return Dependence(arg.base, _pairs(out, arg, owners, read), _pairs(arg, out, read, owners))


def _pairs(start: Var, end: Var, starts: np.ndarray, ends: np.ndarray) -> Carry:
    def carry(mask: Mask) -> Mask:
        rows = mask.reshape(start.shape[0] if start.lanes else 1, -1)
        found = np.zeros((end.shape[0] if end.lanes else 1, end.lane_size), bool)
        row, column = np.nonzero(rows[:, starts])
        if end.lanes and not start.lanes:           # the same for every sample
            found[:, ends[column]] = True
        else:
            found[row if end.lanes else 0, ends[column]] = True
        return found.reshape(end.shape)
    return carry
