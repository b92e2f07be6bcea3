"""What both executors offer, and the record they hand out.

A state is a tuple with one entry for each variable of the program's state, in its order; what an entry is (a float
each, an array) is the executor's business. A feed is what one update reads besides: data rows and settings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from .program import Equation, Program, Var
from .scalars import Cell

State = tuple[Any, ...]
Feed = tuple[Any, ...]
Row = Sequence[float]                               # the numbers that were wanted of one update


@dataclass(frozen=True, eq=False)
class Asked:
    """A query program with its seeds, and the scalars of it that are wanted."""

    equations: tuple[Equation, ...]
    seeds: Mapping[Var, np.ndarray]
    cells: tuple[Cell, ...]


@dataclass(frozen=True, eq=False)
class Wanted:
    """Scalars of a program to be seen at each update: its own, then those of queries. Make it once: executors
    compile a loop for each."""

    cells: tuple[Cell, ...]
    queries: tuple[Asked, ...] = ()


class Env(Protocol):
    """Every value of one update."""

    def array(self, var: Var) -> np.ndarray:
        """All elements of `var`, in its shape."""
        ...

    def scalar(self, cell: Cell) -> float: ...


class Executor(Protocol):
    """One program, ready to run. Both executors compute the same equations in the same order."""

    name: str
    program: Program

    def pack(self, values: Mapping[str, np.ndarray]) -> State:
        """The state that holds `values`, which are by name."""
        ...

    def unpack(self, state: State) -> dict[str, np.ndarray]: ...

    def prepare(self, arrays: Sequence[np.ndarray]) -> Feed:
        """A feed from arrays in the order of the program's inputs."""
        ...

    def advance(self, state: State, feeds: Sequence[Feed]) -> State:
        """The state after one update for each feed."""
        ...

    def watch(self, wanted: Wanted, state: State, feeds: Sequence[Feed]) -> tuple[State, list[Row]]:
        """As `advance`, with what is wanted of each update."""
        ...

    def trace(self, state: State, feed: Feed) -> Env:
        """Every value of one update."""
        ...

    def extend(self, env: Env, equations: Iterable[Equation], seeds: Mapping[Var, np.ndarray]) -> Env:
        """`env` with further equations computed on top of it: a query program."""
        ...
