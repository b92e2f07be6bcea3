"""Positions by arithmetic: which value is the k-th of an update, and how many stops it has.

Nothing is stored per value; a block has a first number and a size. A value's stops are the equations of its
scope that have the same axes, then the terms of its sum; the last stop is the value itself.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate

from ..engine.program import Block, Equation, Program, Var
from ..engine.scalars import Scalars


@dataclass(frozen=True, order=True)
class Position:
    """Where the run stands: `update` updates done, `value` values of the next one made.

    0 < `inner` < the value's stops: its value is still in the making; at its last stop it is made.
    """

    update: int
    value: int = 0
    inner: int = 0


@lru_cache(4096)
def scalars(equation: Equation) -> Scalars:
    return Scalars(equation)


class Timeline:
    """The values of one update of `program`; without its update phase after the last update of a run."""

    def __init__(self, program: Program, updating: bool) -> None:
        self.program = program
        self.blocks: tuple[Block, ...] = tuple(b for b in program.blocks if updating or b.phase != "update")
        self.ends = list(accumulate(b.out.lane_size for b in self.blocks))
        self.count = self.ends[-1] if self.ends else 0

    def locate(self, value: int) -> tuple[int, int]:
        """(block, element) of value number `value`, from 1; the element counts within one sample."""
        block = bisect_left(self.ends, value)
        return block, value - 1 - (self.ends[block - 1] if block else 0)

    def number(self, block: int, element: int) -> int:
        """The number of an element of a block: `locate` backwards."""
        return (self.ends[block - 1] if block else 0) + element + 1

    def span(self, block: int) -> tuple[int, int]:
        """The numbers of a block's first and last values."""
        return (self.ends[block - 1] if block else 0) + 1, self.ends[block]

    def scope(self, block: int) -> tuple[Equation, ...]:
        """The equations that a person can step into before the terms of the value."""
        equations = self.blocks[block].equations
        out = equations[-1].out
        if (self.blocks[block].phase == "perturbation" and out.of) or any(eq.out.jacobian for eq in equations):
            return ()
        inner = tuple(eq for eq in equations[:-1] if set(eq.out.letters) <= set(out.letters)
                      and eq.out.role not in ("share", "adjoint"))      # those are terms of the value
        return inner if len(inner) > 1 or (inner and self.blocks[block].phase in ("forward", "loss")) else ()

    def stops(self, value: int) -> int:
        """How many stops a value has; 0 has one."""
        if value == 0:
            return 0
        block, element = self.locate(value)
        same = self._stops[block]
        if same is not None:
            return same
        return len(self.scope(block)) + max(1, scalars(self.blocks[block].equations[-1]).count(element))

    @cached_property
    def _stops(self) -> list[int | None]:
        """The stops of each block's values; None where they differ."""
        found: list[int | None] = []
        for n, block in enumerate(self.blocks):
            terms = 1 if block.equations[-1].law else scalars(block.equations[-1]).uniform
            found.append(None if terms is None else len(self.scope(n)) + max(1, terms))
        return found

    @cached_property
    def cost_value(self) -> int:
        """The number of the cost."""
        return self._made(self.program.cost)

    @cached_property
    def watched_value(self) -> int:
        """The number of what the run is judged by."""
        return self._made(self.program.watched)

    def _made(self, var: Var) -> int:
        return self.number(next(n for n, b in enumerate(self.blocks) if b.out is var), 0)

    def frames(self, value: int) -> tuple[tuple[str, int, int], ...]:
        """The layer, phase and update around a value: (name, number before its first value, last number)."""
        if value == 0:
            value = 1
        block = self.locate(value)[0]
        here = self.blocks[block]

        def reach(same: Callable[[Block], bool]) -> tuple[int, int]:
            first = last = block
            while first > 0 and same(self.blocks[first - 1]):
                first -= 1
            while last + 1 < len(self.blocks) and same(self.blocks[last + 1]):
                last += 1
            return self.span(first)[0] - 1, self.span(last)[1]

        phase = reach(lambda b: b.phase == here.phase)
        frames = [(here.phase, *phase), ("update", 0, self.count)]
        if here.group:
            frames.insert(0, (here.group, *reach(lambda b: b.phase == here.phase and b.group == here.group)))
        return tuple(frames)
