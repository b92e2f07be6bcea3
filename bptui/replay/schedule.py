"""When which rows are used, and for what: a run as a periodic schedule of programs.

Update n is (epoch, place) by divmod. A place is a batch and an objective: with several objectives each batch serves
all of them in turn, so that an epoch shows every row to each. Every (objective, batch size) has one program, compiled
once. One executor serves the whole run, and is chosen here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from itertools import groupby

from ..engine.arrays import Vectorised
from ..engine.chance import shuffled
from ..engine.executor import Executor, Feed, Row, State, Wanted
from ..engine.model import Model
from ..engine.program import Program
from ..engine.unroll import MOST_STATEMENTS, Unrolled, count_statements

LONGEST = 1 << 16                                   # updates in a stretch
EXECUTORS: dict[str, Callable[[Program], Executor]] = {"straight": Unrolled, "arrays": Vectorised}


class Schedule:
    """The updates of a run. `executor` forces "straight" or "arrays"; else the size of the programs decides."""

    def __init__(self, model: Model, executor: str | None = None) -> None:
        self.model = model
        rows, batch = model.rows.count, model.batch
        self._turns = [goal for goal, each in enumerate(model.goals) for _ in range(each.updates)]
        batches = -(-rows // batch)
        self.batches = batches * len(self._turns)
        """Updates in an epoch."""
        last = rows - batch * (batches - 1)
        self._sizes = {batch, last}
        self.kind = executor or ("straight" if all(
            count_statements(model.program(size, goal)) <= MOST_STATEMENTS
            for size in self._sizes for goal in range(len(model.goals))) else "arrays")
        self.executor = cache(lambda samples, goal: EXECUTORS[self.kind](model.program(samples, goal)))
        training = model.scenario.training
        default = 100 if training.epochs is None else training.epochs * self.batches
        self.updates = training.updates if training.updates is not None else default
        self._periodic = not (training.shuffle or model.settings.scheduled or model.form.noisy)
        self._fixed = cache(self._feed_at)          # then a place is fed alike in every epoch
        self._order = lru_cache(4)(lambda epoch: shuffled(rows, training.seed, epoch))
        self._evaluator = cache(self._choose_evaluator)

    @property
    def turns(self) -> int:
        """Updates until every objective has had its turn."""
        return len(self._turns)

    def place(self, update: int) -> tuple[int, int]:
        """(epoch, place in it) of an update, both from 0."""
        return divmod(update, self.batches)

    def goal(self, update: int) -> int:
        """The objective of an update, by its number from 0."""
        return self._turns[update % len(self._turns)]

    def _span(self, update: int) -> range:
        """Where the batch of an update lies in the order of its epoch."""
        batch = update % self.batches // len(self._turns) * self.model.batch
        return range(batch, min(self.model.rows.count, batch + self.model.batch))

    def rows(self, update: int) -> list[int]:
        """The data rows of an update, from 0, in the order of the batch."""
        if not self.model.scenario.training.shuffle:
            return list(self._span(update))
        order = self._order(self.place(update)[0])
        return [order[n] for n in self._span(update)]

    def of(self, update: int) -> Schedule:
        """The schedule that serves an update: this one; before a fork, its parent's."""
        return self

    def program(self, update: int) -> Program:
        return self.at(update).program

    def at(self, update: int) -> Executor:
        """The executor of an update's program."""
        return self.executor(len(self._span(update)), self.goal(update))

    def feed(self, update: int) -> Feed:
        return self._fixed(update % self.batches) if self._periodic else self._feed_at(update)

    def _feed_at(self, update: int) -> Feed:
        executor = self.at(update)
        return executor.prepare(self.model.feed(executor.program, self.rows(update), update, self.place(update)[0]))

    def start(self) -> State:
        """The state after 0 updates."""
        return self.at(0).pack(self.model.first_state())

    def stretches(self, first: int, count: int) -> Iterator[tuple[Executor, list[Feed]]]:
        """The updates `first`… in stretches of the same program, each with its feeds."""
        at, end = first, first + count
        same = len(self._sizes) == 1 and len(self.model.goals) == 1
        while at < end:
            executor = self.at(at)
            stop = min(end, at + LONGEST)           # a list of feeds for 10**9 updates would not fit in memory
            if not same:
                stop = next((n for n in range(at + 1, stop) if self.at(n) is not executor), stop)
            yield executor, self._feeds(at, stop)
            at = stop

    def _feeds(self, first: int, stop: int) -> list[Feed]:
        if self.batches == 1 and self._periodic:
            return [self._fixed(0)] * (stop - first)
        return [self.feed(n) for n in range(first, stop)]

    def advance(self, state: State, update: int, count: int) -> State:
        """The state `count` updates after `update`."""
        for executor, feeds in self.stretches(update, count):
            state = executor.advance(state, feeds)
        return state

    def watch(self, wanted: Callable[[Program], Wanted], state: State, update: int,
              count: int) -> tuple[State, list[Row]]:
        """As `advance`, with what is wanted of each update; `wanted` answers the same for the same program."""
        rows: list[Row] = []
        for executor, feeds in self.stretches(update, count):
            state, seen = executor.watch(wanted(executor.program), state, feeds)
            rows += seen or [()] * len(feeds)       # nothing is wanted of this program
        return state, rows

    def programs(self, first: int, count: int) -> list[tuple[Program, int]]:
        """The programs of the updates from `first`, each with how many neighbours it serves."""
        if len(self._sizes) == 1 and len(self.model.goals) == 1:
            return [(self.program(first), count)]
        return [(program, len(list(each))) for program, each in
                groupby(self.program(n) for n in range(first, first + count))]

    # evaluation

    def _choose_evaluator(self, held: bool) -> Executor:
        program = self.model.evaluation(held)
        straight = self.kind == "straight" and count_statements(program) <= MOST_STATEMENTS
        return EXECUTORS["straight" if straight else "arrays"](program)

    def evaluator(self, held: bool, update: int) -> Executor:
        """The forward half over the whole training set, or over the rows held back, as it is at an update."""
        return self._evaluator(held)

    def evaluation_feed(self, update: int, held: bool) -> Feed:
        executor = self.evaluator(held, update)
        return executor.prepare(self.model.feed(executor.program, range(executor.program.samples), update,
                                                self.place(update)[0], held))
