"""What-if runs: a run that leaves another one at an update, with something edited there.

A fork is (parent, update, edits). An edit counts from the start of its update and for good, as if the scenario said
so from there on; before it the fork is its parent, whose states, programs and compiled code it shares and which it
never changes. State moves by name: parameters and running statistics go on, and so does what an optimizer keeps,
unless it is another optimizer: then everything that it keeps, its count of updates `t` too, starts from zero.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..engine.executor import Executor, Feed, Row, State, Wanted
from ..engine.program import Program
from ..scenario.errors import QuantityError, ScenarioError
from .edits import Here, read_edit, rewritten, valued
from .open import model_of
from .quantity import past_the_end
from .run import Run
from .schedule import Schedule


class Forked(Schedule):
    """The parent's schedule before `since`, and `own` from there on, which begins with the state `branch`.

    Without a branch it begins with the parent's state. States that are handed in are those of this run.
    """

    def __init__(self, parent: Schedule, own: Schedule, since: int, branch: State | None) -> None:
        super().__init__(own.model, own.kind)
        self.parent, self.own, self.since, self.branch = parent, own, since, branch

    def of(self, update: int) -> Schedule:
        return self.parent.of(update) if update < self.since else self.own

    def at(self, update: int) -> Executor:
        return self.of(update).at(update)

    def feed(self, update: int) -> Feed:
        return self.of(update).feed(update)

    def start(self) -> State:
        return self.parent.start() if self.since or self.branch is None else self.branch

    def advance(self, state: State, update: int, count: int) -> State:
        end = update + count
        if update < self.since:
            if end < self.since or self.branch is None:
                state = self.parent.advance(state, update, min(end, self.since) - update)
            if end >= self.since and self.branch is not None:
                state = self.branch
            update = min(end, self.since)
        return self.own.advance(state, update, end - update)

    def watch(self, wanted: Callable[[Program], Wanted], state: State, update: int,
              count: int) -> tuple[State, list[Row]]:
        end, rows = update + count, list[Row]()
        if update < self.since:
            state, rows = self.parent.watch(wanted, state, update, min(end, self.since) - update)
            if end >= self.since and self.branch is not None:
                state = self.branch
            update = min(end, self.since)
        state, more = self.own.watch(wanted, state, update, end - update)
        return state, rows + more

    def programs(self, first: int, count: int) -> list[tuple[Program, int]]:
        before = max(0, min(first + count, self.since) - first)
        theirs = self.parent.programs(first, before) if before else []
        return theirs + (self.own.programs(first + before, count - before) if count > before else [])

    def evaluator(self, held: bool, update: int) -> Executor:
        return self.of(update).evaluator(held, update)

    def evaluation_feed(self, update: int, held: bool) -> Feed:
        return self.of(update).evaluation_feed(update, held)


class Fork(Run):
    """The run that leaves `parent` at the update `since`. `edits` can be typed again, there and for `sample`.

    What the source printed of the run from `since` on is said of its parent, so its claims end there.
    """

    def __init__(self, parent: Run, since: int, own: Schedule, branch: State | None = None,
                 edits: tuple[str, ...] = (), sample: int = 1) -> None:
        self.parent, self.since, self.edits, self.sample = parent, since, edits, sample
        claims = tuple(claim for claim in parent.scenario.claims if claim.after < since)
        self._own, self._branch = own, branch
        super().__init__(replace(own.model.scenario, claims=claims), Forked(parent.schedule, own, since, branch),
                         parent.language)

    def _begin(self) -> None:
        """It knows of the past what the parent knows; before `same` its values are the parent's."""
        parent, same = self.parent, self.since if self._branch is not None else self.since + 1
        self.waits, self.between = parent.waits, parent.between
        self._recent = OrderedDict((n, state) for n, state in parent._recent.items() if n < same)
        self._envs = OrderedDict((n, env) for n, env in parent._envs.items() if n < same)
        self._evaluations = OrderedDict((at, env) for at, env in parent._evaluations.items() if at[0] < same)
        state = self.schedule.start() if self._branch is None else self._branch
        self.keyframes = parent.keyframes.past(self.since, state)
        if parent.known < self.since:
            self.known, self._head = parent.known, parent._head
        else:
            self.known, self._head = self.since, self.state(self.since)
            self.keyframes.keep(self.since, self._head)
        self.curve_stride, self._noted = parent.curve_stride, self.known
        self.curve = parent.curve[:-(-self.known // self.curve_stride)]
        self.validation = [(update, cost) for update, cost in parent.validation if update < self.since]
        super()._begin()
        if self.ending is not None:
            for _, cost in self.validation:
                self.ending.after_epoch(cost)
        if self.known == self.since > 0:
            self._judge()

    @property
    def changes(self) -> tuple[int, ...]:
        return (*(n for n in self.parent.changes if n < self.since), self.since)

    def again(self) -> Run:
        return Fork(self.parent.again(), self.since, self._own, self._branch, self.edits, self.sample)

    def forward_passes(self, update: int) -> int:
        before = self.parent.forward_passes(min(update, self.since))
        return before + (super().forward_passes(update) - super().forward_passes(self.since)
                         if update > self.since else 0)


def fork(parent: Run, update: int, edits: Sequence[str], sample: int | None = None) -> Fork:
    """The run that leaves `parent` after `update` updates with `edits`, such as `w5 = 0.3`.

    What stands on the right is evaluated in the parent, at that update. `sample` is the data row (from 1) whose data
    are edited and read: the first of the update's batch by default. A learning rate that goes by a schedule is edited
    where the schedule starts. Raises QuantityError.
    """
    if update < 0:
        raise QuantityError(f"a run has no update {update}: updates count from 0")
    if update and not parent.goes_on(update - 1):
        raise past_the_end(parent)
    if not edits:
        raise QuantityError("a what-if run needs an edit, such as w5 = 0.3")
    rows = parent.schedule.of(update).model.rows
    row = parent.rows(update)[0] if sample is None else sample - 1
    if not 0 <= row < rows.count:
        raise QuantityError(f"there is no data row {sample}: there are {rows.count:,}")
    read = [read_edit(text) for text in edits]
    own = parent.schedule.of(update)
    here = Here(Fork(parent, update, own), update, row)     # of nothing: it can be asked, and the parent is left alone
    texts = tuple(edit.text for edit in read)
    try:
        scenario, values = rewritten(here, read)
        if scenario is not here.scenario:
            model = model_of(scenario, own.model.form).over(rows)
            own = Schedule(model, None if own.kind == "straight" else own.kind)
        moved = _moved(here, own)
        state, data = valued(here, own.program(update), values, moved, dict(rows.tensors), rows.per_sample)
        if any(data[name] is not rows.tensors[name] for name in data):
            own = Schedule(own.model.over(replace(rows, tensors=data)), own.kind)
        return Fork(parent, update, own, own.at(update).pack(state), texts, row + 1)
    except ScenarioError as error:
        raise QuantityError(error.problems[0].message) from None


def _moved(here: Here, own: Schedule) -> dict[str, np.ndarray]:
    """The state where the fork leaves, as the programs of `own` have it."""
    run, program = here.run, own.program(here.update)
    found: Mapping[str, np.ndarray] = run.schedule.at(here.update).unpack(run.state(here.update))
    if own.model.scenario.training.optimizer != here.scenario.training.optimizer:
        kept = {v.name for v in (*program.parameters, *program.running)}
        found = {name: value for name, value in found.items() if name in kept}
    return {name: found.get(name, value) for name, value in own.model.first_state().items()}
