"""The panes: one line each. Their keys, their commands, their sides and what each can show are read from here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pane:
    """`side` is where it stands under the chain. Its key, pressed again in the pane, turns to the next of `views`."""

    id: str
    key: str                                        # Textual's name of the key; none: it is opened by another command
    shown: str
    title: str
    help: str
    side: str
    views: tuple[str, ...] = ()


TABLE = (
    Pane("chain", "1", "1", "Chain", "the chain of factors", "above"),
    Pane("network", "2", "2", "Network", "the picture of the network", "left",
         ("weights", "gradients", "plain")),
    Pane("program", "3", "3", "Program", "the equations, as they run", "left"),
    Pane("parameters", "4", "4", "Parameters", "weights, derivatives, next values", "right"),
    Pane("values", "5", "5", "Values", "every value of this update", "right"),
    Pane("printed", "6", "6", "Printed figures", "what the source prints; does it agree?", "right"),
    Pane("loss", "7", "7", "Plot", "the loss; again: watches; both. \\ scale", "left", ("loss", "watches", "all")),
    Pane("matrix", "8", "8", "Matrix", "all of a tensor at once, as a heat map", "left",
         ("value", "derivative", "change")),
    Pane("gradients", "9", "9", "Gradients", "their size, layer by layer, over time", "left"),
    Pane("adjoints", "0", "0", "Derivatives", "every ∂E/∂x, with x, on the way back", "right"),
    Pane("batch", "number_sign", "#", "Batch", "its rows; Enter selects a sample", "right"),
    Pane("watches", "", "W", "Watches", "the list; Enter lists what one was", "right"),
    Pane("stops", "", "B", "Stops", "the list; Enter lists the hits of one", "right"),
    Pane("hits", "", "", "Hits", "of a stop, or the history of a watch", "right"),
)
BY_ID = {pane.id: pane for pane in TABLE}
LEFT = tuple(pane.id for pane in TABLE if pane.side == "left")
RIGHT = tuple(pane.id for pane in TABLE if pane.side == "right")
PANES = ("chain", *LEFT, *RIGHT)
