"""When which rows are used: a run as a periodic schedule of batches, each with its program.

Update n is (epoch, place) by divmod. Every batch size has one program, compiled once; unequal last batches
have their own. One executor serves the whole run, and is chosen here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache

from ..engine.arrays import Vectorised
from ..engine.chance import shuffled
from ..engine.executor import Executor, Feed, State
from ..engine.model import Model
from ..engine.program import Program
from ..engine.scalars import Cell
from ..engine.unroll import MOST_STATEMENTS, Unrolled, count_statements

LONGEST = 1 << 16                                   # updates in a stretch
EXECUTORS: dict[str, Callable[[Program], Executor]] = {"straight": Unrolled, "arrays": Vectorised}


class Schedule:
    """The updates of a run. `executor` forces "straight" or "arrays"; else the size of the programs decides."""

    def __init__(self, model: Model, executor: str | None = None) -> None:
        self.model = model
        rows, batch = model.rows.count, model.batch
        self.batches = -(-rows // batch)
        """Updates in an epoch."""
        sizes = {batch, rows - batch * (self.batches - 1)}
        self.kind = executor or ("straight" if all(
            count_statements(model.program(n)) <= MOST_STATEMENTS for n in sizes) else "arrays")
        self.executor = cache(lambda samples: EXECUTORS[self.kind](model.program(samples)))
        training = model.scenario.training
        default = 100 if training.epochs is None else training.epochs * self.batches
        self.updates = training.updates if training.updates is not None else default
        self._fixed = cache(self._feed_at)          # without a shuffle, a place has the same rows in every epoch
        self._order = lru_cache(4)(lambda epoch: shuffled(rows, training.seed, epoch))

    def place(self, update: int) -> tuple[int, int]:
        """(epoch, place in it) of an update, both from 0."""
        return divmod(update, self.batches)

    def rows(self, update: int) -> list[int]:
        """The data rows of an update, from 0, in the order of the batch."""
        epoch, place = self.place(update)
        count, batch = self.model.rows.count, self.model.batch
        span = range(place * batch, min(count, (place + 1) * batch))
        if not self.model.scenario.training.shuffle:
            return list(span)
        order = self._order(epoch)
        return [order[n] for n in span]

    def program(self, update: int) -> Program:
        return self.at(update).program

    def at(self, update: int) -> Executor:
        """The executor of an update's program."""
        batch, count = self.model.batch, self.model.rows.count
        place = update % self.batches
        return self.executor(min(batch, count - place * batch))

    def feed(self, update: int) -> Feed:
        if self.model.scenario.training.shuffle:
            return self._feed_at(update)
        return self._fixed(update % self.batches)

    def _feed_at(self, update: int) -> Feed:
        executor = self.at(update)
        return executor.prepare(self.model.feed(executor.program, self.rows(update)))

    def start(self) -> State:
        """The state after 0 updates."""
        return self.at(0).pack({p.name: p.value for p in self.model.parameters})

    def stretches(self, first: int, count: int) -> Iterator[tuple[Executor, list[Feed]]]:
        """The updates `first`… in stretches of the same program, each with its feeds."""
        at, end = first, first + count
        same = self.model.rows.count % self.model.batch == 0
        while at < end:
            executor = self.at(at)
            place = at % self.batches
            last = self.batches - 1                 # the epoch's last batch, the only one that may be smaller
            stop = end if same else min(end, at + 1 if place == last else at - place + last)
            stop = min(stop, at + LONGEST)          # a list of feeds for 10**9 updates would not fit in memory
            yield executor, self._feeds(at, stop)
            at = stop

    def _feeds(self, first: int, stop: int) -> list[Feed]:
        if self.batches == 1 and not self.model.scenario.training.shuffle:
            return [self._fixed(0)] * (stop - first)
        return [self.feed(n) for n in range(first, stop)]

    def advance(self, state: State, update: int, count: int) -> State:
        """The state `count` updates after `update`."""
        for executor, feeds in self.stretches(update, count):
            state = executor.advance(state, feeds)
        return state

    def watch(self, cells: Callable[[Program], Sequence[Cell]], state: State, update: int, count: int,
              see: Callable[[tuple[float, ...]], object]) -> State:
        """As `advance`, showing the values of `cells` at each update on the way."""
        for executor, feeds in self.stretches(update, count):
            state = executor.watch(cells(executor.program), state, feeds, see)
        return state


