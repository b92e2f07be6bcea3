"""Every derivative that this update makes, in the order of the way back, and what it is a derivative by."""

from __future__ import annotations

from collections.abc import Iterator

from ...engine.program import Var
from ..scene import Scene
from ..subject import scalar
from .lines import line, scalars
from .pane import GoesOn, Pane, TableOf
from .table import Column, Table, Tensors, parts_of
from .view import shown_rows


def blocks(scene: Scene) -> list[tuple[Var, Var]]:
    """Every derivative that this update makes, in the order of the way back, with what it is a derivative by."""
    return [(b.out, b.out.derivative_of) for b in scene.times.blocks if b.out.derivative_of is not None]


def derivatives(scene: Scene) -> Table:
    """Every ∂E/∂x that this update makes, with x beside it, in the order of the way back."""
    cost = scene.program.cost.name
    named = [(out, ((of,) if of.lane_size == out.lane_size else (), (out,)), "")
             for out, of in blocks(scene)]
    columns = (Column("x", "x"), Column("grad", f"∂{cost}/∂x", signed=True))
    return Tensors(scene, "adjoints", parts_of(named)).table("Adjoints", columns, 1)


def derivative(scene: Scene, row: int) -> tuple[Var, int]:
    """The row-th derivative of the list: (variable, element)."""
    for out, _ in blocks(scene):
        if row < out.lane_size:
            return out, row
        row -= out.lane_size
    raise IndexError(row)


def row_of(scene: Scene, value: int) -> int:
    """The row of the derivative that is value number `value`, or of the last one before it."""
    before = 0
    for n, block in enumerate(scene.times.blocks):
        if block.out.derivative_of is None:
            continue
        first, last = scene.times.span(n)
        if value <= last:
            return max(0, before + max(value - first, -1))
        before += block.out.lane_size
    return max(0, before - 1)


def row_here(scene: Scene) -> int | None:
    """The row of the derivative that is made here, or in the making."""
    session = scene.session
    value = session.position.value
    if not value or scene.times.blocks[scene.times.locate(value)[0]].out.derivative_of is None:
        return None
    return row_of(scene, value)


def lines(scene: Scene, text: str, goes_on: GoesOn) -> Iterator[str]:
    """Every derivative of this update, and what it is a derivative by."""
    told = scalars(scene)
    for number in shown_rows(scene, "adjoints", derivatives):
        var, element = derivative(scene, number)
        yield line(*told(var, element), told(var.of[0], element)[1])


PANE = Pane("adjoints", "0", "0", "Derivatives", "every ∂E/∂x, with x, on the way back", "right",
            rows=TableOf(derivatives), default=lambda scene: row_of(scene, scene.session.position.value),
            subject=lambda scene, n: scalar(scene, *derivative(scene, n)), clears_on_step=True, lines=lines)
