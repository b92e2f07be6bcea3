"""bptui: a step-debugger for backpropagation in the terminal.

In Python, and in a notebook, a run is opened by the name of a shipped scenario or the path of a file, and asked for
quantities as they are typed everywhere else:

>>> import bptui
>>> run = bptui.open_run("two_layer")
>>> run
<Run of two_layer: 10,000 updates of 35 values>
>>> run.value("d(E, w5)")
0.08216704056423078
>>> run.value("hidden.weights", after=1).round(9).tolist()
[[0.149780716, 0.199561432], [0.249751144, 0.299502287]]
>>> run.value("d(E, w9)")
Traceback (most recent call last):
bptui.scenario.errors.QuantityError: 'w9' is not a quantity of two_layer; there are w1 to w8

A scenario that cannot be opened raises `ScenarioError`, a quantity that cannot be had `QuantityError`.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from .scenario.errors import QuantityError, ScenarioError

if TYPE_CHECKING:
    from .replay.open import open_run
    from .replay.run import Run

__version__ = "0.1.0"
__all__ = ["QuantityError", "Run", "ScenarioError", "__version__", "open_run"]
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")     # more than one would mean other bits


def __getattr__(name: str) -> Any:
    """`open_run` and `Run` bring numpy with them, so they are imported when they are first used."""
    if name not in ("open_run", "Run"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    before = {variable: os.environ.get(variable) for variable in THREADS}
    if "numpy" not in sys.modules:                  # it looks once, when it is loaded
        os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        from .replay import open as opened
    finally:
        for variable, value in before.items():      # what is loaded later may have its threads
            os.environ.pop(variable, None) if value is None else os.environ.update({variable: value})
    return getattr(opened, name)
