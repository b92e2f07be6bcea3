"""How each pane is drawn: one entry for each id, and a test that none is left out. A table needs no painter of its own.

A painter draws a pane into a width and a height. Beside it stands what only a screen knows of the pane.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...debugger.scene import Scene
from . import batch, cards, chainpane, gradients, graph, lists, loss, matrix, tables
from .tables import Paint


@dataclass(frozen=True)
class Painter:
    """`unfit` is the row under the cursor, whole, where its line is cut. `sideways` is what left and right do in a
    picture whose columns are the screen's."""

    paint: Paint
    unfit: Callable[[Scene, int], str] = lambda scene, width: ""
    sideways: Callable[[Scene, int, int], None] | None = None


PAINTERS: dict[str, Painter] = {
    "chain": Painter(cards.paint, chainpane.unfit),
    "network": Painter(graph.paint),
    "program": Painter(tables.paint_program),
    "parameters": Painter(tables.PARAMETERS),
    "values": Painter(tables.paint_values),
    "printed": Painter(tables.paint_printed),
    "loss": Painter(loss.paint, sideways=loss.sideways),
    "matrix": Painter(matrix.paint),
    "gradients": Painter(gradients.paint),
    "adjoints": Painter(tables.DERIVATIVES),
    "batch": Painter(batch.paint),
    "watches": Painter(lists.paint_watches, lists.unfit_watch),
    "stops": Painter(lists.paint_stops, lists.unfit_stop),
    "hits": Painter(lists.paint_hits, lists.unfit_hit),
}
