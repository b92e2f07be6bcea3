"""The ids of the panes: the only place where they are listed. They stand in saved sessions and in people's keymaps.

It imports nothing, so that the session can have a cursor for each pane without knowing what a pane is.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

PaneId: TypeAlias = Literal["chain", "network", "program", "parameters", "values", "printed", "loss", "matrix",
                            "gradients", "adjoints", "batch", "watches", "stops", "hits"]
PANES: tuple[PaneId, ...] = get_args(PaneId)
