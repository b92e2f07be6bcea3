"""Every value of this update, in the order in which it is made."""

from __future__ import annotations

from collections.abc import Iterator

from ..scene import Scene
from ..subject import numbered
from .lines import line, scalars
from .pane import GoesOn, Pane, TableOf
from .table import Column, Table, Tensors, parts_of
from .view import shown_rows


def values(scene: Scene) -> Table:
    """Every value of this update, in the order in which it is made."""
    named = [(b.out, ((b.out,),), "") for b in scene.times.blocks]
    return Tensors(scene, "values", parts_of(named)).table("Values", (Column("value", "value"),))


def lines(scene: Scene, text: str, goes_on: GoesOn) -> Iterator[str]:
    """Every value with where it is made."""
    told = scalars(scene)
    for number in shown_rows(scene, "values", values):
        block, element = scene.times.locate(number + 1)
        yield line(*told(scene.times.blocks[block].out, element))


PANE = Pane("values", "5", "5", "Values", "every value of this update", "right",
            rows=TableOf(values), default=lambda scene: max(0, scene.session.position.value - 1),
            subject=lambda scene, n: numbered(scene, n + 1), clears_on_step=True, lines=lines)
