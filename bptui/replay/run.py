"""A run: a model with its schedule, what is known of it so far, and its values at any update.

A runner works ahead in small slices, keeping a few states and the curve of the cost; everything else is
replayed when asked for, bit for bit. Asking never changes a run.
"""

from __future__ import annotations

import os
import time
from array import array
from collections import OrderedDict
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from ..engine.executor import Env, State
from ..engine.model import Model
from ..engine.program import Program, Var
from ..engine.query import Query, query
from ..engine.scalars import Cell
from ..scenario.reader import read_scenario
from ..scenario.records import Scenario
from .keyframes import Keyframes
from .schedule import Schedule
from .timeline import Timeline

SLICE = 256                                         # updates between two looks at the clock
CURVE_POINTS = 1 << 17
RECENT = 4


class Run:
    """The run of one scenario. `known` updates have been run ahead; `curve[n]` is E after n × `curve_stride`."""

    def __init__(self, scenario: Scenario, executor: str | None = None) -> None:
        self.scenario = scenario
        self.model = Model(scenario)
        self.schedule = Schedule(self.model, executor)
        self.updates = self.schedule.updates
        self.keyframes = Keyframes(self.schedule.start())
        self.known = 0
        self.curve = array("d")
        self.curve_stride = 1
        self._head: State = self.schedule.start()
        self._recent: OrderedDict[int, State] = OrderedDict()
        self._envs: OrderedDict[int, Env] = OrderedDict()
        self.query = cache(query)
        self.timeline = cache(Timeline)

    # what is where

    @property
    def last(self) -> int:
        """The update number at which the run ends: its forward, loss and backward can still be stepped."""
        return self.updates

    def program(self, update: int) -> Program:
        return self.schedule.program(update)

    def times(self, update: int) -> Timeline:
        """The values of an update, by number."""
        return self.timeline(self.program(update), update < self.updates)

    def rows(self, update: int) -> list[int]:
        return self.schedule.rows(update)

    @cached_property
    def fingerprint(self) -> str:
        """What the bits of this run depend on."""
        threads = os.environ.get("OPENBLAS_NUM_THREADS", "unset")
        return f"{self.schedule.at(0).name}, numpy {np.__version__}, BLAS threads {threads}"

    # running ahead

    def work(self, seconds: float) -> bool:
        """Run ahead for about `seconds`; False when everything is known."""
        end = time.perf_counter() + seconds
        while self.known < self.updates:
            hop = min(self.updates, (self.known // self.keyframes.stride + 1) * self.keyframes.stride) - self.known
            hop = min(hop, SLICE if self.schedule.kind == "straight" else 1)
            self._head = self.schedule.watch(lambda p: ((p.cost, 0),), self._head, self.known, hop,
                                             lambda seen: self._note(seen[0]))
            self.known += hop
            self.keyframes.keep(self.known, self._head)
            if time.perf_counter() > end:
                break
        if self.known == self.updates and self._noted == self.updates:
            self._note(self.env(self.updates).scalar((self.program(self.updates).cost, 0)))
        return self.known < self.updates

    _noted = 0                                      # costs seen, of which every `curve_stride`-th is kept

    def _note(self, cost: float) -> None:
        if self._noted % self.curve_stride == 0:
            self.curve.append(cost)
            if len(self.curve) > CURVE_POINTS:
                self.curve = self.curve[::2]
                self.curve_stride *= 2
        self._noted += 1

    # seeking

    def state(self, update: int) -> State:
        """The state after `update` updates, which may lie beyond the end of the run."""
        if update in self._recent:
            self._recent.move_to_end(update)
            return self._recent[update]
        at, state = self.keyframes.before(update)
        for recent, other in self._recent.items():
            if at < recent <= update:
                at, state = recent, other
        if at < self.known <= update:
            at, state = self.known, self._head
        state = self.schedule.advance(state, at, update - at)
        self._recent[update] = state
        if len(self._recent) > RECENT:
            self._recent.popitem(last=False)
        return state

    def parameters(self, update: int) -> dict[str, np.ndarray]:
        """Every parameter after `update` updates, by name."""
        return self.schedule.at(update).unpack(self.state(update))

    def env(self, update: int) -> Env:
        """Every value of one update."""
        if update not in self._envs:
            self._envs[update] = self.schedule.at(update).trace(self.state(update), self.schedule.feed(update))
            if len(self._envs) > RECENT:
                self._envs.popitem(last=False)
        else:
            self._envs.move_to_end(update)
        return self._envs[update]

    # derivatives

    def derivative_env(self, update: int, found: Query, y: Cell) -> Env:
        """The values of a query program whose y is one scalar, on top of the update's own."""
        seeds: dict[Var, np.ndarray] = {}
        if found.seed is not None:
            seed = np.zeros(found.seed.shape)
            seed.flat[y[1]] = 1.0
            seeds[found.seed] = seed
        return self.schedule.at(update).extend(self.env(update), found.equations, seeds)

    def derivative(self, update: int, y: Cell, x: Var) -> np.ndarray:
        """∂y/∂x in the shape of x, samples included; y is one scalar."""
        if y[0] is x:
            identity = np.zeros(x.shape)
            identity.flat[y[1]] = 1.0
            return identity
        found = self.query(self.program(update), y[0], x)
        if found.adjoint is None:
            return np.zeros(x.shape)
        return self.derivative_env(update, found, y).array(found.adjoint)

    # the language of quantities

    def value(self, text: str, after: int = 0, sample: int | None = None) -> float | bool | np.ndarray:
        """A quantity after `after` updates, for data row `sample` (from 1; by default the batch's first).

        Raises QuantityError when it cannot be read or computed.
        """
        from .quantity import evaluate_text
        return evaluate_text(self, text, after, sample)


def open_run(path: str | Path, executor: str | None = None) -> Run:
    """Open a scenario file, or a shipped scenario by its name. Raises ScenarioError."""
    return Run(read_scenario(path), executor)
