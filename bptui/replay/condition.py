"""Judges a condition over many updates at once: `E < 0.001`, `changed(sign(d(E, w5)))`, `abs(w5.change) > 1e-4`.

What a condition reads becomes statements of the update loop, dead code removed; what it makes of them is computed
for hundreds of updates at a time, by the arithmetic of the language of quantities. The rare condition that cannot be
read so is evaluated update by update. A condition that cannot be had at an update (another objective has its turn,
the sample is not in the batch) does not hold there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.executor import Asked, Row, Wanted
from ..engine.laws import COMPARISONS, CONSTANTS
from ..engine.program import Program
from ..engine.scalars import Cell
from ..scenario.errors import QuantityError
from ..scenario.trees import Call, Index, Name, Number, Operation, Pin, Tree, parts
from .leaves import Leaf, Slow, change, depends_on_sample, is_leaf, known_from, number_of, of_state, read
from .quantity import ARITHMETIC, call, evaluate, lane_of

if TYPE_CHECKING:
    from .run import Run
    from .timeline import Timeline

Array = np.ndarray
OVER_ALL: dict[str, Callable[[Array], Any]] = {      # of one tensor: one number, or one answer, an update
    "any": lambda x: np.any(x, axis=1), "all": lambda x: np.all(x, axis=1), "max": lambda x: np.max(x, axis=1),
    "min": lambda x: np.min(x, axis=1), "sum": lambda x: np.sum(x, axis=1), "mean": lambda x: np.mean(x, axis=1),
    "norm": lambda x: np.sqrt(np.sum(np.square(x), axis=1))}
Spans = Sequence[tuple[Program, int]]               # neighbouring updates of one program, and how many they are
MANY = 1 << 20                                      # numbers of a chunk


class Condition:
    """A tree that is true or false at each update, for one data row (from 1; None: the batch's first).

    With `writes`, `changed(w5)` is of the step that writes w5, and not of the update after it. Raises QuantityError
    when it cannot be had anywhere in the epoch from `since`.
    """

    def __init__(self, run: Run, tree: Tree, sample: int | None = None, writes: bool = True,
                 since: int = 0) -> None:
        self.run, self.tree, self.sample, self.writes = run, tree, sample, writes
        self.leaves: list[tuple[Tree, bool]] = []
        self.look_back = 0                          # updates before the one that is judged
        first = self._first(since)
        try:
            self._plan(tree, False, 0, run.program(first))
            self.fast = not (self.depends and self._moves)
        except Slow:
            self.fast = False
        if np.ndim(self._one(first)):
            raise QuantityError("a tensor is neither true nor false; use any() or all()")
        self.wanted = cache(self._wanted)

    def _first(self, since: int) -> int:
        """The first update at which the condition can be had at all; raises what is wrong with it if there is none."""
        wrong: QuantityError | None = None
        for update in range(since, since + self.run.schedule.batches + 2):
            try:
                evaluate(self.run, self.tree, update, lane_of(self.run, update, self.sample))
                return update
            except QuantityError as error:
                wrong = wrong or error
        assert wrong is not None
        raise wrong

    @property
    def depends(self) -> bool:
        """Whether it is about one sample."""
        programs = {self.run.program(n) for n in range(min(self.run.updates, self.run.schedule.turns) + 1)}
        return any(depends_on_sample(self.run, p, self.tree) for p in programs)

    @property
    def _moves(self) -> bool:
        """Whether a data row stands in another place of the batch from update to update, or is not always in it."""
        run = self.run
        if run.model.rows.count == 1:
            return False
        return run.scenario.training.shuffle or run.model.batch < run.model.rows.count

    # what it reads

    def _plan(self, tree: Tree, following: bool, depth: int, program: Program) -> None:
        """Note every leaf, and how far back the condition looks."""
        self.look_back = max(self.look_back, depth)
        if isinstance(tree, Pin):
            if tree.at == "prev":
                self._plan(tree.base, following, depth + 1, program)
        elif isinstance(tree, Call) and tree.function == "changed":
            (inner,) = tree.args
            written = self.writes and of_state(self.run, program, inner)
            self._plan(inner, following, depth, program)
            self._plan(inner, written, depth + (not written), program)
        elif (split := change(tree)) is not None:
            self._plan(split, following, depth, program)
        elif is_leaf(self.run, program, tree):
            if (tree, following) not in self.leaves:
                self.leaves.append((tree, following))
                leaf = read(self.run, program, tree, following, self._lane(program))
                if leaf is not None and leaf.size > MANY:
                    raise Slow
        else:
            for part in parts(tree):
                self._plan(part, following, depth, program)

    def _lane(self, program: Program) -> int:
        """The sample's place in the batch, where it is the same in every update."""
        return min((self.sample or 1) - 1, program.samples - 1)

    def _wanted(self, program: Program) -> Wanted:
        cells: list[Cell] = []
        queries: list[Asked] = []
        for leaf in self.read_in(program):
            if leaf is not None and leaf.asked is not None:
                queries.append(leaf.asked)
            elif leaf is not None and leaf.cells is not None:
                cells += leaf.cells
        return Wanted(tuple(cells), tuple(queries))

    def read_in(self, program: Program) -> list[Leaf | None]:
        """What each leaf reads in a program."""
        return [read(self.run, program, tree, following, self._lane(program)) for tree, following in self.leaves]

    def made(self, times: Timeline) -> int | None:
        """The number of the value with which the condition is known; 0 where it is from the start of the update."""
        if not self.fast:
            return known_from(self.run, times, self.tree, self._lane(times.program))
        numbers = [number_of(times, leaf) for leaf in self.read_in(times.program)]
        known = [n for n in numbers if n is not None]
        return max(known, default=0) if len(known) == len(numbers) else None

    # judging

    def judge(self, first: int, rows: Sequence[Row], programs: Spans) -> Array:
        """Whether it holds at the updates from `first`, of which `rows` have what was wanted. The first `look_back`
        rows are only looked back at, where there are updates before them."""
        with np.errstate(all="ignore"):
            columns = _Columns(self, first, rows, programs)
            holds = columns.truth(columns.value(self.tree))
        return np.broadcast_to(holds, columns.count) & columns.there

    def _one(self, update: int) -> Any:
        return evaluate(self.run, self.tree, update, lane_of(self.run, update, self.sample))

    def holds(self, update: int) -> bool:
        """Whether it holds after `update` updates, evaluated for itself."""
        try:
            if self.writes and (write := _write_of(self.run, self.run.program(update), self.tree)) is not None:
                return update < self.run.updates and _bits(self._value(write, update)) != _bits(
                    self._value(write, update + 1))
            value = self._one(update)
        except QuantityError:
            return False
        return not np.ndim(value) and bool(value) and not np.isnan(value)

    def _value(self, tree: Tree, update: int) -> Any:
        return evaluate(self.run, tree, update, lane_of(self.run, update, self.sample))


class Judge:
    """Judges a condition stretch after stretch, in order, remembering what it looks back at."""

    def __init__(self, condition: Condition) -> None:
        self.condition = condition
        self._rows: list[Row] = []
        self._programs: Spans = []

    def judge(self, first: int, rows: Sequence[Row], programs: Spans) -> Array:
        """Whether it holds at each of the updates from `first`."""
        known = len(self._rows)
        rows, programs = [*self._rows, *rows], [*self._programs, *programs]
        holds = self.condition.judge(first - known, rows, programs)
        back = min(self.condition.look_back, len(rows))
        self._rows = rows[len(rows) - back:]
        self._programs = [(p, 1) for p in _last(programs, back)]
        return holds[known:]


def _last(programs: Spans, count: int) -> list[Program]:
    """The programs of the last updates."""
    found: list[Program] = []
    for program, length in reversed(programs):
        found += [program] * min(length, count - len(found))
    return found[::-1]


def _write_of(run: Run, program: Program, tree: Tree) -> Tree | None:
    """What `changed(…)` asks about, if it is state."""
    if isinstance(tree, Call) and tree.function == "changed" and of_state(run, program, tree.args[0]):
        return tree.args[0]
    return None


class _Columns:
    """Values over a stretch of updates: arrays whose first axis counts the updates."""

    def __init__(self, condition: Condition, first: int, rows: Sequence[Row], programs: Spans) -> None:
        self.of, self.count = condition, len(rows)
        self.updates = np.arange(first, first + self.count)
        self.there = np.ones(self.count, bool)
        self._leaves: dict[tuple[Tree, bool], Array] = {}
        matrices = _by_program(rows, programs)
        for key, n in zip(condition.leaves, range(len(condition.leaves)), strict=True):
            self._leaves[key] = self._column(n, matrices)

    def _column(self, n: int, matrices: list[tuple[Program, Array, Array]]) -> Array:
        """The n-th leaf at every update; NaN where it is not."""
        found: Array | None = None
        for program, at, matrix in matrices:
            leaves = self.of.read_in(program)
            leaf = leaves[n]
            if leaf is None:
                self.there[at] = False
                continue
            if found is None:
                found = np.full((self.count, *leaf.shape), np.nan)
            if leaf.asked is None and leaf.cells is None:
                found[at] = 0.0
                continue
            start = _offset(leaves, n)
            found[at] = matrix[:, start:start + leaf.size].reshape(len(at), *leaf.shape)
        return np.full(self.count, np.nan) if found is None else found

    def value(self, tree: Tree, following: bool = False) -> Any:
        if (tree, following) in self._leaves:
            return self._leaves[tree, following]
        match tree:
            case Number(value=value):
                return value
            case Name(id=name) if name in CONSTANTS:
                return CONSTANTS[name]
            case Pin(base, "prev"):
                self.there &= self.updates > 0
                return self._before(self.value(base, following))
            case Pin(_, _):
                return evaluate(self.of.run, tree, 0)
            case Call("changed", (inner,)):
                now = self.value(inner, following)
                if (inner_of := _write_of(self.of.run, self.of.run.program(0), tree)) is not None and self.of.writes:
                    return _differ(now, self.value(inner_of, True))
                return _differ(now, self._before(now)) & (self.updates > 0)
            case Index(base, index):
                return np.asarray(self.value(base, following))[(slice(None), *index)]
            case Call(function, args):
                return self._call(function, [self.value(a, following) for a in args])
            case Operation(operator, args):
                return self._operate(operator, [self.value(a, following) for a in args])
            case _:
                split = change(tree)
                assert split is not None
                return self.value(split, following)

    def _before(self, now: Any) -> Any:
        """The values one update earlier. The first row's are its own: it is only looked back at, or is update 0."""
        now = np.asarray(now)
        return np.concatenate([now[:1], now[:-1]]) if now.ndim else now

    def truth(self, value: Any) -> Array:
        """As in the language of quantities: NaN is not true."""
        value = np.asarray(value)
        return value.astype(bool) & ~np.isnan(value.astype(float))

    def _call(self, function: str, args: list[Any]) -> Any:
        arrays = [np.asarray(a) for a in args]
        if function in OVER_ALL and len(arrays) == 1:
            return OVER_ALL[function](arrays[0].reshape(self.count, -1)) if arrays[0].ndim else arrays[0]
        if function in ("dot", "angle"):
            rows = [np.broadcast_to(a, (self.count, *a.shape[1:])) for a in arrays]
            return np.array([call(function, list(each)) for each in zip(*rows, strict=True)])
        return call(function, _even(arrays))

    def _operate(self, operator: str, args: list[Any]) -> Any:
        if operator == "neg":
            return -np.asarray(args[0], float)
        if operator == "not":
            return ~self.truth(args[0])
        if operator in ("and", "or"):
            truths = [self.truth(a) for a in args]
            return (np.logical_and if operator == "and" else np.logical_or)(*truths)
        a, b = _even([np.asarray(x, float) for x in args])
        result = ARITHMETIC[operator](a, b)
        return result & ~(np.isnan(a) | np.isnan(b)) if operator in COMPARISONS else result


def _even(arrays: list[Array]) -> list[Array]:
    """Arrays that numpy pairs by their updates, whatever shape each has at one update."""
    most = max(a.ndim for a in arrays)
    return [a.reshape(a.shape[0], *(1,) * (most - a.ndim), *a.shape[1:]) if 0 < a.ndim < most else a for a in arrays]


def _by_program(rows: Sequence[Row], programs: Spans) -> list[tuple[Program, Array, Array]]:
    """(program, the places of its updates, what was seen of them)."""
    places: dict[Program, list[Array]] = {}
    at = 0
    for program, count in programs:
        places.setdefault(program, []).append(np.arange(at, at + count))
        at += count
    if len(places) == 1:
        return [(programs[0][0], np.arange(at), _matrix(rows))]
    found = {program: np.concatenate(each) for program, each in places.items()}
    return [(program, each, _matrix([rows[n] for n in each])) for program, each in found.items()]


def _matrix(rows: Sequence[Row]) -> Array:
    width = len(rows[0])
    return np.fromiter(chain.from_iterable(rows), float, len(rows) * width).reshape(len(rows), width)


def _offset(leaves: list[Leaf | None], n: int) -> int:
    """Where the n-th leaf begins in a row: the program's own scalars come before those of queries."""
    mine = leaves[n]
    assert mine is not None
    return sum(leaf.size for m, leaf in enumerate(leaves) if leaf is not None and (
        (leaf.cells is not None and leaf.asked is None and (mine.asked is not None or m < n))
        or (leaf.asked is not None and mine.asked is not None and m < n)))


def _differ(a: Any, b: Any) -> Array:
    """Whether the bits differ, update by update."""
    a, b = (np.ascontiguousarray(np.asarray(x, float)) for x in (a, b))
    if not a.ndim:
        return np.asarray(False)
    unequal = a.view(np.int64) != b.view(np.int64)
    return unequal.reshape(len(a), -1).any(axis=1)


def _bits(value: Any) -> bytes:
    return np.asarray(value, float).tobytes()
