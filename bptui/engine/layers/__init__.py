"""The kinds of layer. To add one, write a function of a `Site` and what comes in, and name it here; its keys stand in
`scenario/schema.py`."""

from __future__ import annotations

from collections.abc import Callable

from .attention import attention
from .dense import activation, add, dense, dropout, embedding, flatten
from .normalised import batch_norm, layer_norm
from .recurrent import gru, lstm, rnn
from .site import Draw, Layers, Signal, Site
from .spatial import average_pool, conv2d, max_pool

__all__ = ["KINDS", "Draw", "Layers", "Signal", "Site"]

KINDS: dict[str, Callable[[Site, Signal], Signal]] = {
    "dense": dense,
    "conv2d": conv2d,
    "max_pool": max_pool,
    "average_pool": average_pool,
    "flatten": flatten,
    "activation": activation,
    "dropout": dropout,
    "rnn": rnn,
    "lstm": lstm,
    "gru": gru,
    "embedding": embedding,
    "batch_norm": batch_norm,
    "layer_norm": layer_norm,
    "attention": attention,
    "add": add,
}
