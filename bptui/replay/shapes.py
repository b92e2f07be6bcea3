"""A run of which only the shapes are known: every number in it is 1.

Whether a quantity can be asked, of which update and with which index, does not hang on numbers. Evaluated over this run
a quantity meets all the rules of the language, and nothing is computed.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from ..engine.program import Var
from ..engine.scalars import Cell
from .run import Run


class Ones:
    """An `Env` whose values are all 1."""

    def array(self, var: Var) -> np.ndarray:
        return np.broadcast_to(1.0, var.shape)


class Shapes:
    """Stands in for a run where `quantity.evaluate` reads it; what is no number is that run's own."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.waits = True

    @classmethod
    def of(cls, run: Run) -> Run:
        return cast(Run, cls(run))

    def goes_on(self, update: int) -> bool:
        """Whether the run has so many updates, at most: it is not run to find out that it ends before."""
        return update < self._run.updates

    def env(self, update: int) -> Ones:
        return Ones()

    def evaluation(self, update: int, held: bool) -> Ones:
        return Ones()

    def derivative(self, update: int, y: Cell, x: Var) -> np.ndarray:
        return np.broadcast_to(1.0, x.shape)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._run, name)
