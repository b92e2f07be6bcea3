"""When a scalar is there: the value and the stop at which it is made, by where it stands in the program.

Leaves are there from the start, values at their last stop. What a block makes on its way to a value is there with the
value, but where what comes next is shown before it is made: then it is there when its own step is.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..engine.program import Program, Var
from ..engine.scalars import Cell
from ..replay.timeline import Timeline
from .links import END, Made


@dataclass(frozen=True)
class Moments:
    """When the scalars of an update are made. `seen` is how far the position has come; `ahead`, as in `Explainer`."""

    program: Program
    times: Timeline
    seen: Made
    ahead: bool

    def made(self, cell: Cell) -> Made:
        """When a scalar is there: leaves from the start, values at their last stop."""
        var, flat = cell
        block = self.program.block_of.get(var)
        if self.ahead and var.role in ("local", "temporary") and var in self.program.home_of:
            return self._on_the_way(cell)
        if block is None and var.role in ("adjoint", "share", "local") and var in self.program.home_of:
            return self._in_scope(self.program.home_of[var], cell)
        if block is None:
            return (0, 0)
        if not any(b is self.program.blocks[block] for b in self.times.blocks):
            return END if self.ahead else (0, 0)    # an update that is not made after the last: what it says is given
        value = self.times.number(self.block_number(var), flat % var.lane_size)
        return (value, self.times.stops(value))

    def _in_scope(self, block: int, cell: Cell) -> Made:
        """When what a block makes on the way is there: a share with its term of the sum, else with the first value."""
        if block >= len(self.times.blocks):
            return END
        var, flat = cell
        final = self.times.blocks[block].equations[-1]
        if var.role == "share":
            value = self.times.number(block, flat % var.lane_size)
            term = next(n for n, t in enumerate(final.terms) if t.args[0] is var)
            return (value, self.times.stops(value) - len(final.terms) + term + 1)
        value = self.times.span(block)[0]
        return (value, self.times.stops(value))

    def _on_the_way(self, cell: Cell) -> Made:
        """When a factor, or a step, of a value that is shown ahead is there: never before that value is begun."""
        var, flat = cell
        home = self.program.home_of[var]
        if home >= len(self.times.blocks):
            return END
        if var.role == "local":
            own = var.lane_size == self.times.blocks[home].out.lane_size
            value = self.times.number(home, flat % var.lane_size) if own else self.times.span(home)[1]
            return (value, self.times.stops(value))
        stop = next((n for n, eq in enumerate(self.times.scope(home), 1) if eq.out is var), 0)
        value, inner = self.seen
        value += inner >= self.times.stops(value)   # steps are made anew for each value
        first, last = self.times.span(home)
        return (min(max(value, first), last), stop) if stop else END

    def block_number(self, var: Var) -> int:
        return self.times.blocks.index(self.program.blocks[self.program.block_of[var]])
