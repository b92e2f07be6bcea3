"""What was found wrong in a run so far, and what must be remembered to find each thing once, where it begins.

Most kinds are judged by whole epochs, one after the other; some are trouble only if they last, so that what was seen
is kept open until that is known.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from ..engine.program import Program, Var
from .run import Run
from .timeline import Position
from .units import Array, Seen, Values

NUMBERS = ("nan", "inf", "overflow")                # stops on the first value of a kind, whatever began it
FINDINGS = ("not finite", "exploding", "vanishing", "no gradient", "dead", "saturated", "loss up", "rate 0")
ALSO = {"zero gradient": "no gradient"}             # how older stops and sessions call a kind
KINDS = (*FINDINGS, *NUMBERS, *ALSO)


@dataclass(frozen=True)
class Trouble:
    """What begins at a position: of a variable, or of one element of it, samples included; of a unit its first.

    `value` is what is not finite, how many times a signal shrinks or grows, a slope, how often a loss is its smallest.
    `spoils` counts the further values of the update that are not finite because of it; `hidden`: only one of the loss
    and the gradients shows it.
    """

    at: Position
    kind: str
    var: Var
    element: int | None = None
    value: float = 0.0
    spoils: int = 0
    hidden: bool = False


@dataclass(frozen=True)
class Stretch:
    """Some neighbouring updates of one program, and in which of them a value is not finite."""

    first: int
    count: int
    seen: Seen
    values: Values
    bad: Array

    @property
    def program(self) -> Program:
        return self.seen.program


class Ledger:
    """`found` is in the order of the run; `marks` are the first values of each of NUMBERS."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.found: list[Trouble] = []
        self.marks: list[Trouble] = []
        self.open: dict[str, tuple[Trouble, int]] = {}
        """What is trouble only if it lasts, and the update at which that is known."""
        self.costs: list[float] = []                # of this epoch
        self.start = np.nan                         # the mean of the first epoch
        self.least = np.inf                         # the smallest mean of an epoch so far
        self.limit = np.inf                         # what the loss has to come below, once it is up
        self._told: set[Hashable] = set()
        self._flags: dict[str, bool] = {}
        self._streaks: dict[tuple[str, str, int], Array] = {}

    def take(self, trouble: Trouble) -> None:
        insort(self.found, trouble, key=lambda each: each.at)

    def lasts(self, key: str) -> None:
        """What was kept open under `key` is trouble."""
        if key in self.open:
            self.take(self.open.pop(key)[0])

    def forget(self, update: int) -> None:
        """What should have lasted until before `update`, and did not, is none."""
        self.open = {key: each for key, each in self.open.items() if each[1] >= update}

    def finish(self) -> None:
        """The run has ended: what has lasted until here lasts."""
        for key in tuple(self.open):
            self.lasts(key)

    def at(self, update: int, var: Var, element: int) -> Position | None:
        """Where an element of a block's result, counted in one sample, is made."""
        times = self.run.times(update)
        block = times.program.block_of.get(var)
        if block is None or block >= len(times.blocks):
            return None                             # the update phase that the last update does not have
        value = times.number(block, element)
        return Position(update, value, times.stops(value))

    def once(self, *key: Hashable) -> bool:
        """Whether this is asked for the first time."""
        fresh = key not in self._told
        self._told.add(key)
        return fresh

    def told(self, *key: Hashable) -> bool:
        return key in self._told

    def beginnings(self, key: str, bad: Array) -> list[int]:
        """The updates of a stretch in which something is so, and was not in the one before."""
        before = np.concatenate([[self._flags.get(key, False)], bad[:-1]])
        self._flags[key] = bool(bad[-1])
        return [int(n) for n in np.flatnonzero(bad & ~before)]

    def lasting(self, first: int, kind: str, name: str, bad: Array, epochs: int = 1) -> list[tuple[int, int, int]]:
        """(update of the stretch, element, epochs) where something has been so for 1 … `epochs` whole epochs: at the
        last update of the epoch in which its objective has its turn."""
        schedule = self.run.schedule
        goal = schedule.goal(first)
        key = kind, name, goal
        before = self._streaks.get(key, np.zeros(bad.shape[1], int))
        if not bad.any():
            self._streaks[key] = np.zeros_like(before)
            return []
        rows = np.arange(len(bad))[:, None]
        good = np.maximum.accumulate(np.where(bad, -1, rows))         # where it last was not so
        streak = np.where(good < 0, before + rows + 1, rows - good)
        self._streaks[key] = streak[-1]
        mine = [n for n in range(schedule.turns) if schedule.goal(n) == goal]
        epoch = schedule.batches // schedule.turns * len(mine)
        ends = (first + rows) % schedule.batches == schedule.batches - schedule.turns + mine[-1]
        whole = np.where(ends & bad, streak // epoch, 0)
        return [(n, element, int(whole[n, element])) for n, element in
                np.argwhere((whole >= 1) & (whole <= epochs)).tolist()]
