"""What is looked at in one program for trouble: its values, the slopes of its units, its layers' error signals.

A unit is what learns as one: a neuron, at all steps of a sequence; a filter, at all places of its image.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..engine.executor import Wanted
from ..engine.program import FIXED, Block, Program, Var

Array = np.ndarray
Values = Callable[[Var], Array]                     # of each update of a stretch, along the first axis
IMAGE = 3                                           # axes of a sample that is an image: channels come first
STEP = re.compile(r"\[\d+\]$")


@dataclass(frozen=True)
class Slopes:
    """The slopes of an activation, step by step where it is used at several, and where each is a factor."""

    name: str                                       # of what it bends: `hidden.net`
    group: str                                      # its layer
    of: tuple[Var, ...]                             # what it bends
    slopes: tuple[Var, ...]
    homes: tuple[Var, ...]

    @property
    def axis(self) -> int:
        """The axis of a sample that counts units."""
        return 0 if len(self.of[0].lane_shape) == IMAGE else len(self.of[0].lane_shape) - 1

    def sizes(self, count: int, values: Values) -> Array:
        """The greatest slope of each unit in each update, over samples, places and steps: (updates, units)."""
        most: Array | None = None
        for slope in self.slopes:
            whole = np.abs(values(slope))
            axis = 1 + slope.lanes + (self.axis if slope.lane_shape else 0)
            whole = whole.reshape(*whole.shape, 1) if axis >= whole.ndim else whole
            found = np.moveaxis(whole, axis, 1).reshape(count, whole.shape[axis], -1).max(axis=2)
            most = found if most is None else np.fmax(most, found)
        assert most is not None
        return most

    def first(self, unit: int) -> int:
        """The first element of a unit, counted in one sample."""
        shape = self.of[0].lane_shape
        return unit * int(np.prod(shape[self.axis + 1:], dtype=int)) if shape else 0


@dataclass(frozen=True, eq=False)
class Seen:
    """What is looked at in one program."""

    program: Program

    @cached_property
    def made(self) -> tuple[Var, ...]:
        return tuple(dict.fromkeys(b.out for b in self.program.blocks))

    @cached_property
    def units(self) -> tuple[Slopes, ...]:
        """The activations whose every unit has a slope of its own, by the layer and what they bend."""
        found: dict[tuple[str, str], list[tuple[Var, Var, Var]]] = {}
        for block in self.program.blocks:
            for eq in block.equations if block.phase == "backward" else ():
                if eq.out.role == "local" and len(eq.out.of) == 2 and self._bends(eq.out):
                    x = eq.out.of[1]
                    found.setdefault((block.group, STEP.sub("", x.name)), []).append((x, eq.out, block.out))
        return tuple(Slopes(name, group, tuple(x for x, _, _ in each), tuple(slope for _, slope, _ in each),
                            tuple(home for _, _, home in each)) for (group, name), each in found.items())

    def _bends(self, slope: Var) -> bool:
        """Whether a local derivative is that of an activation: of one thing, element by element, by one law."""
        y, x = slope.of
        home = self.program.block_of.get(y)
        if home is None or not (y.letters == x.letters == slope.letters) or x.role not in ("forward",):
            return False
        block = self.program.blocks[home]
        return block.phase == "forward" and bool(block.group) and _reads(block) == {x}

    @cached_property
    def signals(self) -> tuple[Var, ...]:
        """∂E/∂net (or out) of each layer, in the order of the way back: the last layer's first."""
        by_group: dict[str, Var] = {}
        for block in self.program.blocks:
            of = block.out.derivative_of if block.phase == "backward" else None
            if of is not None and of.lanes and block.group and of.name.endswith((".net", ".out")):
                by_group[block.group] = block.out
        return tuple(by_group.values())

    @cached_property
    def arriving(self) -> Var | None:
        """∂E/∂out of the first layer, before its own slopes, where those follow."""
        last = self.signals[-1].derivative_of if self.signals else None
        if last is None or not last.name.endswith(".net"):
            return None
        out = last.name.removesuffix("net") + "out"
        return next((b.out for b in self.program.blocks if (of := b.out.derivative_of) is not None and of.name == out),
                    None)

    @cached_property
    def wanted(self) -> Wanted:
        everything = dict.fromkeys((*self.made, *(slope for unit in self.units for slope in unit.slopes)))
        return Wanted(tuple((v, n) for v in everything for n in range(v.size)))

    @cached_property
    def places(self) -> dict[Var, int]:
        found, at = dict[Var, int](), 0
        for var in dict.fromkeys(v for v, _ in self.wanted.cells):
            found[var], at = at, at + var.size
        return found

    def column(self, matrix: Array, var: Var) -> Array:
        """A variable's values in a matrix of what is wanted, a row for each update."""
        at = self.places[var]
        return matrix[:, at:at + var.size].reshape(-1, *var.shape)


def _reads(block: Block) -> set[Var]:
    inside = {eq.out for eq in block.equations}
    return {v for eq in block.equations for v in eq.operands
            if v not in inside and v.role not in (*FIXED, "parameter")}
