"""A run: a schedule, what is known of it so far, and its values at any update.

A runner works ahead in small slices, keeping a few states and the curve of the cost; everything else is
replayed when asked for, bit for bit. Asking never changes a run. The language of quantities reads runs, so a run knows
none: it is handed one, and with it what may end it early (`open.py`).
"""

from __future__ import annotations

import os
import time
from array import array
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cache, cached_property, partial
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import numpy as np

from ..engine.executor import Env, Row, State, Wanted
from ..engine.limits import MOST_BYTES, OF_A_NUMBER, size_of
from ..engine.model import Model
from ..engine.program import Program, Var
from ..engine.query import Query, query
from ..engine.scalars import Cell
from ..scenario.errors import printable
from ..scenario.records import Scenario
from .keyframes import Keyframes
from .schedule import Schedule
from .timeline import Timeline

P = ParamSpec("P")
T = TypeVar("T")
Spans = Sequence[tuple[Program, int]]               # neighbouring updates of one program, and how many they are

BLAS_THREADS = os.environ.get("OPENBLAS_NUM_THREADS", "as it has them")     # when numpy was loaded, or soon after
SLICE = 256                                         # updates between two looks at the clock
CURVE_POINTS = 1 << 17
RECENT = 4
CURVE_OF_VALIDATION = 512                           # about how many points it has
LOOK = 1.0                                          # seconds of running ahead at a time
STRETCH = {"straight": 1024, "arrays": 1}           # updates of a long way between two looks up
GLANCE = 0.2                                        # the same where somebody waits at a keyboard


def _nothing(at: int, of: int) -> None:
    """What is done between two stretches of a long way, where nobody looks."""


class Ending(Protocol):
    """What may end a run before its last update."""

    every_epoch: bool                               # whether it looks at the validation after each epoch

    def wanted(self, program: Program) -> Wanted:
        """What the runner has to see of each update for it."""
        ...

    def first(self, first: int, rows: Sequence[Row], programs: Spans) -> tuple[int, str] | None:
        """The place among the updates from `first` of the one after which the run ends, and why it does."""
        ...

    def after_epoch(self, validation: float) -> str:
        """Why the run ends after an epoch, of which E.validation is known; "" where it goes on."""
        ...


class Language(Protocol):
    """What a run is asked in, and told when to end."""

    def value(self, run: Run, text: str, after: int, sample: int | None) -> float | bool | np.ndarray: ...

    def ending(self, run: Run) -> Ending | None:
        """What the scenario says of its end; None where nothing. Raises ScenarioError."""
        ...


class Run:
    """The run of one scenario. Of use to who has opened one: `value`, `parameters`, `updates`. Nothing that is
    asked changes it.

    `known` updates have been run ahead; `curve[n]` is E after n × `curve_stride`."""

    since = 0                                       # where it left another run (`fork`); 0 where there is none

    def __init__(self, scenario: Scenario, schedule: Schedule, language: Language) -> None:
        self.scenario, self.schedule, self.language = scenario, schedule, language
        self.model = self.schedule.model
        self.updates = self.schedule.updates
        self.keyframes = Keyframes(self.schedule.start())
        self.known = 0
        self.curve = array("d")
        self.curve_stride = 1
        self._head: State = self.schedule.start()
        self._recent: OrderedDict[int, State] = OrderedDict()
        self._envs: OrderedDict[int, Env] = OrderedDict()
        self._evaluations: OrderedDict[tuple[int, bool], Env] = OrderedDict()
        self.query = cache(query)
        self.timeline = cache(Timeline)
        self._remembered: Callable[[Callable[..., object]], Callable[..., object]] = cache(
            lambda function: cache(partial(function, self)))
        self._watched = cache(self._what_is_watched)
        self._kept = cache(_kept)
        self.waits = True                           # for its end to be found, when it may end early and is asked
        self.between: Callable[[int, int], None] = _nothing
        """Called time and again on a long way: where it is, and where it ends. What it raises ends the way."""
        self.ended = ""                             # why the run ended before its last update, once it has
        self.validation: list[tuple[int, float]] = []   # (update, E.validation) at ends of epochs, as far as known
        self.ending: Ending | None = None
        self._begin()

    def _begin(self) -> None:
        """The last of what is made of it: a fork takes over what is known already."""
        self.ending = self.language.ending(self)

    def __repr__(self) -> str:
        most = "at most " if self.may_end and not self.ended else ""
        values = Timeline(self.program(0), True).count
        return f"<Run of {printable(self.scenario.name)}: {most}{self.updates:,} updates of {values:,} values>"

    # what is where

    @property
    def changes(self) -> tuple[int, ...]:
        """The updates from which its programs are others than before, from 0 on."""
        return (0,)

    @property
    def one_turn(self) -> tuple[int, ...]:
        """The updates of a turn of all objectives, at the start and wherever the programs change."""
        return tuple(dict.fromkeys(min(n, self.updates) for first in self.changes
                                   for n in range(first, first + self.schedule.turns + 1)))

    def program(self, update: int) -> Program:
        return self.schedule.program(update)

    def model_at(self, update: int) -> Model:
        """What an update's program was written from: the run's model, before a fork that of its parent."""
        return self.schedule.of(update).model

    def times(self, update: int) -> Timeline:
        """The values of an update, by number."""
        return self.timeline(self.program(update), self.goes_on(update))

    def goes_on(self, update: int) -> bool:
        """Whether there is an update after the first `update` of them. A run that may end early is run so far.

        One that does not wait is run for a moment only, and what is not known then is taken to go on.
        """
        if self.may_end:
            while self.known <= update < self.updates:
                self.work(LOOK if self.waits else GLANCE)
                self.between(self.known, self.updates)
                if not self.waits:
                    break
        return update < self.updates

    def finish(self) -> int:
        """The number of the run's last update; a run that may end early is run to its end.

        One that does not wait answers the last update that is known, if it does not know the end.
        """
        self.goes_on(self.updates - 1)
        settled = not self.may_end or self.known >= self.updates
        return self.updates if settled else self.known

    @property
    def may_end(self) -> bool:
        """Whether the run may end before its last update."""
        return self.ending is not None

    def rows(self, update: int) -> list[int]:
        return self.schedule.rows(update)

    def again(self) -> Run:
        """The same run, of which nothing is known yet."""
        return Run(self.scenario, Schedule(self.model, self.schedule.kind), self.language)

    @cached_property
    def fingerprint(self) -> str:
        """What the bits of this run depend on: it stands in saved sessions and reports of faults."""
        return f"{self.schedule.at(0).name}, numpy {np.__version__}, BLAS threads {BLAS_THREADS}"

    # running ahead

    def work(self, seconds: float) -> bool:
        """Run ahead for about `seconds`; False when everything is known."""
        end = time.perf_counter() + seconds
        while self.known < self.updates:
            self._hop()
            if time.perf_counter() > end:
                break
        if self.known == self.updates and self._noted == self.updates:
            self._note(self.env(self.updates).scalar((self.program(self.updates).watched, 0)))
        return self.known < self.updates

    def _hop(self) -> None:
        """Run ahead to the next keyframe, at most, and see whether the run ends there."""
        stride, start = self.keyframes.stride, self.known
        hop = min(self.updates, (start // stride + 1) * stride) - start
        hop = min(hop, SLICE if self.schedule.kind == "straight" else 1)
        if self.model.judged:
            epoch = self._each * self.schedule.batches
            hop = min(hop, (start // epoch + 1) * epoch - start)
        head, rows = self.schedule.watch(self._watched, self._head, start, hop)
        if self.ending is not None:
            found = self.ending.first(start, [row[1:] for row in rows], self.schedule.programs(start, hop))
            if found is not None:
                last, why = found
                for row in rows[:last + 1]:
                    self._note(row[0])
                self._end(start + last, why)
                return
        for row in rows:
            self._note(row[0])
        self.known, self._head = start + hop, head
        self.keyframes.keep(self.known, head)
        self._judge()

    def _what_is_watched(self, program: Program) -> Wanted:
        """The cost, and what its ending looks at."""
        more = self.ending.wanted(program) if self.ending is not None else Wanted(())
        return Wanted(((program.watched, 0), *more.cells), more.queries)

    def _end(self, update: int, why: str) -> None:
        """The run ends after `update` updates."""
        self._head, self.known = self.state(update), update
        self.updates, self.ended = update, why
        if self.model.judged and (not self.validation or self.validation[-1][0] != update):
            self._look_at_validation()

    @cached_property
    def _each(self) -> int:
        """After how many epochs the validation is looked at."""
        epochs = max(1, self.updates // self.schedule.batches)
        return 1 if self.ending is not None and self.ending.every_epoch else max(1, epochs // CURVE_OF_VALIDATION)

    def _judge(self) -> None:
        """At the end of an epoch: what the network makes of the rows held back."""
        if not self.model.judged or self.known % (self._each * self.schedule.batches):
            return
        cost = self._look_at_validation()
        why = self.ending.after_epoch(cost) if self.ending is not None else ""
        if why and self.since != self.known < self.updates:
            self._end(self.known, why)

    def _look_at_validation(self) -> float:
        values = self.evaluation(self.known, True)
        cost = values.scalar((self.schedule.evaluator(True, self.known).program.watched, 0))
        self.validation.append((self.known, cost))
        return cost

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
        while at < update:
            count = min(update - at, STRETCH[self.schedule.kind])
            state, at = self.schedule.advance(state, at, count), at + count
            self.between(at, update)
        self._recent[update] = state
        if len(self._recent) > RECENT:
            self._recent.popitem(last=False)
        return state

    def parameters(self, update: int) -> dict[str, np.ndarray]:
        """Every parameter after `update` updates, by name."""
        values = self.schedule.at(update).unpack(self.state(update))
        return {p.name: values[p.name] for p in self.program(update).parameters}

    def env(self, update: int) -> Env:
        """Every value of one update."""
        if update not in self._envs:
            self._envs[update] = self.schedule.at(update).trace(self.state(update), self.schedule.feed(update))
            while len(self._envs) > self._kept(self.program(update)):
                self._envs.popitem(last=False)
        else:
            self._envs.move_to_end(update)
        return self._envs[update]

    def evaluation(self, update: int, held: bool) -> Env:
        """The forward half over the training set, or the rows held back, with the parameters after `update` updates."""
        at = (update, held)
        if at not in self._evaluations:
            executor = self.schedule.evaluator(held, update)
            state = executor.pack(self.schedule.at(update).unpack(self.state(update)))
            self._evaluations[at] = executor.trace(state, self.schedule.evaluation_feed(update, held))
            while len(self._evaluations) > self._kept(executor.program):
                self._evaluations.popitem(last=False)
        return self._evaluations[at]

    def forward_passes(self, update: int) -> int:
        """How many forward passes `update` updates have cost: perturbation runs the network for every parameter."""
        perturbed = self.scenario.training.gradient == "perturbation"
        batches = self.schedule.batches
        first = -(-self.since // batches) * batches
        each = [1 + (sum(v.size for v in self.program(first + n).trained) if perturbed else 0)
                for n in range(min(update, batches))]
        epochs, rest = divmod(update, batches)
        return epochs * sum(each) + sum(each[:rest])

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
        program = self.program(update)
        if y[0] in program.stacks:                  # an element of a sequence is one of a step
            steps = program.stacks[y[0]]
            lane, element = divmod(y[1], y[0].lane_size)
            step, rest = divmod(element, steps[0].lane_size)
            y = steps[step], steps[step].flat(rest, lane)
        if x in program.stacks:
            return np.stack([self.derivative(update, y, step) for step in program.stacks[x]], axis=1)
        if y[0] is x:
            identity = np.zeros(x.shape)
            identity.flat[y[1]] = 1.0
            return identity
        found = self.query(program, y[0], x)
        if found.adjoint is None:
            return np.zeros(x.shape)
        return self.derivative_env(update, found, y).array(found.adjoint)

    # what others ask

    def remembered(self, function: Callable[Concatenate[Run, P], T]) -> Callable[P, T]:
        """A function of this run, whose answers are kept with it."""
        return self._remembered(function)           # type: ignore[return-value]

    def value(self, text: str, after: int = 0, sample: int | None = None) -> float | bool | np.ndarray:
        """A quantity after `after` updates, for data row `sample` (from 1; by default the batch's first).

        Raises QuantityError when it cannot be read or computed.
        """
        return self.language.value(self, text, after, sample)


def _kept(program: Program) -> int:
    """Of how many updates all values are kept: of one, and of more as far as they fit beside each other."""
    return max(1, min(RECENT, MOST_BYTES // (OF_A_NUMBER * size_of(program).numbers or 1)))
