"""Which values of an update a derivative needs: what stepping visits when one is followed."""

from __future__ import annotations

from ..engine.program import Program, Var
from ..engine.scalars import Cell, Scalars
from .timeline import Timeline, scalars


def needed(program: Program, times: Timeline, var: Var, element: int, lane: int) -> tuple[int, ...]:
    """The numbers of the backward values that the run makes on the way to ∂E/∂var of one element.

    Empty where the run does not make that derivative. Samples advance together, so a value that any sample
    needs is visited for the selected one.
    """
    back = [(n, block) for n, block in enumerate(times.blocks) if block.phase in ("backward", "perturbation")]
    backward = {block.out: n for n, block in back}
    inside = {eq.out for _, block in back for eq in block.equations}     # with what is made on the way to them
    target = next((out for out in backward if out.derivative_of is var), None)
    if target is None:
        return ()
    made = program.made_by
    wanted: set[Cell] = set()
    todo: list[Cell] = [(target, target.flat(element, lane))]
    numbers: set[int] = set()
    while todo:
        cell = todo.pop()
        if cell in wanted:
            continue
        wanted.add(cell)
        out, flat = cell
        if out in backward:
            numbers.add(times.number(backward[out], flat % out.lane_size))
        s: Scalars = scalars(made[out])
        todo += [c for cells in s.all_cells(flat) for c in cells if c[0] in inside]
    return tuple(sorted(numbers))
